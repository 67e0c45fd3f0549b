//! Uploads in parts: what is kept of them, and how they become an object.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use md5::{Digest as _, Md5};
use weft_service::{Error, random_bytes};
use weft_store::{Read, WriteTx, hex};
use weft_types::Timestamp;

use crate::checksum::join;
use crate::errors;
use crate::tables::{Content, PARTS, Part, UPLOADS, Upload, Version};
use crate::versions::{Conditions, Outcome, Place, place, release, require_bucket};

/// Bytes that every part but the last has at least.
pub(crate) const PART_BYTES_MIN: u64 = 5 << 20;
/// Parts of an upload.
pub(crate) const PARTS_MAX: i32 = 10_000;
/// Bytes of an object: 5 TiB.
pub(crate) const OBJECT_BYTES_MAX: u64 = 5 << 40;

/// An upload's id: uploads of one key sort by when they began.
pub(crate) fn new_id(now: Timestamp) -> String {
    let micros = u64::try_from(now.as_millis()).unwrap_or(0) << 20;
    let begin: String = hex(&micros.to_be_bytes());
    format!("{begin}{}", BASE64.encode(random_bytes::<48>()))
}

/// The number of a part, 1 to 10,000.
pub(crate) fn part_number(number: i32) -> Result<u32, Error> {
    let wrong = || {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        errors::invalid_argument(message, "partNumber", &number.to_string())
    };
    u32::try_from(number).ok().filter(|_| (1..=PARTS_MAX).contains(&number)).ok_or_else(wrong)
}

/// An upload under way.
pub(crate) fn require(tx: &impl Read, at: &Place, id: &str) -> Result<Upload, Error> {
    require_bucket(tx, &at.bucket)?;
    let found = UPLOADS.get(tx, &(at.bucket.as_str(), at.key.as_str(), id))?;
    found.ok_or_else(|| errors::no_such_upload(id))
}

/// Sets a part, and gives up the one that had its number.
pub(crate) fn set_part(
    tx: &mut WriteTx<'_>,
    at: &Place,
    id: &str,
    number: u32,
    part: &Part,
) -> Result<Outcome, Error> {
    require(tx, at, id)?;
    let key = (id.to_owned(), number);
    let garbage = match PARTS.get(tx, &key)? {
        Some(before) => release(tx, &before.content)?,
        None => false,
    };
    PARTS.insert(tx, &key, part)?;
    Ok(Outcome { garbage, ..Outcome::default() })
}

/// A part as a request to complete an upload lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) number: i32,
    pub(crate) etag: String,
    /// The checksum that is claimed for it.
    pub(crate) checksum: Option<String>,
}

/// What a request to complete an upload says.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) at: Place,
    pub(crate) id: String,
    pub(crate) listed: Vec<Listed>,
    /// The checksum that is claimed for the whole.
    pub(crate) checksum: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) conditions: Conditions,
}

/// Makes an object of an upload: its parts stay where they are, those that are not listed go.
pub(crate) fn complete(
    tx: &mut WriteTx<'_>,
    wanted: &Completion,
    now: Timestamp,
) -> Result<(Version, Outcome), Error> {
    let upload = require(tx, &wanted.at, &wanted.id)?;
    let rows = PARTS.query(&(wanted.id.as_str(),)).rows(tx)?;
    let chosen = choose(wanted, &rows)?;
    let version = assemble(wanted, &upload, &chosen, now)?;
    let mut garbage = false;
    for (key, part) in &rows {
        if !chosen.iter().any(|(number, _)| *number == key.1) {
            PARTS.remove(tx, key)?;
            garbage |= release(tx, &part.content)?;
        }
    }
    UPLOADS.remove(tx, &(wanted.at.bucket.as_str(), wanted.at.key.as_str(), wanted.id.as_str()))?;
    let mut outcome = place(tx, &wanted.at, version.clone(), &wanted.conditions)?;
    outcome.garbage |= garbage;
    Ok((version, outcome))
}

