//! `ListParts`: the parts of an upload so far.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::lists::limit_of;
use crate::output::{owner as owner_of, tell_checksum};
use crate::tables::{PARTS, Part};
use crate::uploads::require;
use crate::versions::Place;

/// A parsed `ListParts` request.
#[derive(Debug)]
pub(crate) struct ListParts {
    at: Place,
    owner: Option<String>,
    id: String,
    marker: i32,
    limit: i32,
}

impl Operation for ListParts {
    const NAME: &'static str = "ListParts";
    type Service = S3;
    type Input = model::ListPartsRequest;
    type Output = model::ListPartsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            limit: limit_of(input.max_parts, "max-parts")?,
            marker: input.part_number_marker.unwrap_or(0).max(0),
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            id: input.upload_id,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, id, marker, limit } = self;
        let action = "s3:ListMultipartUploadParts";
        let found = s3.find(cx, &at.bucket, owner.as_deref(), (action, Some(&at.key))).await?;
        s3.allow(cx, &found, &found.object_access(action, &at.key)).await?;
        let (place, upload_id) = (at.clone(), id.clone());
        let (from, most) = (marker.unsigned_abs(), usize::try_from(limit).unwrap_or(0));
        let (upload, mut rows) = s3
            .read(move |tx| {
                let upload = require(tx, &place, &upload_id)?;
                let query = PARTS.query(&(upload_id.as_str(),)).after(&(upload_id.as_str(), from));
                Ok((upload, query.limit(most + 1).rows(tx)?))
            })
            .await?;
        let more = rows.len() > most;
        rows.truncate(most);
        let last = rows.last().map_or(from, |((_, number), _)| *number);
        let owner = owner_of(found.bucket.account);
        let initiator = model::Initiator { id: Some(upload.initiator), ..Default::default() };
        Ok(model::ListPartsOutput {
            bucket: Some(at.bucket),
            key: Some(at.key),
            upload_id: Some(id),
            part_number_marker: Some(marker),
            next_part_number_marker: i32::try_from(last).ok(),
            max_parts: Some(limit),
            is_truncated: Some(more),
            parts: Some(rows.into_iter().map(|((_, number), part)| shown(number, &part)).collect()),
            initiator: Some(initiator),
            owner: Some(owner),
            storage_class: Some(upload.about.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
            checksum_algorithm: upload.checksum.map(|(algorithm, _)| algorithm.name().to_owned()),
            checksum_type: upload
                .checksum
                .map(|(_, full)| if full { "FULL_OBJECT" } else { "COMPOSITE" }.to_owned()),
            ..Default::default()
        })
    }
}

fn shown(number: u32, part: &Part) -> model::Part {
    let mut shown = model::Part {
        part_number: i32::try_from(number).ok(),
        last_modified: Some(part.modified),
        e_tag: Some(format!("\"{}\"", part.etag)),
        size: i64::try_from(part.size).ok(),
        ..Default::default()
    };
    tell_checksum!(shown, part.checksum.as_ref(), value);
    shown
}
