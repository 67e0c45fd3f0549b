//! Bytes that come in: hashed and checked on their way, and stored only when all is well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _};
use md5::{Digest as _, Md5};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use weft_service::{Error, IncomingBody, random_id};
use weft_store::{Digest, Received, WriteTx, hex};

use crate::checksum::{Algorithm, Checksum, Hasher, check_text};
use crate::tables::{BLOBS, Content, INLINE, Inline};
use crate::versions::acquire;
use crate::{S3, errors};

/// The most that comes in one piece: 5 GiB.
pub(crate) const PUT_BYTES_MAX: u64 = 5 << 30;
/// Bytes up to which content is in the store itself, which makes one durable write out of two.
const INLINE_BYTES_MAX: u64 = 16 << 10;

/// What a request says of the bytes that it brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// `Content-MD5`, raw.
    pub(crate) md5: Option<Vec<u8>>,
    /// The checksum that a header gives.
    pub(crate) checksum: Option<(Algorithm, String)>,
    /// The algorithm that is wanted where no header gives one.
    pub(crate) algorithm: Option<Algorithm>,
}

impl Expected {
    /// Reads `Content-MD5`, the headers `x-amz-checksum-…` (name and text) and the algorithm that a client says it uses.
    pub(crate) fn parse(
        md5: Option<&str>,
        headers: &[(&'static str, Option<&String>)],
        algorithm: Option<&str>,
    ) -> Result<Self, Error> {
        let md5 = md5.map(|text| {
            let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == 16);
            bytes.ok_or_else(|| errors::invalid_digest(text))
        });
        let given: Vec<(&str, &String)> =
            headers.iter().filter_map(|(name, text)| Some((*name, (*text)?))).collect();
        let checksum = match given[..] {
            [] => None,
            [(name, text)] => {
                let found = Algorithm::parse(name)?;
                check_text(found, text)?;
                Some((found, text.clone()))
            }
            _ => {
                let message =
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
                return Err(errors::invalid_request(message));
            }
        };
        Ok(Self { md5: md5.transpose()?, checksum, algorithm: algorithm.map(Algorithm::parse).transpose()? })
    }
}

/// Bytes that came and are what was promised, but that nobody has yet.
pub(crate) struct Arrived {
    received: Received,
    pub(crate) size: u64,
    /// The MD5 in hexadecimal digits.
    pub(crate) etag: String,
    pub(crate) checksum: Checksum,
}

/// Bytes that are stored, and are to be counted in the transaction that gives them to somebody.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) content: Content,
    inline: Option<Bytes>,
}

impl Kept {
    /// No bytes of its own.
    pub(crate) fn existing(content: Content) -> Self {
        Self { content, inline: None }
    }

    /// Bytes that go into the store itself.
    pub(crate) fn inline(bytes: Bytes) -> Self {
        let id = random_id(32, b"0123456789abcdefghijklmnopqrstuv");
        Self { content: Content::Inline(id), inline: Some(bytes) }
    }

    /// Counts one more that has a content which another has; an error where that has gone meanwhile.
    pub(crate) fn count_existing(&self, tx: &mut WriteTx<'_>) -> Result<(), Error> {
        if let Content::Blob(digest) = &self.content
            && BLOBS.get(tx, &(digest.as_str(),))?.is_none()
        {
            let message = "The source was removed while it was copied. Please try again.";
            return Err(errors::plain("OperationAborted", 409, message));
        }
        self.count(tx)
    }

    /// Counts the content, or writes it.
    pub(crate) fn count(&self, tx: &mut WriteTx<'_>) -> Result<(), Error> {
        if let (Content::Inline(id), Some(bytes)) = (&self.content, &self.inline) {
            INLINE.insert(tx, &(id.clone(),), &Inline(bytes.clone()))?;
        }
        acquire(tx, &self.content)
    }
}

struct Hashers {
    md5: Md5,
    checksum: Hasher,
}

