//! Bodies of requests to S3 as they come: what was signed of them is checked while they stream.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::PoisonError;
use weft_net::{Body, chunks};
use weft_wire::sigv4::{ChunkFault, ChunkSigner, Chunks, DeclaredPayload};

use crate::body::{IncomingBody, Trailers};
use crate::{BoxFuture, Error};

type Pieces = BoxStream<'static, Result<Bytes, Error>>;

/// What is known of a body before it came.
pub(super) struct Promise {
    pub(super) declared: DeclaredPayload,
    pub(super) signer: Option<ChunkSigner>,
}

/// A body that gives its own bytes only, and ends with an error where it is not what was promised.
pub(super) fn incoming(
    parts: &Parts,
    whole: Bytes,
    stream: Option<Body>,
    promise: Promise,
) -> Result<IncomingBody, Error> {
    let pieces: Pieces = match stream {
        Some(body) => chunks(body).map(|piece| piece.map_err(broken)).boxed(),
        None => futures::stream::iter((!whole.is_empty()).then_some(Ok(whole))).boxed(),
    };
    let number = |name: &str| -> Result<Option<u64>, Error> {
        let Some(value) = parts.headers.get(name) else { return Ok(None) };
        let value = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let refuse = || Error::new("InvalidArgument", format!("{name} is not a length")).with_status(400);
        value.map(Some).ok_or_else(refuse)
    };
    match promise.declared {
        DeclaredPayload::Unsigned => Ok(IncomingBody::new(pieces, number(CONTENT_LENGTH.as_str())?)),
        DeclaredPayload::Hash(hash) => {
            let length = number(CONTENT_LENGTH.as_str())?;
            Ok(IncomingBody::new(hashed(pieces, hash), length))
        }
        DeclaredPayload::Chunked { signed, trailer } => {
            let Some(length) = number("x-amz-decoded-content-length")? else {
                let message = "You must provide the Content-Length HTTP header.";
                return Err(Error::new("MissingContentLength", message).with_status(411));
            };
            let chunks = Chunks::new(promise.signer.filter(|_| signed), trailer);
            let trailers = Trailers::default();
            let pieces = unchunked(pieces, chunks, length, Trailers::clone(&trailers));
            let announced = parts.headers.get("x-amz-trailer").and_then(|name| name.to_str().ok());
            let announced = announced.map(|name| name.trim().to_ascii_lowercase());
            Ok(IncomingBody::new(pieces, Some(length)).with_trailers(trailers, announced))
        }
    }
}

fn broken(error: weft_net::BoxError) -> Error {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    Error::new("IncompleteBody", message).with_status(400).with_cause(error)
}

/// The same pieces; an error at the end where their hash is another.
fn hashed(pieces: Pieces, expected: String) -> Pieces {
    let state = (pieces, Some(Sha256::new()), expected);
    let next = |(mut pieces, hash, expected): (Pieces, Option<Sha256>, String)| async move {
        let mut hash: Sha256 = hash?;
        match pieces.next().await {
            Some(Ok(piece)) => {
                hash.update(&piece);
                Some((Ok(piece), (pieces, Some(hash), expected)))
            }
            Some(Err(error)) => Some((Err(error), (pieces, None, expected))),
            None => {
                let found = hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                });
                if found == expected {
                    return None;
                }
                let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
                let error = Error::new("XAmzContentSHA256Mismatch", message)
                    .with_status(400)
                    .with_member("ClientComputedContentSHA256", weft_model::Value::Text(expected.clone()))
                    .with_member("S3ComputedContentSHA256", weft_model::Value::Text(found));
                Some((Err(error), (pieces, None, expected)))
            }
        }
    };
    futures::stream::unfold(state, next).boxed()
}

/// A body in chunks under way.
struct Unchunked {
    pieces: Pieces,
    chunks: Option<Chunks>,
    ready: VecDeque<Bytes>,
    left: u64,
    trailers: Trailers,
}

/// The data of the chunks; an error at the end where it is not as long as declared, or a signature does not match.
fn unchunked(pieces: Pieces, chunks: Chunks, length: u64, trailers: Trailers) -> Pieces {
    let state = Unchunked { pieces, chunks: Some(chunks), ready: VecDeque::new(), left: length, trailers };
    futures::stream::unfold(state, |mut state| async move {
        let item = state.next().await.transpose()?;
        if item.is_err() {
            state.chunks = None;
            state.ready.clear();
        }
        Some((item, state))
    })
    .boxed()
}

