//! `PutObjectLockConfiguration`: has objects of a bucket be locked.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::lock::{SETTING, check};
use crate::tables::Versioning;
use crate::{S3, errors};

/// A parsed `PutObjectLockConfiguration` request.
#[derive(Debug)]
pub(crate) struct PutObjectLockConfiguration {
    name: String,
    owner: Option<String>,
    configuration: model::ObjectLockConfiguration,
}

impl Operation for PutObjectLockConfiguration {
    const NAME: &'static str = "PutObjectLockConfiguration";
    type Service = S3;
    type Input = model::PutObjectLockConfigurationRequest;
    type Output = model::PutObjectLockConfigurationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.object_lock_configuration.ok_or_else(errors::malformed_xml)?;
        check(&configuration)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let action = "s3:PutBucketObjectLockConfiguration";
        s3.find_for(cx, &self.name, self.owner.as_deref(), action).await?;
        s3.change_bucket(&self.name, |bucket| {
            if bucket.versioning != Versioning::Enabled {
                let message =
                    "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
                return Err(errors::plain("InvalidBucketState", 409, message));
            }
            bucket.object_lock = true;
            Ok(())
        })
        .await?;
        s3.set(&self.name, SETTING, Some(self.configuration)).await?;
        Ok(model::PutObjectLockConfigurationOutput::default())
    }
}
