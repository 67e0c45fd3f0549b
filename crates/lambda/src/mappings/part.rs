//! How far one part of a source is: what was read of it, what waits for the function, what is done with. Pure; the time is
//! an argument.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::time::Instant;
use weft_types::Timestamp;

use crate::mappings::batch::{BATCH_BYTES_MAX, Collector, Rules, Step, Work};
use crate::mappings::source::{Polled, Position, SourceRecord};

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
    ledger: Ledger,
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
}

impl Part {
    /// A part that is read from there on.
    pub(crate) fn new(position: Position, rules: &Rules) -> Self {
        let lanes = std::iter::repeat_with(Lane::default).take(rules.lanes.max(1)).collect();
        let (is_reading, rests_until, ledger) = (false, None, Ledger::default());
        Self { position, lanes, is_reading, rests_until, turn: 0, ledger }
    }

    /// Records for which there is room; none where nobody waits for any.
    pub(crate) fn room(&self, rules: &Rules) -> usize {
        let is_idle = |lane: &Lane| !lane.is_running && lane.work.is_empty();
        let lanes = self.lanes.len();
        let ahead_max = rules.size.saturating_mul(AHEAD_BATCHES_MAX * lanes).min(AHEAD_MAX);
        let bytes: usize = self.lanes.iter().map(|lane| lane.collector.bytes()).sum();
        let is_full = self.ledger.open.len() >= ahead_max || bytes >= BATCH_BYTES_MAX * lanes;
        if self.is_reading || is_full {
            return 0;
        }
        let rooms = self.lanes.iter().filter(|lane| is_idle(lane)).map(|lane| lane.collector.room(rules));
        rooms.max().unwrap_or(0)
    }

    /// Takes what was read; what is not wanted is done with.
    pub(crate) fn take(
        &mut self,
        rules: &Rules,
        polled: Polled,
        is_wanted: impl Fn(&SourceRecord) -> bool,
        now: Timestamp,
    ) {
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
        let lane = hasher.finish() % self.lanes.len() as u64;
        &mut self.lanes[lane as usize]
    }

    /// The batch that a lane is to hand to the function now.
    pub(crate) fn next_work(&mut self, lane: usize, rules: &Rules, now: Timestamp) -> Option<Work> {
        let lane = self.lanes.get_mut(lane)?;
        if lane.is_running {
            return None;
        }
        if lane.work.is_empty()
            && let Some(batch) = lane.collector.take(rules, now)
        {
            lane.work.push_back(Work::new(batch));
        }
        if lane.not_before.is_some_and(|time| time > now) {
            return None;
        }
        let work = lane.work.pop_front()?;
        lane.is_running = true;
        Some(work)
    }

    /// Notes what came of a lane's batch.
    pub(crate) fn ended(&mut self, lane: usize, step: &mut Step, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        lane.is_running = false;
        lane.not_before = Some(now.plus(step.wait));
        for work in std::mem::take(&mut step.next).into_iter().rev() {
            lane.work.push_front(work);
        }
        self.ledger.settle(step.done.iter().chain(&step.dropped).chain(&step.released));
    }

    /// How far the part was read with everything before done with, where that is news.
    pub(crate) fn passed(&mut self) -> Option<String> {
        self.ledger.pass()
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

    /// Whether something of it is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_reading || self.lanes.iter().any(|lane| lane.is_running)
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
