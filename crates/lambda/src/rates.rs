//! How fast invocations and environments may begin. Pure; the time is an argument.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use weft_types::Timestamp;

/// Environments that a function may start at once, and in each [`BURST_PERIOD`].
const BURST: u64 = 1000;
const BURST_PERIOD: Duration = Duration::from_secs(10);

/// A limit of requests a second that lets one second's worth come at once. Without a lock: it keeps the one moment at which
/// everything that came would have been through at the allowed pace.
#[derive(Debug, Default)]
pub(crate) struct Rate(AtomicU64);

impl Rate {
    /// Whether one more may come now.
    pub(crate) fn take(&self, per_second: u64, now: Timestamp) -> bool {
        const SECOND: u64 = 1_000_000_000;
        let now = u64::try_from(now.as_millis()).unwrap_or(0).saturating_mul(1_000_000);
        let step = SECOND / per_second.clamp(1, SECOND);
        let room = SECOND.saturating_sub(step);
        let update = |through: u64| (through <= now + room).then(|| through.max(now) + step);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, update).is_ok()
    }
}

/// A bucket of tokens for environments that are started: full at first, filled evenly, never more than full.
#[derive(Debug)]
pub(crate) struct Burst {
    /// In millionths of a token.
    micros: u64,
    filled: Option<Timestamp>,
}

impl Default for Burst {
    fn default() -> Self {
        Self { micros: BURST * 1_000_000, filled: None }
    }
}

impl Burst {
    /// Whether one more may start now.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let since = self.filled.map_or(Duration::ZERO, |filled| now.since(filled));
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let period = u64::try_from(BURST_PERIOD.as_millis()).unwrap_or(u64::MAX);
        let gained = millis.min(period) * BURST * 1_000_000 / period;
        self.micros = (self.micros + gained).min(BURST * 1_000_000);
        self.filled = Some(self.filled.map_or(now, |filled| filled.max(now)));
        let Some(left) = self.micros.checked_sub(1_000_000) else { return false };
        self.micros = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn at(millis: u64) -> Timestamp {
        NOW.plus(Duration::from_millis(millis))
    }

    #[test]
    fn a_thousand_environments_start_at_once_and_a_hundred_a_second_follow() {
        let mut burst = Burst::default();
        let mut check = |now: Timestamp, expected: usize| {
            let taken = (0..5000).take_while(|_| burst.take(now)).count();
            assert_eq!(taken, expected, "{now}");
        };
        check(at(0), 1000);
        check(at(0), 0);
        check(at(5), 0);
        check(at(15), 1);
        check(at(1015), 100);
        check(at(100_000), 1000);
        check(at(50_000), 0);
    }

    #[test]
    fn a_second_s_worth_of_requests_comes_at_once_and_then_at_the_pace() {
        let rate = Rate::default();
        let check = |now: Timestamp, expected: usize| {
            let taken = (0..500).take_while(|_| rate.take(50, now)).count();
            assert_eq!(taken, expected, "{now}");
        };
        check(at(0), 50);
        check(at(19), 0);
        check(at(20), 1);
        check(at(520), 25);
        check(at(60_000), 50);
    }
}
