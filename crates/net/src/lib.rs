//! Listeners, TLS, HTTP/1.1 servers and clients, drain.
//!
//! - [`Server`] accepts on listeners that it is given and hands each request to a [`Handler`]; [`serve_connection`]
//!   does the same for a single stream, such as one that came through a sandbox's door;
//! - [`Tls`] makes TLS of connections that come in, with certificates that an [`Authority`] signs when somebody asks for
//!   their names; a [`Server`] that has it serves plain and TLS connections on one port, told apart by their first byte;
//! - [`Client`] talks to one worker over connections that a [`Connect`] makes, and keeps idle ones;
//! - [`Limits`] bound everything that a stranger may send: header bytes and count, body bytes and rate, idle time,
//!   connections in all and per client;
//! - [`collect_limited`], [`relay()`] and the small body constructors are for the crates above, which never see hyper.
//!
//! Invariants: no buffer, table or wait here is without a bound; bodies stream both ways and are never held whole
//! unless [`collect_limited`] is asked to; trailers pass; an upgraded connection is relayed by [`Client::send`]
//! without the caller's help; a dropped request future closes the connection that it used.
//!
//! The crate deliberately does not know hosts, routes, AWS or workloads, nor where an authority is kept. Without [`Tls`] a connection whose
//! first byte begins a TLS handshake is closed at once.

mod attended;
mod authority;
mod body;
mod client;
mod connection;
pub mod headers;
mod limits;
mod opening;
mod pulse;
mod relay;
mod server;
mod stream;
mod tls;

pub use attended::{Attendant, attended};
pub use authority::{Authority, TlsError};
pub use body::{BodyError, chunks, collect_limited, empty, full, streamed, text};
pub use client::{Client, ClientOptions, Connect, SendError};
pub use connection::serve_connection;
pub use limits::Limits;
pub use relay::{RelayEnd, relay};
pub use server::{Drained, Server};
pub use stream::{BoxStream, Stream};
pub use tls::{Now, Tls};

use std::net::SocketAddr;

use bytes::Bytes;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that streams: of a request that came in or of an answer that goes out.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// A boxed future, for the traits that are used as objects.
pub type BoxFuture<'a, T> = futures::future::BoxFuture<'a, T>;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. The future is dropped when the client goes away.
    fn handle(&self, request: http::Request<Body>, peer: Peer) -> BoxFuture<'_, http::Response<Body>>;
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from.
    pub addr: SocketAddr,
    /// Where it arrived; for a door, the address that the worker wanted.
    pub local_addr: SocketAddr,
    /// Whether it cannot be overheard: TLS, loopback, or a sandbox's door.
    pub secure: bool,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// How it came in.
    pub via: Via,
}

/// How a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Through a listener of this machine.
    Listener,
    /// From inside a sandbox, through its door.
    Door,
}

impl Peer {
    /// A peer that came through a listener; secure where it is on loopback.
    pub fn listener(addr: SocketAddr, local_addr: SocketAddr) -> Self {
        Self {
            addr,
            local_addr,
            secure: addr.ip().to_canonical().is_loopback(),
            tls: false,
            via: Via::Listener,
        }
    }

    /// A peer inside a sandbox that wanted to reach `wanted`.
    pub fn door(addr: SocketAddr, wanted: SocketAddr) -> Self {
        Self { addr, local_addr: wanted, secure: true, tls: false, via: Via::Door }
    }

    /// The same peer after a TLS handshake.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { secure: true, tls: true, ..self }
    }
}
