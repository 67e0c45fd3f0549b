//! `PutBucketEncryption`: sets how new objects of a bucket are encrypted.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::encryption::check;

/// A parsed `PutBucketEncryption` request.
#[derive(Debug)]
pub(crate) struct PutBucketEncryption {
    name: String,
    owner: Option<String>,
    configuration: model::ServerSideEncryptionConfiguration,
}

impl Operation for PutBucketEncryption {
    const NAME: &'static str = "PutBucketEncryption";
    type Service = S3;
    type Input = model::PutBucketEncryptionRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.server_side_encryption_configuration;
        check(&configuration)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutEncryptionConfiguration").await?;
        s3.set(&self.name, "encryption", Some(self.configuration)).await
    }
}
