//! Which events of a `PutLogEvents` request are taken.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.

use weft_model::logs as model;
use weft_service::Error;
use weft_types::Timestamp;

use crate::errors::{constraint, invalid_parameter};
use crate::page::EVENT_OVERHEAD;
use crate::segment::Event;

const EVENTS_MAX: usize = 10_000;
const BYTES_MAX: usize = 1_048_576;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// How far in the past and in the future an event may lie.
const PAST_MAX: i64 = 14 * DAY;
const FUTURE_MAX: i64 = 2 * HOUR;

/// Checks a request's events: their number, size, order and span.
pub(crate) fn parse(input: Vec<model::InputLogEvent>) -> Result<Vec<Event>, Error> {
    if input.is_empty() || input.len() > EVENTS_MAX {
        return Err(constraint("", "logEvents", "have length between 1 and 10000"));
    }
    let mut bytes = 0;
    let mut events: Vec<Event> = Vec::with_capacity(input.len());
    for event in input {
        if event.message.is_empty() {
            return Err(constraint("", "logEvents.member.message", "have length greater than or equal to 1"));
        }
        if event.timestamp < 0 {
            let text = event.timestamp.to_string();
            return Err(constraint(
                &text,
                "logEvents.member.timestamp",
                "have value greater than or equal to 0",
            ));
        }
        if events.last().is_some_and(|last| last.at > event.timestamp) {
            return Err(invalid_parameter(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        bytes += event.message.len() + EVENT_OVERHEAD;
        events.push(Event { at: event.timestamp, message: event.message });
    }
    if bytes > BYTES_MAX {
        return Err(invalid_parameter(format!(
            "Upload too large: {bytes} bytes exceeds limit of {BYTES_MAX}"
        )));
    }
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && last.at - first.at > DAY
    {
        return Err(invalid_parameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(events)
}

/// Events that are in the order of time, and what is to be told of those that are not taken.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) events: Vec<Event>,
    pub(crate) rejected: Option<model::RejectedLogEventsInfo>,
}

/// Leaves out events that are too old, too new, or older than the group keeps its events.
pub(crate) fn accept(mut events: Vec<Event>, now: Timestamp, retention_days: Option<i32>) -> Accepted {
    let now = now.as_millis();
    let too_new = events.partition_point(|event| event.at <= now + FUTURE_MAX);
    let too_old = events.partition_point(|event| event.at < now - PAST_MAX);
    let expired = match retention_days {
        Some(days) => events.partition_point(|event| event.at < now - i64::from(days) * DAY),
        None => 0,
    };
    let index = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let info = model::RejectedLogEventsInfo {
        too_new_log_event_start_index: (too_new < events.len()).then(|| index(too_new)),
        too_old_log_event_end_index: (too_old > 0).then(|| index(too_old)),
        expired_log_event_end_index: (expired > 0).then(|| index(expired)),
    };
    let rejected = (info != model::RejectedLogEventsInfo::default()).then_some(info);
    events.truncate(too_new);
    events.drain(..too_old.max(expired).min(too_new));
    Accepted { events, rejected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(times: &[i64]) -> Vec<model::InputLogEvent> {
        times.iter().map(|at| model::InputLogEvent { timestamp: *at, message: "m".to_owned() }).collect()
    }

    fn check(what: &str, input: Vec<model::InputLogEvent>, expected: Option<&str>) {
        let found = parse(input).err().map(|error| error.message().to_owned());
        match expected {
            Some(text) => {
                assert!(found.as_deref().is_some_and(|found| found.contains(text)), "{what}: {found:?}");
            }
            None => assert_eq!(found, None, "{what}"),
        }
    }

    #[test]
    fn a_batch_keeps_to_the_documented_bounds() {
        check("one", input(&[5]), None);
        check("none", input(&[]), Some("logEvents"));
        check("too many", input(&vec![5; 10_001]), Some("logEvents"));
        check("most", input(&vec![5; 10_000]), None);
        check("out of order", input(&[5, 4]), Some("chronological order"));
        check("a day", input(&[0, DAY]), None);
        check("more than a day", input(&[0, DAY + 1]), Some("24 hours"));
        let sized = |length| vec![model::InputLogEvent { timestamp: 0, message: "x".repeat(length) }];
        check("largest", sized(BYTES_MAX - 26), None);
        check("too large", sized(BYTES_MAX - 25), Some("Upload too large: 1048577 bytes"));
        check("empty message", sized(0), Some("message"));
        check("before the epoch", input(&[-1]), Some("timestamp"));
    }

    #[test]
    fn events_outside_the_window_are_named_and_left_out() {
        let now = Timestamp::from_millis(100 * DAY);
        let at = now.as_millis();
        let take = |times: &[i64], days| accept(parse(input(times)).unwrap(), now, days);
        let all = take(&[at - HOUR, at, at + FUTURE_MAX], None);
        assert_eq!((all.events.len(), all.rejected), (3, None));
        let mixed = take(&[at - 1, at + FUTURE_MAX + 1, at + FUTURE_MAX + 2], None);
        assert_eq!(mixed.events.len(), 1);
        assert_eq!(mixed.rejected.unwrap().too_new_log_event_start_index, Some(1));
        let old = take(&[at - PAST_MAX - 2, at - PAST_MAX - 1, at - PAST_MAX], None);
        assert_eq!(old.events.len(), 1);
        assert_eq!(old.rejected.unwrap().too_old_log_event_end_index, Some(2));
        let expired = take(&[at - DAY - 1, at - HOUR], Some(1));
        assert_eq!(expired.events.len(), 1);
        assert_eq!(expired.rejected.unwrap().expired_log_event_end_index, Some(1));
        assert_eq!(take(&[at - 20 * DAY], Some(1)).events.len(), 0);
    }
}
