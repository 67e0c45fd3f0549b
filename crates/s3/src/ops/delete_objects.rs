//! `DeleteObjects`: removes up to a thousand objects; each succeeds or fails by itself.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::versions::Place;
use crate::{S3, errors};

/// Objects of one request.
const OBJECTS_MAX: usize = 1000;

/// A parsed `DeleteObjects` request.
#[derive(Debug)]
pub(crate) struct DeleteObjects {
    bucket: String,
    owner: Option<String>,
    objects: Vec<model::ObjectIdentifier>,
    quiet: bool,
    bypass: bool,
}

impl Operation for DeleteObjects {
    const NAME: &'static str = "DeleteObjects";
    type Service = S3;
    type Input = model::DeleteObjectsRequest;
    type Output = model::DeleteObjectsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let model::Delete { objects, quiet } = input.delete;
        if objects.is_empty() || objects.len() > OBJECTS_MAX {
            return Err(errors::malformed_xml());
        }
        Ok(Self {
            bucket: input.bucket,
            owner: input.expected_bucket_owner,
            objects,
            quiet: quiet == Some(true),
            bypass: input.bypass_governance_retention == Some(true),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let first = self.objects.first().map(|object| object.key.as_str());
        let found = s3.find(cx, &self.bucket, self.owner.as_deref(), ("s3:DeleteObject", first)).await?;
        let (mut deleted, mut failed) = (Vec::new(), Vec::new());
        for model::ObjectIdentifier { key, version_id, e_tag, .. } in self.objects {
            let at = Place { bucket: self.bucket.clone(), key: key.clone() };
            match s3.remove(cx, &found, at, version_id.clone(), e_tag, self.bypass).await {
                Ok(outcome) => deleted.push(model::DeletedObject {
                    key: Some(key),
                    delete_marker: outcome.marker.then_some(true),
                    delete_marker_version_id: outcome.version_id.filter(|_| outcome.marker),
                    version_id,
                }),
                Err(error) => failed.push(model::Error {
                    key: Some(key),
                    version_id,
                    code: Some(code_of(&error).to_owned()),
                    message: Some(error.message().to_owned()),
                }),
            }
        }
        Ok(model::DeleteObjectsOutput {
            deleted: (!self.quiet && !deleted.is_empty()).then_some(deleted),
            errors: (!failed.is_empty()).then_some(failed),
            ..Default::default()
        })
    }
}

/// The code as S3 spells it.
fn code_of(error: &Error) -> &'static str {
    match error.code() {
        "AccessDeniedException" => "AccessDenied",
        "InternalFailure" => "InternalError",
        code => code,
    }
}
