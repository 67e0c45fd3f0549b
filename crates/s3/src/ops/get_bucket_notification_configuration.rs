//! `GetBucketNotificationConfiguration`: whom a bucket tells what happens to its objects.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `GetBucketNotificationConfiguration` request.
#[derive(Debug)]
pub(crate) struct GetBucketNotificationConfiguration {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketNotificationConfiguration {
    const NAME: &'static str = "GetBucketNotificationConfiguration";
    type Service = S3;
    type Input = model::GetBucketNotificationConfigurationRequest;
    type Output = model::NotificationConfiguration;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketNotification").await?;
        let configuration = s3
            .setting::<model::NotificationConfiguration>(&self.name, "notification")
            .await?
            .unwrap_or_default();
        Ok(configuration)
    }
}
