//! Bodies that are held whole, within the memory that all of them share.
//!
//! A share grows with what has come, not with what a sender says will: who sends slowly, or not at all, keeps nobody
//! out. A small body needs none, as the number of those is that of the connections.

use bytes::Bytes;
use futures::StreamExt as _;
use http_body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use weft_net::{Body, BodyError, BoxError, chunks, collect_limited, streamed};

/// KiB that all large bodies together may have.
static LARGE_BODIES_KIB: Semaphore = Semaphore::const_new(512 << 10);
const SMALL_BODY_BYTES: u64 = 64 << 10;
/// What a share grows by, in KiB, so that it does not grow for each piece.
const STEP_KIB: u64 = 256;

/// A body, and its share of the memory for as long as it is held.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// Why a body is not held.
#[derive(Debug)]
pub(crate) enum NotWhole {
    /// Too many large bodies are; another time there will be room.
    Busy,
    /// It did not come whole, or is too long.
    Broken(BodyError),
}

/// Says [`NotWhole::Busy`] among a body's errors.
#[derive(Debug, thiserror::Error)]
#[error("too many large requests are being read")]
struct NoRoom;

/// A share of the memory for bodies.
#[derive(Default)]
pub(crate) struct Share(Option<SemaphorePermit<'static>>);

impl Share {
    /// Makes room for a body of so many bytes; false where there is none.
    fn hold(&mut self, bytes: u64) -> bool {
        let held = self.0.as_ref().map_or(0, SemaphorePermit::num_permits) as u64;
        let needed = if bytes <= SMALL_BODY_BYTES { 0 } else { bytes.div_ceil(1024) };
        if needed <= held {
            return true;
        }
        let more = needed.next_multiple_of(STEP_KIB) - held;
        let Ok(permits) = LARGE_BODIES_KIB.try_acquire_many(u32::try_from(more).unwrap_or(u32::MAX)) else {
            return false;
        };
        match &mut self.0 {
            Some(share) => share.merge(permits),
            none => *none = Some(permits),
        }
        true
    }
}

/// Reads a body whole, up to `bytes_max` bytes.
pub(crate) async fn read_whole(body: Body, bytes_max: u64) -> Result<Whole, NotWhole> {
    let hint = body.size_hint();
    if hint.lower() > bytes_max {
        return Err(NotWhole::Broken(BodyError::TooLarge(bytes_max)));
    }
    if hint.upper().is_some_and(|upper| upper <= SMALL_BODY_BYTES) {
        let bytes = collect_limited(body, bytes_max).await.map_err(NotWhole::Broken)?;
        return Ok(Whole { bytes, share: Share::default() });
    }
    let (mut share, mut read, mut is_busy) = (Share::default(), 0, false);
    let mut pieces = chunks(body);
    // The pieces are counted here and collected there, so that there is one way to collect.
    let (sender, receiver) = futures::channel::mpsc::channel::<Result<Bytes, BoxError>>(1);
    let count = async {
        let mut sender = sender;
        while let Some(piece) = pieces.next().await {
            let mut piece = piece;
            if let Ok(bytes) = &piece {
                read += bytes.len() as u64;
                if read <= bytes_max && !share.hold(read) {
                    is_busy = true;
                    piece = Err(NoRoom.into());
                }
            }
            if futures::SinkExt::send(&mut sender, piece).await.is_err() || is_busy {
                break;
            }
        }
    };
    let ((), collected) = futures::join!(count, collect_limited(streamed(receiver), bytes_max));
    match collected {
        _ if is_busy => Err(NotWhole::Busy),
        Ok(bytes) => Ok(Whole { bytes, share }),
        Err(error) => Err(NotWhole::Broken(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of so many KiB, in pieces of 16, whose length nobody knows; it waits for ever after `stalls_at` KiB.
    fn body(kib: usize, stalls_at: Option<usize>) -> Body {
        let pieces = futures::stream::iter(0..kib / 16).then(move |piece| async move {
            if stalls_at.is_some_and(|at| piece * 16 >= at) {
                futures::future::pending::<()>().await;
            }
            Ok(Bytes::from(vec![b'x'; 16 << 10]))
        });
        streamed(Box::pin(pieces))
    }

    fn free_kib() -> usize {
        LARGE_BODIES_KIB.available_permits()
    }

    // One test, as all of them share the memory.
    #[tokio::test]
    async fn a_body_takes_the_room_of_what_has_come_and_gives_it_back() {
        let all = free_kib();
        let Ok(whole) = read_whole(body(1024, None), 70 << 20).await else { panic!("there is room") };
        assert_eq!((whole.bytes.len(), all - free_kib()), (1 << 20, 1024));
        drop(whole);
        assert_eq!(free_kib(), all);
        // Slow senders, of whom nobody knows how much they will send.
        let slow: Vec<_> =
            (0..50).map(|_| tokio::spawn(read_whole(body(70 << 10, Some(96)), 70 << 20))).collect();
        while all - free_kib() < 50 * 256 {
            tokio::task::yield_now().await;
        }
        assert!(read_whole(body(8 << 10, None), 70 << 20).await.is_ok());
        slow.iter().for_each(tokio::task::JoinHandle::abort);
        let _taken = LARGE_BODIES_KIB.acquire_many(u32::try_from(all - 50 * 256).unwrap()).await.unwrap();
        assert!(matches!(read_whole(body(64 << 10, None), 70 << 20).await, Err(NotWhole::Busy)));
        assert!(matches!(
            read_whole(body(64, None), 32 << 10).await,
            Err(NotWhole::Broken(BodyError::TooLarge(_)))
        ));
    }
}
