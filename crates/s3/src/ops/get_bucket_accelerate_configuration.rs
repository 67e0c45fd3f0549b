//! `GetBucketAccelerateConfiguration`: whether a bucket is accelerated.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `GetBucketAccelerateConfiguration` request.
#[derive(Debug)]
pub(crate) struct GetBucketAccelerateConfiguration {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketAccelerateConfiguration {
    const NAME: &'static str = "GetBucketAccelerateConfiguration";
    type Service = S3;
    type Input = model::GetBucketAccelerateConfigurationRequest;
    type Output = model::GetBucketAccelerateConfigurationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetAccelerateConfiguration").await?;
        let configuration =
            s3.setting::<model::AccelerateConfiguration>(&self.name, "accelerate").await?.unwrap_or_default();
        Ok(model::GetBucketAccelerateConfigurationOutput {
            status: configuration.status,
            ..Default::default()
        })
    }
}
