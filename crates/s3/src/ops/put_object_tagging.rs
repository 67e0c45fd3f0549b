//! `PutObjectTagging`: sets the tags of an object.

use std::collections::BTreeMap;

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::notifications::{Cause, tell};
use crate::request::with_request_tags;
use crate::tables::Versioning;
use crate::tags::{OBJECT_TAGS_MAX, of_set};
use crate::versions::{Place, change, find};

/// A parsed `PutObjectTagging` request.
#[derive(Debug)]
pub(crate) struct PutObjectTagging {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Operation for PutObjectTagging {
    const NAME: &'static str = "PutObjectTagging";
    type Service = S3;
    type Input = model::PutObjectTaggingRequest;
    type Output = model::PutObjectTaggingOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        let tags = of_set(input.tagging.tag_set, OBJECT_TAGS_MAX)?;
        Ok(Self { at, owner: input.expected_bucket_owner, version_id: input.version_id, tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let actions = ("s3:PutObjectTagging", "s3:PutObjectVersionTagging");
        let Self { at, owner, version_id, tags } = self;
        let id = version_id.as_deref();
        let action = if id.is_some() { actions.1 } else { actions.0 };
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        let access = with_request_tags(found.object_access(action, &at.key), &tags);
        s3.allow(cx, &found, &access).await?;
        let (_, version) = s3.version_for(cx, &at, owner.as_deref(), id, actions).await?;
        let version_id = (found.bucket.versioning != Versioning::Never).then(|| version.id.clone());
        s3.set_tags(at, version.id, tags, Cause::request("ObjectTagging:Put", cx)).await?;
        Ok(model::PutObjectTaggingOutput { version_id })
    }
}

impl S3 {
    /// Sets the tags of a version.
    pub(crate) async fn set_tags(
        &self,
        at: Place,
        id: String,
        tags: BTreeMap<String, String>,
        cause: Cause,
    ) -> Result<(), Error> {
        let told = self.write(move |tx| {
            let found = find(tx, &at, Some(&id))?;
            let mut version = found.ok_or_else(|| crate::errors::no_such_key(&at.key))?;
            version.about.tags.clone_from(&tags);
            change(tx, &at, &version)?;
            tell(tx, &at, &cause, &version)
        });
        if told.await? {
            self.delivery.some.notify_one();
        }
        Ok(())
    }
}
