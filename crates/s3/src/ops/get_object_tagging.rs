//! `GetObjectTagging`: the tags of an object.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::tables::Versioning;
use crate::tags::to_set;
use crate::versions::Place;

/// A parsed `GetObjectTagging` request.
#[derive(Debug)]
pub(crate) struct GetObjectTagging {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
}

impl Operation for GetObjectTagging {
    const NAME: &'static str = "GetObjectTagging";
    type Service = S3;
    type Input = model::GetObjectTaggingRequest;
    type Output = model::GetObjectTaggingOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let actions = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging");
        let id = self.version_id.as_deref();
        let (found, version) = s3.version_for(cx, &self.at, self.owner.as_deref(), id, actions).await?;
        let version_id = (found.bucket.versioning != Versioning::Never).then_some(version.id);
        Ok(model::GetObjectTaggingOutput { version_id, tag_set: Some(to_set(version.about.tags)) })
    }
}
