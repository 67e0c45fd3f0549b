//! What becomes of an event after an attempt. Pure; the time is an argument.
//!
//! A function that fails is tried again twice, after one minute and after two more. Where the platform could not run it
//! (throttles, errors of the system), the event is tried again after one second, then twice as long each time, up to five
//! minutes, until it is too old.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weft_types::Timestamp;

use crate::event_invokes::EventInvoke;

/// The longest wait after a throttle or an error of the system.
pub(crate) const FAULT_DELAY_MAX: Duration = Duration::from_mins(5);

/// How a function's events are treated, by `PutFunctionEventInvokeConfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventPolicy {
    /// 0 to 2.
    pub(crate) retries: u32,
    /// One minute to six hours.
    pub(crate) age_max: Duration,
    /// The ARN of the function that gets records of successes.
    pub(crate) on_success: Option<String>,
    /// The ARN of the function that gets records of failures.
    pub(crate) on_failure: Option<String>,
}

impl Default for EventPolicy {
    fn default() -> Self {
        Self { retries: 2, age_max: Duration::from_hours(6), on_success: None, on_failure: None }
    }
}

impl From<EventInvoke> for EventPolicy {
    fn from(config: EventInvoke) -> Self {
        let EventInvoke { retries, age_seconds, on_success, on_failure, .. } = config;
        let Self { retries: retries_default, age_max: age_default, .. } = Self::default();
        Self {
            retries: retries.unwrap_or(retries_default),
            age_max: age_seconds.map_or(age_default, |seconds| Duration::from_secs(u64::from(seconds))),
            on_success,
            on_failure,
        }
    }
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// When it was acknowledged.
    pub(crate) accepted: Timestamp,
    /// Times that the function ran.
    pub(crate) runs: u32,
    /// Times in a row that the platform could not run it.
    pub(crate) faults: u32,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The function answered.
    Succeeded,
    /// The function ran and failed.
    Failed,
    /// The platform could not run it.
    Fault,
}

/// How an event ended: `condition` in the records that destinations get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    /// The function called itself in circles.
    RecursiveLoop,
}

impl Condition {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::RecursiveLoop => "RecursiveLoop",
        }
    }
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is over.
    Over(Condition),
    /// It is to be tried again.
    Again(Progress, Timestamp),
}

/// Whether an event is too old to be tried at all.
pub(crate) fn is_expired(progress: &Progress, policy: &EventPolicy, now: Timestamp) -> bool {
    now.since(progress.accepted) > policy.age_max
}

/// What to do after an attempt.
pub(crate) fn after(attempt: Attempt, progress: Progress, policy: &EventPolicy, now: Timestamp) -> Verdict {
    let (next, delay) = match attempt {
        Attempt::Succeeded => return Verdict::Over(Condition::Success),
        Attempt::Failed if progress.runs >= policy.retries => {
            return Verdict::Over(Condition::RetriesExhausted);
        }
        Attempt::Failed => {
            let runs = progress.runs + 1;
            (Progress { runs, faults: 0, ..progress }, Duration::from_mins(u64::from(runs)))
        }
        Attempt::Fault => {
            let faults = progress.faults.saturating_add(1);
            (Progress { faults, ..progress }, fault_delay(progress.faults))
        }
    };
    // One that gets too old meanwhile ends when it does, not later.
    let expires = progress.accepted.plus(policy.age_max).plus(Duration::from_millis(1));
    Verdict::Again(next, now.plus(delay).min(expires.max(now)))
}

/// The wait after so many faults before this one.
pub(crate) fn fault_delay(before: u32) -> Duration {
    Duration::from_secs(1 << before.min(9)).min(FAULT_DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn progress(runs: u32, faults: u32) -> Progress {
        Progress { accepted: NOW, runs, faults }
    }

    fn check(attempt: Attempt, runs: u32, faults: u32, expected: Result<u64, Condition>) {
        let found = match after(attempt, progress(runs, faults), &EventPolicy::default(), NOW) {
            Verdict::Over(condition) => Err(condition),
            Verdict::Again(_, due) => Ok(due.since(NOW).as_secs()),
        };
        assert_eq!(found, expected, "{attempt:?} after {runs} runs and {faults} faults");
    }

    #[test]
    fn a_function_that_fails_is_tried_twice_more() {
        check(Attempt::Succeeded, 0, 0, Err(Condition::Success));
        check(Attempt::Failed, 0, 0, Ok(60));
        check(Attempt::Failed, 1, 0, Ok(120));
        check(Attempt::Failed, 2, 0, Err(Condition::RetriesExhausted));
        check(Attempt::Succeeded, 2, 0, Err(Condition::Success));
    }

    #[test]
    fn what_could_not_run_waits_longer_each_time_and_costs_no_retry() {
        for (faults, seconds) in [(0, 1), (1, 2), (2, 4), (8, 256), (9, 300), (50, 300), (u32::MAX, 300)] {
            check(Attempt::Fault, 2, faults, Ok(seconds));
        }
    }

    #[test]
    fn a_fault_is_forgotten_once_the_function_ran() {
        let Verdict::Again(next, _) = after(Attempt::Failed, progress(0, 5), &EventPolicy::default(), NOW)
        else {
            panic!("over");
        };
        assert_eq!((next.runs, next.faults), (1, 0));
    }

    #[test]
    fn an_event_that_gets_too_old_before_its_next_try_ends_when_it_does() {
        let policy = EventPolicy { age_max: Duration::from_mins(1), ..EventPolicy::default() };
        let event = progress(1, 0);
        let Verdict::Again(_, due) = after(Attempt::Failed, event, &policy, NOW) else { panic!("over") };
        assert_eq!(due.since(NOW), Duration::from_millis(60_001));
        assert!(is_expired(&event, &policy, due));
        assert!(!is_expired(&event, &policy, NOW.plus(Duration::from_mins(1))));
    }

    #[test]
    fn no_retries_may_be_wanted() {
        let policy = EventPolicy { retries: 0, ..EventPolicy::default() };
        let verdict = after(Attempt::Failed, progress(0, 0), &policy, NOW);
        assert_eq!(verdict, Verdict::Over(Condition::RetriesExhausted));
    }
}
