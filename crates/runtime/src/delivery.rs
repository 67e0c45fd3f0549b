//! Where a streamed answer goes: it is collected for a caller that wants it whole, or handed on piece by piece to one that
//! takes it as it comes.
//!
//! Source of the limits: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::frames::RESPONSE_BYTES_MAX;

/// The longest streamed answer: 200 MiB.
pub(crate) const STREAM_BYTES_MAX: u64 = 200 << 20;
/// What of it is not slowed down.
const FREE_BYTES: u64 = 6 << 20;
/// How fast the rest may come, in bytes per second.
const BYTES_PER_SECOND: u64 = 2 << 20;
/// Pieces that wait for a slow caller, of 64 KiB at most each where our own bootstraps make them.
const PIECES_MAX: usize = 4;

/// See the module.
pub(crate) enum Delivery {
    /// Collected.
    Whole(Collected),
    /// Handed on.
    Piped(Pipe),
}

/// An answer that is being collected.
#[derive(Default)]
pub(crate) struct Collected {
    content_type: Option<String>,
    bytes: BytesMut,
    length: u64,
}

/// An answer on its way to a caller that takes it as it comes.
pub(crate) struct Pipe {
    begun: Option<oneshot::Sender<Begun>>,
    cold: bool,
    pieces: Option<mpsc::Sender<Bytes>>,
    sent: u64,
    /// When the free bytes were sent.
    slowed: Option<Instant>,
}

/// What the caller of a [`Pipe`] holds.
pub(crate) struct Taken {
    /// Told when the answer begins; fails where it never does.
    pub(crate) begun: oneshot::Receiver<Begun>,
    /// The answer.
    pub(crate) pieces: mpsc::Receiver<Bytes>,
}

/// What is known of an answer that has begun.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Its content type.
    pub(crate) content_type: String,
    /// Whether a worker was started for it.
    pub(crate) cold: bool,
}

/// What became of a streamed answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It was collected, with its content type.
    Whole(Option<String>, Bytes),
    /// The caller has it, as far as it wanted it.
    Piped,
    /// It was longer than allowed.
    TooLarge(u64),
}

impl Delivery {
    /// For a caller that wants it whole.
    pub(crate) fn whole() -> Self {
        Self::Whole(Collected::default())
    }

    /// For a caller that takes it as it comes.
    pub(crate) fn piped() -> (Self, Taken) {
        let (begun, has_begun) = oneshot::channel();
        let (pieces, taken) = mpsc::channel(PIECES_MAX);
        let pipe = Pipe { begun: Some(begun), cold: false, pieces: Some(pieces), sent: 0, slowed: None };
        (Self::Piped(pipe), Taken { begun: has_begun, pieces: taken })
    }

    /// Notes whether a worker was started for the event.
    pub(crate) fn set_cold(&mut self, cold: bool) {
        if let Self::Piped(pipe) = self {
            pipe.cold = cold;
        }
    }

    /// The answer begins.
    pub(crate) fn begin(&mut self, content_type: String) {
        match self {
            Self::Whole(collected) => collected.content_type = Some(content_type),
            Self::Piped(pipe) => pipe.begin(content_type),
        }
    }

    /// Takes a piece: waits for a caller that is slow, and where the answer comes too fast.
    pub(crate) async fn piece(&mut self, bytes: Bytes) {
        match self {
            Self::Whole(collected) => {
                collected.length += bytes.len() as u64;
                if collected.length <= RESPONSE_BYTES_MAX as u64 {
                    collected.bytes.extend_from_slice(&bytes);
                }
            }
            Self::Piped(pipe) => pipe.send(bytes).await,
        }
    }

    /// The answer is over.
    pub(crate) fn finish(&mut self) -> Delivered {
        match self {
            Self::Whole(collected) => match std::mem::take(collected) {
                Collected { length, .. } if length > RESPONSE_BYTES_MAX as u64 => Delivered::TooLarge(length),
                Collected { content_type, bytes, .. } => Delivered::Whole(content_type, bytes.freeze()),
            },
            Self::Piped(pipe) if pipe.sent > STREAM_BYTES_MAX => Delivered::TooLarge(pipe.sent),
            Self::Piped(_) => Delivered::Piped,
        }
    }
}

