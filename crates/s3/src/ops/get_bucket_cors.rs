//! `GetBucketCors`: what pages from elsewhere may do with a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `GetBucketCors` request.
#[derive(Debug)]
pub(crate) struct GetBucketCors {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketCors {
    const NAME: &'static str = "GetBucketCors";
    type Service = S3;
    type Input = model::GetBucketCorsRequest;
    type Output = model::GetBucketCorsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketCORS").await?;
        let found = s3.setting::<model::CORSConfiguration>(&self.name, "cors").await?;
        let configuration = found.ok_or_else(|| {
            errors::plain("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist")
        })?;
        Ok(model::GetBucketCorsOutput { cors_rules: Some(configuration.cors_rules) })
    }
}
