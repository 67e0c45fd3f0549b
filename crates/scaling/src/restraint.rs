//! What holds starts back: a rate for all, and a growing delay after failures.

use std::time::Duration;

use crate::Moment;

/// A token bucket for starts. Lambda's is 1,000 that refill within 10 s.
#[derive(Debug, Clone)]
pub struct StartTokens {
    burst: u32,
    per_second: f64,
    tokens: f64,
    since: Moment,
}

impl StartTokens {
    /// A full bucket of `burst` that refills by `per_second`.
    pub fn new(burst: u32, per_second: f64, now: Moment) -> Self {
        Self { burst, per_second, tokens: f64::from(burst), since: now }
    }

    /// How many starts are allowed now.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a u32")]
    pub fn available(&mut self, now: Moment) -> u32 {
        let span = now.saturating_sub(self.since).as_secs_f64();
        self.tokens = (self.tokens + span * self.per_second).min(f64::from(self.burst));
        self.since = self.since.max(now);
        self.tokens as u32
    }

    /// Takes tokens for starts that happen; more than there are leaves none.
    pub fn take(&mut self, count: u32) {
        self.tokens = (self.tokens - f64::from(count)).max(0.0);
    }
}

/// The delay after workers that failed to start or ended by themselves.
///
/// The first failure costs nothing; from the second on the delay doubles from half a second to half a minute.
#[derive(Debug, Clone, Default)]
pub struct BackOff {
    failures: u32,
    until: Moment,
}

impl BackOff {
    /// The first delay.
    pub const FIRST: Duration = Duration::from_millis(500);
    /// The longest delay.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Notes a failure.
    pub fn failed(&mut self, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        let delay = match self.failures {
            1 => Duration::ZERO,
            n => Self::FIRST.saturating_mul(1 << (n - 2).min(16)).min(Self::LONGEST),
        };
        self.until = now + delay;
    }

    /// Notes that a worker did its job: the next failure is the first again.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How many failures came in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Until when nothing should be started, where that is still to come.
    pub fn until(&self, now: Moment) -> Option<Moment> {
        (self.until > now).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_refills_up_to_its_burst() {
        let mut tokens = StartTokens::new(10, 2.0, Duration::ZERO);
        assert_eq!(tokens.available(Duration::ZERO), 10);
        tokens.take(10);
        for (millis, expected) in [(0, 0), (499, 0), (500, 1), (2_000, 4), (60_000, 10)] {
            assert_eq!(tokens.available(Duration::from_millis(millis)), expected, "{millis} ms");
        }
        tokens.take(100);
        assert_eq!(tokens.available(Duration::from_mins(1)), 0);
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut back_off = BackOff::default();
        let delays: Vec<u128> = (0..10)
            .map(|_| {
                back_off.failed(Duration::ZERO);
                back_off.until(Duration::ZERO).map_or(0, |until| until.as_millis())
            })
            .collect();
        assert_eq!(delays, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        back_off.succeeded();
        assert_eq!((back_off.failures(), back_off.until(Duration::ZERO)), (0, None));
    }
}
