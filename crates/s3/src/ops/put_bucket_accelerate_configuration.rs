//! `PutBucketAccelerateConfiguration`: accelerates a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `PutBucketAccelerateConfiguration` request.
#[derive(Debug)]
pub(crate) struct PutBucketAccelerateConfiguration {
    name: String,
    owner: Option<String>,
    configuration: model::AccelerateConfiguration,
}

impl Operation for PutBucketAccelerateConfiguration {
    const NAME: &'static str = "PutBucketAccelerateConfiguration";
    type Service = S3;
    type Input = model::PutBucketAccelerateConfigurationRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.accelerate_configuration;
        if configuration.status.is_none() {
            return Err(errors::malformed_xml());
        }
        if input.bucket.contains('.') {
            let message =
                "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
            return Err(errors::invalid_request(message));
        }
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutAccelerateConfiguration").await?;
        s3.set(&self.name, "accelerate", Some(self.configuration)).await
    }
}
