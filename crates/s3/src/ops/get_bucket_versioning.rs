//! `GetBucketVersioning`: whether a bucket keeps versions.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::tables::Versioning;

/// A parsed `GetBucketVersioning` request.
#[derive(Debug)]
pub(crate) struct GetBucketVersioning {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketVersioning {
    const NAME: &'static str = "GetBucketVersioning";
    type Service = S3;
    type Input = model::GetBucketVersioningRequest;
    type Output = model::GetBucketVersioningOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketVersioning").await?;
        let status = match found.bucket.versioning {
            Versioning::Never => None,
            Versioning::Enabled => Some("Enabled".to_owned()),
            Versioning::Suspended => Some("Suspended".to_owned()),
        };
        Ok(model::GetBucketVersioningOutput { status, ..Default::default() })
    }
}
