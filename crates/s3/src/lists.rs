//! Pages of a bucket's objects and versions, as the operations give them.

use weft_model::s3 as model;
use weft_service::{Access, Error};
use weft_store::{Read, StoreError};

use crate::access::Found;
use crate::errors;
use crate::listing::{Entry, From, Page, Selection, url_encoded};
use crate::tables::{CURRENT, VERSIONS, Version};

/// The most entries of a page.
const KEYS_MAX: i32 = 1000;

/// The entries of a page that a request may have.
pub(crate) fn limit_of(asked: Option<i32>, name: &str) -> Result<i32, Error> {
    match asked {
        Some(number) if number < 0 => {
            let message = format!("Argument {name} must be an integer between 0 and 2147483647");
            Err(errors::invalid_argument(message, name, &number.to_string()))
        }
        Some(number) => Ok(number.min(KEYS_MAX)),
        None => Ok(KEYS_MAX),
    }
}

/// What of a bucket is listed.
pub(crate) fn selection(prefix: Option<&String>, delimiter: Option<&String>, limit: i32) -> Selection {
    Selection {
        prefix: prefix.cloned().unwrap_or_default(),
        delimiter: delimiter.cloned().unwrap_or_default(),
        limit: usize::try_from(limit).unwrap_or(0),
    }
}

/// The access to a list, with what is asked for as its conditions.
pub(crate) fn list_access(found: &Found, action: &'static str, selection: &Selection, limit: i32) -> Access {
    let mut access = found.access(action).with("s3:prefix", selection.prefix.as_str());
    if !selection.delimiter.is_empty() {
        access = access.with("s3:delimiter", selection.delimiter.as_str());
    }
    access.with("s3:max-keys", limit.to_string())
}

/// A page of current objects.
pub(crate) fn objects(
    tx: &impl Read,
    bucket: &str,
    selection: &Selection,
    begin: Option<From<String>>,
) -> Result<Page<(String, Version)>, StoreError> {
    selection.page(begin, |from, limit| {
        let query = CURRENT.query(&(bucket,)).limit(limit);
        let query = match from {
            From::Key(key) => query.from(&(bucket, key.clone())),
            From::After(key) => query.after(&(bucket, key.as_str())),
        };
        let rows = query.rows(tx)?;
        Ok(rows.into_iter().map(|((_, key), version)| (key.clone(), key.clone(), (key, version))).collect())
    })
}

/// A page of versions.
pub(crate) fn versions(
    tx: &impl Read,
    bucket: &str,
    selection: &Selection,
    begin: Option<From<(String, u64)>>,
) -> Result<Page<(String, Version)>, StoreError> {
    selection.page(begin, |from, limit| {
        let query = VERSIONS.query(&(bucket,)).limit(limit);
        let query = match from {
            From::Key(key) => query.from(&(bucket, key.clone())),
            From::After((key, place)) => query.after(&(bucket, key.as_str(), *place)),
        };
        let rows = query.rows(tx)?;
        Ok(rows
            .into_iter()
            .map(|((_, key, place), version)| ((key.clone(), place), key.clone(), (key, version)))
            .collect())
    })
}

/// How keys are written in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding(pub(crate) bool);

impl Encoding {
    pub(crate) fn of(kind: Option<&str>) -> Self {
        Self(kind == Some("url"))
    }

    pub(crate) fn write(self, key: &str) -> String {
        if self.0 { url_encoded(key) } else { key.to_owned() }
    }

    pub(crate) fn name(self) -> Option<String> {
        self.0.then(|| "url".to_owned())
    }
}

/// Rows and rolled up prefixes apart.
pub(crate) fn split<R>(
    entries: Vec<Entry<R>>,
    encoding: Encoding,
) -> (Vec<R>, Option<Vec<model::CommonPrefix>>) {
    let (mut rows, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Row(row) => rows.push(row),
            Entry::Prefix(prefix) => {
                prefixes.push(model::CommonPrefix { prefix: Some(encoding.write(&prefix)) });
            }
        }
    }
    (rows, Some(prefixes).filter(|all| !all.is_empty()))
}

/// An object as lists show it.
pub(crate) fn object(
    key: &str,
    version: Version,
    encoding: Encoding,
    owner: Option<model::Owner>,
) -> model::Object {
    model::Object {
        key: Some(encoding.write(key)),
        last_modified: Some(version.modified),
        e_tag: Some(format!("\"{}\"", version.etag)),
        checksum_algorithm: version.checksum.as_ref().map(|sum| vec![sum.algorithm.name().to_owned()]),
        checksum_type: version.checksum.as_ref().map(|sum| sum.kind().to_owned()),
        size: i64::try_from(version.size).ok(),
        storage_class: Some(version.about.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
        owner,
        ..Default::default()
    }
}
