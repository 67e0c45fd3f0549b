//! Bodies that are not held whole: of requests as they come, of answers as they go.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use crate::Error;

/// The headers that follow a body, known once it has ended.
pub(crate) type Trailers = Arc<Mutex<Vec<(String, String)>>>;

/// A request's body as it comes: what was signed and how it was cut is checked on the way, and only the bytes themselves arrive.
///
/// Believe what came only when the stream has ended well: a wrong digest or signature is its last item.
pub struct IncomingBody {
    stream: BoxStream<'static, Result<Bytes, Error>>,
    length: Option<u64>,
    announced: Option<String>,
    trailers: Trailers,
}

impl IncomingBody {
    /// A body out of pieces; `length` is what was declared, in bytes.
    pub fn new(stream: BoxStream<'static, Result<Bytes, Error>>, length: Option<u64>) -> Self {
        Self { stream, length, announced: None, trailers: Trailers::default() }
    }

    /// A body that is there already.
    pub fn whole(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        let pieces = (!bytes.is_empty()).then_some(Ok(bytes));
        Self::new(futures::stream::iter(pieces).boxed(), Some(length))
    }

    pub(crate) fn with_trailers(mut self, trailers: Trailers, announced: Option<String>) -> Self {
        (self.trailers, self.announced) = (trailers, announced);
        self
    }

    /// The name of the header that is to follow the body (`x-amz-trailer`).
    pub fn announced(&self) -> Option<&str> {
        self.announced.as_deref()
    }

    /// The length in bytes that was declared; not proven before the end.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Where the headers that follow the body will be; see [`IncomingTrailers`].
    pub fn trailers(&self) -> IncomingTrailers {
        IncomingTrailers(Arc::clone(&self.trailers))
    }

    /// The whole body, at most `bytes_max` bytes of it.
    pub(crate) async fn collect(mut self, bytes_max: usize) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.stream.try_next().await? {
            if all.len() + piece.len() > bytes_max {
                let message = format!("Request must be smaller than {bytes_max} bytes");
                return Err(Error::new("RequestEntityTooLargeException", message));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

impl Stream for IncomingBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(cx)
    }
}

/// The headers that follow a body.
#[derive(Clone)]
pub struct IncomingTrailers(Trailers);

impl IncomingTrailers {
    /// The value of a header by its name in small letters; none before the body has ended.
    pub fn get(&self, name: &str) -> Option<String> {
        let trailers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trailers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// An answer's body as it goes.
pub struct OutgoingBody {
    /// Its pieces; an error breaks the connection off.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
    /// Its length in bytes.
    pub length: u64,
}

impl OutgoingBody {
    /// A body out of pieces that together have this length.
    pub fn new(stream: BoxStream<'static, io::Result<Bytes>>, length: u64) -> Self {
        Self { stream, length }
    }

    /// The whole body.
    pub(crate) async fn collect(mut self) -> io::Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.stream.try_next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}
