//! `PutBucketLifecycleConfiguration`: sets what becomes of objects of a bucket in time.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::lifecycle::{MINIMUM_SIZE, complete};
use crate::{S3, errors};

/// A parsed `PutBucketLifecycleConfiguration` request.
#[derive(Debug)]
pub(crate) struct PutBucketLifecycleConfiguration {
    name: String,
    owner: Option<String>,
    configuration: model::BucketLifecycleConfiguration,
}

impl Operation for PutBucketLifecycleConfiguration {
    const NAME: &'static str = "PutBucketLifecycleConfiguration";
    type Service = S3;
    type Input = model::PutBucketLifecycleConfigurationRequest;
    type Output = model::PutBucketLifecycleConfigurationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.lifecycle_configuration.ok_or_else(errors::malformed_xml)?;
        let configuration = complete(configuration)?;
        if input.transition_default_minimum_object_size.as_deref().is_some_and(|size| size != MINIMUM_SIZE) {
            return Err(errors::not_implemented(
                "A minimum size for transitions other than that of all classes",
            ));
        }
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutLifecycleConfiguration").await?;
        s3.set(&self.name, "lifecycle", Some(self.configuration)).await?;
        s3.delivery.rules.notify_one();
        let transition_default_minimum_object_size = Some(MINIMUM_SIZE.to_owned());
        Ok(model::PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size })
    }
}
