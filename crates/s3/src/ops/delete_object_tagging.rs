//! `DeleteObjectTagging`: takes all tags from an object.

use std::collections::BTreeMap;

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::notifications::Cause;
use crate::tables::Versioning;
use crate::versions::Place;

/// A parsed `DeleteObjectTagging` request.
#[derive(Debug)]
pub(crate) struct DeleteObjectTagging {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
}

impl Operation for DeleteObjectTagging {
    const NAME: &'static str = "DeleteObjectTagging";
    type Service = S3;
    type Input = model::DeleteObjectTaggingRequest;
    type Output = model::DeleteObjectTaggingOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let actions = ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging");
        let id = self.version_id.as_deref();
        let (found, version) = s3.version_for(cx, &self.at, self.owner.as_deref(), id, actions).await?;
        let version_id = (found.bucket.versioning != Versioning::Never).then(|| version.id.clone());
        s3.set_tags(self.at, version.id, BTreeMap::new(), Cause::request("ObjectTagging:Delete", cx)).await?;
        Ok(model::DeleteObjectTaggingOutput { version_id })
    }
}
