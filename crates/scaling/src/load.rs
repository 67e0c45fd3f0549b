//! The load of a pool over time.

use std::time::Duration;

use crate::Moment;

/// The longest window in seconds.
const WINDOW_MAX: u64 = 60;

/// Seconds that are remembered: the window, and the second that is only partly inside.
const SECONDS: usize = 64;

/// How many requests were in flight or waiting, averaged over the last seconds (60 at most), weighted by time.
#[derive(Debug, Clone)]
pub struct Load {
    /// Request-seconds per second, by second modulo [`SECONDS`].
    buckets: [f64; SECONDS],
    /// Since when `concurrency` holds; what came before is in the buckets.
    since: Moment,
    concurrency: u32,
    began: Moment,
}

impl Load {
    /// No load, from `now` on.
    pub fn new(now: Moment) -> Self {
        Self { buckets: [0.0; SECONDS], since: now, concurrency: 0, began: now }
    }

    /// Says that `concurrency` requests are in flight or waiting from `now` on. Times never run backwards; one that does
    /// is taken for the last.
    pub fn record(&mut self, now: Moment, concurrency: u32) {
        self.advance(now);
        self.concurrency = concurrency;
    }

    /// The average over the last `window` (1 s to 60 s), or since the beginning where that is later.
    pub fn average(&mut self, now: Moment, window: Duration) -> f64 {
        self.advance(now);
        let window = window.clamp(Duration::from_secs(1), Duration::from_secs(WINDOW_MAX));
        let from = now.saturating_sub(window).max(self.began);
        let span = (now.saturating_sub(from)).as_secs_f64();
        if span <= f64::EPSILON {
            return f64::from(self.concurrency);
        }
        let first = from.as_secs();
        let last = now.as_secs();
        // The oldest second may be only partly inside; its share is taken as if its load had been even.
        let partial = 1.0 - (from.as_secs_f64() - whole(first));
        let seconds = last.saturating_sub(first).min(SECONDS as u64 - 1);
        let total: f64 = (0..=seconds)
            .map(|back| {
                let second = last - back;
                let weight = if second == first && second != last { partial } else { 1.0 };
                self.buckets[slot(second)] * weight
            })
            .sum();
        total / span
    }

    fn advance(&mut self, now: Moment) {
        let now = now.max(self.since);
        if now.as_secs() - self.since.as_secs() >= SECONDS as u64 {
            self.buckets = [f64::from(self.concurrency); SECONDS];
            self.since = Duration::from_secs(now.as_secs());
            self.buckets[slot(now.as_secs())] = 0.0;
        }
        while self.since.as_secs() < now.as_secs() {
            let next = Duration::from_secs(self.since.as_secs() + 1);
            self.add(next);
            self.buckets[slot(next.as_secs())] = 0.0;
        }
        self.add(now);
    }

    fn add(&mut self, until: Moment) {
        let span = until.saturating_sub(self.since).as_secs_f64();
        self.buckets[slot(self.since.as_secs())] += span * f64::from(self.concurrency);
        self.since = until;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
fn slot(second: u64) -> usize {
    (second % SECONDS as u64) as usize
}

#[expect(clippy::cast_precision_loss, reason = "seconds since a process started fit 52 bits")]
fn whole(second: u64) -> f64 {
    second as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records `(at ms, concurrency)` and compares the average over `window` seconds at `now` ms.
    fn check(records: &[(u64, u32)], now: u64, window: u64, expected: f64) {
        let mut load = Load::new(Duration::ZERO);
        for &(at, concurrency) in records {
            load.record(Duration::from_millis(at), concurrency);
        }
        let average = load.average(Duration::from_millis(now), Duration::from_secs(window));
        assert!(
            (average - expected).abs() < 0.02,
            "{records:?} at {now} over {window}: {average}, not {expected}"
        );
    }

    #[test]
    fn averages_are_weighted_by_time() {
        check(&[], 10_000, 6, 0.0);
        check(&[(0, 5)], 0, 6, 5.0);
        check(&[(0, 5)], 500, 6, 5.0);
        check(&[(0, 10)], 6_000, 6, 10.0);
        check(&[(0, 10), (3_000, 0)], 6_000, 6, 5.0);
        check(&[(0, 10), (3_000, 0)], 6_000, 60, 5.0);
        check(&[(0, 10), (3_000, 0)], 60_000, 60, 0.5);
        check(&[(0, 10), (3_000, 0)], 120_000, 60, 0.0);
        check(&[(0, 0), (60_000, 12)], 63_000, 6, 6.0);
        check(&[(0, 4)], 300_000, 60, 4.0);
        check(&[(0, 4), (300_000, 0)], 330_000, 60, 2.0);
        check(&[(0, 100), (100, 0)], 1_000, 1, 10.0);
    }

    #[test]
    fn a_time_that_runs_backwards_counts_as_the_last() {
        let mut load = Load::new(Duration::from_secs(10));
        load.record(Duration::from_secs(12), 3);
        load.record(Duration::from_secs(11), 0);
        assert!(load.average(Duration::from_secs(20), Duration::from_secs(6)) < 0.01);
    }
}
