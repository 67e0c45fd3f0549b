//! Takes what workers print, without ever making them wait.
//!
//! Lines wait in memory, bounded in bytes, until a flush makes segments of them. Who prints faster than a worker may, or
//! more than fits, loses lines; they are counted, and the count becomes a line of the stream. Those who print little keep
//! their place when others fill the memory. A line's time never lies before the one ahead of it in its stream, so that who
//! follows a stream by its tokens sees every line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use weft_service::workload::LogPlace;
use weft_store::{Store, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::backlog::Amount;
use crate::lines::{Pending, in_order, split};
use crate::names::GroupName;
use crate::page::EVENT_OVERHEAD;
use crate::quotas::{add_group, add_newest};
use crate::rate::Rate;
use crate::segment::Event;
use crate::tables::{GROUPS, Group, STREAMS, append};
use crate::{Arrived, LogsOptions};

/// Bytes that wait for a flush, for all streams together and for one.
const WAITING_BYTES_MAX: usize = 32 << 20;
const STREAM_BYTES_MAX: usize = 4 << 20;

/// Half of the memory is for streams that have no more than this waiting.
const CALM_BYTES: usize = 64 << 10;

/// Streams that wait for a flush. Lines of further ones are dropped without a line that says so.
const STREAMS_MAX: usize = 10_000;

/// Bytes after which a flush begins at once.
const FLUSH_BYTES: usize = 1 << 20;

/// Bytes and streams of one transaction.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_STREAMS: usize = 64;

/// Lines that wait to be stored.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    lines: Mutex<Lines>,
    /// Told when the first line comes.
    pub(crate) some: Notify,
    /// Told when there are many.
    pub(crate) many: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    streams: HashMap<LogPlace, Pending>,
    bytes: usize,
    /// How much each stream may add; none for those that may add all.
    rates: HashMap<LogPlace, Rate>,
}

impl Lines {
    /// Adds lines of one stream; `bytes_each_second` is how fast it may be.
    fn add(&mut self, place: &LogPlace, lines: Vec<(Timestamp, String)>, bytes_each_second: u64) {
        let Some(now) = lines.iter().map(|(at, _)| *at).max() else { return };
        if !self.streams.contains_key(place) {
            self.streams.insert(place.clone(), Pending::default());
        }
        if !self.rates.contains_key(place) {
            self.rates.insert(place.clone(), Rate::full(now));
        }
        let Self { streams, bytes: all, rates } = self;
        let (Some(pending), Some(rate)) = (streams.get_mut(place), rates.get_mut(place)) else { return };
        rate.refill(now, bytes_each_second);
        for (at, line) in lines {
            let bytes = line.len() + EVENT_OVERHEAD;
            let room =
                if pending.bytes + bytes <= CALM_BYTES { WAITING_BYTES_MAX } else { WAITING_BYTES_MAX / 2 };
            let fits = pending.bytes + bytes <= STREAM_BYTES_MAX && *all + bytes <= room;
            if !fits || !rate.take(bytes) {
                pending.too_fast |= fits;
                pending.dropped += 1;
                continue;
            }
            pending.bytes += bytes;
            *all += bytes;
            pending.events.extend(split(line).map(|message| Event { at: at.as_millis(), message }));
        }
    }
}

impl Waiting {
    /// Adds lines, or counts them as dropped.
    pub(crate) fn add(&self, place: &LogPlace, lines: Vec<(Timestamp, String)>, bytes_each_second: u64) {
        let mut waiting = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.streams.is_empty();
        if !waiting.streams.contains_key(place) && waiting.streams.len() >= STREAMS_MAX {
            tracing::warn!(group = %place.group, lines = lines.len(), "too many log streams at once; lines dropped");
            return;
        }
        waiting.add(place, lines, bytes_each_second);
        if waiting.bytes >= FLUSH_BYTES {
            self.many.notify_one();
        }
        if was_empty && !waiting.streams.is_empty() {
            self.some.notify_one();
        }
    }

    /// Takes all that waits, and forgets the rates of those that may add all again.
    fn take(&self, now: Timestamp, bytes_each_second: u64) -> HashMap<LogPlace, Pending> {
        let mut waiting = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.rates.retain(|_, rate| {
            rate.refill(now, bytes_each_second);
            rate.left < Rate::BURST
        });
        waiting.bytes = 0;
        std::mem::take(&mut waiting.streams)
    }

