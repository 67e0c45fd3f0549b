//! `FindMissingBlobs`: which of some digests the account has not uploaded.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Compute;

/// A parsed `FindMissingBlobs` request.
pub(crate) struct FindMissingBlobs {
    digests: Vec<String>,
}

impl Operation for FindMissingBlobs {
    const NAME: &'static str = "FindMissingBlobs";
    type Service = Compute;
    type Input = model::FindMissingBlobsRequest;
    type Output = model::FindMissingBlobsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { digests: input.digests })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("weft:FindMissingBlobs", scope.arn("weft", "blob/*").to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let missing = compute.builds().missing_sources(&cx.scope, self.digests).await?;
        Ok(model::FindMissingBlobsResponse { missing: Some(missing) })
    }
}
