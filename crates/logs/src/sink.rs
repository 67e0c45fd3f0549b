//! Takes what workers print, without ever making them wait.
//!
//! Lines wait in memory, bounded in bytes, until a flush makes segments of them. What does not fit is counted, and the
//! count becomes a line of the stream. A line's time never lies before the one ahead of it in its stream, so that who
//! follows a stream by its tokens sees every line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use weft_service::workload::LogPlace;
use weft_store::{Store, StoreError};
use weft_types::Timestamp;

use crate::names::GroupName;
use crate::page::EVENT_OVERHEAD;
use crate::segment::Event;
use crate::tables::{GROUPS, Group, STREAMS, add_stream, append};

/// Bytes of one event; longer lines become several.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Bytes that wait for a flush, for all streams together and for one.
const WAITING_BYTES_MAX: usize = 32 << 20;
const STREAM_BYTES_MAX: usize = 4 << 20;

/// Streams that wait for a flush. Lines of further ones are dropped without a line that says so.
const STREAMS_MAX: usize = 10_000;

/// Bytes after which a flush begins at once.
const FLUSH_BYTES: usize = 1 << 20;

/// How far a stream's last event may be ahead of the clock for lines to be put behind it, in milliseconds.
const AHEAD_MAX: i64 = 60_000;

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
}

/// Lines of one stream.
#[derive(Debug, Default, Clone)]
struct Pending {
    events: Vec<Event>,
    bytes: usize,
    dropped: u64,
}

impl Waiting {
    /// Adds lines, or counts them as dropped.
    pub(crate) fn add(&self, place: &LogPlace, lines: Vec<(Timestamp, String)>) {
        let mut waiting = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Lines { streams, bytes: waiting_bytes } = &mut *waiting;
        let was_empty = streams.is_empty();
        if !streams.contains_key(place) {
            if streams.len() >= STREAMS_MAX {
                tracing::warn!(group = %place.group, lines = lines.len(), "too many log streams at once; lines dropped");
                return;
            }
            streams.insert(place.clone(), Pending::default());
        }
        let Some(pending) = streams.get_mut(place) else { return };
        for (at, line) in lines {
            let bytes = line.len() + EVENT_OVERHEAD;
            let fits =
                pending.bytes + bytes <= STREAM_BYTES_MAX && *waiting_bytes + bytes <= WAITING_BYTES_MAX;
            if !fits {
                pending.dropped += 1;
                continue;
            }
            pending.bytes += bytes;
            *waiting_bytes += bytes;
            pending.events.extend(split(line).map(|message| Event { at: at.as_millis(), message }));
        }
        if waiting.bytes >= FLUSH_BYTES {
            self.many.notify_one();
        }
        if was_empty {
            self.some.notify_one();
        }
    }

    /// Stores all that waits. Lines that the store refuses are lost, and reported to the platform's own log.
    pub(crate) async fn flush(
        &self,
        store: &Store,
        now: Timestamp,
        retention_days: Option<i32>,
    ) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let mut batches: Vec<Vec<(LogPlace, Pending)>> = Vec::new();
        let mut bytes = 0;
        for (place, pending) in taken.streams {
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
        let mut result = Ok(());
        for batch in batches {
            let lines: usize = batch.iter().map(|(_, pending)| pending.events.len()).sum();
            if let Err(error) = write(store, batch, now, retention_days).await {
                tracing::error!(%error, lines, "workers' log lines could not be stored and are lost");
                result = Err(error);
            }
        }
        result
    }
}

async fn write(
    store: &Store,
    batch: Vec<(LogPlace, Pending)>,
    now: Timestamp,
    retention_days: Option<i32>,
) -> Result<(), StoreError> {
    store
        .write(move |tx| {
            for (place, pending) in &batch {
                let name = GroupName {
                    account: place.account,
                    region: place.region.clone(),
                    name: place.group.to_string(),
                };
                let group = if let Some(group) = GROUPS.get(tx, &name.key())? {
                    group
                } else {
                    let group = Group { retention_days, ..Group::new(now) };
                    GROUPS.insert(tx, &name.key(), &group)?;
                    group
                };
                let stream = match STREAMS.get(tx, &(group.id, &*place.stream))? {
                    Some(stream) => stream,
                    None => add_stream(tx, group.id, &place.stream, now)?,
                };
                let events = in_order(pending, stream.last_event, now);
                append(tx, group.id, &place.stream, stream, &events, now)?;
            }
            Ok(())
        })
        .await
}

