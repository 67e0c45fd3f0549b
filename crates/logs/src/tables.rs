//! What the store holds, and the changes to it that several operations share.
//!
//! Groups and streams have numbers that are never used again, so that what a deleted one left behind, which the sweep
//! removes later, can't come back with a new one of the same name.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weft_service::{Error, random_bytes};
use weft_store::{Read, Record, StoreError, Table, WriteTx};
use weft_types::Timestamp;

use crate::errors;
use crate::names::GroupName;
use crate::page::EVENT_OVERHEAD;
use crate::segment::{Block, Event, SEGMENT_SPAN_MAX, cut};
use crate::sketch::draw;
use crate::subscriptions::{FilterId, Pending, note};

/// A group's number.
pub(crate) type GroupId = u64;
/// A stream's number.
pub(crate) type StreamId = u64;
/// Account, region, name.
pub(crate) type GroupKey = (u64, String, String);
/// Group, stream, time of the last event, the segment's number in its stream.
pub(crate) type SegmentKey = (GroupId, StreamId, i64, u64);

/// A stream's newest segment grows to this many bytes of text before the next one begins, so that lines that come one by
/// one are compressed together.
const GROWING_BYTES_MAX: u64 = 16 * 1024;

/// Counters among which a group's bytes are spread, so that streams that are written together rarely meet.
const SHARDS: u64 = 16;

pub(crate) const GROUPS: Table<GroupKey, Group> = Table::new("groups");
pub(crate) const STREAMS: Table<(GroupId, String), Stream> = Table::new("streams");
/// Streams by the time of their last event: group, time (0 without events), name.
pub(crate) const RECENT: Table<(GroupId, i64, String), Mark> = Table::new("recent");
pub(crate) const SEGMENTS: Table<SegmentKey, Segment> = Table::new("segments");
/// All segments of a group by time: group, time of the last event, stream, number.
pub(crate) const ORDER: Table<(GroupId, i64, StreamId, u64), Entry> = Table::new("order");
/// Bytes that a group holds, in shards.
pub(crate) const BYTES: Table<(GroupId, u8), Counter> = Table::new("bytes");
/// What was deleted and is still to be removed: a group (stream 0) or a stream.
pub(crate) const GARBAGE: Table<(GroupId, StreamId), Mark> = Table::new("garbage");

/// A group's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) created: Timestamp,
    /// Days after which events go; none for never.
    pub(crate) retention_days: Option<i32>,
    pub(crate) class: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether it cannot be deleted.
    #[serde(default)]
    pub(crate) protected: bool,
    /// Its subscription filters.
    #[serde(default)]
    pub(crate) subscriptions: Vec<FilterId>,
}

/// A stream's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) created: Timestamp,
    pub(crate) first_event: Option<i64>,
    pub(crate) last_event: Option<i64>,
    pub(crate) last_ingestion: Option<i64>,
    /// The number of the next segment.
    pub(crate) next: u64,
    /// The longest time between the first and last event of one of its segments.
    pub(crate) span: i64,
    /// The segment that may still grow.
    #[serde(default)]
    pub(crate) growing: Option<Growing>,
}

/// A stream's newest segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Growing {
    /// The times of its first and last events.
    first: i64,
    last: i64,
    number: u64,
    /// Events that it has.
    count: u64,
    /// What it counts in its group's bytes.
    bytes: u64,
}

/// One packed run of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// The time of the first event.
    pub(crate) first: i64,
    /// When its newest event arrived.
    pub(crate) ingested: i64,
    /// A packed [`Block`] of events.
    pub(crate) packed: Bytes,
}

/// A segment in its group's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The time of the first event.
    pub(crate) first: i64,
    /// The stream's name.
    pub(crate) stream: String,
    /// What it counts in its group's bytes.
    pub(crate) bytes: u64,
    /// Which texts it may have; see [`crate::sketch`].
    #[serde(default)]
    pub(crate) sketch: Bytes,
}

/// A row whose key says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {}

/// A number that goes up and down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) bytes: u64,
}

impl Record for Group {}
impl Record for Stream {}
impl Record for Segment {}
impl Record for Entry {}
impl Record for Mark {}
impl Record for Counter {}

impl GroupName {
    /// The key of the group's record.
    pub(crate) fn key(&self) -> GroupKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone())
    }
}

impl Group {
    /// A new group.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            id: fresh_id(),
            created: now,
            retention_days: None,
            class: "STANDARD".to_owned(),
            tags: BTreeMap::new(),
            protected: false,
            subscriptions: Vec::new(),
        }
    }

    /// One of its streams, or AWS's error.
    pub(crate) fn require_stream(&self, tx: &impl Read, name: &str) -> Result<Stream, Error> {
        STREAMS.get(tx, &(self.id, name))?.ok_or_else(errors::no_stream)
    }

    /// The time before which events are no longer shown.
    pub(crate) fn kept_from(&self, now: Timestamp) -> i64 {
        self.retention_days.map_or(0, |days| (now.as_millis() - i64::from(days) * 86_400_000).max(0))
    }
}

impl Stream {
    /// A new stream.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            id: fresh_id(),
            created: now,
            first_event: None,
            last_event: None,
            last_ingestion: None,
            next: 0,
            span: 0,
            growing: None,
        }
    }
}

/// A number that no other group, stream or filter has: 64 random bits, never 0.
pub(crate) fn fresh_id() -> u64 {
    u64::from_be_bytes(random_bytes()).max(1)
}

