//! `DeleteBucketEncryption`: has new objects of a bucket be encrypted as those of a new bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `DeleteBucketEncryption` request.
#[derive(Debug)]
pub(crate) struct DeleteBucketEncryption {
    name: String,
    owner: Option<String>,
}

impl Operation for DeleteBucketEncryption {
    const NAME: &'static str = "DeleteBucketEncryption";
    type Service = S3;
    type Input = model::DeleteBucketEncryptionRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutEncryptionConfiguration").await?;
        s3.set::<model::ServerSideEncryptionConfiguration>(&self.name, "encryption", None).await
    }
}
