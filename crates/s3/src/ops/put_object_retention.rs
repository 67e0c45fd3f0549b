//! `PutObjectRetention`: sets until when a version is kept.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::lock::{may_change, require, retention_of};
use crate::tables::Retention;
use crate::versions::{Place, change, find};
use crate::{S3, errors};

/// A parsed `PutObjectRetention` request.
#[derive(Debug)]
pub(crate) struct PutObjectRetention {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    retention: Option<Retention>,
    bypass: bool,
}

impl Operation for PutObjectRetention {
    const NAME: &'static str = "PutObjectRetention";
    type Service = S3;
    type Input = model::PutObjectRetentionRequest;
    type Output = model::PutObjectRetentionOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let model::ObjectLockRetention { mode, retain_until_date } = input.retention.unwrap_or_default();
        Ok(Self {
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            version_id: input.version_id,
            retention: retention_of(mode, retain_until_date, scope.now)?,
            bypass: input.bypass_governance_retention == Some(true),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, version_id, retention, bypass } = self;
        let (action, id) = ("s3:PutObjectRetention", version_id.as_deref());
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        let mut access = found.object_access(action, &at.key);
        if let Some(retention) = &retention {
            access = access
                .with("s3:object-lock-mode", retention.mode.as_str())
                .with("s3:object-lock-retain-until-date", retention.until.iso8601_seconds());
        }
        s3.allow(cx, &found, &access).await?;
        if bypass {
            s3.allow(cx, &found, &found.object_access("s3:BypassGovernanceRetention", &at.key)).await?;
        }
        let (found, version) = s3.version_for(cx, &at, owner.as_deref(), id, (action, action)).await?;
        require(&found.bucket)?;
        let now = cx.scope.now;
        s3.write(move |tx| {
            let known = find(tx, &at, Some(&version.id))?;
            let mut version = known.ok_or_else(|| errors::no_such_key(&at.key))?;
            if !may_change(version.about.retention.as_ref(), retention.as_ref(), now, bypass) {
                let message = "Access Denied because object protected by object lock.";
                return Err(errors::plain("AccessDenied", 403, message));
            }
            version.about.retention.clone_from(&retention);
            change(tx, &at, &version)
        })
        .await?;
        Ok(model::PutObjectRetentionOutput::default())
    }
}
