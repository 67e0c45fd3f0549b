//! `PutObjectLegalHold`: holds a version, or lets it go.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::lock::require;
use crate::versions::{Place, change, find};
use crate::{S3, errors};

/// A parsed `PutObjectLegalHold` request.
#[derive(Debug)]
pub(crate) struct PutObjectLegalHold {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    hold: bool,
}

impl Operation for PutObjectLegalHold {
    const NAME: &'static str = "PutObjectLegalHold";
    type Service = S3;
    type Input = model::PutObjectLegalHoldRequest;
    type Output = model::PutObjectLegalHoldOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let hold = match input.legal_hold.and_then(|hold| hold.status).as_deref() {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(errors::malformed_xml()),
        };
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id, hold })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, version_id, hold } = self;
        let (action, id) = ("s3:PutObjectLegalHold", version_id.as_deref());
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        let status = if hold { "ON" } else { "OFF" };
        let access = found.object_access(action, &at.key).with("s3:object-lock-legal-hold", status);
        s3.allow(cx, &found, &access).await?;
        let (found, version) = s3.version_for(cx, &at, owner.as_deref(), id, (action, action)).await?;
        require(&found.bucket)?;
        s3.write(move |tx| {
            let known = find(tx, &at, Some(&version.id))?;
            let mut version = known.ok_or_else(|| errors::no_such_key(&at.key))?;
            version.about.legal_hold = Some(hold);
            change(tx, &at, &version)
        })
        .await?;
        Ok(model::PutObjectLegalHoldOutput::default())
    }
}
