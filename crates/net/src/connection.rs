//! One HTTP/1.1 connection, from its first byte to its end.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::attended::{Attendant, Attended};
use crate::pulse::{Order, Phase, Pulse};
use crate::{Body, BoxError, Handler, Limits, Peer, Stream, body};

/// Serves HTTP/1.1 on one stream until it ends, or until it breaks a limit.
pub async fn serve_connection(
    stream: impl Stream,
    peer: Peer,
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
) {
    serve(stream, peer, handler, limits, Pulse::new(), ()).await;
}

/// Serves one stream; `held` is dropped when its socket is, which for an upgraded connection is later than this ends.
pub(crate) async fn serve<K: Send + Unpin + 'static>(
    stream: impl Stream,
    peer: Peer,
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
    pulse: Arc<Pulse>,
    held: K,
) {
    let io = Watched { stream, pulse: Arc::clone(&pulse), started: false, _held: held };
    let service = {
        let (pulse, limits) = (Arc::clone(&pulse), Arc::clone(&limits));
        service_fn(move |request: Request<Incoming>| {
            pulse.enter(Phase::Busy);
            let done = Done { pulse: Arc::clone(&pulse), upgrades: false };
            let (handler, limits) = (Arc::clone(&handler), Arc::clone(&limits));
            async move { Ok::<_, Infallible>(answer(request, peer, &*handler, &limits, done).await) }
        })
    };
    let connection = builder(&limits).serve_connection(TokioIo::new(io), service).with_upgrades();
    let mut connection = pin!(connection);
    let first = Instant::now() + limits.header_timeout;
    let mut timer = pin!(tokio::time::sleep_until(first));
    let (mut draining, mut fired) = (false, false);
    let end = std::future::poll_fn(|cx| {
        pulse.waker.register(cx.waker());
        let order = pulse.order();
        if order == Order::Abort {
            return Poll::Ready(Err("aborted by a drain".into()));
        }
        if order == Order::Drain && !draining {
            draining = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(end) = connection.as_mut().poll(cx) {
            return Poll::Ready(end.map_err(BoxError::from));
        }
        // The timer moves only when something is due earlier than it is set to: it fires early instead, looks, and
        // is set anew.
        while let Some(due) = pulse.deadline(&limits) {
            if fired && due <= Instant::now() {
                return Poll::Ready(Err("a time limit passed".into()));
            }
            if fired || due < timer.deadline() {
                fired = false;
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                break;
            }
            fired = true;
        }
        Poll::Pending
    })
    .await;
    if let Err(error) = end {
        tracing::debug!(peer = %peer.addr, error = %Causes(&*error), "connection ended early");
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    let header_bytes_max = limits.header_bytes_max.max(8192);
    builder.max_buf_size(header_bytes_max).max_header_size(header_bytes_max);
    // 100 is hyper's own number, for which it needs no allocation.
    if limits.header_count_max != 100 {
        builder.max_headers(limits.header_count_max);
    }
    // `Pulse` judges instead: hyper's timeout runs between requests too and touches a timer for each.
    builder.header_read_timeout(None);
    builder
}

async fn answer(
    request: Request<Incoming>,
    peer: Peer,
    handler: &dyn Handler,
    limits: &Limits,
    mut done: Done,
) -> Response<Attended<Body, Done>> {
    let response = if request.body().size_hint().lower() > limits.body_bytes_max {
        body::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n")
    } else {
        handler.handle(request.map(|incoming| body::received(incoming, limits)), peer).await
    };
    done.upgrades = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    response.map(|inner| Attended { inner, attendant: done })
}

/// Marks the end of a request when it is dropped.
struct Done {
    pulse: Arc<Pulse>,
    upgrades: bool,
}

impl<E> Attendant<E> for Done {}

impl Drop for Done {
    fn drop(&mut self) {
        self.pulse.enter(if self.upgrades { Phase::Upgraded } else { Phase::Idle });
    }
}

/// A socket that reports to its connection's [`Pulse`].
struct Watched<S, K> {
    stream: S,
    pulse: Arc<Pulse>,
    started: bool,
    _held: K,
}

/// The first byte of a TLS handshake record.
pub(crate) const TLS_HANDSHAKE: u8 = 0x16;

impl<S: Stream, K: Unpin> Watched<S, K> {
    fn received(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.started {
            self.started = true;
            if bytes[0] == TLS_HANDSHAKE {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "TLS is not served here"));
            }
        }
        if self.pulse.phase() == Phase::Idle {
            self.pulse.enter(Phase::Head);
        }
        Ok(())
    }
}

impl<S: Stream, K: Unpin> AsyncRead for Watched<S, K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pulse.phase() == Phase::Upgraded {
            // Its task is gone: the order to end must wake whoever reads.
            self.pulse.waker.register(cx.waker());
            if self.pulse.order() == Order::Abort {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = read {
            self.received(&buffer.filled()[before..])?;
        }
        read
    }
}

impl<S: Stream, K: Unpin> AsyncWrite for Watched<S, K> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.pulse.wrote(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.pulse.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // TLS takes bytes before the socket does.
        if flushed.is_pending() {
            self.pulse.wrote(true);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Prints an error with all its causes.
struct Causes<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
