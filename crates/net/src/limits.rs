//! What a stranger may send.

use std::time::Duration;

/// Bounds on connections and requests. All are enforced by [`crate::Server`]; [`crate::serve_connection`] enforces all
/// but the connection counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Header lines of one request; more answer 431.
    pub header_count_max: usize,
    /// Bytes of the request line and all headers together, at least 8 KiB; more answer 431.
    pub header_bytes_max: usize,
    /// From a request's first byte (on a new connection: from the start) to the end of its headers.
    pub header_timeout: Duration,
    /// How long a kept-alive connection may wait for its next request.
    pub idle_timeout: Duration,
    /// Bytes of a request's body; more answer 413, or fail the body where the length was not declared.
    pub body_bytes_max: u64,
    /// How long a request's body may pause while somebody waits for it.
    pub body_idle_timeout: Duration,
    /// Bytes per second that a request's body must reach on average, once it was waited for longer than
    /// `body_grace`. 0 turns the check off.
    pub body_rate_min: u64,
    /// How long a body may be waited for before its rate counts.
    pub body_grace: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// Connections at a time; one more answers 503 and is closed.
    pub connections_max: usize,
    /// Connections at a time from one IPv4 address or one IPv6 /64 network; one more answers 503 and is closed.
    pub connections_per_client_max: usize,
    /// TLS handshakes at a time; one more is closed.
    pub handshakes_max: usize,
    /// TLS handshakes at a time from one client, as connections are counted.
    pub handshakes_per_client_max: usize,
}

impl Limits {
    /// For the front door: 100 headers in 64 KiB, bodies up to 5 GiB (the largest single upload that S3 takes).
    pub fn gateway() -> Self {
        Self {
            header_count_max: 100,
            header_bytes_max: 64 << 10,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            // The largest object that S3 takes in one go, and what cutting it into chunks adds.
            body_bytes_max: 6 << 30,
            body_idle_timeout: Duration::from_secs(30),
            body_rate_min: 256,
            body_grace: Duration::from_secs(10),
            write_timeout: Duration::from_mins(1),
            connections_max: 8192,
            connections_per_client_max: 4096,
            handshakes_max: 2048,
            handshakes_per_client_max: 1024,
        }
    }

    /// For the Runtime API inside a sandbox: 1 MiB of headers, as contexts and error causes travel in them, and
    /// connections that may idle for as long as the worker lives.
    pub fn runtime_api() -> Self {
        Self {
            header_bytes_max: 1 << 20,
            idle_timeout: Duration::from_hours(24),
            body_rate_min: 0,
            connections_max: 64,
            connections_per_client_max: 64,
            ..Self::gateway()
        }
    }
}
