//! How far one part of a source is: what was read of it, what waits for the function, what is done with. Pure; the time is
//! an argument.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use tokio::time::Instant;
use weft_types::Timestamp;

use crate::events::retry::fault_delay;
use crate::mappings::batch::{BATCH_BYTES_MAX, Collector, Rules, Step, Work};
use crate::mappings::source::{Polled, Position, SourceRecord};
use crate::mappings::window::Window;

/// Batches, of each lane, that may be read ahead of the first record that is not done with.
const AHEAD_BATCHES_MAX: usize = 10;
/// Records that may be read ahead of it.
const AHEAD_MAX: usize = 100_000;

/// One part of a source.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) position: Position,
    pub(crate) lanes: Vec<Lane>,
    /// Reading is under way.
    pub(crate) is_reading: bool,
    /// There was nothing to read: it is left alone until then.
    pub(crate) rests_until: Option<Instant>,
    /// Whose turn it is to read: the lowest.
    pub(crate) turn: u64,
    /// It is there no more: nothing is read, what was read is handed on.
    pub(crate) is_gone: bool,
    /// When the last came of what was read.
    read_to: Timestamp,
    ledger: Ledger,
    /// How far it was passed, before that may be stored.
    passed: Option<String>,
}

/// Batches that come one after the other. What has the same key is in the same lane, so it keeps its order; lanes go on side by
/// side.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) collector: Collector,
    pub(crate) work: VecDeque<Work>,
    pub(crate) not_before: Option<Timestamp>,
    /// The function has a batch.
    pub(crate) is_running: bool,
    /// The tumbling window that its batches are of.
    window: Option<Window>,
    /// What the function has is the end of the window.
    is_closing: bool,
    /// Times in a row that it failed at that.
    failures: u32,
}

/// What a lane hands to the function.
#[derive(Debug, PartialEq)]
pub(crate) struct Handed {
    pub(crate) work: Work,
    pub(crate) window: Option<Window>,
    /// It is the end of the window, without records.
    pub(crate) is_final: bool,
}

impl Part {
    /// A part that is read from there on.
    pub(crate) fn new(position: Position, rules: &Rules) -> Self {
        let lanes = std::iter::repeat_with(Lane::default).take(rules.lanes.max(1)).collect();
        Self {
            position,
            lanes,
            is_reading: false,
            rests_until: None,
            turn: 0,
            is_gone: false,
            read_to: Timestamp::from_millis(0),
            ledger: Ledger::default(),
            passed: None,
        }
    }

    /// Records for which there is room; none where nobody waits for any.
    pub(crate) fn room(&self, rules: &Rules) -> usize {
        let is_idle = |lane: &Lane| !lane.is_running && lane.work.is_empty();
        let lanes = self.lanes.len();
        let ahead_max = rules.size.saturating_mul(AHEAD_BATCHES_MAX * lanes).min(AHEAD_MAX);
        let bytes: usize = self.lanes.iter().map(|lane| lane.collector.bytes()).sum();
        let is_full = self.ledger.open.len() >= ahead_max || bytes >= BATCH_BYTES_MAX * lanes;
        if self.is_reading || self.is_gone || is_full {
            return 0;
        }
        let rooms = self.lanes.iter().filter(|lane| is_idle(lane)).map(|lane| lane.collector.room(rules));
        rooms.max().unwrap_or(0)
    }

    /// Takes what was read by a look that began at some time; what is not wanted is done with.
    pub(crate) fn take(
        &mut self,
        rules: &Rules,
        polled: Polled,
        is_wanted: impl Fn(&SourceRecord) -> bool,
        (began, now): (Timestamp, Timestamp),
    ) {
        let newest = polled.records.iter().map(|record| record.arrived).max();
        self.read_to = self.read_to.max(newest.unwrap_or(began));
        let next = polled.next.or_else(|| polled.records.last().map(|record| record.id.clone()));
        for record in polled.records {
            let is_wanted = is_wanted(&record);
            self.ledger.open.push_back((record.id.clone(), !is_wanted));
            if is_wanted {
                self.lane_of(&record).collector.add(record, now);
            }
        }
        if let Some(next) = next.filter(|_| rules.ordered) {
            self.position = Position::After(next.clone());
            self.ledger.next = Some(next);
        }
    }

