//! The first moments of a connection: plain or TLS, told apart by the first byte.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::connection::{TLS_HANDSHAKE, serve};
use crate::pulse::{Order, Pulse};
use crate::tls::{Tls, handshake, is_local};
use crate::{Handler, Limits, Peer};

/// As much as HTTP reads at first: so the first read of a plain connection stays its only one.
const FIRST_BYTES: usize = 8 << 10;

/// Serves a connection that begins with a request or with a TLS handshake. `begin` gives leave for one more handshake, for
/// as long as what it gives is held.
pub(crate) async fn serve_either<K: Send + Unpin + 'static, H>(
    stream: TcpStream,
    tls: Tls,
    peer: Peer,
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
    pulse: Arc<Pulse>,
    held: (K, impl FnOnce(&K) -> Option<H> + Send),
) {
    let (held, begin) = held;
    let Some(Ok(first_bytes)) = within(limits.header_timeout, &pulse, first(&stream)).await else { return };
    let is_tls = first_bytes.first() == Some(&TLS_HANDSHAKE);
    let stream = Begun { head: first_bytes, given: 0, stream };
    if !is_tls {
        return serve(stream, peer, handler, limits, pulse, held).await;
    }
    let Some(leave) = begin(&held) else {
        tracing::debug!(peer = %peer.addr, "too many TLS handshakes");
        return;
    };
    let shaken = handshake(&tls, stream, peer.local_addr.ip(), is_local);
    match within(limits.header_timeout, &pulse, shaken).await {
        Some(Ok(stream)) => {
            drop(leave);
            serve(stream, peer.over_tls(), handler, limits, pulse, held).await;
        }
        Some(Err(error)) => tracing::debug!(peer = %peer.addr, %error, "no TLS handshake"),
        None => tracing::debug!(peer = %peer.addr, "TLS handshake not ended in time"),
    }
}

/// Waits for something, but not past a time and not when the server wants to end.
async fn within<T>(time: Duration, pulse: &Pulse, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut timer = pin!(tokio::time::sleep(time));
    std::future::poll_fn(|cx| {
        pulse.waker.register(cx.waker());
        if pulse.order() != Order::Run {
            return Poll::Ready(None);
        }
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The first bytes; none where the connection ends before.
async fn first(stream: &TcpStream) -> io::Result<Vec<u8>> {
    loop {
        stream.readable().await?;
        let mut head = Vec::with_capacity(FIRST_BYTES);
        match stream.try_read_buf(&mut head) {
            Ok(_) => return Ok(head),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// A stream of which the first bytes were read already.
pub(crate) struct Begun<S> {
    head: Vec<u8>,
    given: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.head.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let rest = &this.head[this.given..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        this.given += count;
        if this.given == this.head.len() {
            this.head = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
