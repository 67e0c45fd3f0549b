//! `GetObjectLockConfiguration`: how objects of a bucket are locked.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `GetObjectLockConfiguration` request.
#[derive(Debug)]
pub(crate) struct GetObjectLockConfiguration {
    name: String,
    owner: Option<String>,
}

impl Operation for GetObjectLockConfiguration {
    const NAME: &'static str = "GetObjectLockConfiguration";
    type Service = S3;
    type Input = model::GetObjectLockConfigurationRequest;
    type Output = model::GetObjectLockConfigurationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found =
            s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketObjectLockConfiguration").await?;
        if !found.bucket.object_lock {
            let message = "Object Lock configuration does not exist for this bucket";
            return Err(errors::plain("ObjectLockConfigurationNotFoundError", 404, message));
        }
        let set = s3.setting::<model::ObjectLockConfiguration>(&self.name, "objectLock").await?;
        let configuration = set.unwrap_or_else(|| model::ObjectLockConfiguration {
            object_lock_enabled: Some("Enabled".to_owned()),
            rule: None,
        });
        Ok(model::GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) })
    }
}
