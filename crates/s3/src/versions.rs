//! Versions of objects: how they come, and how they go.

use std::time::Duration;

use weft_service::{Error, random_id};
use weft_store::{Read, WriteTx};
use weft_types::Timestamp;

use crate::errors;
use crate::lock::apply_default;
use crate::tables::{
    BLOBS, BUCKETS, Bucket, CURRENT, Content, GARBAGE, GARBAGE_BLOB, GARBAGE_PARTS, INLINE, NULLS, Number,
    VERSIONS, Version, Versioning,
};

/// The id of the version without one.
pub(crate) const NULL: &str = "null";
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz.";
/// Letters of an id that tell the version's number.
const NUMBER_LETTERS: usize = 11;

/// An object's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Place {
    fn pair(&self) -> (String, String) {
        (self.bucket.clone(), self.key.clone())
    }

    fn at(&self, version: &Version) -> (String, String, u64) {
        (self.bucket.clone(), self.key.clone(), version.place())
    }
}

/// What must hold of the current version for a request to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
}

impl Conditions {
    /// Reads them; for writes only `*` may be denied.
    pub(crate) fn for_write(if_match: Option<String>, if_none_match: Option<String>) -> Result<Self, Error> {
        if if_none_match.as_deref().is_some_and(|tag| tag != "*") {
            return Err(errors::not_implemented("If-None-Match with an entity tag for a write"));
        }
        Ok(Self { if_match, if_none_match })
    }

    fn check(&self, key: &str, current: Option<&Version>) -> Result<(), Error> {
        if let Some(wanted) = &self.if_match {
            let Some(current) = current else { return Err(errors::no_such_key(key)) };
            if wanted != "*" && wanted.trim_matches('"') != current.etag {
                return Err(errors::precondition_failed("If-Match"));
            }
        }
        if self.if_none_match.is_some() && current.is_some() {
            return Err(errors::precondition_failed("If-None-Match"));
        }
        Ok(())
    }
}

/// What became of a request to write or to delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The version's id, where the bucket keeps versions.
    pub(crate) version_id: Option<String>,
    /// Whether the version that was made or removed is a delete marker.
    pub(crate) marker: bool,
    /// Whether there are bytes now that nobody has.
    pub(crate) garbage: bool,
    /// Whether a function is to be told.
    pub(crate) told: bool,
}

pub(crate) fn require_bucket(tx: &impl Read, name: &str) -> Result<Bucket, Error> {
    BUCKETS.get(tx, &(name,))?.ok_or_else(|| errors::no_such_bucket(name))
}

/// Makes `version` the current one. Its id and number are set here; bytes must be counted already.
pub(crate) fn place(
    tx: &mut WriteTx<'_>,
    place: &Place,
    mut version: Version,
    conditions: &Conditions,
) -> Result<Outcome, Error> {
    let bucket = require_bucket(tx, &place.bucket)?;
    conditions.check(&place.key, CURRENT.get(tx, &place.pair())?.as_ref())?;
    let mut outcome = Outcome { marker: version.marker, ..Outcome::default() };
    apply_default(tx, &bucket, &place.bucket, &mut version)?;
    version.number = next_number(tx, place, version.modified)?;
    if bucket.versioning == Versioning::Enabled {
        version.id = version_id(version.number);
    } else {
        NULL.clone_into(&mut version.id);
        outcome.garbage = remove_null(tx, place)?;
        NULLS.insert(tx, &place.pair(), &Number(version.number))?;
    }
    outcome.version_id = (bucket.versioning != Versioning::Never).then(|| version.id.clone());
    VERSIONS.insert(tx, &place.at(&version), &version)?;
    if version.marker {
        CURRENT.remove(tx, &place.pair())?;
    } else {
        CURRENT.insert(tx, &place.pair(), &version)?;
    }
    Ok(outcome)
}

/// Deletes an object: a version of it, or as the bucket keeps versions or not.
pub(crate) fn delete(
    tx: &mut WriteTx<'_>,
    at: &Place,
    version_id: Option<&str>,
    now: Timestamp,
    bypass: bool,
) -> Result<Outcome, Error> {
    let bucket = require_bucket(tx, &at.bucket)?;
    match (version_id, bucket.versioning) {
        (Some(id), versioning) => {
            let Some(version) = find(tx, at, Some(id))? else {
                let version_id = (versioning != Versioning::Never).then(|| id.to_owned());
                return Ok(Outcome { version_id, ..Outcome::default() });
            };
            check_lock(&version, now, bypass)?;
            let garbage = remove(tx, at, &version)?;
            if version.id == NULL {
                NULLS.remove(tx, &at.pair())?;
            }
            renew_current(tx, at)?;
            let version_id = (versioning != Versioning::Never).then(|| version.id.clone());
            Ok(Outcome { version_id, marker: version.marker, garbage, ..Outcome::default() })
        }
        (None, Versioning::Never) => {
            let garbage = remove_null(tx, at)?;
            NULLS.remove(tx, &at.pair())?;
            CURRENT.remove(tx, &at.pair())?;
            Ok(Outcome { garbage, ..Outcome::default() })
        }
        (None, _) => place(tx, at, marker(now), &Conditions::default()),
    }
}

/// Fails where a version cannot be removed yet.
pub(crate) fn check_lock(version: &Version, now: Timestamp, bypass: bool) -> Result<(), Error> {
    let held = version
        .about
        .retention
        .as_ref()
        .is_some_and(|retention| retention.until > now && !(bypass && retention.mode == "GOVERNANCE"));
    if held || version.about.legal_hold == Some(true) {
        let message = "Access Denied because object protected by object lock.";
        return Err(errors::plain("AccessDenied", 403, message));
    }
    Ok(())
}

