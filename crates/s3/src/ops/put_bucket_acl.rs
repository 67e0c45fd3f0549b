//! `PutBucketAcl`: sets whom a bucket is granted to.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::acl::{Asked, Kind, Permission, disabled, enabled};
use crate::{S3, errors};

/// A parsed `PutBucketAcl` request.
#[derive(Debug)]
pub(crate) struct PutBucketAcl {
    name: String,
    owner: Option<String>,
    asked: Asked,
}

impl Operation for PutBucketAcl {
    const NAME: &'static str = "PutBucketAcl";
    type Service = S3;
    type Input = model::PutBucketAclRequest;
    type Output = ();

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
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, asked })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        let Self { name, owner, asked } = self;
        let action = "s3:PutBucketAcl";
        let found = s3.find(cx, &name, owner.as_deref(), (action, None)).await?;
        let mut access = found.access(action);
        if let Some(canned) = &asked.canned {
            access = access.with("s3:x-amz-acl", canned.as_str());
        }
        s3.allow(cx, &found, &access).await?;
        s3.change_bucket(&name, move |bucket| {
            if !enabled(bucket) {
                return Err(disabled());
            }
            let grants = asked.grants(Kind::Bucket, bucket.account, bucket.account)?;
            asked.check(bucket, &grants)?;
            bucket.acl = grants;
            Ok(())
        })
        .await
    }
}
