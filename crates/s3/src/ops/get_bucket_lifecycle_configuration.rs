//! `GetBucketLifecycleConfiguration`: what becomes of objects of a bucket in time.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::lifecycle::MINIMUM_SIZE;
use crate::{S3, errors};

/// A parsed `GetBucketLifecycleConfiguration` request.
#[derive(Debug)]
pub(crate) struct GetBucketLifecycleConfiguration {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketLifecycleConfiguration {
    const NAME: &'static str = "GetBucketLifecycleConfiguration";
    type Service = S3;
    type Input = model::GetBucketLifecycleConfigurationRequest;
    type Output = model::GetBucketLifecycleConfigurationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetLifecycleConfiguration").await?;
        let found = s3.setting::<model::BucketLifecycleConfiguration>(&self.name, "lifecycle").await?;
        let configuration = found.ok_or_else(|| {
            errors::plain("NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist")
        })?;
        Ok(model::GetBucketLifecycleConfigurationOutput {
            rules: Some(configuration.rules),
            transition_default_minimum_object_size: Some(MINIMUM_SIZE.to_owned()),
        })
    }
}
