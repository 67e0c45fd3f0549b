//! Logs that a runtime writes as frames to the descriptor that `_LAMBDA_TELEMETRY_LOG_FD` names, as the official clients
//! for Python and Node.js do: each event stays whole, with its own time, whatever line breaks it holds. Runtimes of others write
//! to a socket of their own, ours among what they [print](crate::printed).
//!
//! A frame is a type (`u32`, `0xA55A00..`), the length of what follows the header (`u32`), the time in µs since the epoch
//! (`u64`), all big-endian, then the text.

use std::io;
use std::sync::Arc;

use bytes::Buf as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use weft_net::BoxStream;
use weft_types::Timestamp;

use crate::logs::WorkerLog;
use crate::printed::EVENT_BYTES_MAX;

/// What every type begins with.
pub(crate) const MARK: u32 = 0xA55A_0000;
/// What comes before the text.
pub(crate) const HEAD_BYTES: usize = 16;

/// What comes before an event's text.
pub(crate) struct Head {
    pub(crate) time: Timestamp,
    /// Bytes of the text.
    pub(crate) length: usize,
}

impl Head {
    /// Reads a head; `None` where it is none.
    pub(crate) fn parse(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let mut bytes = &bytes[..];
        let (mark, length, micros) = (bytes.get_u32(), bytes.get_u32(), bytes.get_u64());
        let time = Timestamp::from_millis(i64::try_from(micros / 1000).unwrap_or(i64::MAX));
        (mark & 0xFFFF_0000 == MARK).then_some(Self { time, length: length as usize })
    }

    /// Whether a head of the types that are known may begin like this: text (3) or JSON (2), with a level of 0 to 6 before
    /// these two bits.
    pub(crate) fn may_begin(bytes: &[u8]) -> bool {
        let mark = MARK.to_be_bytes();
        bytes.iter().zip(&mark[..3]).all(|(byte, known)| byte == known)
            && bytes.get(3).is_none_or(|kind| kind & 2 == 2 && kind >> 2 <= 6)
    }
}

/// Hands on what a runtime writes until it ends. What is no frame ends the reading, not the runtime: it goes on, unheard.
pub(crate) async fn read(mut stream: BoxStream, log: Arc<WorkerLog>) {
    while let Ok(Some((time, text))) = next(&mut stream).await {
        log.framed(time, &text);
    }
    // It must not be held up by a descriptor that nobody reads.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

/// The next event; `None` at what is none. The rest of one that is too long is dropped.
async fn next(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(Timestamp, String)>> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await?;
    let Some(Head { time, length }) = Head::parse(&head) else { return Ok(None) };
    let mut text = vec![0; length.min(EVENT_BYTES_MAX)];
    stream.read_exact(&mut text).await?;
    let mut rest = stream.take(length.saturating_sub(EVENT_BYTES_MAX) as u64);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(Some((time, String::from_utf8_lossy(&text).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(mark: u32, micros: u64, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap();
        [&mark.to_be_bytes()[..], &length.to_be_bytes(), &micros.to_be_bytes(), text].concat()
    }

    async fn check(bytes: &[u8], expected: &[(i64, &str)]) {
        let (mut stream, mut found) = (bytes, Vec::new());
        while let Ok(Some((time, text))) = next(&mut stream).await {
            found.push((time.as_millis(), text));
        }
        let expected: Vec<_> = expected.iter().map(|(time, text)| (*time, (*text).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn events_stay_whole() {
        let (text, json) = (0xA55A_0003, 0xA55A_0002);
        let two = [frame(text | 0x10, 1_500_000, b"one\ntwo"), frame(json, 2_000_999, b"{}")].concat();
        check(&two, &[(1_500, "one\ntwo"), (2_000, "{}")]).await;
        check(&frame(text, 0, b""), &[(0, "")]).await;
        check(b"no frame at all, whatever it is", &[]).await;
        check(&frame(text, 0, b"cut")[..18], &[]).await;
        let long = "x".repeat(EVENT_BYTES_MAX + 7);
        let both = [frame(text, 0, long.as_bytes()), frame(text, 0, b"next")].concat();
        check(&both, &[(0, &long[7..]), (0, "next")]).await;
    }
}
