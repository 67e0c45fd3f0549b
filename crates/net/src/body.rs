//! Bodies: constructors, collecting within a limit, and the checks on what clients send.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::{Body, BoxError, Limits};

/// Why a body ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("the body is longer than {0} bytes")]
    TooLarge(u64),
    /// It came too slowly.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection broke, or the other side failed.
    #[error("the body broke off: {0}")]
    Broken(String),
}

/// A body without bytes.
pub fn empty() -> Body {
    Body::new(Empty::new().map_err(|never| match never {}))
}

/// A body of known bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Body::new(Full::new(bytes.into()).map_err(|never| match never {}))
}

/// A body whose bytes come as a stream gives them; an error ends it and closes the connection.
pub fn streamed(parts: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static) -> Body {
    Body::new(StreamBody::new(parts.map(|part| part.map(Frame::data))))
}

/// The pieces of a body as they come. Trailers are dropped.
pub fn chunks(body: Body) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + Unpin {
    http_body_util::BodyDataStream::new(body)
}

/// A short plain-text answer.
pub fn text(status: http::StatusCode, message: impl Into<Bytes>) -> http::Response<Body> {
    let mut response = http::Response::new(full(message));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Reads a body whole, up to `bytes_max` bytes. Trailers are dropped.
pub async fn collect_limited(mut body: Body, bytes_max: u64) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > bytes_max {
        return Err(BodyError::TooLarge(bytes_max));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| as_body_error(&error))?.into_data() else { continue };
        if (first.len() + rest.len() + data.len()) as u64 > bytes_max {
            return Err(BodyError::TooLarge(bytes_max));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn as_body_error(error: &BoxError) -> BodyError {
    match error.downcast_ref::<BodyError>() {
        Some(error) => error.clone(),
        None => BodyError::Broken(error.to_string()),
    }
}

/// Wraps what a client sends in the checks of `limits`.
pub(crate) fn received(incoming: Incoming, limits: &Limits) -> Body {
    if incoming.is_end_stream() {
        return empty();
    }
    Body::new(Received {
        inner: incoming,
        bytes_max: limits.body_bytes_max,
        pace: Pace::new(limits),
        bytes: 0,
        timer: None,
    })
}

/// A request's body under way.
struct Received {
    inner: Incoming,
    bytes_max: u64,
    bytes: u64,
    pace: Pace,
    /// Made at the first wait and reused: most bodies come with their headers and never wait.
    timer: Option<Pin<Box<Sleep>>>,
}

/// How fast a body comes, counting only the time in which somebody waited for it.
struct Pace {
    idle_timeout: Duration,
    rate_min: u64,
    grace: Duration,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self {
            idle_timeout: limits.body_idle_timeout,
            rate_min: limits.body_rate_min,
            grace: limits.body_grace,
            waited: Duration::ZERO,
            waiting_since: None,
        }
    }

    /// Ends a wait; says whether `bytes` in all the time waited are too few.
    fn too_slow(&mut self, bytes: u64) -> bool {
        let Some(since) = self.waiting_since.take() else { return false };
        self.waited += since.elapsed();
        self.waited > self.grace && bytes < self.rate_min.saturating_mul(self.waited.as_secs())
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            return this.wait(cx);
        };
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame?;
        this.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        if this.bytes > this.bytes_max {
            return Poll::Ready(Some(Err(BodyError::TooLarge(this.bytes_max).into())));
        }
        if this.pace.too_slow(this.bytes) {
            return Poll::Ready(Some(Err(BodyError::TooSlow.into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Received {
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.pace.idle_timeout)));
        if self.pace.waiting_since.is_none() {
            let now = Instant::now();
            self.pace.waiting_since = Some(now);
            timer.as_mut().reset(now + self.pace.idle_timeout);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::TooSlow.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn body_of(chunks: &[&'static str]) -> Body {
        let frames: Vec<Result<Frame<Bytes>, BoxError>> =
            chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes())))).collect();
        Body::new(http_body_util::StreamBody::new(futures::stream::iter(frames)))
    }

    #[test]
    fn bodies_are_collected_up_to_the_limit_and_not_past_it() {
        for (chunks, max, want) in [
            (&[][..], 0, Ok("")),
            (&["abc"][..], 3, Ok("abc")),
            (&["abc"][..], 2, Err(BodyError::TooLarge(2))),
            (&["ab", "", "cd", "e"][..], 5, Ok("abcde")),
            (&["ab", "cd", "e"][..], 4, Err(BodyError::TooLarge(4))),
        ] {
            let got = collect_limited(body_of(chunks), max).now_or_never().unwrap();
            assert_eq!(got, want.map(|text| Bytes::from_static(text.as_bytes())), "{chunks:?} {max}");
        }
        let known = collect_limited(full("abcdef"), 5).now_or_never().unwrap();
        assert_eq!(known, Err(BodyError::TooLarge(5)), "a declared length is refused before reading");
    }

    #[test]
    fn a_broken_body_is_told_from_a_long_one() {
        let frames: Vec<Result<Frame<Bytes>, BoxError>> =
            vec![Ok(Frame::data(Bytes::from_static(b"a"))), Err("reset".into())];
        let body = Body::new(http_body_util::StreamBody::new(futures::stream::iter(frames)));
        let got = collect_limited(body, 9).now_or_never().unwrap();
        assert_eq!(got, Err(BodyError::Broken("reset".into())));
        let frames: Vec<Result<Frame<Bytes>, BoxError>> = vec![Err(BodyError::TooSlow.into())];
        let body = Body::new(http_body_util::StreamBody::new(futures::stream::iter(frames)));
        let got = collect_limited(body, 9).now_or_never().unwrap();
        assert_eq!(got, Err(BodyError::TooSlow));
    }
}
