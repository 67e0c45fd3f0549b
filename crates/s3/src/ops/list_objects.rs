//! `ListObjects`: the older list of a bucket's current objects.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::listing::{Entry, From, Selection, after_all};
use crate::lists::{Encoding, limit_of, list_access, object, objects, selection, split};
use crate::{S3, output};

/// A parsed `ListObjects` request.
#[derive(Debug)]
pub(crate) struct ListObjects {
    input: model::ListObjectsRequest,
    selection: Selection,
    limit: i32,
}

impl Operation for ListObjects {
    const NAME: &'static str = "ListObjects";
    type Service = S3;
    type Input = model::ListObjectsRequest;
    type Output = model::ListObjectsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = limit_of(input.max_keys, "max-keys")?;
        let selection = selection(input.prefix.as_ref(), input.delimiter.as_ref(), limit);
        Ok(Self { input, selection, limit })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { input, selection, limit } = self;
        let owner = input.expected_bucket_owner.as_deref();
        let found = s3.find(cx, &input.bucket, owner, ("s3:ListBucket", None)).await?;
        s3.allow(cx, &found, &list_access(&found, "s3:ListBucket", &selection, limit)).await?;
        let begin = input
            .marker
            .as_deref()
            .filter(|marker| !marker.is_empty())
            .map(|marker| begin(&selection, marker));
        let (bucket, rolled) = (input.bucket.clone(), !selection.delimiter.is_empty());
        let page = s3.read(move |tx| Ok(objects(tx, &bucket, &selection, begin)?)).await?;
        let encoding = Encoding::of(input.encoding_type.as_deref());
        // Without a delimiter, a caller goes on from the last key.
        let next = page.entries.last().filter(|_| page.truncated && rolled).map(|entry| match entry {
            Entry::Row((key, _)) => encoding.write(key),
            Entry::Prefix(prefix) => encoding.write(prefix),
        });
        let (rows, common_prefixes) = split(page.entries, encoding);
        let shown = output::owner(found.bucket.account);
        let contents =
            rows.into_iter().map(|(key, version)| object(&key, version, encoding, Some(shown.clone())));
        Ok(model::ListObjectsOutput {
            is_truncated: Some(page.truncated),
            marker: Some(encoding.write(input.marker.as_deref().unwrap_or_default())),
            next_marker: next,
            contents: Some(contents.collect()),
            prefix: Some(encoding.write(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.map(|delimiter| encoding.write(&delimiter)),
            max_keys: Some(limit),
            common_prefixes,
            encoding_type: encoding.name(),
            name: Some(input.bucket),
            ..Default::default()
        })
    }
}

/// After a marker: past all that a prefix stands for, where the marker is one that was told.
fn begin(selection: &Selection, marker: &str) -> From<String> {
    let is_prefix = marker.starts_with(&selection.prefix) && selection.rolled_up(marker) == Some(marker);
    match after_all(marker.as_bytes()).filter(|_| is_prefix) {
        Some(next) => From::Key(next),
        None => From::After(marker.to_owned()),
    }
}
