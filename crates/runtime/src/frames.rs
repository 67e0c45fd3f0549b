//! The protocol between Weft and its own language bootstraps: length-prefixed frames on an inherited socket.
//!
//! A frame is a length (`u32`, big-endian, of all that follows), a kind (`u8`) and the kind's content:
//!
//! | kind | from | content |
//! | --- | --- | --- |
//! | 1 invoke | Weft | its number (`u64`), deadline (`u64`, ms since the epoch), then request id, ARN, trace id, client context, Cognito identity, tenant (each `u32` length and bytes), then the event |
//! | 16 ready | worker | nothing |
//! | 17 init error | worker | the error's JSON |
//! | 18 response | worker | the event's number, the answer |
//! | 19 error | worker | the event's number, the error's JSON |
//! | 21 begin | worker | the event's number, content type: an answer that comes in chunks begins |
//! | 22 chunk | worker | the event's number, at most 64 KiB of the answer |
//! | 23 end | worker | the event's number: the chunks are over; 19 in its place says that the function failed meanwhile |
//!
//! Weft reads no chunk before it could pass the last one on, so that a worker whose caller is slow finds its socket full
//! and has to wait.
//!
//! The number says which event an answer belongs to. A worker that answers another than the one it was sent last has lost
//! its place (an answer that nobody read, a fork that answers as well), and what it says next would reach a stranger.

use std::io;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weft_net::BoxStream;
use weft_service::workload::Invocation;

/// The longest answer: 6 MiB and 100 bytes, as Lambda has it.
pub(crate) const RESPONSE_BYTES_MAX: usize = (6 << 20) + 100;
/// A longer event is not copied to be one write with what goes before it.
const ONE_WRITE_BYTES: usize = 32 << 10;
/// A frame that claims more is nonsense, and its worker is given up.
const FRAME_BYTES_MAX: usize = 1 << 30;

const INVOKE: u8 = 1;
const READY: u8 = 16;
const INIT_ERROR: u8 = 17;
const RESPONSE: u8 = 18;
const ERROR: u8 = 19;
const BEGIN: u8 = 21;
const CHUNK: u8 = 22;
const END: u8 = 23;
/// The longest chunk, so that what is on its way of a streamed answer stays small.
const CHUNK_BYTES_MAX: usize = 64 << 10;

/// An event on its way to a worker.
#[derive(Debug, Clone)]
pub(crate) struct Invoke {
    /// When the function must have answered, in ms since the epoch.
    pub(crate) deadline_ms: i64,
    /// The event and what came with it.
    pub(crate) invocation: Invocation,
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
    /// The answer comes in chunks, with this content type.
    Begin(String),
    /// The next of them.
    Chunk(Bytes),
    /// That was the last one.
    End,
    /// The function failed.
    Error(Bytes),
    /// The answer or error is longer than allowed; it was skipped.
    TooLarge(usize),
}

/// Weft's end.
pub(crate) struct Frames {
    stream: BoxStream,
    buffer: BytesMut,
    /// What goes out, from one event to the next.
    out: Vec<u8>,
    /// The number of the last event.
    number: u64,
}

impl Frames {
    /// Takes the stream over.
    pub(crate) fn new(stream: BoxStream) -> Self {
        Self { stream, buffer: BytesMut::with_capacity(16 << 10), out: Vec::new(), number: 0 }
    }

    /// Sends an event.
    pub(crate) async fn send(&mut self, invoke: &Invoke) -> io::Result<()> {
        self.number += 1;
        let event = &invoke.invocation;
        let payload = &event.payload;
        let optional = [&event.trace_id, &event.client_context, &event.cognito_identity, &event.tenant_id];
        let [trace, client_context, identity, tenant] =
            optional.map(|text| text.as_deref().unwrap_or_default());
        let texts = [&*event.request_id, event.invoked_arn.as_str(), trace, client_context, identity, tenant];
        let fixed = 1 + 8 + 8 + texts.iter().map(|text| 4 + text.len()).sum::<usize>();
        let length = u32::try_from(fixed + payload.len());
        self.out.clear();
        self.out.put_u32(length.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?);
        self.out.put_u8(INVOKE);
        self.out.put_u64(self.number);
        self.out.put_i64(invoke.deadline_ms);
        for text in texts {
            self.out.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
            self.out.put_slice(text.as_bytes());
        }
        if payload.len() <= ONE_WRITE_BYTES {
            // One write, one wake-up.
            self.out.put_slice(payload);
            return self.stream.write_all(&self.out).await;
        }
        self.stream.write_all(&self.out).await?;
        self.stream.write_all(payload).await
    }

