//! `GetObjectLegalHold`: whether a version is held.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::lock::{not_set, require};
use crate::versions::Place;

/// A parsed `GetObjectLegalHold` request.
#[derive(Debug)]
pub(crate) struct GetObjectLegalHold {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
}

impl Operation for GetObjectLegalHold {
    const NAME: &'static str = "GetObjectLegalHold";
    type Service = S3;
    type Input = model::GetObjectLegalHoldRequest;
    type Output = model::GetObjectLegalHoldOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let (action, id) = ("s3:GetObjectLegalHold", self.version_id.as_deref());
        let owner = self.owner.as_deref();
        let (found, version) = s3.version_for(cx, &self.at, owner, id, (action, action)).await?;
        require(&found.bucket)?;
        let status = match version.about.legal_hold {
            None => return Err(not_set()),
            Some(true) => "ON",
            Some(false) => "OFF",
        };
        let legal_hold = Some(model::ObjectLockLegalHold { status: Some(status.to_owned()) });
        Ok(model::GetObjectLegalHoldOutput { legal_hold })
    }
}
