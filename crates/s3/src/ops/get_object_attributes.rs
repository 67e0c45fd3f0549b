//! `GetObjectAttributes`: what is known of an object, as far as it is asked for.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::output::tell_checksum;
use crate::tables::{Content, Part, Version, Versioning};
use crate::versions::Place;
use crate::{S3, errors};

/// Parts of a page.
const PARTS_MAX: i32 = 1000;

/// A parsed `GetObjectAttributes` request.
#[derive(Debug)]
pub(crate) struct GetObjectAttributes {
    at: Place,
    owner: Option<String>,
    version_id: Option<String>,
    attributes: Vec<String>,
    marker: i32,
    limit: i32,
}

impl Operation for GetObjectAttributes {
    const NAME: &'static str = "GetObjectAttributes";
    type Service = S3;
    type Input = model::GetObjectAttributesRequest;
    type Output = model::GetObjectAttributesOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        if input.object_attributes.is_empty() {
            let message = "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing \
                           or empty";
            return Err(errors::invalid_request(message));
        }
        Ok(Self {
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            version_id: input.version_id,
            attributes: input.object_attributes,
            marker: input.part_number_marker.unwrap_or(0).max(0),
            limit: input.max_parts.unwrap_or(PARTS_MAX).clamp(0, PARTS_MAX),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let id = self.version_id.as_deref();
        let reading = ("s3:GetObject", "s3:GetObjectVersion");
        let (found, version) = s3.version_for(cx, &self.at, self.owner.as_deref(), id, reading).await?;
        let action = if id.is_some() { "s3:GetObjectVersionAttributes" } else { "s3:GetObjectAttributes" };
        s3.allow(cx, &found, &found.object_access(action, &self.at.key)).await?;
        let parts = match &version.content {
            Content::Parts(upload) if self.asks_for("ObjectParts") => {
                Some(self.parts(&version, &s3.parts(upload).await?))
            }
            _ => None,
        };
        let checksum = version.checksum.is_some() && self.asks_for("Checksum");
        let mut told = model::Checksum::default();
        tell_checksum!(told, version.checksum.as_ref());
        Ok(model::GetObjectAttributesOutput {
            last_modified: Some(version.modified),
            version_id: (found.bucket.versioning != Versioning::Never).then(|| version.id.clone()),
            e_tag: self.asks_for("ETag").then(|| version.etag.clone()),
            checksum: checksum.then_some(told),
            object_parts: parts,
            storage_class: self
                .asks_for("StorageClass")
                .then(|| version.about.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())),
            object_size: i64::try_from(version.size).ok().filter(|_| self.asks_for("ObjectSize")),
            ..Default::default()
        })
    }
}

impl GetObjectAttributes {
    fn asks_for(&self, name: &str) -> bool {
        self.attributes.iter().any(|asked| asked == name)
    }

    fn parts(&self, version: &Version, parts: &[(u32, Part)]) -> model::GetObjectAttributesParts {
        // Parts are told one by one only where they have checksums of their own.
        let composite = version.checksum.as_ref().is_some_and(|checksum| !checksum.full);
        let first = usize::try_from(self.marker).unwrap_or(0);
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let numbered = parts.iter().enumerate().skip(first).take(limit);
        let shown: Vec<model::ObjectPart> = numbered
            .map(|(index, (_, part))| {
                let mut shown = model::ObjectPart {
                    part_number: i32::try_from(index + 1).ok(),
                    size: i64::try_from(part.size).ok(),
                    ..Default::default()
                };
                tell_checksum!(shown, part.checksum.as_ref(), value);
                shown
            })
            .collect();
        let last = first + shown.len();
        model::GetObjectAttributesParts {
            total_parts_count: i32::try_from(parts.len()).ok(),
            part_number_marker: composite.then_some(self.marker),
            next_part_number_marker: i32::try_from(last).ok().filter(|_| composite),
            max_parts: composite.then_some(self.limit),
            is_truncated: composite.then_some(last < parts.len()),
            parts: composite.then_some(shown),
        }
    }
}
