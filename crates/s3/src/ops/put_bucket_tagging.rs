//! `PutBucketTagging`: sets the tags of a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope, Tags};

use crate::S3;
use crate::tags::{BUCKET_TAGS_MAX, of_set};

/// A parsed `PutBucketTagging` request.
#[derive(Debug)]
pub(crate) struct PutBucketTagging {
    name: String,
    owner: Option<String>,
    tags: Tags,
}

impl Operation for PutBucketTagging {
    const NAME: &'static str = "PutBucketTagging";
    type Service = S3;
    type Input = model::PutBucketTaggingRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let tags = of_set(input.tagging.tag_set, BUCKET_TAGS_MAX)?;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketTagging").await?;
        s3.change_bucket(&self.name, move |bucket| {
            bucket.tags.clone_from(&self.tags);
            Ok(())
        })
        .await
    }
}