/// The group, or AWS's error.
pub(crate) fn require_group(tx: &impl Read, name: &GroupName) -> Result<Group, Error> {
    GROUPS.get(tx, &name.key())?.ok_or_else(errors::no_group)
}

/// The group and one of its streams, or AWS's error.
pub(crate) fn require_stream(
    tx: &impl Read,
    name: &GroupName,
    stream: &str,
) -> Result<(Group, Stream), Error> {
    let group = require_group(tx, name)?;
    let found = group.require_stream(tx, stream)?;
    Ok((group, found))
}

/// Appends events, which are in the order of time, to a stream; gives how many segments it wrote. Costs the same however much the
/// stream holds.
pub(crate) fn append(
    tx: &mut WriteTx<'_>,
    group: &Group,
    name: &str,
    mut stream: Stream,
    events: &[Event],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(0) };
    let mut added = 0;
    let runs = cut(events);
    let count_of_runs = runs.len() as u64;
    for run in runs {
        added += append_run(tx, group, name, &mut stream, run, now.as_millis())?;
    }
    let newest = stream.last_event.map_or(last.at, |at| at.max(last.at));
    if stream.last_event != Some(newest) {
        RECENT.remove(tx, &(group.id, stream.last_event.unwrap_or(0), name))?;
        RECENT.insert(tx, &(group.id, newest, name.to_owned()), &Mark {})?;
    }
    stream.last_event = Some(newest);
    stream.first_event = Some(stream.first_event.map_or(first.at, |at| at.min(first.at)));
    stream.last_ingestion = Some(now.as_millis());
    let (group, id) = (group.id, stream.id);
    STREAMS.insert(tx, &(group, name.to_owned()), &stream)?;
    count(tx, group, id, |bytes| bytes.saturating_add(added))?;
    Ok(count_of_runs)
}

/// Appends events that make one segment, or that the newest one still takes; gives their bytes.
fn append_run(
    tx: &mut WriteTx<'_>,
    subscribed: &Group,
    name: &str,
    stream: &mut Stream,
    run: &[Event],
    ingested: i64,
) -> Result<u64, StoreError> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(0) };
    let group = subscribed.id;
    let added: u64 = run.iter().map(|event| (event.message.len() + EVENT_OVERHEAD) as u64).sum();
    let grown = stream.growing.filter(|old| old.takes(first.at, last.at, added));
    let old = match grown {
        Some(old) => take_growing(tx, group, stream.id, old)?,
        None => None,
    };
    let (mut block, old, arrived) = old.unwrap_or_default();
    block.add(run, ingested, (old.map_or(0, |old| old.last), arrived));
    let number = old.map_or(stream.next, |old| old.number);
    let segment = Growing {
        first: old.map_or(first.at, |old| old.first),
        last: last.at,
        number,
        count: old.map_or(0, |old| old.count) + run.len() as u64,
        bytes: old.map_or(0, |old| old.bytes) + added,
    };
    stream.next = stream.next.max(number + 1);
    stream.span = stream.span.max(segment.last - segment.first);
    stream.growing = Some(segment);
    let packed = Segment { first: segment.first, ingested, packed: block.pack().into() };
    SEGMENTS.insert(tx, &(group, stream.id, last.at, number), &packed)?;
    let sketch = draw(block.bytes());
    let entry = Entry { first: segment.first, stream: name.to_owned(), bytes: segment.bytes, sketch };
    ORDER.insert(tx, &(group, last.at, stream.id, number), &entry)?;
    let count = run.len() as u64;
    let from = segment.count - count;
    let pending = Pending { group, stream: name.to_owned(), last: last.at, count, bytes: added };
    note(tx, subscribed, ingested, (stream.id, number, from), &pending)?;
    Ok(added)
}

impl Growing {
    /// Whether events of these first and last times and bytes may be added.
    fn takes(&self, first: i64, last: i64, bytes: u64) -> bool {
        first >= self.last && last - self.first <= SEGMENT_SPAN_MAX && self.bytes + bytes <= GROWING_BYTES_MAX
    }
}

/// Takes a stream's newest segment out of the tables, if it is still there, with when its newest event arrived.
fn take_growing(
    tx: &mut WriteTx<'_>,
    group: GroupId,
    stream: StreamId,
    old: Growing,
) -> Result<Option<(Block, Option<Growing>, i64)>, StoreError> {
    let key = (group, stream, old.last, old.number);
    let Some(segment) = SEGMENTS.get(tx, &key)? else { return Ok(None) };
    let Ok(block) = Block::open(&segment.packed, segment.ingested) else { return Ok(None) };
    if !block.is_open() {
        return Ok(None);
    }
    SEGMENTS.remove(tx, &key)?;
    ORDER.remove(tx, &(group, old.last, stream, old.number))?;
    Ok(Some((block, Some(old), segment.ingested)))
}

/// Changes what a stream counts in its group's bytes.
pub(crate) fn count(
    tx: &mut WriteTx<'_>,
    group: GroupId,
    stream: StreamId,
    change: impl FnOnce(u64) -> u64,
) -> Result<(), StoreError> {
    let shard = u8::try_from(stream % SHARDS).unwrap_or(0);
    let old = BYTES.get(tx, &(group, shard))?.unwrap_or_default().bytes;
    BYTES.insert(tx, &(group, shard), &Counter { bytes: change(old) })
}

/// Bytes that a group holds: texts and 26 for each event.
pub(crate) fn stored_bytes(tx: &impl Read, group: GroupId) -> Result<u64, StoreError> {
    Ok(BYTES.query(&(group,)).rows(tx)?.iter().map(|(_, counter)| counter.bytes).sum())
}
