//! Bytes both ways between two streams.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::Stream;

/// How a relay ended, and how much went through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayEnd {
    /// Bytes from the first stream to the second.
    pub sent: u64,
    /// Bytes from the second stream to the first.
    pub received: u64,
    /// Whether it was ended because nothing moved for too long.
    pub idle: bool,
}

/// Relays until both sides have ended, one broke, or nothing moved for `idle_timeout` (at most twice as long: time is
/// measured in whole periods). An end on one side is passed on, and the other may go on sending.
pub async fn relay(near: impl Stream, far: impl Stream, idle_timeout: Duration) -> RelayEnd {
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    let both = async {
        // An error on either side ends both; a clean end only its own direction.
        let _ =
            tokio::try_join!(one_way(near_read, far_write, &sent), one_way(far_read, near_write, &received));
    };
    let watch = async {
        let mut seen = u64::MAX;
        loop {
            let moved = sent.load(Ordering::Relaxed).wrapping_add(received.load(Ordering::Relaxed));
            if moved == seen {
                return;
            }
            seen = moved;
            tokio::time::sleep(idle_timeout).await;
        }
    };
    let idle = tokio::select! {
        () = both => false,
        () = watch => true,
    };
    RelayEnd { sent: sent.load(Ordering::Relaxed), received: received.load(Ordering::Relaxed), idle }
}

const BUFFER_BYTES: usize = 16 << 10;

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        moved.fetch_add(count as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_on_one_side_leaves_the_other_open() {
        let (mut client, near) = tokio::io::duplex(64);
        let (far, mut server) = tokio::io::duplex(64);
        let relayed = tokio::spawn(relay(near, far, Duration::from_mins(1)));
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        server.write_all(b"a longer answer").await.unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((question.as_str(), answer.as_str()), ("question", "a longer answer"));
        assert_eq!(relayed.await.unwrap(), RelayEnd { sent: 8, received: 15, idle: false });
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_relay_is_ended() {
        let (_client, near) = tokio::io::duplex(64);
        let (far, _server) = tokio::io::duplex(64);
        let end = relay(near, far, Duration::from_mins(1)).await;
        assert_eq!(end, RelayEnd { sent: 0, received: 0, idle: true });
    }
}
