//! `PutBlob`: uploads bytes under their digest. Bytes that are there already are taken as well.

use bytes::Bytes;
use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::Digest;

use crate::Compute;
use crate::errors::{limit, validation};

/// A parsed `PutBlob` request.
pub(crate) struct PutBlob {
    digest: Digest,
    body: Bytes,
}

impl Operation for PutBlob {
    const NAME: &'static str = "PutBlob";
    type Service = Compute;
    type Input = model::PutBlobRequest;
    type Output = model::PutBlobResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let digest = input.digest.parse::<Digest>().map_err(|error| validation(error.to_string()))?;
        Ok(Self { digest, body: input.body })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("weft:PutBlob", scope.arn("weft", &format!("blob/{}", self.digest)).to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let (size, size_max) = (self.body.len(), compute.options().blob_bytes_max);
        if size > size_max {
            return Err(limit(format!("A blob may have {size_max} bytes; this one has {size}.")));
        }
        let found = Digest::of(&self.body);
        if found != self.digest {
            return Err(validation(format!("The bytes have the digest `{found}`, not `{}`.", self.digest)));
        }
        compute.builds().put_source(&cx.scope, self.digest, self.body).await?;
        let size_bytes = i64::try_from(size).ok();
        Ok(model::PutBlobResponse { digest: Some(self.digest.to_string()), size_bytes })
    }
}
