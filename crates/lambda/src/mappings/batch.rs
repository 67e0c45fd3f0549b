//! Batches: what goes into one, and what becomes of it. Pure; the time is an argument.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use weft_types::Timestamp;

use crate::events::retry::fault_delay;
use crate::mappings::source::SourceRecord;

/// Bytes of the records of one batch: Lambda's payload limit, with room for what is around them.
pub(crate) const BATCH_BYTES_MAX: usize = 6 * 1024 * 1024 - 1024;

/// How records become batches, and what is done with those that fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Records of a batch.
    pub(crate) size: usize,
    /// Batches of a part that the function may have at a time.
    pub(crate) lanes: usize,
    /// The length of a tumbling window, where there are such.
    pub(crate) tumbling: Option<Duration>,
    /// How long a batch may wait to fill.
    pub(crate) window: Duration,
    /// Whether records are in order and stay where they are (streams), or are given back one by one (queues).
    pub(crate) ordered: bool,
    /// Whether the function says which records failed.
    pub(crate) reports_failures: bool,
    /// Whether a batch that fails is split in two.
    pub(crate) bisects: bool,
    /// Times that a batch of a stream is tried again; none for ever.
    pub(crate) retries: Option<u32>,
    /// How old a record of a stream may get; none for ever.
    pub(crate) age_max: Option<Duration>,
}

/// Collects records for the next batch.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    waiting: VecDeque<(SourceRecord, usize)>,
    bytes: usize,
    since: Option<Timestamp>,
}

impl Collector {
    pub(crate) fn add(&mut self, record: SourceRecord, now: Timestamp) {
        let bytes = record.event.to_string().len() + 1;
        self.bytes += bytes;
        self.since.get_or_insert(now);
        self.waiting.push_back((record, bytes));
    }

    /// Records for which there is room in the next batch.
    pub(crate) fn room(&self, rules: &Rules) -> usize {
        if self.bytes >= BATCH_BYTES_MAX { 0 } else { rules.size.saturating_sub(self.waiting.len()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What waits, in order.
    pub(crate) fn records(&self) -> impl Iterator<Item = &SourceRecord> {
        self.waiting.iter().map(|(record, _)| record)
    }

    /// When the next batch has waited long enough; at once where it is full.
    pub(crate) fn due(&self, rules: &Rules) -> Option<Timestamp> {
        let since = self.since?;
        let full = self.waiting.len() >= rules.size || self.bytes >= BATCH_BYTES_MAX;
        Some(if full { since } else { since.plus(rules.window) })
    }

    /// The next batch, where it is full or has waited long enough.
    pub(crate) fn take(&mut self, rules: &Rules, now: Timestamp) -> Option<Vec<SourceRecord>> {
        if self.due(rules)? > now { None } else { self.take_until(rules, None) }
    }

    /// The next batch as it is, of records that came before `end`.
    pub(crate) fn take_until(&mut self, rules: &Rules, end: Option<Timestamp>) -> Option<Vec<SourceRecord>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some((record, next)) = self.waiting.front()
            && batch.len() < rules.size
            && end.is_none_or(|end| record.arrived < end)
            // One that is too large by itself goes alone: the invocation tells.
            && (batch.is_empty() || bytes + next <= BATCH_BYTES_MAX)
        {
            bytes += next;
            batch.extend(self.waiting.pop_front().map(|(record, _)| record));
        }
        self.bytes -= bytes;
        self.since = self.since.filter(|_| !self.waiting.is_empty());
        (!batch.is_empty()).then_some(batch)
    }
}

/// A batch that is to be handed to the function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Work {
    pub(crate) records: Vec<SourceRecord>,
    /// Times that it failed.
    pub(crate) failures: u32,
    /// Times in a row that the platform could not run the function.
    pub(crate) faults: u32,
}

impl Work {
    pub(crate) fn new(records: Vec<SourceRecord>) -> Self {
        Self { records, failures: 0, faults: 0 }
    }

    fn ids(records: &[SourceRecord]) -> Vec<String> {
        records.iter().map(|record| record.id.clone()).collect()
    }
}

/// What came of handing a batch to the function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome<'a> {
    /// It answered with this.
    Answered(&'a [u8]),
    /// It failed.
    Failed,
    /// The platform could not run it.
    Fault,
}

/// What to do now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Step {
    /// Records that are done with.
    pub(crate) done: Vec<String>,
    /// Records of a queue that are given back.
    pub(crate) released: Vec<String>,
    /// Records of a stream that are given up; they are done with, too.
    pub(crate) dropped: Vec<String>,
    /// What is to be handed to the function next, in this order.
    pub(crate) next: Vec<Work>,
    /// How long to wait before.
    pub(crate) wait: Duration,
}