/// The parts that are listed, as they are kept.
fn choose<'p>(wanted: &Completion, rows: &'p [((String, u32), Part)]) -> Result<Vec<(u32, &'p Part)>, Error> {
    let Completion { id, listed, .. } = wanted;
    if !listed.is_sorted_by(|a, b| a.number < b.number) {
        return Err(errors::invalid_part_order(id));
    }
    let mut chosen = Vec::with_capacity(listed.len());
    for (index, one) in listed.iter().enumerate() {
        let etag = one.etag.trim_matches('"');
        let wrong = || errors::invalid_part(id, one.number, etag);
        let number = u32::try_from(one.number).map_err(|_| wrong())?;
        let at = rows.binary_search_by(|((_, known), _)| known.cmp(&number)).map_err(|_| wrong())?;
        let part = &rows[at].1;
        let other_sum = match (&one.checksum, &part.checksum) {
            (Some(given), Some(known)) => *given != known.value,
            _ => false,
        };
        if part.etag != etag || other_sum {
            return Err(wrong());
        }
        if part.size < PART_BYTES_MIN && index + 1 < listed.len() {
            return Err(errors::too_small(part.size, PART_BYTES_MIN, number, etag));
        }
        chosen.push((number, part));
    }
    Ok(chosen)
}

fn assemble(
    wanted: &Completion,
    upload: &Upload,
    chosen: &[(u32, &Part)],
    now: Timestamp,
) -> Result<Version, Error> {
    let size: u64 = chosen.iter().map(|(_, part)| part.size).sum();
    if size > OBJECT_BYTES_MAX {
        return Err(errors::too_large(Some(size), OBJECT_BYTES_MAX));
    }
    if wanted.size.is_some_and(|claimed| claimed != size) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(errors::invalid_request(message));
    }
    let sums: Vec<_> = chosen.iter().map(|(_, part)| (part.checksum.as_ref(), part.size)).collect();
    let (algorithm, full) = upload.checksum.unwrap_or((crate::checksum::Algorithm::Crc64Nvme, true));
    let checksum = join(algorithm, full, &sums);
    let known = checksum.as_ref().map(|checksum| checksum.value.as_str());
    if let Some(claimed) = &wanted.checksum
        && known.is_some_and(|known| known != claimed && known.split('-').next() != Some(claimed))
    {
        let name = algorithm.name();
        return Err(errors::bad_digest(format!(
            "The {name} you specified did not match the calculated checksum."
        )));
    }
    Ok(Version {
        id: String::new(),
        number: 0,
        modified: now,
        marker: false,
        size,
        etag: etag(chosen.iter().map(|(_, part)| part.etag.as_str())),
        content: Content::Parts(wanted.id.clone()),
        parts: u32::try_from(chosen.len()).unwrap_or(u32::MAX),
        checksum,
        about: upload.about.clone(),
    })
}

/// The tag of an object in parts: the MD5 of the parts' MD5s, and their number.
fn etag<'e>(parts: impl ExactSizeIterator<Item = &'e str>) -> String {
    let count = parts.len();
    let mut all = Md5::new();
    for part in parts {
        let bytes: Vec<u8> = part
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| {
                let text = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(text, 16).ok()
            })
            .collect();
        all.update(&bytes);
    }
    format!("{}-{count}", hex(&all.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_of_the_parts_tags() {
        let part = hex(&Md5::digest(b"a"));
        let expected = hex(&Md5::digest([Md5::digest(b"a"), Md5::digest(b"a")].concat()));
        assert_eq!(etag([part.as_str(), part.as_str()].into_iter()), format!("{expected}-2"));
    }

    #[test]
    fn later_uploads_sort_after_earlier_ones() {
        let at = |seconds| new_id(Timestamp::from_seconds(seconds));
        assert!(at(100) < at(101) && at(100) != at(100));
    }
}
