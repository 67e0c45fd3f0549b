//! `PutPublicAccessBlock`: sets what a bucket blocks of public access.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::tables::PublicAccess;

/// A parsed `PutPublicAccessBlock` request.
#[derive(Debug)]
pub(crate) struct PutPublicAccessBlock {
    name: String,
    owner: Option<String>,
    access: PublicAccess,
}

impl Operation for PutPublicAccessBlock {
    const NAME: &'static str = "PutPublicAccessBlock";
    type Service = S3;
    type Input = model::PutPublicAccessBlockRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.public_access_block_configuration;
        let access = PublicAccess {
            block_acls: configuration.block_public_acls == Some(true),
            ignore_acls: configuration.ignore_public_acls == Some(true),
            block_policy: configuration.block_public_policy == Some(true),
            restrict: configuration.restrict_public_buckets == Some(true),
        };
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, access })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketPublicAccessBlock").await?;
        s3.change_bucket(&self.name, move |bucket| {
            bucket.public_access = Some(self.access);
            Ok(())
        })
        .await
    }
}