impl S3 {
    /// Takes in a request's body; `bytes_max` as for a whole object or a part.
    pub(crate) async fn receive_body(
        &self,
        body: IncomingBody,
        expected: &Expected,
    ) -> Result<Arrived, Error> {
        if let Some(size) = body.length().filter(|size| *size > PUT_BYTES_MAX) {
            return Err(errors::too_large(Some(size), PUT_BYTES_MAX));
        }
        if let Some(name) = body.announced().filter(|name| name.starts_with("x-amz-checksum-"))
            && Algorithm::of_header(name).is_none()
        {
            return Err(errors::not_implemented(&format!("The trailer {name}")));
        }
        let announced = body.announced().and_then(Algorithm::of_header);
        let given = expected.checksum.as_ref().map(|(algorithm, _)| *algorithm);
        let algorithm = given.or(announced).or(expected.algorithm).unwrap_or(Algorithm::Crc64Nvme);
        let trailers = body.trailers();
        let length = body.length();
        let arrived = self.receive(body, algorithm).await?;
        if length.is_some_and(|length| length != arrived.size) {
            let message =
                "You did not provide the number of bytes specified by the Content-Length HTTP header";
            return Err(errors::plain("IncompleteBody", 400, message));
        }
        let trailer = announced.and_then(|algorithm| trailers.get(&algorithm.header()));
        if announced.is_some() && trailer.is_none() {
            return Err(errors::plain(
                "MalformedTrailerError",
                400,
                "The request contained trailing data that was not well-formed or did not conform to our published schema.",
            ));
        }
        let text = expected.checksum.as_ref().map(|(_, text)| text.clone()).or(trailer);
        check(&arrived, text.as_deref(), expected.md5.as_deref())?;
        Ok(arrived)
    }

    /// Takes in bytes, and computes what an object is known by.
    pub(crate) async fn receive<S>(&self, stream: S, algorithm: Algorithm) -> Result<Arrived, Error>
    where
        S: Stream<Item = Result<Bytes, Error>> + Send + Unpin,
    {
        let hashers = Arc::new(Mutex::new(Hashers { md5: Md5::new(), checksum: Hasher::new(algorithm) }));
        let all = Arc::clone(&hashers);
        let stream = stream.map(move |piece| {
            let piece = piece.map_err(io::Error::other)?;
            let mut hashers = all.lock().unwrap_or_else(PoisonError::into_inner);
            hashers.md5.update(&piece);
            hashers.checksum.update(&piece);
            Ok::<_, io::Error>(piece)
        });
        let received = self.blobs.receive(stream, PUT_BYTES_MAX).await;
        let received = received.map_err(|failure| errors::of_blob(failure, PUT_BYTES_MAX))?;
        let hashers = Arc::into_inner(hashers).and_then(|hashers| hashers.into_inner().ok());
        let Hashers { md5, checksum } =
            hashers.ok_or_else(|| Error::internal("a body is still being read"))?;
        let etag = hex(&md5.finalize());
        Ok(Arrived { size: received.size, received, etag, checksum: checksum.finish() })
    }

    /// Stores what arrived. The caller holds the gate until it is counted.
    pub(crate) async fn keep(&self, arrived: Received) -> Result<Kept, Error> {
        if arrived.size == 0 {
            return Ok(Kept::existing(Content::Empty));
        }
        if let Some(bytes) = arrived.in_memory().filter(|_| arrived.size <= INLINE_BYTES_MAX) {
            return Ok(Kept::inline(bytes.clone()));
        }
        let digest: Digest = self.blobs.keep(arrived).await.map_err(Error::internal)?;
        Ok(Kept::existing(Content::Blob(digest.to_string())))
    }

    /// Stores what arrived and carries out the transaction that gives it to somebody, whether or not anybody waits.
    pub(crate) async fn commit<T: Send + 'static>(
        &self,
        arrived: Arrived,
        work: impl Fn(&mut WriteTx<'_>, &Content) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let s3 = self.clone();
        let task = tokio::spawn(async move {
            let _gate = s3.gate.read().await;
            let kept = s3.keep(arrived.received).await?;
            let for_tx = kept.clone();
            let result = s3
                .write(move |tx| {
                    for_tx.count(tx)?;
                    work(tx, &for_tx.content)
                })
                .await;
            let failed = result.is_err();
            if let Content::Blob(digest) = kept.content
                && failed
            {
                s3.suspect(digest).await;
            }
            result
        });
        task.await.map_err(Error::internal)?
    }
}

/// Whether what came is what was promised.
fn check(arrived: &Arrived, text: Option<&str>, md5: Option<&[u8]>) -> Result<(), Error> {
    let name = arrived.checksum.algorithm.name();
    if text.is_some_and(|text| text != arrived.checksum.value) {
        return Err(errors::bad_digest(format!(
            "The {name} you specified did not match the calculated checksum."
        )));
    }
    if md5.is_some_and(|md5| hex(md5) != arrived.etag) {
        return Err(errors::bad_digest("The Content-MD5 you specified did not match what we received."));
    }
    Ok(())
}
