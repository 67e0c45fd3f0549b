//! `PutBucketPolicy`: sets the policy of a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::bucket_policy::check;
use crate::public::is_public;
use crate::{S3, errors};

/// A parsed `PutBucketPolicy` request.
#[derive(Debug)]
pub(crate) struct PutBucketPolicy {
    name: String,
    owner: Option<String>,
    policy: String,
}

impl Operation for PutBucketPolicy {
    const NAME: &'static str = "PutBucketPolicy";
    type Service = S3;
    type Input = model::PutBucketPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        check(&input.bucket, &input.policy)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, policy: input.policy })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for_policy(cx, &self.name, self.owner.as_deref(), "s3:PutBucketPolicy").await?;
        s3.change_bucket(&self.name, move |bucket| {
            let blocked = bucket.public_access.is_some_and(|access| access.block_policy);
            if blocked && is_public(&self.policy) {
                let message = "Access Denied because public policies are prevented by the BlockPublicPolicy setting in S3 \
                               Block Public Access.";
                return Err(errors::plain("AccessDenied", 403, message));
            }
            bucket.policy = Some(self.policy.clone());
            Ok(())
        })
        .await
    }
}
