//! How many groups an account has in a region, and how many streams a group has: both are counted and bounded.
//!
//! AWS's quota is a million groups (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>); it
//! has none for streams, where the bound is Weft's own.

use serde::{Deserialize, Serialize};
use weft_store::{Key, Query, Read, Record, StoreError, Table, WriteTx};
use weft_types::Timestamp;

use crate::tables::{GARBAGE, GROUPS, Group, GroupId, GroupKey, Mark, RECENT, STREAMS, Stream};

/// Rows that are read at a time where they are counted.
const ROWS: usize = 1000;

/// How many groups an account has in a region.
pub(crate) const GROUP_COUNTS: Table<(u64, String), Count> = Table::new("group-counts");
/// How many streams a group has.
pub(crate) const STREAM_COUNTS: Table<(GroupId,), Count> = Table::new("stream-counts");

/// A count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) count: u64,
}

impl Record for Count {}

/// Adds a group that is not there; `false` where the account has `max` of them in the region.
pub(crate) fn add_group(
    tx: &mut WriteTx<'_>,
    key: &GroupKey,
    group: &Group,
    max: u64,
) -> Result<bool, StoreError> {
    let count = group_count(tx, key)?;
    if count >= max {
        return Ok(false);
    }
    GROUP_COUNTS.insert(tx, &(key.0, key.1.clone()), &Count { count: count + 1 })?;
    GROUPS.insert(tx, key, group)?;
    Ok(true)
}

/// Removes a group that is there.
pub(crate) fn remove_group(tx: &mut WriteTx<'_>, key: &GroupKey) -> Result<(), StoreError> {
    let count = group_count(tx, key)?.saturating_sub(1);
    GROUP_COUNTS.insert(tx, &(key.0, key.1.clone()), &Count { count })?;
    GROUPS.remove(tx, key)
}

fn group_count(tx: &impl Read, key: &GroupKey) -> Result<u64, StoreError> {
    let of_region = (key.0, key.1.as_str());
    match GROUP_COUNTS.get(tx, &of_region)? {
        Some(found) => Ok(found.count),
        None => count_rows(tx, || GROUPS.query(&of_region)),
    }
}

/// How many streams a group has.
pub(crate) fn stream_count(tx: &impl Read, group: GroupId) -> Result<u64, StoreError> {
    match STREAM_COUNTS.get(tx, &(group,))? {
        Some(found) => Ok(found.count),
        None => count_rows(tx, || STREAMS.query(&(group,))),
    }
}

/// Adds a stream that is not there; where the group has `max`, the one whose last event is the oldest goes.
pub(crate) fn add_newest(
    tx: &mut WriteTx<'_>,
    group: GroupId,
    name: &str,
    max: u64,
    now: Timestamp,
) -> Result<Stream, StoreError> {
    if stream_count(tx, group)? >= max
        && let Some(oldest) = oldest(tx, group)?
        && let Some(stream) = STREAMS.get(tx, &(group, &oldest))?
    {
        tracing::warn!(stream = oldest, max, "a log group has as many streams as it may; the oldest goes");
        remove_stream(tx, group, &oldest, &stream)?;
    }
    add_stream(tx, group, name, now)
}

/// The stream whose last event is the oldest; one that never had any where none had.
fn oldest(tx: &impl Read, group: GroupId) -> Result<Option<String>, StoreError> {
    let all = || RECENT.query(&(group,)).limit(1);
    let mut rows = all().from(&(group, 1i64)).rows(tx)?;
    if rows.is_empty() {
        rows = all().rows(tx)?;
    }
    Ok(rows.pop().map(|((_, _, name), _)| name))
}

/// Adds a stream that is not there.
pub(crate) fn add_stream(
    tx: &mut WriteTx<'_>,
    group: GroupId,
    name: &str,
    now: Timestamp,
) -> Result<Stream, StoreError> {
    let count = stream_count(tx, group)? + 1;
    STREAM_COUNTS.insert(tx, &(group,), &Count { count })?;
    let stream = Stream::new(now);
    STREAMS.insert(tx, &(group, name.to_owned()), &stream)?;
    RECENT.insert(tx, &(group, 0, name.to_owned()), &Mark {})?;
    Ok(stream)
}

/// Removes a stream; its segments go with the next sweep.
pub(crate) fn remove_stream(
    tx: &mut WriteTx<'_>,
    group: GroupId,
    name: &str,
    stream: &Stream,
) -> Result<(), StoreError> {
    let count = stream_count(tx, group)?.saturating_sub(1);
    STREAM_COUNTS.insert(tx, &(group,), &Count { count })?;
    STREAMS.remove(tx, &(group, name))?;
    RECENT.remove(tx, &(group, stream.last_event.unwrap_or(0), name))?;
    GARBAGE.insert(tx, &(group, stream.id), &Mark {})
}

/// Counts rows, which is needed once where a store is from before they were counted.
fn count_rows<'a, K: Key, V: Record>(
    tx: &impl Read,
    all: impl Fn() -> Query<'a, K, V>,
) -> Result<u64, StoreError> {
    let (mut count, mut last) = (0, None);
    loop {
        let query = all().limit(ROWS);
        let rows = match &last {
            Some(key) => query.after(key).rows(tx)?,
            None => query.rows(tx)?,
        };
        count += rows.len() as u64;
        if rows.len() < ROWS {
            return Ok(count);
        }
        last = rows.into_iter().next_back().map(|(key, _)| key);
    }
}
