//! `ListObjectVersions`: all versions of a bucket's objects, the newest of each key first.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::Read;

use crate::listing::{Entry, From, Selection, after_all};
use crate::lists::{Encoding, limit_of, list_access, selection, split, versions};
use crate::tables::Version;
use crate::versions::{Place, find};
use crate::{S3, errors, output};

/// A parsed `ListObjectVersions` request.
#[derive(Debug)]
pub(crate) struct ListObjectVersions {
    input: model::ListObjectVersionsRequest,
    selection: Selection,
    limit: i32,
}

impl Operation for ListObjectVersions {
    const NAME: &'static str = "ListObjectVersions";
    type Service = S3;
    type Input = model::ListObjectVersionsRequest;
    type Output = model::ListObjectVersionsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = limit_of(input.max_keys, "max-keys")?;
        let has = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        if has(&input.version_id_marker) && !has(&input.key_marker) {
            let message = "A version-id marker cannot be specified without a key marker.";
            let given = input.version_id_marker.unwrap_or_default();
            return Err(errors::invalid_argument(message, "version-id-marker", &given));
        }
        let selection = selection(input.prefix.as_ref(), input.delimiter.as_ref(), limit);
        Ok(Self { input, selection, limit })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { input, selection, limit } = self;
        let owner = input.expected_bucket_owner.as_deref();
        let action = "s3:ListBucketVersions";
        let found = s3.find(cx, &input.bucket, owner, (action, None)).await?;
        s3.allow(cx, &found, &list_access(&found, action, &selection, limit)).await?;
        let (bucket, marker) = (input.bucket.clone(), input.key_marker.clone().filter(|key| !key.is_empty()));
        let id = input.version_id_marker.clone().filter(|id| !id.is_empty());
        let (page, latest) = s3
            .read(move |tx| {
                let begin = marker.as_deref().map(|key| begin(tx, &bucket, &selection, key, id.as_deref()));
                let page = versions(tx, &bucket, &selection, begin.transpose()?)?;
                let latest = latest(tx, &bucket, &page.entries)?;
                Ok((page, latest))
            })
            .await?;
        let encoding = Encoding::of(input.encoding_type.as_deref());
        let (next_key_marker, next_version_id_marker) = match page.entries.last().filter(|_| page.truncated) {
            Some(Entry::Row((key, version))) => (Some(encoding.write(key)), Some(version.id.clone())),
            Some(Entry::Prefix(prefix)) => (Some(encoding.write(prefix)), None),
            None => (None, None),
        };
        let (rows, common_prefixes) = split(page.entries, encoding);
        let shown = output::owner(found.bucket.account);
        let (markers, objects): (Vec<_>, Vec<_>) =
            rows.into_iter().zip(latest).partition(|((_, version), _)| version.marker);
        let versions = objects.into_iter().map(|(row, latest)| version(row, latest, encoding, &shown));
        let markers = markers.into_iter().map(|((key, version), latest)| model::DeleteMarkerEntry {
            owner: Some(shown.clone()),
            key: Some(encoding.write(&key)),
            version_id: Some(version.id),
            is_latest: Some(latest),
            last_modified: Some(version.modified),
        });
        Ok(model::ListObjectVersionsOutput {
            is_truncated: Some(page.truncated),
            versions: Some(versions.collect()),
            delete_markers: Some(markers.collect()),
            key_marker: Some(encoding.write(input.key_marker.as_deref().unwrap_or_default())),
            version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
            next_key_marker,
            next_version_id_marker,
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

fn begin(
    tx: &impl Read,
    bucket: &str,
    selection: &Selection,
    key: &str,
    id: Option<&str>,
) -> Result<From<(String, u64)>, Error> {
    if let Some(id) = id {
        let at = Place { bucket: bucket.to_owned(), key: key.to_owned() };
        // A version that has gone since is as good a place as one that is there.
        let place = match crate::versions::number_of(id) {
            Some(number) => u64::MAX - number,
            None => find(tx, &at, Some(id))?.map_or(0, |version| version.place()),
        };
        return Ok(From::After((key.to_owned(), place)));
    }
    let is_prefix = key.starts_with(&selection.prefix) && selection.rolled_up(key) == Some(key);
    let next = after_all(key.as_bytes()).filter(|_| is_prefix);
    Ok(From::Key(next.unwrap_or_else(|| [key.as_bytes(), &[0]].concat())))
}

/// Whether each version of a page is the newest of its key, in their order.
fn latest(tx: &impl Read, bucket: &str, entries: &[Entry<(String, Version)>]) -> Result<Vec<bool>, Error> {
    let mut before: Option<&str> = None;
    let mut all = Vec::new();
    for entry in entries {
        let Entry::Row((key, version)) = entry else { continue };
        let is_latest = match before {
            Some(before) if before == key => false,
            // The page may begin within the versions of a key.
            None => {
                let at = Place { bucket: bucket.to_owned(), key: key.clone() };
                find(tx, &at, None)?.is_some_and(|newest| newest.number == version.number)
            }
            Some(_) => true,
        };
        before = Some(key);
        all.push(is_latest);
    }
    Ok(all)
}

fn version(
    (key, version): (String, Version),
    latest: bool,
    encoding: Encoding,
    owner: &model::Owner,
) -> model::ObjectVersion {
    model::ObjectVersion {
        key: Some(encoding.write(&key)),
        version_id: Some(version.id),
        is_latest: Some(latest),
        last_modified: Some(version.modified),
        e_tag: Some(format!("\"{}\"", version.etag)),
        checksum_algorithm: version.checksum.as_ref().map(|sum| vec![sum.algorithm.name().to_owned()]),
        checksum_type: version.checksum.as_ref().map(|sum| sum.kind().to_owned()),
        size: i64::try_from(version.size).ok(),
        storage_class: Some(version.about.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
        owner: Some(owner.clone()),
        ..Default::default()
    }
}
