//! `GetBucketAcl`: whom a bucket is granted to.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::acl::{enabled, to_model};
use crate::output::owner;

/// A parsed `GetBucketAcl` request.
#[derive(Debug)]
pub(crate) struct GetBucketAcl {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketAcl {
    const NAME: &'static str = "GetBucketAcl";
    type Service = S3;
    type Input = model::GetBucketAclRequest;
    type Output = model::GetBucketAclOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketAcl").await?;
        let account = found.bucket.account;
        let grants = if enabled(&found.bucket) { found.bucket.acl.as_slice() } else { &[] };
        let grants = Some(to_model(account, grants));
        Ok(model::GetBucketAclOutput { owner: Some(owner(account)), grants })
    }
}
