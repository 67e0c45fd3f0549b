//! `GetBucketPolicyStatus`: whether a bucket's policy makes it public.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::bucket_policy::no_policy;
use crate::public::is_public;

/// A parsed `GetBucketPolicyStatus` request.
#[derive(Debug)]
pub(crate) struct GetBucketPolicyStatus {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketPolicyStatus {
    const NAME: &'static str = "GetBucketPolicyStatus";
    type Service = S3;
    type Input = model::GetBucketPolicyStatusRequest;
    type Output = model::GetBucketPolicyStatusOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketPolicyStatus").await?;
        let policy = found.bucket.policy.ok_or_else(|| no_policy(&self.name))?;
        let status = model::PolicyStatus { is_public: Some(is_public(&policy)) };
        Ok(model::GetBucketPolicyStatusOutput { policy_status: Some(status) })
    }
}
