//! Listeners, HTTP/1.1 servers and clients, drain.

use bytes::Bytes;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that streams: of a request that came in or of an answer that goes out.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;
