//! `GetBucketOwnershipControls`: whose the objects of a bucket are.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `GetBucketOwnershipControls` request.
#[derive(Debug)]
pub(crate) struct GetBucketOwnershipControls {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketOwnershipControls {
    const NAME: &'static str = "GetBucketOwnershipControls";
    type Service = S3;
    type Input = model::GetBucketOwnershipControlsRequest;
    type Output = model::GetBucketOwnershipControlsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found =
            s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketOwnershipControls").await?;
        let object_ownership = found.bucket.ownership.ok_or_else(|| {
            let message = "The bucket ownership controls were not found";
            errors::plain("OwnershipControlsNotFoundError", 404, message)
        })?;
        let rules = vec![model::OwnershipControlsRule { object_ownership }];
        let controls = model::OwnershipControls { rules };
        Ok(model::GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) })
    }
}
