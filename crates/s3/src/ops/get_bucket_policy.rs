//! `GetBucketPolicy`: the policy of a bucket, as it came.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::bucket_policy::no_policy;

/// A parsed `GetBucketPolicy` request.
#[derive(Debug)]
pub(crate) struct GetBucketPolicy {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketPolicy {
    const NAME: &'static str = "GetBucketPolicy";
    type Service = S3;
    type Input = model::GetBucketPolicyRequest;
    type Output = model::GetBucketPolicyOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for_policy(cx, &self.name, self.owner.as_deref(), "s3:GetBucketPolicy").await?;
        let policy = found.bucket.policy.ok_or_else(|| no_policy(&self.name))?;
        Ok(model::GetBucketPolicyOutput { policy: Some(policy) })
    }
}