    /// Receives what the worker says next; `UnexpectedEof` where it is gone, `InvalidData` where it breaks the protocol or
    /// answers another event than the last.
    pub(crate) async fn receive(&mut self) -> io::Result<Said> {
        self.fill(5).await?;
        let length = self.buffer.get_u32() as usize;
        let kind = self.buffer.get_u8();
        let Some(mut length) = length.checked_sub(1).filter(|length| *length <= FRAME_BYTES_MAX) else {
            return Err(invalid("a frame of nonsensical length"));
        };
        if matches!(kind, RESPONSE | ERROR | BEGIN | CHUNK | END) {
            length = length.checked_sub(8).ok_or_else(|| invalid("an answer without a number"))?;
            self.fill(8).await?;
            if self.buffer.get_u64() != self.number {
                return Err(invalid("the answer to another event"));
            }
        }
        if matches!(kind, BEGIN | CHUNK | END) && length > CHUNK_BYTES_MAX {
            return Err(invalid("a chunk that is too long"));
        }
        if length > RESPONSE_BYTES_MAX {
            self.skip(length).await?;
            return Ok(Said::TooLarge(length));
        }
        self.buffer.reserve(length);
        self.fill(length).await?;
        let content = self.buffer.split_to(length).freeze();
        Ok(match kind {
            READY => Said::Ready,
            INIT_ERROR => Said::InitError(content),
            RESPONSE => Said::Response(content),
            ERROR => Said::Error(content),
            BEGIN => Said::Begin(String::from_utf8_lossy(&content).into_owned()),
            CHUNK => Said::Chunk(content),
            END => Said::End,
            _ => return Err(invalid("a frame of unknown kind")),
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

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of frames of these kinds and contents that wait for the answer to the first event.
    async fn check(frames: &[(u8, &[u8])], expected: Result<Said, io::ErrorKind>) {
        let (near, mut far) = tokio::io::duplex(1 << 10);
        let mut near = Frames::new(Box::new(near));
        near.send(&event()).await.unwrap();
        for (kind, content) in frames {
            far.write_u32(u32::try_from(content.len() + 1).unwrap()).await.unwrap();
            far.write_u8(*kind).await.unwrap();
            far.write_all(content).await.unwrap();
        }
        let found = near.receive().await.map_err(|error| error.kind());
        assert_eq!(found, expected, "{frames:?}");
    }

    fn event() -> Invoke {
        let invocation = Invocation {
            request_id: "r-1".into(),
            payload: "{}".into(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: weft_types::Arn::of("lambda", "us-east-1", "000000000000", "function:f"),
            tail: false,
            trace_id: None,
        };
        Invoke { deadline_ms: 1, invocation }
    }

    #[tokio::test]
    async fn only_the_answer_to_the_last_event_counts() {
        let one = |rest: &[u8]| [&1_u64.to_be_bytes()[..], rest].concat();
        check(&[(RESPONSE, &one(b"a"))], Ok(Said::Response("a".into()))).await;
        check(&[(ERROR, &one(b"e"))], Ok(Said::Error("e".into()))).await;
        check(&[(BEGIN, &one(b"t"))], Ok(Said::Begin("t".into()))).await;
        check(&[(CHUNK, &one(b"a"))], Ok(Said::Chunk("a".into()))).await;
        check(&[(END, &one(b""))], Ok(Said::End)).await;
        check(&[(READY, b"")], Ok(Said::Ready)).await;
        let invalid = || Err(io::ErrorKind::InvalidData);
        for kind in [RESPONSE, ERROR, BEGIN, CHUNK, END] {
            check(&[(kind, &[0; 8])], invalid()).await;
            check(&[(kind, &2_u64.to_be_bytes())], invalid()).await;
            check(&[(kind, b"short")], invalid()).await;
        }
        check(&[(20, &one(b"\0\0\0\x01ta"))], invalid()).await;
        check(&[(99, b"")], invalid()).await;
    }

    #[tokio::test]
    async fn a_chunk_has_64_kib_at_most() {
        let (near, far) = tokio::io::duplex(1 << 20);
        let (mut near, mut far) = (Frames::new(Box::new(near)), far);
        for (length, fits) in [(CHUNK_BYTES_MAX, true), (CHUNK_BYTES_MAX + 1, false)] {
            near.send(&event()).await.unwrap();
            far.write_u32(u32::try_from(length + 9).unwrap()).await.unwrap();
            far.write_u8(CHUNK).await.unwrap();
            far.write_u64(near.number).await.unwrap();
            far.write_all(&vec![b'x'; length]).await.unwrap();
            assert_eq!(near.receive().await.is_ok(), fits, "{length}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_nobody_read_is_not_the_next_ones() {
        let (near, mut far) = tokio::io::duplex(1 << 10);
        let mut near = Frames::new(Box::new(near));
        near.send(&event()).await.unwrap();
        far.write_all(&[0, 0, 0, 10, RESPONSE, 0, 0, 0, 0, 0, 0, 0, 1, b'a']).await.unwrap();
        near.send(&event()).await.unwrap();
        assert_eq!(near.receive().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