    /// A record without a key is in order with all others without.
    fn lane_of(&mut self, record: &SourceRecord) -> &mut Lane {
        let mut hasher = DefaultHasher::new();
        record.key.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() >> 32).unwrap_or_default() % self.lanes.len();
        &mut self.lanes[lane]
    }

    /// What a lane is to hand to the function now.
    pub(crate) fn next_work(&mut self, lane: usize, rules: &Rules, now: Timestamp) -> Option<Handed> {
        let read_to = self.read_to();
        let lane = self.lanes.get_mut(lane)?;
        if lane.is_running || lane.not_before.is_some_and(|time| time > now) {
            return None;
        }
        if lane.work.is_empty() {
            if lane.is_over(read_to) {
                (lane.is_running, lane.is_closing) = (true, true);
                return Some(Handed {
                    work: Work::new(Vec::new()),
                    window: lane.window.clone(),
                    is_final: true,
                });
            }
            let batch = lane.next_batch(rules, now, read_to);
            lane.work.extend(batch.map(Work::new));
        }
        let work = lane.work.pop_front()?;
        lane.is_running = true;
        Some(Handed { work, window: lane.window.clone(), is_final: false })
    }

    /// Up to when all that came was read.
    fn read_to(&self) -> Timestamp {
        if self.is_gone { Timestamp::from_millis(i64::MAX) } else { self.read_to }
    }

    /// Notes what came of a lane's batch.
    pub(crate) fn ended(&mut self, lane: usize, step: &mut Step, state: Option<Value>, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        lane.is_running = false;
        lane.not_before = Some(now.plus(step.wait));
        if let Some((window, state)) = lane.window.as_mut().zip(state).filter(|_| !step.done.is_empty()) {
            window.sum_up(state);
        }
        for work in std::mem::take(&mut step.next).into_iter().rev() {
            lane.work.push_front(work);
        }
        self.ledger.settle(step.done.iter().chain(&step.dropped).chain(&step.released));
    }

    /// Whether the function has the end of a lane's window.
    pub(crate) fn is_closing(&self, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.is_closing)
    }

    /// Notes what came of the end of a lane's window: nothing goes on until the function has taken it.
    pub(crate) fn closed(&mut self, lane: usize, is_taken: bool, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        (lane.is_running, lane.is_closing) = (false, false);
        if is_taken {
            (lane.failures, lane.not_before) = (0, None);
            lane.window = lane.window.take().filter(|window| window.is_too_large).map(|w| w.renewed());
        } else {
            lane.not_before = Some(now.plus(fault_delay(lane.failures)));
            lane.failures = lane.failures.saturating_add(1);
        }
    }

    /// How far the part was read with everything before done with, where that is news. In a window that has begun, everything
    /// since its start is still open.
    pub(crate) fn passed(&mut self) -> Option<String> {
        self.passed = self.ledger.pass().or(self.passed.take());
        let in_window = |lane: &Lane| lane.window.as_ref().is_some_and(|window| window.is_begun);
        if self.lanes.iter().any(in_window) { None } else { self.passed.take() }
    }

    /// What was passed could not be stored: it is news again.
    pub(crate) fn not_stored(&mut self, passed: String) {
        self.passed = Some(passed);
    }

    /// Whether nothing of it is left to hand on.
    pub(crate) fn is_over(&self) -> bool {
        let is_over = |lane: &Lane| {
            lane.collector.is_empty() && lane.work.is_empty() && !lane.is_running && lane.window.is_none()
        };
        !self.is_reading && self.lanes.iter().all(is_over)
    }

    /// When there is something to do again, as far as that depends on the time.
    pub(crate) fn due(&self, rules: &Rules) -> Option<Timestamp> {
        let idle = self.lanes.iter().filter(|lane| !lane.is_running);
        let due = idle.filter_map(|lane| {
            let ready =
                if lane.work.is_empty() { lane.collector.due(rules)? } else { Timestamp::from_millis(0) };
            Some(lane.not_before.map_or(ready, |time| time.max(ready)))
        });
        due.min()
    }

    /// The ids of what was read and not handed on.
    pub(crate) fn held(&self) -> Vec<String> {
        let held = self
            .lanes
            .iter()
            .flat_map(|lane| lane.collector.records().chain(lane.work.iter().flat_map(|work| &work.records)));
        held.map(|record| record.id.clone()).collect()
    }
}

impl Lane {
    /// Whether its window has ended, with everything that came in it handed on.
    fn is_over(&self, read_to: Timestamp) -> bool {
        let Some(window) = &self.window else { return false };
        let is_of_it = |record: &SourceRecord| window.has(record.arrived);
        window.is_too_large
            || (read_to >= window.end && !self.collector.records().next().is_some_and(is_of_it))
    }

    /// The next batch where it is due; begins its window.
    fn next_batch(&mut self, rules: &Rules, now: Timestamp, read_to: Timestamp) -> Option<Vec<SourceRecord>> {
        let Some(length) = rules.tumbling else { return self.collector.take(rules, now) };
        let first = self.collector.records().next()?.arrived;
        let end = self.window.get_or_insert_with(|| Window::of(first, length)).end;
        if self.collector.due(rules)? > now && read_to < end {
            return None;
        }
        self.collector.take_until(rules, Some(end))
    }
}

/// Which records are done with, in the order in which they were read.
#[derive(Debug, Default)]
struct Ledger {
    open: VecDeque<(String, bool)>,
    /// Where reading goes on when all of them are.
    next: Option<String>,
}

impl Ledger {
    fn settle<'a>(&mut self, ids: impl Iterator<Item = &'a String>) {
        let ids: HashSet<&String> = ids.collect();
        for (id, done) in &mut self.open {
            *done |= ids.contains(id);
        }
    }

    fn pass(&mut self) -> Option<String> {
        let mut last = None;
        while self.open.front().is_some_and(|(_, done)| *done) {
            last = self.open.pop_front().map(|(id, _)| id);
        }
        if self.open.is_empty() { self.next.take().or(last) } else { last }
    }
}

#[cfg(test)]
#[path = "part_tests.rs"]
mod tests;
