//! `PutBucketVersioning`: has a bucket keep versions, or no further ones.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::tables::Versioning;
use crate::{S3, errors};

/// A parsed `PutBucketVersioning` request.
#[derive(Debug)]
pub(crate) struct PutBucketVersioning {
    name: String,
    owner: Option<String>,
    versioning: Versioning,
}

impl Operation for PutBucketVersioning {
    const NAME: &'static str = "PutBucketVersioning";
    type Service = S3;
    type Input = model::PutBucketVersioningRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.versioning_configuration;
        if configuration.mfa_delete.as_deref() == Some("Enabled") {
            return Err(errors::not_implemented("Deletion with a second factor (MFA Delete)"));
        }
        let versioning = match configuration.status.as_deref() {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => {
                let message = "The Versioning element must be specified";
                return Err(errors::plain("IllegalVersioningConfigurationException", 400, message));
            }
        };
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, versioning })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketVersioning").await?;
        s3.change_bucket(&self.name, move |bucket| {
            if bucket.object_lock && self.versioning == Versioning::Suspended {
                let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be \
                               changed.";
                return Err(errors::plain("InvalidBucketState", 409, message));
            }
            bucket.versioning = self.versioning;
            Ok(())
        })
        .await
    }
}
