//! The protocol between Weft and its own language bootstraps: length-prefixed frames on an inherited socket.
//!
//! A frame is a length (`u32`, big-endian, of all that follows), a kind (`u8`) and the kind's content:
//!
//! | kind | from | content |
//! | --- | --- | --- |
//! | 1 invoke | Weft | deadline (`u64`, ms since the epoch), then request id, ARN, trace id, client context, Cognito identity (each `u32` length and bytes), then the event |
//! | 16 ready | worker | nothing |
//! | 17 init error | worker | the error's JSON |
//! | 18 response | worker | the answer |
//! | 19 error | worker | the error's JSON |
//! | 20 typed response | worker | content type (`u32` length and bytes), then the answer |

use std::io;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weft_net::BoxStream;

/// The longest answer: 6 MiB and 100 bytes, as Lambda has it.
pub(crate) const RESPONSE_BYTES_MAX: usize = (6 << 20) + 100;
/// A frame that claims more is nonsense, and its worker is given up.
const FRAME_BYTES_MAX: usize = 1 << 30;

const INVOKE: u8 = 1;
const READY: u8 = 16;
const INIT_ERROR: u8 = 17;
const RESPONSE: u8 = 18;
const ERROR: u8 = 19;
const TYPED_RESPONSE: u8 = 20;

/// An event on its way to a worker.
#[derive(Debug, Clone)]
pub(crate) struct Invoke {
    /// When the function must have answered, in ms since the epoch.
    pub(crate) deadline_ms: i64,
    /// The request's id.
    pub(crate) request_id: String,
    /// The ARN as invoked.
    pub(crate) arn: String,
    /// `X-Amzn-Trace-Id`, or empty.
    pub(crate) trace_id: String,
    /// The client context's JSON, or empty.
    pub(crate) client_context: String,
    /// The event.
    pub(crate) payload: Bytes,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// It takes events.
    Ready,
    /// Its code could not be loaded.
    InitError(Bytes),
    /// The answer.
    Response(Bytes),
    /// The answer, with its content type.
    Typed(String, Bytes),
    /// The function failed.
    Error(Bytes),
    /// The answer or error is longer than allowed; it was skipped.
    TooLarge(usize),
}

/// Weft's end.
pub(crate) struct Frames {
    stream: BoxStream,
    buffer: BytesMut,
}

impl Frames {
    /// Takes the stream over.
    pub(crate) fn new(stream: BoxStream) -> Self {
        Self { stream, buffer: BytesMut::with_capacity(16 << 10) }
    }

    /// Sends an event.
    pub(crate) async fn send(&mut self, invoke: &Invoke) -> io::Result<()> {
        let texts: [&str; 5] =
            [&invoke.request_id, &invoke.arn, &invoke.trace_id, &invoke.client_context, ""];
        let fixed = 1 + 8 + texts.iter().map(|text| 4 + text.len()).sum::<usize>();
        let mut head = BytesMut::with_capacity(4 + fixed + invoke.payload.len().min(32 << 10));
        let length = u32::try_from(fixed + invoke.payload.len());
        head.put_u32(length.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?);
        head.put_u8(INVOKE);
        head.put_i64(invoke.deadline_ms);
        for text in texts {
            head.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
            head.put_slice(text.as_bytes());
        }
        if invoke.payload.len() <= 32 << 10 {
            // One write, one wake-up.
            head.put_slice(&invoke.payload);
            return self.stream.write_all(&head).await;
        }
        self.stream.write_all(&head).await?;
        self.stream.write_all(&invoke.payload).await
    }

    /// Receives what the worker says next; `UnexpectedEof` where it is gone.
    pub(crate) async fn receive(&mut self) -> io::Result<Said> {
        self.fill(5).await?;
        let length = self.buffer.get_u32() as usize;
        let kind = self.buffer.get_u8();
        let Some(length) = length.checked_sub(1).filter(|length| *length <= FRAME_BYTES_MAX) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of nonsensical length"));
        };
        if length > RESPONSE_BYTES_MAX {
            self.skip(length).await?;
            return Ok(Said::TooLarge(length));
        }
        self.buffer.reserve(length);
        self.fill(length).await?;
        let mut content = self.buffer.split_to(length).freeze();
        Ok(match kind {
            READY => Said::Ready,
            INIT_ERROR => Said::InitError(content),
            RESPONSE => Said::Response(content),
            ERROR => Said::Error(content),
            TYPED_RESPONSE => {
                let length = if content.len() < 4 { usize::MAX } else { content.get_u32() as usize };
                if length > content.len() {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "a frame with a broken content type",
                    ));
                }
                let content_type = String::from_utf8_lossy(&content.split_to(length)).into_owned();
                Said::Typed(content_type, content)
            }
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of unknown kind")),
        })
    }

    async fn fill(&mut self, length: usize) -> io::Result<()> {
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    async fn skip(&mut self, mut length: usize) -> io::Result<()> {
        loop {
            let part = length.min(self.buffer.len());
            self.buffer.advance(part);
            length -= part;
            if length == 0 {
                return Ok(());
            }
            self.fill(1).await?;
        }
    }
}
