//! `PutBucketWebsite`: makes a bucket a website.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::website::check;

/// A parsed `PutBucketWebsite` request.
#[derive(Debug)]
pub(crate) struct PutBucketWebsite {
    name: String,
    owner: Option<String>,
    configuration: model::WebsiteConfiguration,
}

impl Operation for PutBucketWebsite {
    const NAME: &'static str = "PutBucketWebsite";
    type Service = S3;
    type Input = model::PutBucketWebsiteRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.website_configuration;
        check(&configuration)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketWebsite").await?;
        s3.set(&self.name, "website", Some(self.configuration)).await
    }
}