/// The lines with times that never go back, and the line that says how many are missing.
fn in_order(pending: &Pending, last_event: Option<i64>, now: Timestamp) -> Cow<'_, [Event]> {
    // Somebody may have put events of the next two hours into the stream; lines that pretend to be as late would be worse
    // than lines that a follower misses.
    let mut at = last_event.filter(|at| *at <= now.as_millis() + AHEAD_MAX).unwrap_or(0);
    let ordered = pending.events.is_sorted_by_key(|event| event.at)
        && pending.events.first().is_none_or(|event| event.at >= at);
    if ordered && pending.dropped == 0 {
        return Cow::Borrowed(&pending.events);
    }
    let mut events = pending.events.clone();
    for event in &mut events {
        at = at.max(event.at);
        event.at = at;
    }
    if pending.dropped > 0 {
        let lines = if pending.dropped == 1 { "line" } else { "lines" };
        let message = format!("[weft] {} {lines} dropped", pending.dropped);
        events.push(Event { at: if at == 0 { now.as_millis() } else { at }, message });
    }
    Cow::Owned(events)
}

/// Cuts a long line where a character ends. An empty line stays, as one space: events have texts.
fn split(line: String) -> impl Iterator<Item = String> {
    let mut rest = if line.is_empty() { Some(" ".to_owned()) } else { Some(line) };
    std::iter::from_fn(move || {
        let mut text = rest.take()?;
        if text.len() > LINE_BYTES_MAX {
            rest = Some(text.split_off(text.floor_char_boundary(LINE_BYTES_MAX)));
        }
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_characters() {
        let check = |line: String, lengths: &[usize]| {
            let found: Vec<usize> = split(line.clone()).map(|part| part.len()).collect();
            assert_eq!(found, lengths);
            assert_eq!(split(line.clone()).collect::<String>(), if line.is_empty() { " " } else { &line });
        };
        check(String::new(), &[1]);
        check("x".repeat(LINE_BYTES_MAX), &[LINE_BYTES_MAX]);
        check("x".repeat(LINE_BYTES_MAX + 1), &[LINE_BYTES_MAX, 1]);
        check(format!("{}ü", "x".repeat(LINE_BYTES_MAX - 1)), &[LINE_BYTES_MAX - 1, 2]);
    }

    #[test]
    fn times_of_a_stream_never_go_back() {
        let event = |at| Event { at, message: "m".to_owned() };
        let pending = Pending { events: vec![event(5), event(3), event(9)], bytes: 0, dropped: 0 };
        let times = |last, now| {
            in_order(&pending, last, Timestamp::from_millis(now))
                .iter()
                .map(|event| event.at)
                .collect::<Vec<_>>()
        };
        assert_eq!(times(None, 10), [5, 5, 9]);
        assert_eq!(times(Some(7), 10), [7, 7, 9]);
        assert_eq!(times(Some(10 + AHEAD_MAX + 1), 10), [5, 5, 9]);
    }

    #[test]
    fn lines_in_their_order_are_not_copied() {
        let check = |times: &[i64], last, borrowed: bool| {
            let events = times.iter().map(|at| Event { at: *at, message: "m".to_owned() }).collect();
            let pending = Pending { events, bytes: 0, dropped: 0 };
            let found = in_order(&pending, last, Timestamp::from_millis(10));
            assert_eq!(matches!(found, Cow::Borrowed(_)), borrowed, "{times:?} {last:?}");
            assert!(found.is_sorted_by_key(|event| event.at) && found.len() == times.len());
        };
        check(&[], None, true);
        check(&[4, 4, 9], Some(4), true);
        check(&[4, 9], Some(5), false);
        check(&[4, 3], None, false);
    }

    #[test]
    fn dropped_lines_are_counted_in_the_stream() {
        let pending = Pending { events: vec![], bytes: 0, dropped: 3 };
        let events = in_order(&pending, None, Timestamp::from_millis(10));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].message, "[weft] 3 lines dropped");
    }
}