impl Unchunked {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, Error>> {
        Box::pin(async move {
            loop {
                if let Some(piece) = self.ready.pop_front() {
                    return Ok(Some(piece));
                }
                let Some(chunks) = &mut self.chunks else { return Ok(None) };
                let Some(piece) = self.pieces.next().await else { return self.finish() };
                let mut data = Vec::new();
                chunks.feed(piece?, &mut data).map_err(fault)?;
                for piece in data {
                    self.left = self.left.checked_sub(piece.len() as u64).ok_or_else(incomplete)?;
                    self.ready.push_back(piece);
                }
            }
        })
    }

    fn finish(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(chunks) = self.chunks.take() else { return Ok(None) };
        let found = chunks.finish().map_err(fault)?;
        if self.left > 0 {
            return Err(incomplete());
        }
        *self.trailers.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(None)
    }
}

fn incomplete() -> Error {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    Error::new("IncompleteBody", message).with_status(400)
}

fn fault(fault: ChunkFault) -> Error {
    match fault {
        ChunkFault::Malformed => {
            let message = "The request body terminated unexpectedly";
            Error::new("IncompleteBody", message).with_status(400)
        }
        ChunkFault::Signature => {
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                           key and signing method.";
            Error::new("SignatureDoesNotMatch", message).with_status(403)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;
    use weft_wire::sigv4::hash;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request = headers
            .iter()
            .fold(http::Request::builder(), |builder, (name, value)| builder.header(*name, *value));
        request.body(()).expect("the headers are headers").into_parts().0
    }

    /// The bytes of a body, and the header behind it; or the code with which it is refused.
    async fn read(
        headers: &[(&str, &str)],
        declared: DeclaredPayload,
        body: &'static str,
    ) -> Result<(String, Option<String>), &'static str> {
        let promise = Promise { declared, signer: None };
        let body = incoming(&parts(headers), Bytes::from_static(body.as_bytes()), None, promise);
        let body = body.map_err(|error| error.code())?;
        let trailers = body.trailers();
        let pieces: Vec<Bytes> = body.try_collect().await.map_err(|error| error.code())?;
        Ok((String::from_utf8_lossy(&pieces.concat()).into_owned(), trailers.get("x-sum")))
    }

    #[tokio::test]
    async fn a_body_is_what_its_head_says_or_ends_with_an_error() {
        let plain = |text: &str| Ok((text.to_owned(), None));
        let of = |text: &str| DeclaredPayload::Hash(hash(text.as_bytes()));
        assert_eq!(read(&[], DeclaredPayload::Unsigned, "hello").await, plain("hello"));
        assert_eq!(read(&[], of("hello"), "hello").await, plain("hello"));
        assert_eq!(read(&[], of(""), "").await, plain(""));
        assert_eq!(read(&[], of("hello"), "jello").await, Err("XAmzContentSHA256Mismatch"));
        assert_eq!(read(&[], of("hello"), "").await, Err("XAmzContentSHA256Mismatch"));
        assert_eq!(read(&[("content-length", "x")], of(""), "").await, Err("InvalidArgument"));
    }

    #[tokio::test]
    async fn a_body_in_chunks_has_the_length_that_it_declares() {
        let chunked = || DeclaredPayload::Chunked { signed: false, trailer: true };
        let body = "5\r\nhello\r\n0\r\nx-sum:1\r\n\r\n";
        let of = |length| [("x-amz-decoded-content-length", length)];
        let whole = Ok(("hello".to_owned(), Some("1".to_owned())));
        assert_eq!(read(&of("5"), chunked(), body).await, whole);
        assert_eq!(read(&of("6"), chunked(), body).await, Err("IncompleteBody"));
        assert_eq!(read(&of("4"), chunked(), body).await, Err("IncompleteBody"));
        assert_eq!(read(&[], chunked(), body).await, Err("MissingContentLength"));
        assert_eq!(read(&of("5"), chunked(), "5\r\nhello\r\n").await, Err("IncompleteBody"));
    }
}
