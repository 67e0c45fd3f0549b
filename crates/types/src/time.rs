//! Points in time, as values.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Nothing in the pure crates asks for the current one: it is an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A time from its milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A time from its seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time and a duration; stays at the last representable time instead of overflowing.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time that went by since `earlier`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// ISO 8601 in UTC with milliseconds: `2026-11-24T01:02:03.004Z`.
    pub fn iso8601(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// ISO 8601 in UTC without fractions: `2026-11-24T01:02:03Z`.
    pub fn iso8601_seconds(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// The compact form that signatures use: `20261124T010203Z`.
    pub fn compact(self) -> String {
        self.format("%Y%m%dT%H%M%SZ")
    }

    /// Formats by `strftime`'s rules, in UTC. Times beyond the calendar (years ±9999) print as the epoch.
    pub fn format(self, pattern: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default().strftime(pattern).to_string()
    }

    /// Parses RFC 3339 and ISO 8601 texts with an offset.
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_in_the_forms_that_apis_use() {
        let time = Timestamp::from_millis(1_795_485_723_004);
        assert_eq!(time.iso8601(), "2026-11-24T02:02:03.004Z");
        assert_eq!(time.iso8601_seconds(), "2026-11-24T02:02:03Z");
        assert_eq!(time.compact(), "20261124T020203Z");
        assert_eq!(Timestamp::parse_iso8601("2026-11-24T02:02:03.004Z"), Some(time));
        assert_eq!(Timestamp::parse_iso8601("yesterday"), None);
    }
}
