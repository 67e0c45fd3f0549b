//! Removes what is no longer kept: events past their group's retention, and what deleted groups and streams left.
//!
//! Works in small transactions, and stops after a bounded number of them; what is left waits for the next sweep.

use weft_store::{Query, Record, Store, StoreError};
use weft_types::Timestamp;

use crate::tables::{
    BYTES, GARBAGE, GROUPS, GroupId, GroupKey, ORDER, RECENT, SEGMENTS, STREAMS, StreamId, count,
    remove_stream,
};

/// Rows of one transaction; fewer where they hold whole segments.
const ROWS: usize = 500;
const SEGMENT_ROWS: usize = 32;

/// Transactions of one sweep.
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
pub(crate) async fn sweep(store: &Store, now: Timestamp) -> Result<Swept, StoreError> {
    let mut sweep = Sweep { store, swept: Swept::default(), steps: STEPS_MAX };
    sweep.garbage().await?;
    let mut after: Option<GroupKey> = None;
    loop {
        let last = after.take();
        let groups = store
            .read(move |tx| {
                let query = GROUPS.query(&()).limit(ROWS);
                match &last {
                    Some(key) => query.after(key).rows(tx),
                    None => query.rows(tx),
                }
            })
            .await?;
        for (_, group) in &groups {
            if group.retention_days.is_some() {
                sweep.expired(group.id, group.kept_from(now)).await?;
            }
        }
        match groups.last() {
            Some((key, _)) if groups.len() == ROWS && !sweep.is_over() => after = Some(key.clone()),
            _ => return Ok(sweep.swept),
        }
    }
}

struct Sweep<'a> {
    store: &'a Store,
    swept: Swept,
    steps: usize,
}

impl Sweep<'_> {
    /// Counts a transaction; `true` where there were enough.
    fn is_over(&mut self) -> bool {
        self.swept.more |= self.steps == 0;
        self.steps = self.steps.saturating_sub(1);
        self.swept.more
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

    /// Removes a group's segments that ended before `kept_from`, and streams whose last event was before it.
    async fn expired(&mut self, group: GroupId, kept_from: i64) -> Result<(), StoreError> {
        while !self.is_over() {
            let removed = self.store.write(move |tx| {
                let rows = ORDER.query(&(group,)).before(&(group, kept_from)).limit(ROWS).rows(tx)?;
                for (key, entry) in &rows {
                    SEGMENTS.remove(tx, &(group, key.2, key.1, key.3))?;
                    ORDER.remove(tx, key)?;
                    count(tx, group, key.2, |all| all.saturating_sub(entry.bytes))?;
                }
                Ok::<_, StoreError>(rows.len())
            });
            let removed = removed.await?;
            self.swept.segments += removed;
            if removed < ROWS {
                break;
            }
        }
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
