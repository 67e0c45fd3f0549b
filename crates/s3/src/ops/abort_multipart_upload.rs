//! `AbortMultipartUpload`: gives up an upload; its space comes back.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::tables::{GARBAGE, GARBAGE_PARTS, Number, UPLOADS};
use crate::uploads::require;
use crate::versions::Place;

/// A parsed `AbortMultipartUpload` request.
#[derive(Debug)]
pub(crate) struct AbortMultipartUpload {
    at: Place,
    owner: Option<String>,
    id: String,
}

impl Operation for AbortMultipartUpload {
    const NAME: &'static str = "AbortMultipartUpload";
    type Service = S3;
    type Input = model::AbortMultipartUploadRequest;
    type Output = model::AbortMultipartUploadOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let at = Place { bucket: input.bucket, key: input.key };
        Ok(Self { at, owner: input.expected_bucket_owner, id: input.upload_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, id } = self;
        let action = "s3:AbortMultipartUpload";
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        s3.allow(cx, &found, &found.object_access(action, &at.key)).await?;
        s3.write(move |tx| {
            require(tx, &at, &id)?;
            UPLOADS.remove(tx, &(at.bucket.as_str(), at.key.as_str(), id.as_str()))?;
            Ok(GARBAGE.insert(tx, &(GARBAGE_PARTS.to_owned(), id.clone()), &Number(0))?)
        })
        .await?;
        s3.garbage.notify_one();
        Ok(model::AbortMultipartUploadOutput::default())
    }
}
