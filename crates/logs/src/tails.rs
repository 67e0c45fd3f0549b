//! Live tails: who watches groups gets what arrives, a batch a second, as long as they read.
//!
//! A session keeps at most ten batches of 500 events; a second with more is sampled, and who does not read loses the
//! oldest. Whatever the watchers do, those who write never wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use weft_model::logs::LiveTailSessionLogEvent;
use weft_service::{Error, random_bytes};
use weft_types::{AccountId, Timestamp};

use crate::errors;
use crate::names::GroupName;
use crate::pattern::Pattern;
use crate::segment::Event;

/// Sessions of an account.
const SESSIONS_MAX: usize = 15;
/// Events of a batch, and batches that wait for their reader.
const BATCH_EVENTS_MAX: usize = 500;
const BATCHES_MAX: usize = 10;
/// Bytes of a batch's texts; beyond them it is sampled, too.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// All sessions.
#[derive(Default)]
pub(crate) struct Tails(Mutex<Vec<Arc<Session>>>);

/// What a session wants to see.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) groups: Vec<GroupName>,
    /// Names of streams; empty for all.
    pub(crate) streams: Vec<String>,
    /// Beginnings of streams' names; empty for all.
    pub(crate) prefixes: Vec<String>,
    pub(crate) pattern: Pattern,
}

/// One session.
pub(crate) struct Session {
    account: AccountId,
    wanted: Wanted,
    begun: Instant,
    batch_every: Duration,
    batches: Mutex<Batches>,
}

impl Tails {
    /// Begins a session, unless the account has as many as it may.
    pub(crate) fn begin(
        &self,
        account: AccountId,
        wanted: Wanted,
        batch_every: Duration,
    ) -> Result<Arc<Session>, Error> {
        let mut sessions = self.lock();
        if sessions.iter().filter(|session| session.account == account).count() >= SESSIONS_MAX {
            return Err(errors::limit_exceeded());
        }
        let (begun, batches) = (Instant::now(), Mutex::new(Batches::new()));
        let session = Arc::new(Session { account, wanted, begun, batch_every, batches });
        sessions.push(Arc::clone(&session));
        Ok(session)
    }

