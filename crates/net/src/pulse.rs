//! What a connection is doing, and since when: shared by its socket, its requests, its task and its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

use crate::Limits;

/// One connection's state. Timeouts are judged from it lazily, so that a request that meets none touches no timer.
pub(crate) struct Pulse {
    started: Instant,
    /// A [`Phase`] and, above its two bits, the milliseconds since `started` at which it began.
    phase: AtomicU64,
    /// Milliseconds since `started`, plus one, since when the socket takes no bytes; 0 when it does.
    stalled: AtomicU64,
    order: AtomicU8,
    pub(crate) waker: AtomicWaker,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Between requests.
    Idle = 0,
    /// Reading a request's head.
    Head = 1,
    /// Answering.
    Busy = 2,
    /// Not HTTP any more.
    Upgraded = 3,
}

/// What the server wants of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Order {
    Run = 0,
    Drain = 1,
    Abort = 2,
}

impl Pulse {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            phase: AtomicU64::new(Phase::Head as u64),
            stalled: AtomicU64::new(0),
            order: AtomicU8::new(Order::Run as u8),
            waker: AtomicWaker::new(),
        })
    }

    pub(crate) fn phase(&self) -> Phase {
        phase_of(self.phase.load(Ordering::Acquire))
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store((self.now_millis() << 2) | phase as u64, Ordering::Release);
    }

    /// Marks whether the socket takes bytes.
    pub(crate) fn wrote(&self, stalled: bool) {
        if stalled {
            if self.stalled.load(Ordering::Relaxed) == 0 {
                self.stalled.store(self.now_millis() + 1, Ordering::Relaxed);
            }
        } else if self.stalled.load(Ordering::Relaxed) != 0 {
            self.stalled.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Run,
            1 => Order::Drain,
            _ => Order::Abort,
        }
    }

    pub(crate) fn tell(&self, order: Order) {
        self.order.store(order as u8, Ordering::Release);
        self.waker.wake();
    }

    /// When the connection must be closed unless its state changes; `None` while only its handler can be waited for.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let packed = self.phase.load(Ordering::Acquire);
        let since = self.started + Duration::from_millis(packed >> 2);
        let of_phase = match phase_of(packed) {
            Phase::Idle => Some(since + limits.idle_timeout),
            Phase::Head => Some(since + limits.header_timeout),
            Phase::Busy | Phase::Upgraded => None,
        };
        let stalled = match self.stalled.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(self.started + Duration::from_millis(millis - 1) + limits.write_timeout),
        };
        [of_phase, stalled].into_iter().flatten().min()
    }

    fn now_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX >> 2)
    }
}

fn phase_of(packed: u64) -> Phase {
    match packed & 3 {
        0 => Phase::Idle,
        1 => Phase::Head,
        2 => Phase::Busy,
        _ => Phase::Upgraded,
    }
}