/// Changes a version where it stands.
pub(crate) fn change(tx: &mut WriteTx<'_>, at: &Place, version: &Version) -> Result<(), Error> {
    VERSIONS.insert(tx, &at.at(version), version)?;
    let current = CURRENT.get(tx, &at.pair())?;
    if current.is_some_and(|current| current.number == version.number) {
        CURRENT.insert(tx, &at.pair(), version)?;
    }
    Ok(())
}

fn marker(now: Timestamp) -> Version {
    Version {
        id: String::new(),
        number: 0,
        modified: now,
        marker: true,
        size: 0,
        etag: String::new(),
        content: Content::Empty,
        parts: 0,
        checksum: None,
        about: crate::tables::About::default(),
    }
}

/// A version by its id, or the newest one, which may be a delete marker.
pub(crate) fn find(tx: &impl Read, at: &Place, id: Option<&str>) -> Result<Option<Version>, Error> {
    let Place { bucket, key } = at;
    let Some(id) = id else {
        let newest = VERSIONS.query(&(bucket, key)).limit(1).rows(tx)?;
        return Ok(newest.into_iter().next().map(|(_, version)| version));
    };
    let number = if id == NULL {
        NULLS.get(tx, &(bucket, key))?.map(|Number(number)| number)
    } else {
        Some(number_of(id).ok_or_else(|| errors::invalid_version_id(id))?)
    };
    let Some(number) = number else { return Ok(None) };
    let found = VERSIONS.get(tx, &(bucket, key, u64::MAX - number))?;
    Ok(found.filter(|version| version.id == id))
}

fn next_number(tx: &impl Read, at: &Place, now: Timestamp) -> Result<u64, Error> {
    let newest = find(tx, at, None)?.map_or(0, |version| version.number + 1);
    let micros = u64::try_from(now.as_millis()).unwrap_or(0).saturating_mul(1000);
    Ok(micros.max(newest))
}

fn remove_null(tx: &mut WriteTx<'_>, at: &Place) -> Result<bool, Error> {
    let Some(version) = find(tx, at, Some(NULL))? else { return Ok(false) };
    check_lock(&version, version.modified.plus(Duration::ZERO), false)?;
    remove(tx, at, &version)
}

fn remove(tx: &mut WriteTx<'_>, at: &Place, version: &Version) -> Result<bool, Error> {
    VERSIONS.remove(tx, &at.at(version))?;
    release(tx, &version.content)
}

/// Makes the newest version that is left the current one.
fn renew_current(tx: &mut WriteTx<'_>, at: &Place) -> Result<(), Error> {
    match find(tx, at, None)?.filter(|version| !version.marker) {
        Some(version) => CURRENT.insert(tx, &at.pair(), &version)?,
        None => CURRENT.remove(tx, &at.pair())?,
    }
    Ok(())
}

/// Counts one more that has a content.
pub(crate) fn acquire(tx: &mut WriteTx<'_>, content: &Content) -> Result<(), Error> {
    if let Content::Blob(digest) = content {
        let count = BLOBS.get(tx, &(digest,))?.map_or(0, |Number(count)| count);
        BLOBS.insert(tx, &(digest.clone(),), &Number(count + 1))?;
        GARBAGE.remove(tx, &(GARBAGE_BLOB, digest))?;
    }
    Ok(())
}

/// Counts one less that has a content, and tells whether there is something to be removed now.
pub(crate) fn release(tx: &mut WriteTx<'_>, content: &Content) -> Result<bool, Error> {
    match content {
        Content::Empty => Ok(false),
        Content::Inline(id) => {
            INLINE.remove(tx, &(id,))?;
            Ok(false)
        }
        Content::Blob(digest) => {
            let count = BLOBS.get(tx, &(digest,))?.map_or(0, |Number(count)| count);
            if count > 1 {
                BLOBS.insert(tx, &(digest.clone(),), &Number(count - 1))?;
                return Ok(false);
            }
            BLOBS.remove(tx, &(digest,))?;
            GARBAGE.insert(tx, &(GARBAGE_BLOB.to_owned(), digest.clone()), &Number(0))?;
            Ok(true)
        }
        Content::Parts(upload) => {
            GARBAGE.insert(tx, &(GARBAGE_PARTS.to_owned(), upload.clone()), &Number(0))?;
            Ok(true)
        }
    }
}

/// An id that tells its version's number, and that nobody guesses.
fn version_id(number: u64) -> String {
    let letters = (0..NUMBER_LETTERS).rev().map(|at| {
        let index = usize::try_from(number >> (6 * at) & 63).unwrap_or(0);
        char::from(ALPHABET[index])
    });
    letters.chain(random_id(32 - NUMBER_LETTERS, ALPHABET).chars()).collect()
}

/// The number that an id tells; none where it is no id.
pub(crate) fn number_of(id: &str) -> Option<u64> {
    if id.len() != 32 || !id.is_ascii() {
        return None;
    }
    let mut letters = id.bytes().map(|letter| ALPHABET.iter().position(|known| *known == letter));
    let number = letters
        .by_ref()
        .take(NUMBER_LETTERS)
        .try_fold(0_u64, |number, index| number.checked_mul(64)?.checked_add(index? as u64))?;
    letters.all(|letter| letter.is_some()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_their_versions_number() {
        for number in [0, 1, 63, 64, 1_795_485_723_000_000, u64::MAX] {
            let id = version_id(number);
            assert_eq!((id.len(), number_of(&id)), (32, Some(number)), "{id}");
        }
        for wrong in ["", "null", "abc", &"é".repeat(16), &"-".repeat(32)] {
            assert_eq!(number_of(wrong), None, "{wrong}");
        }
    }
}
