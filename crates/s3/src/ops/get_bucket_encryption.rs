//! `GetBucketEncryption`: how new objects of a bucket are encrypted.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::encryption::default;

/// A parsed `GetBucketEncryption` request.
#[derive(Debug)]
pub(crate) struct GetBucketEncryption {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketEncryption {
    const NAME: &'static str = "GetBucketEncryption";
    type Service = S3;
    type Input = model::GetBucketEncryptionRequest;
    type Output = model::GetBucketEncryptionOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetEncryptionConfiguration").await?;
        let configuration = s3
            .setting::<model::ServerSideEncryptionConfiguration>(&self.name, "encryption")
            .await?
            .unwrap_or_default();
        let configuration = if configuration.rules.is_empty() { default() } else { configuration };
        Ok(model::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }
}
