//! `UploadPartCopy`: makes a part of an upload of an object, or of a range of one.

use std::ops::Range;

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::copying::{Copied, Source};
use crate::output::tell_checksum;
use crate::reading::Preconditions;
use crate::tables::Part;
use crate::uploads::{part_number, require, set_part};
use crate::versions::Place;
use crate::{S3, errors};

/// A parsed `UploadPartCopy` request.
#[derive(Debug)]
pub(crate) struct UploadPartCopy {
    at: Place,
    owner: Option<String>,
    id: String,
    number: u32,
    source: Source,
    range: Option<String>,
}

impl Operation for UploadPartCopy {
    const NAME: &'static str = "UploadPartCopy";
    type Service = S3;
    type Input = model::UploadPartCopyRequest;
    type Output = model::UploadPartCopyOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let conditions = Preconditions {
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        Ok(Self {
            number: part_number(input.part_number)?,
            source: Source::parse(&input.copy_source, input.expected_source_bucket_owner, conditions)?,
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            id: input.upload_id,
            range: input.copy_source_range,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, id, number, source, range } = self;
        let found = s3.find(cx, &at.bucket, owner.as_deref(), ("s3:PutObject", Some(&at.key))).await?;
        let name = format!("/{}/{}", source.at.bucket, source.at.key);
        let access = found.object_access("s3:PutObject", &at.key).with("s3:x-amz-copy-source", name);
        s3.allow(cx, &found, &access).await?;
        let (place, upload_id) = (at.clone(), id.clone());
        let upload = s3.read(move |tx| require(tx, &place, &upload_id)).await?;
        let source = s3.source(cx, &source).await?;
        let range = match range {
            Some(range) => range_of(&range, source.version.size)?,
            None => 0..source.version.size,
        };
        let algorithm = upload.checksum.map(|(algorithm, _)| algorithm);
        let mut result = model::CopyPartResult { last_modified: Some(cx.scope.now), ..Default::default() };
        match s3.copied(&source.version, range, algorithm).await? {
            Copied::Same(kept) => {
                let part = Part {
                    size: source.version.size,
                    etag: source.version.etag,
                    modified: cx.scope.now,
                    content: kept.content.clone(),
                    checksum: source.version.checksum,
                };
                result.e_tag = Some(format!("\"{}\"", part.etag));
                tell_checksum!(result, part.checksum.as_ref(), value);
                let _gate = s3.gate.read().await;
                let outcome = s3
                    .write(move |tx| {
                        kept.count_existing(tx)?;
                        set_part(tx, &at, &id, number, &part)
                    })
                    .await?;
                s3.after(&outcome);
            }
            Copied::Anew(arrived) => {
                result.e_tag = Some(format!("\"{}\"", arrived.etag));
                tell_checksum!(result, Some(&arrived.checksum), value);
                s3.store_part(cx, at, id, number, arrived).await?;
            }
        }
        Ok(model::UploadPartCopyOutput {
            copy_source_version_id: source.version_id,
            copy_part_result: Some(result),
            server_side_encryption: Some("AES256".to_owned()),
            ..Default::default()
        })
    }
}

/// Reads `x-amz-copy-source-range`, which has to be `bytes=first-last` and within the source.
fn range_of(text: &str, size: u64) -> Result<Range<u64>, Error> {
    let wrong = |message: &str| errors::invalid_argument(message, "x-amz-copy-source-range", text);
    let shape = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                 zero-based offsets of the first and last bytes to copy";
    let parts = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let numbers =
        parts.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    let (first, last) = numbers.filter(|(first, last)| first <= last).ok_or_else(|| wrong(shape))?;
    if last >= size {
        return Err(wrong(&format!("Range specified is not valid for source object of size: {size}")));
    }
    Ok(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_sources() {
        let check = |text: &str, expected: Option<Range<u64>>| {
            assert_eq!(range_of(text, 10).ok(), expected, "{text}");
        };
        check("bytes=0-9", Some(0..10));
        check("bytes=3-3", Some(3..4));
        check("bytes=0-10", None);
        check("bytes=5-", None);
        check("bytes=5-2", None);
        check("0-9", None);
        check("bytes=0-18446744073709551615", None);
    }
}
