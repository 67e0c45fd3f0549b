//! `GetPublicAccessBlock`: what a bucket blocks of public access.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `GetPublicAccessBlock` request.
#[derive(Debug)]
pub(crate) struct GetPublicAccessBlock {
    name: String,
    owner: Option<String>,
}

impl Operation for GetPublicAccessBlock {
    const NAME: &'static str = "GetPublicAccessBlock";
    type Service = S3;
    type Input = model::GetPublicAccessBlockRequest;
    type Output = model::GetPublicAccessBlockOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found =
            s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketPublicAccessBlock").await?;
        let access = found.bucket.public_access.ok_or_else(|| {
            let message = "The public access block configuration was not found";
            errors::plain("NoSuchPublicAccessBlockConfiguration", 404, message)
        })?;
        let configuration = model::PublicAccessBlockConfiguration {
            block_public_acls: Some(access.block_acls),
            ignore_public_acls: Some(access.ignore_acls),
            block_public_policy: Some(access.block_policy),
            restrict_public_buckets: Some(access.restrict),
        };
        Ok(model::GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
    }
}
