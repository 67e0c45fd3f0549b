//! `DeleteBucketTagging`: removes the tags of a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `DeleteBucketTagging` request.
#[derive(Debug)]
pub(crate) struct DeleteBucketTagging {
    name: String,
    owner: Option<String>,
}

impl Operation for DeleteBucketTagging {
    const NAME: &'static str = "DeleteBucketTagging";
    type Service = S3;
    type Input = model::DeleteBucketTaggingRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketTagging").await?;
        s3.change_bucket(&self.name, |bucket| {
            bucket.tags.clear();
            Ok(())
        })
        .await
    }
}
