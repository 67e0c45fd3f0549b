//! The source of a copy.

use std::ops::Range;

use futures::stream::TryStreamExt as _;
use percent_encoding::percent_decode_str;
use weft_service::{Context, Error};

use crate::checksum::Algorithm;
use crate::reading::{Preconditions, Unmet};
use crate::receive::{Arrived, Kept, PUT_BYTES_MAX};
use crate::tables::{Content, INLINE, Inline, Version, Versioning};
use crate::versions::Place;
use crate::{S3, errors};

/// What is copied.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) at: Place,
    pub(crate) version_id: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) conditions: Preconditions,
}

impl Source {
    /// Reads `x-amz-copy-source`: `bucket/key?versionId=…`, its key percent-encoded, with or without a slash before it.
    pub(crate) fn parse(text: &str, owner: Option<String>, conditions: Preconditions) -> Result<Self, Error> {
        let wrong = || {
            let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            errors::invalid_argument(message, "x-amz-copy-source", text)
        };
        let (path, version_id) = match text.split_once("?versionId=") {
            Some((path, id)) => (path, Some(id.to_owned())),
            None => (text, None),
        };
        // A `+` is a space here, as in a query.
        let path = path.replace('+', "%20");
        let path = percent_decode_str(&path).decode_utf8().map_err(|_| wrong())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        if path.starts_with("arn:") {
            return Err(errors::not_implemented("A copy from an access point"));
        }
        let (bucket, key) = path
            .split_once('/')
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(wrong)?;
        let at = Place { bucket: bucket.to_owned(), key: key.to_owned() };
        Ok(Self { at, version_id: version_id.filter(|id| !id.is_empty()), owner, conditions })
    }
}

/// A source that was found, and that the caller may read.
pub(crate) struct FoundSource {
    pub(crate) version: Version,
    /// The version's id, where the source's bucket keeps versions.
    pub(crate) version_id: Option<String>,
}

/// Bytes for a copy.
pub(crate) enum Copied {
    /// The same ones: one more has them.
    Same(Kept),
    /// Written anew.
    Anew(Arrived),
}

impl S3 {
    /// Finds the source of a copy.
    pub(crate) async fn source(&self, cx: &Context, source: &Source) -> Result<FoundSource, Error> {
        let actions = ("s3:GetObject", "s3:GetObjectVersion");
        let id = source.version_id.as_deref();
        let (found, version) = self.version_for(cx, &source.at, source.owner.as_deref(), id, actions).await?;
        source.conditions.check(&version.etag, version.modified).map_err(|unmet| {
            let name = match unmet {
                Unmet::NotModified => "x-amz-copy-source-If-None-Match",
                Unmet::Failed("If-Match") => "x-amz-copy-source-If-Match",
                Unmet::Failed(_) => "x-amz-copy-source-If-Unmodified-Since",
            };
            errors::precondition_failed(name)
        })?;
        let version_id = (found.bucket.versioning != Versioning::Never).then(|| version.id.clone());
        Ok(FoundSource { version, version_id })
    }

    /// The bytes of a copy of a range of a version: the same blob where it is all of one, and its checksum is known.
    pub(crate) async fn copied(
        &self,
        version: &Version,
        range: Range<u64>,
        algorithm: Option<Algorithm>,
    ) -> Result<Copied, Error> {
        let size = range.end - range.start;
        if size > PUT_BYTES_MAX {
            let message = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
            return Err(errors::invalid_request(message));
        }
        let known = version.checksum.as_ref();
        let same =
            algorithm.is_none_or(|wanted| known.is_some_and(|known| known.full && known.algorithm == wanted));
        if range == (0..version.size) && same && version.parts == 0 {
            match &version.content {
                Content::Inline(id) => {
                    let id = id.clone();
                    let found = self.read(move |tx| Ok(INLINE.get(tx, &(id.as_str(),))?)).await?;
                    if let Some(Inline(bytes)) = found {
                        return Ok(Copied::Same(Kept::inline(bytes)));
                    }
                }
                Content::Parts(_) => {}
                content => return Ok(Copied::Same(Kept::existing(content.clone()))),
            }
        }
        let algorithm = algorithm.or(known.map(|known| known.algorithm)).unwrap_or(Algorithm::Crc64Nvme);
        let bytes = self.bytes_of(version, range).await?;
        let bytes = bytes.map_err(Error::internal);
        Ok(Copied::Anew(self.receive(Box::pin(bytes), algorithm).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_in_their_ways() {
        let check = |text: &str, expected: Option<(&str, &str, Option<&str>)>| {
            let source = Source::parse(text, None, Preconditions::default()).ok();
            let found = source.as_ref().map(|source| {
                (source.at.bucket.as_str(), source.at.key.as_str(), source.version_id.as_deref())
            });
            assert_eq!(found, expected, "{text}");
        };
        check("b/k", Some(("b", "k", None)));
        check("/b/k/l", Some(("b", "k/l", None)));
        check("b/k%20l%2Bm?versionId=v", Some(("b", "k l+m", Some("v"))));
        check("/b//k", Some(("b", "/k", None)));
        check("b%2Fk", Some(("b", "k", None)));
        check("b/", None);
        check("b", None);
        check("/", None);
        check("b/%FF", None);
    }
}