/// What to do after a batch was handed to the function.
pub(crate) fn after(rules: &Rules, work: Work, outcome: Outcome<'_>, now: Timestamp) -> Step {
    match outcome {
        Outcome::Answered(payload) if rules.reports_failures => match failures(payload, &work.records) {
            Ok(failed) if failed.is_empty() => done(&work),
            Ok(failed) if rules.ordered => partly(rules, work, &failed, now),
            Ok(failed) => {
                let (released, done) =
                    Work::ids(&work.records).into_iter().partition(|id| failed.contains(id));
                Step { done, released, ..Step::default() }
            }
            Err(Malformed) => failed(rules, work, now),
        },
        Outcome::Answered(_) => done(&work),
        Outcome::Failed => failed(rules, work, now),
        Outcome::Fault if rules.ordered => again_after_fault(rules, work, now),
        Outcome::Fault => {
            let wait = fault_delay(work.faults);
            Step { released: Work::ids(&work.records), wait, ..Step::default() }
        }
    }
}

fn done(work: &Work) -> Step {
    Step { done: Work::ids(&work.records), ..Step::default() }
}

/// A whole batch failed.
fn failed(rules: &Rules, work: Work, now: Timestamp) -> Step {
    if !rules.ordered {
        return Step { released: Work::ids(&work.records), ..Step::default() };
    }
    let half = work.records.len() / 2;
    if rules.bisects && half > 0 {
        // A split costs no retry.
        let (mut first, failures) = (work.records, work.failures);
        let second = first.split_off(half);
        let next = [first, second].map(|records| Work { records, failures, faults: 0 });
        return give_up_old(rules, next.into(), Duration::ZERO, now);
    }
    if rules.retries.is_some_and(|retries| work.failures >= retries) {
        return Step { dropped: Work::ids(&work.records), ..Step::default() };
    }
    let wait = fault_delay(work.failures);
    let again = Work { failures: work.failures.saturating_add(1), faults: 0, ..work };
    give_up_old(rules, vec![again], wait, now)
}

/// A stream's batch failed from some record on: what comes before is done with.
fn partly(rules: &Rules, work: Work, failed: &HashSet<String>, now: Timestamp) -> Step {
    let first = work.records.iter().position(|record| failed.contains(&record.id)).unwrap_or(0);
    let (mut good, failures) = (work.records, work.failures);
    let bad = good.split_off(first);
    let rest = Work { records: bad, failures, faults: 0 };
    // What succeeded in part has been split already.
    let step = if good.is_empty() {
        self::failed(rules, rest, now)
    } else {
        let whole = Rules { bisects: false, ..rules.clone() };
        self::failed(&whole, rest, now)
    };
    Step { done: Work::ids(&good), ..step }
}

fn again_after_fault(rules: &Rules, work: Work, now: Timestamp) -> Step {
    let wait = fault_delay(work.faults);
    let again = Work { faults: work.faults.saturating_add(1), ..work };
    give_up_old(rules, vec![again], wait, now)
}

/// Drops records that are too old to be tried again.
fn give_up_old(rules: &Rules, next: Vec<Work>, wait: Duration, now: Timestamp) -> Step {
    let Some(age_max) = rules.age_max else { return Step { next, wait, ..Step::default() } };
    let mut dropped = Vec::new();
    let keep = |mut work: Work| {
        work.records.retain(|record| {
            let young = now.since(record.arrived) <= age_max;
            if !young {
                dropped.push(record.id.clone());
            }
            young
        });
        (!work.records.is_empty()).then_some(work)
    };
    let next = next.into_iter().filter_map(keep).collect();
    Step { dropped, next, wait, ..Step::default() }
}

/// The answer says nothing that could be understood, so the whole batch failed.
struct Malformed;

/// The records that an answer names as failed; none where it names none.
fn failures(payload: &[u8], records: &[SourceRecord]) -> Result<HashSet<String>, Malformed> {
    let answer: Value = if payload.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(payload).map_err(|_| Malformed)?
    };
    let list = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Ok(HashSet::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Malformed),
    };
    let mut failed = HashSet::new();
    for entry in list {
        let id = entry.get("itemIdentifier").and_then(Value::as_str).ok_or(Malformed)?;
        let known = records.iter().find(|record| record.id == id).ok_or(Malformed)?;
        failed.insert(known.id.clone());
    }
    Ok(failed)
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
