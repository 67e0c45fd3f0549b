//! `DeletePublicAccessBlock`: has a bucket block nothing of public access.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `DeletePublicAccessBlock` request.
#[derive(Debug)]
pub(crate) struct DeletePublicAccessBlock {
    name: String,
    owner: Option<String>,
}

impl Operation for DeletePublicAccessBlock {
    const NAME: &'static str = "DeletePublicAccessBlock";
    type Service = S3;
    type Input = model::DeletePublicAccessBlockRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketPublicAccessBlock").await?;
        s3.change_bucket(&self.name, move |bucket| {
            bucket.public_access = None;
            Ok(())
        })
        .await
    }
}