    /// Ends a session.
    pub(crate) fn end(&self, session: &Arc<Session>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, session));
    }

    /// Whether anybody watches.
    pub(crate) fn any(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Shows events that arrived to those who want them.
    pub(crate) fn publish(&self, group: &GroupName, stream: &str, events: &[Event], now: Timestamp) {
        // Outside of the lock: patterns take their time.
        let sessions: Vec<Arc<Session>> = {
            let sessions = self.lock();
            sessions.iter().filter(|session| session.wanted.has(group, stream)).cloned().collect()
        };
        for session in sessions {
            for event in events.iter().filter(|event| session.wanted.pattern.matches(&event.message)) {
                session.add(group, stream, event, now);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn has(&self, group: &GroupName, stream: &str) -> bool {
        let any = self.streams.is_empty() && self.prefixes.is_empty();
        let named = || self.streams.iter().any(|name| name == stream);
        let begins = || self.prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str()));
        self.groups.contains(group) && (any || named() || begins())
    }
}

impl Session {
    /// How long it has been open.
    pub(crate) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The oldest batch whose time is over: its events in the order of arrival, and whether it is sampled.
    pub(crate) fn take(&self) -> Option<(Vec<LiveTailSessionLogEvent>, bool)> {
        let now = self.slot();
        self.batches().take(now)
    }

    fn add(&self, group: &GroupName, stream: &str, event: &Event, now: Timestamp) {
        let slot = self.slot();
        let mut batches = self.batches();
        batches.add(slot, event.message.len(), || LiveTailSessionLogEvent {
            log_stream_name: Some(stream.to_owned()),
            log_group_identifier: Some(format!("{}:{}", group.account, group.name)),
            message: Some(event.message.clone()),
            timestamp: Some(event.at),
            ingestion_time: Some(now.as_millis()),
        });
    }

    /// The number of the current batch.
    fn slot(&self) -> u64 {
        let slot = self.age().as_nanos() / self.batch_every.as_nanos().max(1);
        u64::try_from(slot).unwrap_or(u64::MAX)
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Batches that wait for their reader.
struct Batches {
    waiting: VecDeque<Batch>,
    /// State of the choice of samples: any will do that nobody can steer.
    chance: u64,
}

struct Batch {
    slot: u64,
    /// Events with their numbers among those that were seen.
    events: Vec<(u64, LiveTailSessionLogEvent)>,
    bytes: usize,
    seen: u64,
}

impl Batches {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), chance: u64::from_be_bytes(random_bytes()) | 1 }
    }

    fn add(&mut self, slot: u64, bytes: usize, event: impl FnOnce() -> LiveTailSessionLogEvent) {
        if self.waiting.back().is_none_or(|batch| batch.slot != slot) {
            if self.waiting.len() == BATCHES_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Batch { slot, events: Vec::new(), bytes: 0, seen: 0 });
        }
        let chance = self.next_chance();
        let Some(batch) = self.waiting.back_mut() else { return };
        batch.seen += 1;
        let fits = batch.events.is_empty() || batch.bytes + bytes <= BATCH_BYTES_MAX;
        if batch.events.len() < BATCH_EVENTS_MAX && fits {
            batch.bytes += bytes;
            batch.events.push((batch.seen, event()));
            return;
        }
        // Each of those that were seen is among the samples with the same probability.
        let place = usize::try_from(chance % batch.seen).unwrap_or(usize::MAX);
        let Some(sample) = batch.events.get_mut(place) else { return };
        let old = sample.1.message.as_ref().map_or(0, String::len);
        if batch.bytes - old + bytes <= BATCH_BYTES_MAX {
            batch.bytes = batch.bytes - old + bytes;
            *sample = (batch.seen, event());
        }
    }

    fn take(&mut self, now: u64) -> Option<(Vec<LiveTailSessionLogEvent>, bool)> {
        self.waiting.front().filter(|batch| batch.slot < now)?;
        let Batch { mut events, seen, .. } = self.waiting.pop_front()?;
        let sampled = events.len() as u64 != seen;
        events.sort_unstable_by_key(|(number, _)| *number);
        Some((events.into_iter().map(|(_, event)| event).collect(), sampled))
    }

    /// Xorshift.
    fn next_chance(&mut self) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(batches: &mut Batches, slot: u64, number: i64, bytes: usize) {
        batches.add(slot, bytes, || LiveTailSessionLogEvent {
            timestamp: Some(number),
            message: Some("x".repeat(bytes)),
            ..Default::default()
        });
    }

    fn times((events, sampled): (Vec<LiveTailSessionLogEvent>, bool)) -> (Vec<i64>, bool) {
        (events.into_iter().filter_map(|event| event.timestamp).collect(), sampled)
    }

    #[test]
    fn a_batch_is_given_when_its_time_is_over() {
        let mut batches = Batches::new();
        (0..500).for_each(|n| add(&mut batches, 3, n, 1));
        assert!(batches.take(3).is_none());
        assert_eq!(times(batches.take(4).unwrap()), ((0..500).collect(), false));
        assert!(batches.take(5).is_none());
    }

    #[test]
    fn more_than_500_events_a_second_are_sampled_evenly_and_in_order() {
        let mut batches = Batches::new();
        (0..50_000).for_each(|n| add(&mut batches, 0, n, 1));
        let (times, sampled) = times(batches.take(1).unwrap());
        assert!(sampled && times.len() == 500 && times.is_sorted());
        // Half of them are from the first half, give or take ten standard deviations.
        let early = times.iter().filter(|n| **n < 25_000).count();
        assert!((140..=360).contains(&early), "{early}");
    }

    #[test]
    fn who_does_not_read_loses_the_oldest() {
        let mut batches = Batches::new();
        (0..25).for_each(|slot| add(&mut batches, slot, i64::try_from(slot).unwrap(), 1));
        let left: Vec<i64> =
            std::iter::from_fn(|| batches.take(25)).flat_map(|batch| times(batch).0).collect();
        assert_eq!(left, (15..25).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_is_bounded_in_bytes_and_never_empty() {
        let mut batches = Batches::new();
        (0..20).for_each(|n| add(&mut batches, 0, n, BATCH_BYTES_MAX / 4));
        let (events, sampled) = batches.take(1).unwrap();
        assert_eq!((events.len(), sampled), (4, true));
        add(&mut batches, 1, 0, 2 * BATCH_BYTES_MAX);
        assert_eq!(batches.take(2).unwrap().0.len(), 1);
    }
}
