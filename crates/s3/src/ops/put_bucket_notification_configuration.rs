//! `PutBucketNotificationConfiguration`: sets whom a bucket tells what happens to its objects.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::notifications::{SETTING, complete};

/// A parsed `PutBucketNotificationConfiguration` request.
#[derive(Debug)]
pub(crate) struct PutBucketNotificationConfiguration {
    name: String,
    owner: Option<String>,
    configuration: model::NotificationConfiguration,
    unchecked: bool,
}

impl Operation for PutBucketNotificationConfiguration {
    const NAME: &'static str = "PutBucketNotificationConfiguration";
    type Service = S3;
    type Input = model::PutBucketNotificationConfigurationRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.bucket,
            owner: input.expected_bucket_owner,
            configuration: complete(input.notification_configuration)?,
            unchecked: input.skip_destination_validation == Some(true),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketNotification").await?;
        if !self.unchecked {
            s3.check_destinations(cx, &found, &self.configuration).await?;
        }
        let notifies = self.configuration.lambda_function_configurations.is_some();
        s3.set(&self.name, SETTING, Some(self.configuration).filter(|_| notifies)).await?;
        s3.change_bucket(&self.name, move |bucket| {
            bucket.notifies = notifies;
            Ok(())
        })
        .await
    }
}
