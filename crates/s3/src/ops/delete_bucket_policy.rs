//! `DeleteBucketPolicy`: takes the policy from a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `DeleteBucketPolicy` request.
#[derive(Debug)]
pub(crate) struct DeleteBucketPolicy {
    name: String,
    owner: Option<String>,
}

impl Operation for DeleteBucketPolicy {
    const NAME: &'static str = "DeleteBucketPolicy";
    type Service = S3;
    type Input = model::DeleteBucketPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for_policy(cx, &self.name, self.owner.as_deref(), "s3:DeleteBucketPolicy").await?;
        s3.change_bucket(&self.name, move |bucket| {
            bucket.policy = None;
            Ok(())
        })
        .await
    }
}
