//! What of an object a request asks for, and its bytes.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use std::io;
use weft_service::Error;
use weft_store::Digest;
use weft_types::Timestamp;

use crate::tables::{Content, INLINE, Inline, PARTS, Part, Version};
use crate::{S3, errors};

/// What a request wants to hold of the version that it reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names of the headers")]
pub(crate) struct Preconditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// How a precondition fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmet {
    /// It is as the caller knows it.
    NotModified,
    /// It is not what the caller wants; the name of the condition.
    Failed(&'static str),
}

impl Preconditions {
    /// Checks them in the order of RFC 9110, whole seconds only.
    pub(crate) fn check(&self, etag: &str, modified: Timestamp) -> Result<(), Unmet> {
        let matches = |list: &str| {
            list.split(',').map(str::trim).any(|tag| {
                let tag = tag.strip_prefix("W/").unwrap_or(tag);
                tag == "*" || tag.trim_matches('"') == etag
            })
        };
        let modified = modified.as_seconds();
        match (&self.if_match, self.if_unmodified_since) {
            (Some(list), _) if !matches(list) => return Err(Unmet::Failed("If-Match")),
            (None, Some(time)) if modified > time.as_seconds() => {
                return Err(Unmet::Failed("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(list), _) if matches(list) => Err(Unmet::NotModified),
            (None, Some(time)) if modified <= time.as_seconds() => Err(Unmet::NotModified),
            _ => Ok(()),
        }
    }

    /// Checks them for a read.
    pub(crate) fn for_read(&self, version: &Version) -> Result<(), Error> {
        self.check(&version.etag, version.modified).map_err(|unmet| match unmet {
            Unmet::NotModified => errors::not_modified(&version.etag),
            Unmet::Failed(name) => errors::precondition_failed(name),
        })
    }
}

/// The bytes that a `Range` header asks for of `size`; none where it asks for all, or cannot be read.
pub(crate) fn range_of(header: &str, size: u64) -> Result<Option<Range<u64>>, Error> {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Ok(None) };
    let Some((first, last)) = spec.split_once('-') else { return Ok(None) };
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        if text.is_empty() {
            return Some(None);
        }
        text.bytes().all(|digit| digit.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else { return Ok(None) };
    let range = match (first, last) {
        (None, None) => return Ok(None),
        (Some(first), Some(last)) if last < first => return Ok(None),
        (Some(first), last) => first..last.map_or(size, |last| last.saturating_add(1).min(size)),
        (None, Some(count)) => size.saturating_sub(count)..size,
    };
    if range.start >= size || range.is_empty() {
        return Err(errors::invalid_range(header, size));
    }
    Ok(Some(range))
}

/// A piece of an object in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    content: Content,
    size: u64,
    wanted: Range<u64>,
}

/// Which bytes of which parts a range is.
fn pieces(parts: impl IntoIterator<Item = (Content, u64)>, wanted: &Range<u64>) -> Vec<Piece> {
    let mut begin = 0;
    let mut found = Vec::new();
    for (content, size) in parts {
        let end = begin + size;
        let (from, to) = (wanted.start.max(begin), wanted.end.min(end));
        if from < to {
            found.push(Piece { content, size, wanted: from - begin..to - begin });
        }
        begin = end;
    }
    found
}

impl S3 {
    /// The parts of an upload, or of the object that it became.
    pub(crate) async fn parts(&self, upload: &str) -> Result<Vec<(u32, Part)>, Error> {
        let upload = upload.to_owned();
        self.read(move |tx| {
            let rows = PARTS.query(&(upload.as_str(),)).rows(tx)?;
            Ok(rows.into_iter().map(|((_, number), part)| (number, part)).collect())
        })
        .await
    }

    /// The bytes of a version, read as they are needed.
    pub(crate) async fn bytes_of(
        &self,
        version: &Version,
        wanted: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Error> {
        let pieces = match &version.content {
            Content::Parts(upload) => {
                let parts = self.parts(upload).await?;
                pieces(parts.into_iter().map(|(_, part)| (part.content, part.size)), &wanted)
            }
            content => pieces([(content.clone(), version.size)], &wanted),
        };
        let mut pieces = pieces.into_iter();
        let Some(first) = pieces.next() else { return Ok(futures::stream::empty().boxed()) };
        // The first is opened before anything is said, so that what is gone is an error and not an end.
        let first = self.open_piece(first).await?;
        let s3 = self.clone();
        let rest = futures::stream::iter(pieces).then(move |piece| {
            let s3 = s3.clone();
            async move { s3.open_piece(piece).await.map_err(io::Error::other) }
        });
        Ok(first.chain(rest.try_flatten()).boxed())
    }

    async fn open_piece(&self, piece: Piece) -> Result<BoxStream<'static, io::Result<Bytes>>, Error> {
        let Piece { content, size, wanted } = piece;
        match content {
            Content::Empty => Ok(futures::stream::empty().boxed()),
            Content::Inline(id) => {
                let found = self.read(move |tx| Ok(INLINE.get(tx, &(id.as_str(),))?)).await?;
                let Inline(bytes) = found.ok_or_else(|| Error::internal("an object has lost its bytes"))?;
                let range = usize::try_from(wanted.start).ok().zip(usize::try_from(wanted.end).ok());
                let bytes =
                    range.filter(|(_, end)| *end <= bytes.len()).map(|(from, to)| bytes.slice(from..to));
                let bytes = bytes.ok_or_else(|| Error::internal("an object has lost some of its bytes"))?;
                Ok(futures::stream::iter([Ok(bytes)]).boxed())
            }
            Content::Blob(digest) => {
                let digest: Digest = digest.parse().map_err(Error::internal)?;
                if wanted == (0..size) {
                    return Ok(self.blobs.get_stream(&digest).await.map_err(Error::internal)?.1);
                }
                self.blobs.get_range(&digest, wanted).await.map_err(Error::internal)
            }
            Content::Parts(_) => Err(Error::internal("a part has parts")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check = |header: &str, size: u64, expected: Result<Option<Range<u64>>, &str>| {
            let found = range_of(header, size).map_err(|error| error.code());
            assert_eq!(found, expected, "{header} of {size}");
        };
        check("bytes=0-4", 10, Ok(Some(0..5)));
        check("bytes=5-", 10, Ok(Some(5..10)));
        check("bytes=-3", 10, Ok(Some(7..10)));
        check("bytes=-30", 10, Ok(Some(0..10)));
        check("bytes=0-99", 10, Ok(Some(0..10)));
        check("bytes=9-9", 10, Ok(Some(9..10)));
        check("bytes=10-", 10, Err("InvalidRange"));
        check("bytes=-0", 10, Err("InvalidRange"));
        check("bytes=0-", 0, Err("InvalidRange"));
        check("bytes=5-2", 10, Ok(None));
        check("bytes=a-b", 10, Ok(None));
        check("bytes=0-1,3-4", 10, Ok(None));
        check("items=0-1", 10, Ok(None));
        check("bytes=0-99999999999999999999", 10, Ok(Some(0..10)));
    }

    #[test]
    fn a_range_is_cut_into_parts() {
        let parts =
            || [("a", 3), ("b", 2), ("c", 5)].map(|(name, size)| (Content::Blob(name.to_owned()), size));
        let check = |wanted: Range<u64>, expected: &[(&str, Range<u64>)]| {
            let found = pieces(parts(), &wanted);
            let found: Vec<(&str, Range<u64>)> = found
                .iter()
                .map(|piece| match &piece.content {
                    Content::Blob(name) => (name.as_str(), piece.wanted.clone()),
                    _ => ("", 0..0),
                })
                .collect();
            assert_eq!(found, expected, "{wanted:?}");
        };
        check(0..10, &[("a", 0..3), ("b", 0..2), ("c", 0..5)]);
        check(2..4, &[("a", 2..3), ("b", 0..1)]);
        check(5..6, &[("c", 0..1)]);
        check(3..5, &[("b", 0..2)]);
    }

    #[test]
    fn preconditions_in_their_order() {
        let at = Timestamp::from_seconds;
        let check = |given: Preconditions, expected: Result<(), Unmet>| {
            assert_eq!(given.check("x", Timestamp::from_millis(100_500)), expected, "{given:?}");
        };
        let none = Preconditions::default;
        let tag = |text: &str| Some(text.to_owned());
        check(none(), Ok(()));
        check(Preconditions { if_match: tag("\"x\""), ..none() }, Ok(()));
        check(Preconditions { if_match: tag("*"), ..none() }, Ok(()));
        check(Preconditions { if_match: tag("\"y\""), ..none() }, Err(Unmet::Failed("If-Match")));
        check(Preconditions { if_none_match: tag("\"y\", \"x\""), ..none() }, Err(Unmet::NotModified));
        check(Preconditions { if_none_match: tag("\"y\""), ..none() }, Ok(()));
        check(Preconditions { if_modified_since: Some(at(100)), ..none() }, Err(Unmet::NotModified));
        check(Preconditions { if_modified_since: Some(at(99)), ..none() }, Ok(()));
        let old = Some(at(50));
        check(
            Preconditions { if_unmodified_since: old, ..none() },
            Err(Unmet::Failed("If-Unmodified-Since")),
        );
        check(Preconditions { if_match: tag("x"), if_unmodified_since: old, ..none() }, Ok(()));
        check(Preconditions { if_none_match: tag("y"), if_modified_since: Some(at(200)), ..none() }, Ok(()));
    }
}
