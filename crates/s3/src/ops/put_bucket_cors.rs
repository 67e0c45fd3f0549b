//! `PutBucketCors`: sets what pages from elsewhere may do with a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::cors::check;

/// A parsed `PutBucketCors` request.
#[derive(Debug)]
pub(crate) struct PutBucketCors {
    name: String,
    owner: Option<String>,
    configuration: model::CORSConfiguration,
}

impl Operation for PutBucketCors {
    const NAME: &'static str = "PutBucketCors";
    type Service = S3;
    type Input = model::PutBucketCorsRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.cors_configuration;
        check(&configuration)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketCORS").await?;
        s3.set(&self.name, "cors", Some(self.configuration)).await
    }
}
