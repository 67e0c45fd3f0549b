//! `DeleteObject`: removes an object or a version of it, or hides it behind a delete marker.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::access::Found;
use crate::names::check_key;
use crate::notifications::{Cause, delete_and_tell};
use crate::tables::CURRENT;
use crate::versions::{Outcome, Place};

/// A parsed `DeleteObject` request.
#[derive(Debug)]
pub(crate) struct DeleteObject {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    if_match: Option<String>,
    bypass: bool,
}

impl Operation for DeleteObject {
    const NAME: &'static str = "DeleteObject";
    type Service = S3;
    type Input = model::DeleteObjectRequest;
    type Output = model::DeleteObjectOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        check_key(&input.key)?;
        Ok(Self {
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            version_id: input.version_id,
            if_match: input.if_match,
            bypass: input.bypass_governance_retention == Some(true),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, version_id, if_match, bypass } = self;
        let action = action(version_id.as_deref());
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        let outcome = s3.remove(cx, &found, at, version_id, if_match, bypass).await?;
        let delete_marker = outcome.marker.then_some(true);
        Ok(model::DeleteObjectOutput { delete_marker, version_id: outcome.version_id, ..Default::default() })
    }
}

fn action(version_id: Option<&str>) -> &'static str {
    if version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" }
}

impl S3 {
    /// Removes an object, where the caller may.
    pub(crate) async fn remove(
        &self,
        cx: &Context,
        found: &Found,
        at: Place,
        version_id: Option<String>,
        if_match: Option<String>,
        bypass: bool,
    ) -> Result<Outcome, Error> {
        let mut access = found.object_access(action(version_id.as_deref()), &at.key);
        if let Some(id) = &version_id {
            access = access.with("s3:VersionId", id.as_str());
        }
        self.allow(cx, found, &access).await?;
        if bypass {
            self.allow(cx, found, &found.object_access("s3:BypassGovernanceRetention", &at.key)).await?;
        }
        let cause = Cause::request("ObjectRemoved:Delete", cx);
        let outcome = self
            .write(move |tx| {
                if let Some(wanted) = &if_match {
                    let current = CURRENT.get(tx, &(at.bucket.as_str(), at.key.as_str()))?;
                    let etag = current.map(|version| version.etag);
                    if wanted != "*" && etag.as_deref().is_some_and(|etag| etag != wanted.trim_matches('"')) {
                        return Err(crate::errors::precondition_failed("If-Match"));
                    }
                }
                delete_and_tell(tx, &at, version_id.as_deref(), bypass, &cause)
            })
            .await?;
        self.after(&outcome);
        Ok(outcome)
    }

    /// Has bytes removed that nobody has any more.
    pub(crate) fn after(&self, outcome: &Outcome) {
        if outcome.garbage {
            self.garbage.notify_one();
        }
        if outcome.told {
            self.delivery.some.notify_one();
        }
    }
}