impl Pipe {
    fn begin(&mut self, content_type: String) {
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Begun { content_type, cold: self.cold });
        }
    }

    async fn send(&mut self, bytes: Bytes) {
        self.begin("application/octet-stream".to_owned());
        self.sent += bytes.len() as u64;
        if self.sent > STREAM_BYTES_MAX {
            self.pieces = None;
        }
        let Some(pieces) = &self.pieces else { return };
        if pieces.send(bytes).await.is_err() {
            // Nobody takes it any more; the function goes on.
            self.pieces = None;
            return;
        }
        if self.sent > FREE_BYTES {
            let since = *self.slowed.get_or_insert_with(Instant::now);
            tokio::time::sleep_until(since + pace(self.sent)).await;
        }
    }
}

/// How long after the free bytes so many may have been sent.
fn pace(sent: u64) -> Duration {
    Duration::from_micros(sent.saturating_sub(FREE_BYTES) * 1_000_000 / BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_mebibytes_are_free_and_the_rest_takes_its_time() {
        let check = |sent: u64, millis: u64| assert_eq!(pace(sent), Duration::from_millis(millis), "{sent}");
        check(0, 0);
        check(FREE_BYTES, 0);
        check(FREE_BYTES + BYTES_PER_SECOND / 2, 500);
        check(STREAM_BYTES_MAX, 97_000);
    }

    #[tokio::test]
    async fn a_collected_answer_has_the_limit_of_a_whole_one() {
        for (length, expected) in [
            (RESPONSE_BYTES_MAX, None),
            (RESPONSE_BYTES_MAX + 1, Some(Delivered::TooLarge(RESPONSE_BYTES_MAX as u64 + 1))),
        ] {
            let mut delivery = Delivery::whole();
            delivery.begin("a/b".into());
            for _ in 0..length / 1024 {
                delivery.piece(Bytes::from_static(&[b'x'; 1024])).await;
            }
            delivery.piece(Bytes::from(vec![b'x'; length % 1024])).await;
            let found = delivery.finish();
            let whole = Delivered::Whole(Some("a/b".into()), vec![b'x'; length].into());
            assert!(found == expected.unwrap_or(whole), "{length}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_caller_holds_the_answer_up() {
        let (mut delivery, mut taken) = Delivery::piped();
        delivery.begin("a/b".into());
        assert_eq!(taken.begun.await.unwrap(), Begun { content_type: "a/b".into(), cold: false });
        for _ in 0..PIECES_MAX {
            delivery.piece("x".into()).await;
        }
        assert!(futures::poll!(Box::pin(delivery.piece("y".into()))).is_pending());
        assert_eq!(taken.pieces.recv().await.unwrap(), "x");
        delivery.piece("z".into()).await;
        drop(taken.pieces);
        delivery.piece("nobody wants it".into()).await;
        assert_eq!(delivery.finish(), Delivered::Piped);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_the_free_bytes_comes_slowly_and_not_for_ever() {
        let (mut delivery, mut taken) = Delivery::piped();
        let reader = tokio::spawn(async move {
            let mut length = 0;
            while let Some(piece) = taken.pieces.recv().await {
                length += piece.len() as u64;
            }
            length
        });
        let mebibyte = Bytes::from(vec![0; 1 << 20]);
        let begun = Instant::now();
        for _ in 0..6 {
            delivery.piece(mebibyte.clone()).await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        for _ in 6..200 {
            delivery.piece(mebibyte.clone()).await;
        }
        assert!((97..98).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        delivery.piece(mebibyte).await;
        assert_eq!(delivery.finish(), Delivered::TooLarge(201 << 20));
        assert_eq!(reader.await.unwrap(), 200 << 20);
    }
}
