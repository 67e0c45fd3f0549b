//! `HeadBucket`: whether a bucket is there, and where.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::names::bucket_arn;

/// A parsed `HeadBucket` request.
#[derive(Debug)]
pub(crate) struct HeadBucket {
    name: String,
    owner: Option<String>,
}

impl Operation for HeadBucket {
    const NAME: &'static str = "HeadBucket";
    type Service = S3;
    type Input = model::HeadBucketRequest;
    type Output = model::HeadBucketOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:ListBucket").await?;
        Ok(model::HeadBucketOutput {
            bucket_region: Some(found.bucket.region.as_str().to_owned()),
            bucket_arn: Some(bucket_arn(&self.name)),
            access_point_alias: Some(false),
            ..Default::default()
        })
    }
}
