//! Logs that a runtime writes as frames to the descriptor that `_LAMBDA_TELEMETRY_LOG_FD` names, as the official clients
//! for Python and Node.js do: each event stays whole, with its own time, whatever line breaks it holds.
//!
//! A frame is a type (`u32`, `0xA55A00..`), the length of what follows the header (`u32`), the time in µs since the epoch
//! (`u64`), all big-endian, then the text.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use weft_net::BoxStream;
use weft_types::Timestamp;

use crate::logs::WorkerLog;

/// The most that a log event may hold; the rest of a longer one is dropped.
const EVENT_BYTES_MAX: usize = 256 << 10;
/// What every type begins with.
const MARK: u32 = 0xA55A_0000;

/// Hands on what a runtime writes until it ends. What is no frame ends the reading, not the runtime: it goes on, unheard.
pub(crate) async fn read(mut stream: BoxStream, log: Arc<WorkerLog>) {
    while let Ok(Some((time, text))) = next(&mut stream).await {
        log.framed(time, &text);
    }
    // It must not be held up by a descriptor that nobody reads.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

/// The next event; `None` at what is none.
async fn next(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(Timestamp, String)>> {
    let mark = stream.read_u32().await?;
    let length = stream.read_u32().await? as usize;
    let micros = stream.read_u64().await?;
    if mark & 0xFFFF_0000 != MARK {
        return Ok(None);
    }
    let mut text = vec![0; length.min(EVENT_BYTES_MAX)];
    stream.read_exact(&mut text).await?;
    let mut rest = stream.take(length.saturating_sub(EVENT_BYTES_MAX) as u64);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    let time = Timestamp::from_millis(i64::try_from(micros / 1000).unwrap_or(i64::MAX));
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
