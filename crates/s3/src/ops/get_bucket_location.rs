//! `GetBucketLocation`: the region of a bucket; nothing for the oldest region.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `GetBucketLocation` request.
#[derive(Debug)]
pub(crate) struct GetBucketLocation {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketLocation {
    const NAME: &'static str = "GetBucketLocation";
    type Service = S3;
    type Input = model::GetBucketLocationRequest;
    type Output = model::GetBucketLocationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketLocation").await?;
        let region = found.bucket.region.as_str();
        let location_constraint = (region != "us-east-1").then(|| region.to_owned());
        Ok(model::GetBucketLocationOutput { location_constraint })
    }
}
