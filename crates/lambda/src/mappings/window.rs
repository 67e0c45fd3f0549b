//! Tumbling windows: times of equal length whose records a function sums up in a state that goes from batch to batch. Pure;
//! the time is an argument.
//!
//! A record belongs to the window in which it came into the source. When that has ended, the function is invoked once more,
//! with the state and without records; then the next begins with an empty state. A state above 1 MB ends the window early: it
//! goes on with an empty one. How far the source was read is stored between windows only, so that a new process sums up again
//! what the old one had not finished.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html>. They leave open what a window that ends early is
//! invoked with; here it is the state that was too large, as the final invocation.

use std::time::Duration;

use serde_json::{Map, Value};
use weft_types::{Arn, Timestamp};

/// Bytes of a state, as JSON.
pub(crate) const STATE_BYTES_MAX: usize = 1 << 20;

/// A window that has begun.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// What the function answered last.
    pub(crate) state: Value,
    /// The state has become too large.
    pub(crate) is_too_large: bool,
    /// Records are summed up in the state.
    pub(crate) is_begun: bool,
}

/// The state in an answer; none where the answer has none, which is a failure of the function's.
pub(crate) fn state_of(payload: &[u8]) -> Option<Value> {
    let mut answer: Value = serde_json::from_slice(payload).ok()?;
    answer.get_mut("state").map(Value::take)
}

impl Window {
    /// The window of a record. All windows begin at a multiple of their length since 1970.
    pub(crate) fn of(arrived: Timestamp, length: Duration) -> Self {
        let (time, length_millis) =
            (arrived.as_millis(), i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
        let start = Timestamp::from_millis(time - time.rem_euclid(length_millis.max(1)));
        let state = Value::Object(Map::new());
        Self { start, end: start.plus(length), state, is_too_large: false, is_begun: false }
    }

    /// Whether a record is of this window. One that is older than its neighbours comes late, and counts as one of them.
    pub(crate) fn has(&self, arrived: Timestamp) -> bool {
        arrived < self.end
    }

    /// Takes the state that the function answered.
    pub(crate) fn sum_up(&mut self, state: Value) {
        self.is_too_large = state.to_string().len() > STATE_BYTES_MAX;
        (self.state, self.is_begun) = (state, true);
    }

    /// The same window with an empty state, after it ended early.
    pub(crate) fn renewed(&self) -> Self {
        Self { state: Value::Object(Map::new()), is_too_large: false, is_begun: false, ..*self }
    }

    /// Adds what a function is told of its window to the event of a batch.
    pub(crate) fn tell(&self, event: &mut Value, shard: &str, source: &Arn, is_final: bool) {
        let Value::Object(event) = event else { return };
        let time = |time: Timestamp| Value::String(time.iso8601_seconds());
        let window =
            Map::from_iter([("start".to_owned(), time(self.start)), ("end".to_owned(), time(self.end))]);
        event.insert("window".to_owned(), Value::Object(window));
        event.insert("state".to_owned(), self.state.clone());
        event.insert("shardId".to_owned(), shard.into());
        event.insert("eventSourceARN".to_owned(), source.as_str().into());
        event.insert("isFinalInvokeForWindow".to_owned(), is_final.into());
        event.insert("isWindowTerminatedEarly".to_owned(), self.is_too_large.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn windows_begin_at_multiples_of_their_length() {
        let check = |arrived: i64, seconds: u64, start: i64, end: i64| {
            let window = Window::of(Timestamp::from_millis(arrived), Duration::from_secs(seconds));
            assert_eq!(
                (window.start.as_millis(), window.end.as_millis()),
                (start, end),
                "{arrived} {seconds}"
            );
        };
        check(0, 60, 0, 60_000);
        check(59_999, 60, 0, 60_000);
        check(60_000, 60, 60_000, 120_000);
        check(1_607_497_475_000, 120, 1_607_497_440_000, 1_607_497_560_000);
    }

    #[test]
    fn an_answer_without_a_state_is_a_failure_and_a_large_state_ends_the_window() {
        let check = |payload: &str, expected: Option<Value>| {
            assert_eq!(state_of(payload.as_bytes()), expected, "{payload}");
        };
        for payload in ["null", "", "[]", "no json", r#"{"batchItemFailures":[]}"#] {
            check(payload, None);
        }
        check(r#"{"state":{"a":1}}"#, Some(json!({ "a": 1 })));
        check(r#"{"state":null}"#, Some(Value::Null));
        let mut window = Window::of(Timestamp::from_millis(0), Duration::from_secs(1));
        let of = |bytes: usize| json!("x".repeat(bytes - 2));
        window.sum_up(of(STATE_BYTES_MAX));
        assert!(!window.is_too_large && window.is_begun);
        window.sum_up(of(STATE_BYTES_MAX + 1));
        assert!(window.is_too_large);
        let renewed = window.renewed();
        assert_eq!((renewed.state, renewed.is_begun, renewed.end), (json!({}), false, window.end));
    }
}
