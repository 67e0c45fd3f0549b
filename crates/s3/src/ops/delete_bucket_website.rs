//! `DeleteBucketWebsite`: makes a bucket no website any more.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `DeleteBucketWebsite` request.
#[derive(Debug)]
pub(crate) struct DeleteBucketWebsite {
    name: String,
    owner: Option<String>,
}

impl Operation for DeleteBucketWebsite {
    const NAME: &'static str = "DeleteBucketWebsite";
    type Service = S3;
    type Input = model::DeleteBucketWebsiteRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:DeleteBucketWebsite").await?;
        s3.set::<model::WebsiteConfiguration>(&self.name, "website", None).await
    }
}
