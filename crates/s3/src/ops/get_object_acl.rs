//! `GetObjectAcl`: whom an object is granted to.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::acl::{enabled, to_model};
use crate::output::owner;
use crate::versions::Place;

/// A parsed `GetObjectAcl` request.
#[derive(Debug)]
pub(crate) struct GetObjectAcl {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
}

impl Operation for GetObjectAcl {
    const NAME: &'static str = "GetObjectAcl";
    type Service = S3;
    type Input = model::GetObjectAclRequest;
    type Output = model::GetObjectAclOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let actions = ("s3:GetObjectAcl", "s3:GetObjectVersionAcl");
        let id = self.version_id.as_deref();
        let (found, version) = s3.version_for(cx, &self.at, self.owner.as_deref(), id, actions).await?;
        let counts = enabled(&found.bucket);
        let account = version.about.owner.filter(|_| counts).unwrap_or(found.bucket.account);
        let grants = if counts { version.about.acl.as_slice() } else { &[] };
        let grants = Some(to_model(account, grants));
        Ok(model::GetObjectAclOutput { owner: Some(owner(account)), grants, ..Default::default() })
    }
}
