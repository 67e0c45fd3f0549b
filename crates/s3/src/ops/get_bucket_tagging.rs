//! `GetBucketTagging`: the tags of a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::tags::to_set;
use crate::{S3, errors};

/// A parsed `GetBucketTagging` request.
#[derive(Debug)]
pub(crate) struct GetBucketTagging {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketTagging {
    const NAME: &'static str = "GetBucketTagging";
    type Service = S3;
    type Input = model::GetBucketTaggingRequest;
    type Output = model::GetBucketTaggingOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketTagging").await?;
        if found.bucket.tags.is_empty() {
            let fault = errors::plain("NoSuchTagSet", 404, "The TagSet does not exist");
            return Err(fault.with_member("BucketName", weft_model::Value::Text(self.name)));
        }
        Ok(model::GetBucketTaggingOutput { tag_set: Some(to_set(found.bucket.tags)) })
    }
}
