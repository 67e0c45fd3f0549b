//! `GetObjectRetention`: until when a version is kept.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::lock::{not_set, require};
use crate::versions::Place;

/// A parsed `GetObjectRetention` request.
#[derive(Debug)]
pub(crate) struct GetObjectRetention {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
}

impl Operation for GetObjectRetention {
    const NAME: &'static str = "GetObjectRetention";
    type Service = S3;
    type Input = model::GetObjectRetentionRequest;
    type Output = model::GetObjectRetentionOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let (action, id) = ("s3:GetObjectRetention", self.version_id.as_deref());
        let owner = self.owner.as_deref();
        let (found, version) = s3.version_for(cx, &self.at, owner, id, (action, action)).await?;
        require(&found.bucket)?;
        let retention = version.about.retention.ok_or_else(not_set)?;
        let retention = model::ObjectLockRetention {
            mode: Some(retention.mode),
            retain_until_date: Some(retention.until),
        };
        Ok(model::GetObjectRetentionOutput { retention: Some(retention) })
    }
}
