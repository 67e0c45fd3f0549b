//! `PutObjectAcl`: sets whom an object is granted to.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::acl::{Asked, Kind, Permission, disabled, enabled};
use crate::notifications::{Cause, tell};
use crate::versions::{Place, change, find};
use crate::{S3, errors};

/// A parsed `PutObjectAcl` request.
#[derive(Debug)]
pub(crate) struct PutObjectAcl {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    asked: Asked,
}

impl Operation for PutObjectAcl {
    const NAME: &'static str = "PutObjectAcl";
    type Service = S3;
    type Input = model::PutObjectAclRequest;
    type Output = model::PutObjectAclOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let headers = [
            (Permission::FullControl, input.grant_full_control),
            (Permission::Read, input.grant_read),
            (Permission::Write, input.grant_write),
            (Permission::ReadAcl, input.grant_read_acp),
            (Permission::WriteAcl, input.grant_write_acp),
        ];
        let asked = Asked { listed: input.access_control_policy, ..Asked::of_headers(input.acl, headers) };
        if !asked.is_some() {
            let message = "Your request was missing a required header";
            return Err(errors::plain("MissingSecurityHeader", 400, message));
        }
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id, asked })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, version_id, asked } = self;
        let actions = ("s3:PutObjectAcl", "s3:PutObjectVersionAcl");
        let id = version_id.as_deref();
        let (found, version) = s3.version_for(cx, &at, owner.as_deref(), id, actions).await?;
        if !enabled(&found.bucket) {
            return Err(disabled());
        }
        let account = version.about.owner.unwrap_or(found.bucket.account);
        let grants = asked.grants(Kind::Object, account, found.bucket.account)?;
        asked.check(&found.bucket, &grants)?;
        let cause = Cause::request("ObjectAcl:Put", cx);
        let told = s3.write(move |tx| {
            let known = find(tx, &at, Some(&version.id))?;
            let mut version = known.ok_or_else(|| errors::no_such_key(&at.key))?;
            version.about.acl.clone_from(&grants);
            change(tx, &at, &version)?;
            tell(tx, &at, &cause, &version)
        });
        if told.await? {
            s3.delivery.some.notify_one();
        }
        Ok(model::PutObjectAclOutput::default())
    }
}
