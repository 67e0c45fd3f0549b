//! A byte stream of any kind.

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream both ways: a socket, or a pipe in tests.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A boxed [`Stream`].
pub type BoxStream = Box<dyn Stream>;
