//! `GetBucketLogging`: where what is done with a bucket is told.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `GetBucketLogging` request.
#[derive(Debug)]
pub(crate) struct GetBucketLogging {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketLogging {
    const NAME: &'static str = "GetBucketLogging";
    type Service = S3;
    type Input = model::GetBucketLoggingRequest;
    type Output = model::GetBucketLoggingOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketLogging").await?;
        let configuration =
            s3.setting::<model::BucketLoggingStatus>(&self.name, "logging").await?.unwrap_or_default();
        Ok(model::GetBucketLoggingOutput { logging_enabled: configuration.logging_enabled })
    }
}
