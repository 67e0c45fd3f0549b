//! Rates: a bucket of tokens in one word, so that who asks takes no lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A rate with a burst. The state is the time at which the bucket will be full again, in microseconds since the bucket was made.
#[derive(Debug)]
pub(crate) struct Bucket {
    begun: Instant,
    full_at: AtomicU64,
    /// Microseconds for one token.
    each: u64,
    /// Microseconds that the whole burst stands for.
    burst: u64,
}

impl Bucket {
    /// `rate` tokens a second, at most `burst` at once. A rate or burst of zero lets nothing through.
    pub(crate) fn new(rate: f64, burst: i32) -> Self {
        let burst = u64::try_from(burst).unwrap_or(0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and an hour")]
        let each = if rate > 0.0 { (1_000_000.0 / rate).clamp(1.0, 3.6e9) as u64 } else { 0 };
        Self { begun: Instant::now(), full_at: AtomicU64::new(0), each, burst: each.saturating_mul(burst) }
    }

    /// Takes a token; false where there is none.
    pub(crate) fn take(&self) -> bool {
        self.take_at(u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn take_at(&self, now: u64) -> bool {
        if self.each == 0 || self.burst == 0 {
            return false;
        }
        let next = |full_at: u64| {
            let next = full_at.max(now) + self.each;
            (next - now <= self.burst).then_some(next)
        };
        self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rate: f64, burst: i32, at: &[(u64, bool)]) {
        let bucket = Bucket::new(rate, burst);
        for (micros, expected) in at {
            assert_eq!(bucket.take_at(*micros), *expected, "{rate} {burst} at {micros}");
        }
    }

    #[test]
    fn a_burst_is_taken_at_once_and_comes_back_with_the_rate() {
        check(
            10.0,
            2,
            &[(0, true), (0, true), (0, false), (99_999, false), (100_000, true), (100_000, false)],
        );
        check(10.0, 2, &[(0, true), (5_000_000, true), (5_000_000, true), (5_000_000, false)]);
        check(0.0, 5, &[(0, false)]);
        check(5.0, 0, &[(0, false)]);
    }
}
