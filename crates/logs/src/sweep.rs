//! Removes what is no longer kept: events past their group's retention, the oldest of groups and accounts that hold more than
//! they may, and what deleted groups and streams left.
//!
//! Works in small transactions, and stops after a bounded number of them; what is left waits for the next sweep.

use std::collections::HashMap;

use weft_store::{Query, Read, Record, Store, StoreError};
use weft_types::Timestamp;

use crate::LogsOptions;
use crate::quotas::{STREAM_COUNTS, remove_stream};
use crate::tables::{
    BYTES, GARBAGE, GROUPS, Group, GroupId, GroupKey, ORDER, RECENT, SEGMENTS, STREAMS, StreamId, count,
    stored_bytes,
};

/// Rows of one transaction; fewer where they hold whole segments.
const ROWS: usize = 500;
const SEGMENT_ROWS: usize = 32;

/// Groups of an account among which room is made.
const LARGEST_MAX: usize = 64;

/// Transactions of one sweep; at most half of them for what deleted groups and streams left.
const STEPS_MAX: usize = 200;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Segments that were removed; each holds up to some thousand events.
    pub segments: usize,
    /// Streams that were removed because all their events had expired.
    pub streams: usize,
    /// Whether there is more to remove.
    pub more: bool,
}

/// Sweeps once.
pub(crate) async fn sweep(store: &Store, now: Timestamp, options: &LogsOptions) -> Result<Swept, StoreError> {
    let mut sweep = Sweep { store, swept: Swept::default(), steps: STEPS_MAX / 2 };
    sweep.garbage().await?;
    // Whoever deletes without end must not keep retention and quotas from being held.
    sweep.steps += STEPS_MAX / 2;
    let mut accounts: HashMap<u64, Account> = HashMap::new();
    let mut after: Option<GroupKey> = None;
    loop {
        let last = after.take();
        let groups = store.read(move |tx| page(tx, last.as_ref())).await?;
        for (key, group, bytes) in &groups {
            if group.retention_days.is_some() {
                sweep.expired(group.id, group.kept_from(now)).await?;
            }
            if *bytes > options.group_bytes_max {
                sweep.shrink(group.id, &key.2, options.group_bytes_max).await?;
            }
            accounts.entry(key.0).or_default().add(group.id, (*bytes).min(options.group_bytes_max));
        }
        match groups.last() {
            Some((key, ..)) if groups.len() == ROWS && !sweep.is_over() => after = Some(key.clone()),
            _ => break,
        }
    }
    for (number, account) in accounts {
        sweep.make_room(number, account, options.account_bytes_max).await?;
    }
    Ok(sweep.swept)
}

/// What an account holds, as a sweep sees it.
#[derive(Default)]
struct Account {
    bytes: u64,
    /// Its largest groups, the largest first.
    largest: Vec<(u64, GroupId)>,
}

impl Account {
    fn add(&mut self, group: GroupId, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        let place = self.largest.partition_point(|(other, _)| *other >= bytes);
        self.largest.insert(place, (bytes, group));
        self.largest.truncate(LARGEST_MAX);
    }
}

/// The next groups with their bytes.
fn page(tx: &impl Read, after: Option<&GroupKey>) -> Result<Vec<(GroupKey, Group, u64)>, StoreError> {
    let query = GROUPS.query(&()).limit(ROWS);
    let rows = match after {
        Some(key) => query.after(key).rows(tx)?,
        None => query.rows(tx)?,
    };
    let with_bytes = |(key, group): (GroupKey, Group)| {
        let bytes = stored_bytes(tx, group.id)?;
        Ok((key, group, bytes))
    };
    rows.into_iter().map(with_bytes).collect()
}

struct Sweep<'a> {
    store: &'a Store,
    swept: Swept,
    steps: usize,
}

