//! `GetBucketWebsite`: how a bucket is a website.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::website::not_set;

/// A parsed `GetBucketWebsite` request.
#[derive(Debug)]
pub(crate) struct GetBucketWebsite {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketWebsite {
    const NAME: &'static str = "GetBucketWebsite";
    type Service = S3;
    type Input = model::GetBucketWebsiteRequest;
    type Output = model::GetBucketWebsiteOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketWebsite").await?;
        let found = s3.setting::<model::WebsiteConfiguration>(&self.name, "website").await?;
        let configuration = found.ok_or_else(not_set)?;
        Ok(model::GetBucketWebsiteOutput {
            redirect_all_requests_to: configuration.redirect_all_requests_to,
            index_document: configuration.index_document,
            error_document: configuration.error_document,
            routing_rules: configuration.routing_rules,
        })
    }
}