    /// Stores all that waits; gives what became durable, and the last failure. Lines that the store refuses are lost, and reported to the platform's own log.
    pub(crate) async fn flush(
        &self,
        store: &Store,
        now: Timestamp,
        options: &LogsOptions,
        watched: bool,
    ) -> (Vec<Arrived>, Result<(), StoreError>) {
        let mut batches: Vec<Vec<(LogPlace, Pending)>> = Vec::new();
        let mut bytes = 0;
        for (place, pending) in self.take(now, options.worker_bytes_each_second) {
            match batches.last_mut() {
                Some(batch) if batch.len() < BATCH_STREAMS && bytes + pending.bytes <= BATCH_BYTES => {
                    bytes += pending.bytes;
                    batch.push((place, pending));
                }
                _ => {
                    bytes = pending.bytes;
                    batches.push(vec![(place, pending)]);
                }
            }
        }
        let (mut arrived, mut result) = (Vec::new(), Ok(()));
        for batch in batches {
            let lines: usize = batch.iter().map(|(_, pending)| pending.events.len()).sum();
            match write(store, batch, now, options.clone(), watched).await {
                Ok(stored) => arrived.extend(stored),
                Err(error) => {
                    tracing::error!(%error, lines, "workers' log lines could not be stored and are lost");
                    result = Err(error);
                }
            }
        }
        (arrived, result)
    }
}

async fn write(
    store: &Store,
    batch: Vec<(LogPlace, Pending)>,
    now: Timestamp,
    options: LogsOptions,
    watched: bool,
) -> Result<Vec<Arrived>, StoreError> {
    store
        .write(move |tx| {
            let stored = batch.iter().filter_map(|(place, pending)| {
                store_lines(tx, place, pending, now, &options, watched).transpose()
            });
            stored.collect()
        })
        .await
}

/// Stores one stream's lines; the group and the stream come to be. `None` where the account can have no further group.
fn store_lines(
    tx: &mut WriteTx<'_>,
    place: &LogPlace,
    pending: &Pending,
    now: Timestamp,
    options: &LogsOptions,
    watched: bool,
) -> Result<Option<Arrived>, StoreError> {
    let (account, region) = (place.account, place.region.clone());
    let name = GroupName { account, region, name: place.group.to_string() };
    let group = if let Some(group) = GROUPS.get(tx, &name.key())? {
        group
    } else {
        let group = Group { retention_days: options.sink_retention_days, ..Group::new(now) };
        if !add_group(tx, &name.key(), &group, options.groups_max)? {
            let (group, lines) = (&*place.group, pending.events.len());
            tracing::warn!(group, lines, "an account has as many log groups as it may; lines dropped");
            return Ok(None);
        }
        group
    };
    let stream = match STREAMS.get(tx, &(group.id, &*place.stream))? {
        Some(stream) => stream,
        None => add_newest(tx, group.id, &place.stream, options.streams_max, now)?,
    };
    let events = in_order(pending, stream.last_event, now, options.worker_bytes_each_second);
    let rows = append(tx, &group, &place.stream, stream, &events, now)?;
    Ok(Some(Arrived {
        group: name,
        stream: Arc::clone(&place.stream),
        events: if watched { events.into() } else { Arc::default() },
        amount: Amount { rows, bytes: pending.bytes as u64 },
        filters: group.subscriptions,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(stream: &str) -> LogPlace {
        let (account, region) = (weft_types::AccountId::DEFAULT, weft_types::Region::default());
        LogPlace { account, region, group: "/g".into(), stream: stream.into() }
    }

    #[test]
    fn a_worker_prints_a_burst_and_then_as_fast_as_it_may() {
        let mut kept = Vec::new();
        let waiting = Waiting::default();
        for second in 0..4 {
            let at = Timestamp::from_millis(second * 1000);
            for _ in 0..100 {
                waiting.add(&place("s"), vec![(at, "x".repeat((100 << 10) - EVENT_OVERHEAD))], 1 << 20);
            }
            let pending = waiting.take(at, 1 << 20).remove(&place("s")).unwrap();
            assert_eq!(pending.events.len() as u64 + pending.dropped, 100);
            kept.push(pending.events.len());
        }
        assert_eq!(kept, [40, 11, 10, 10]);
        let later = Timestamp::from_millis(60_000);
        waiting.take(later, 1 << 20);
        assert!(waiting.lines.lock().unwrap().rates.is_empty(), "who is calm is forgotten");
    }

    #[test]
    fn calm_workers_keep_their_place_beside_chatty_ones() {
        let waiting = Waiting::default();
        let at = Timestamp::from_millis(0);
        for chatty in 0..20 {
            for _ in 0..40 {
                waiting.add(&place(&format!("chatty{chatty}")), vec![(at, "x".repeat(100_000))], 1 << 20);
            }
        }
        waiting.add(&place("calm"), vec![(at, "quiet".to_owned())], 1 << 20);
        let taken = waiting.take(at, 1 << 20);
        assert_eq!(taken[&place("calm")].events.len(), 1);
        let bytes: usize = taken.values().map(|pending| pending.bytes).sum();
        assert!(bytes <= WAITING_BYTES_MAX / 2 + CALM_BYTES, "{bytes}");
        assert!(taken.values().any(|pending| pending.dropped > 0 && !pending.too_fast));
    }
}