impl Sweep<'_> {
    /// Counts a transaction; `true` where there were enough.
    fn is_over(&mut self) -> bool {
        let is_over = self.steps == 0;
        self.swept.more |= is_over;
        self.steps = self.steps.saturating_sub(1);
        is_over
    }

    async fn garbage(&mut self) -> Result<(), StoreError> {
        let rows = self.store.read(|tx| GARBAGE.query(&()).limit(ROWS).rows(tx)).await?;
        for ((group, stream), _) in rows {
            let done =
                if stream == 0 { self.group(group).await? } else { self.stream(group, stream).await? };
            if !done {
                return Ok(());
            }
            self.store.write(move |tx| GARBAGE.remove(tx, &(group, stream))).await?;
        }
        Ok(())
    }

    /// Removes all of a deleted group.
    async fn group(&mut self, group: GroupId) -> Result<bool, StoreError> {
        while !self.is_over() {
            let removed = self.store.write(move |tx| {
                let segments = keys(&ORDER.query(&(group,)).limit(ROWS), tx)?;
                for key in &segments {
                    SEGMENTS.remove(tx, &(group, key.2, key.1, key.3))?;
                    ORDER.remove(tx, key)?;
                }
                let streams = keys(&STREAMS.query(&(group,)).limit(ROWS), tx)?;
                for key in &streams {
                    STREAMS.remove(tx, key)?;
                }
                let recent = keys(&RECENT.query(&(group,)).limit(ROWS), tx)?;
                for key in &recent {
                    RECENT.remove(tx, key)?;
                }
                STREAM_COUNTS.remove(tx, &(group,))?;
                for key in keys(&BYTES.query(&(group,)), tx)? {
                    BYTES.remove(tx, &key)?;
                }
                Ok::<_, StoreError>((segments.len(), streams.len() + recent.len()))
            });
            let (segments, others) = removed.await?;
            self.swept.segments += segments;
            if segments + others == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the segments of a deleted stream.
    async fn stream(&mut self, group: GroupId, stream: StreamId) -> Result<bool, StoreError> {
        while !self.is_over() {
            let removed = self.store.write(move |tx| {
                let segments = keys(&SEGMENTS.query(&(group, stream)).limit(SEGMENT_ROWS), tx)?;
                let mut bytes = 0;
                for key in &segments {
                    let order = (group, key.2, stream, key.3);
                    bytes += ORDER.get(tx, &order)?.map_or(0, |entry| entry.bytes);
                    ORDER.remove(tx, &order)?;
                    SEGMENTS.remove(tx, key)?;
                }
                if bytes > 0 {
                    count(tx, group, stream, |all| all.saturating_sub(bytes))?;
                }
                Ok::<_, StoreError>(segments.len())
            });
            let removed = removed.await?;
            self.swept.segments += removed;
            if removed == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes a group's oldest segments until `excess` bytes are gone, or those that ended before a time are.
    async fn remove(
        &mut self,
        group: GroupId,
        before: Option<i64>,
        mut excess: u64,
    ) -> Result<(), StoreError> {
        while excess > 0 && !self.is_over() {
            let removed = self.store.write(move |tx| {
                let all = ORDER.query(&(group,)).limit(ROWS);
                let rows = match before {
                    Some(before) => all.before(&(group, before)).rows(tx)?,
                    None => all.rows(tx)?,
                };
                let (mut bytes, mut segments) = (0, 0);
                for (key, entry) in &rows {
                    if bytes >= excess {
                        break;
                    }
                    SEGMENTS.remove(tx, &(group, key.2, key.1, key.3))?;
                    ORDER.remove(tx, key)?;
                    count(tx, group, key.2, |all| all.saturating_sub(entry.bytes))?;
                    bytes += entry.bytes;
                    segments += 1;
                }
                Ok::<_, StoreError>((bytes, segments))
            });
            let (bytes, segments) = removed.await?;
            self.swept.segments += segments;
            if segments < ROWS {
                break;
            }
            excess = excess.saturating_sub(bytes);
        }
        Ok(())
    }

    /// Removes the oldest of a group that holds more than `max` bytes, after what has expired is gone.
    async fn shrink(&mut self, group: GroupId, name: &str, max: u64) -> Result<(), StoreError> {
        let bytes = self.store.read(move |tx| stored_bytes(tx, group)).await?;
        let excess = bytes.saturating_sub(max);
        if excess > 0 {
            tracing::warn!(group = name, excess, "a log group holds more than it may; its oldest events go");
        }
        self.remove(group, None, excess).await
    }

    /// Removes the oldest of an account's largest groups, where it holds more than `max` bytes.
    async fn make_room(&mut self, number: u64, account: Account, max: u64) -> Result<(), StoreError> {
        let mut excess = account.bytes.saturating_sub(max);
        if excess > 0 {
            tracing::warn!(
                account = number,
                excess,
                "an account holds more log events than it may; the oldest go"
            );
        }
        for (bytes, group) in account.largest {
            self.remove(group, None, excess.min(bytes)).await?;
            excess = excess.saturating_sub(bytes);
        }
        Ok(())
    }

    /// Removes a group's segments that ended before `kept_from`, and streams whose last event was before it.
    async fn expired(&mut self, group: GroupId, kept_from: i64) -> Result<(), StoreError> {
        self.remove(group, Some(kept_from), u64::MAX).await?;
        while !self.is_over() {
            let removed = self.store.write(move |tx| {
                // From 1: streams that never had an event stay.
                let recent =
                    RECENT.query(&(group,)).from(&(group, 1i64)).before(&(group, kept_from)).limit(ROWS);
                let names = keys(&recent, tx)?;
                for (_, _, name) in &names {
                    if let Some(stream) = STREAMS.get(tx, &(group, name))? {
                        remove_stream(tx, group, name, &stream)?;
                    }
                }
                Ok::<_, StoreError>(names.len())
            });
            let removed = removed.await?;
            self.swept.streams += removed;
            if removed < ROWS {
                break;
            }
        }
        Ok(())
    }
}

fn keys<K: weft_store::Key, V: Record>(
    query: &Query<'_, K, V>,
    tx: &impl weft_store::Read,
) -> Result<Vec<K>, StoreError> {
    Ok(query.rows(tx)?.into_iter().map(|(key, _)| key).collect())
}
