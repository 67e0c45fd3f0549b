//! What waits for a subscription filter is bounded: where a function takes nothing, or less than comes, the oldest goes. How many
//! events went is said in the platform's log and by a line in a stream of the group.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use weft_store::{Read, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::names::GroupName;
use crate::page::EVENT_OVERHEAD;
use crate::quotas::add_newest;
use crate::segment::Event;
use crate::subscriptions::{FilterId, OWNERS, Owner, PENDING, PendingKey};
use crate::tables::{GROUPS, STREAMS, append};
use crate::{Arrived, Logs};

/// The stream whose lines say how many events were not sent.
pub(crate) const STREAM: &str = "weft/subscriptions";

/// Rows that are read at a time, and removed together.
const READ_ROWS: usize = 1000;
const REMOVED_ROWS: usize = 5000;

/// Filters of which is known what came since they were looked at.
const KNOWN_MAX: usize = 100_000;

/// What came for filters since what waits for them was looked at.
#[derive(Default)]
pub(crate) struct Backlog {
    state: Mutex<State>,
    /// Told when filters are to be looked at.
    pub(crate) some: Notify,
}

#[derive(Default)]
struct State {
    came: HashMap<FilterId, Amount>,
    due: HashSet<FilterId>,
}

/// Rows, and the bytes of the events for which they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// Whether it is more than `tenths` tenths of `max`.
    fn exceeds(self, max: Self, tenths: u64) -> bool {
        let exceeds = |amount: u64, max: u64| amount.saturating_mul(10) > max.saturating_mul(tenths);
        exceeds(self.rows, max.rows) || exceeds(self.bytes, max.bytes)
    }
}

impl Backlog {
    /// Counts what came for some filters. A filter is looked at when it is new here, and each time a tenth of `max` came.
    pub(crate) fn came(&self, filters: &[FilterId], amount: Amount, max: Amount) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.came.len() > KNOWN_MAX {
            state.came.clear();
        }
        for filter in filters {
            let known = state.came.insert(*filter, Amount::default());
            let mut all = known.unwrap_or_default();
            all.add(amount);
            if known.is_none() || all.exceeds(max, 1) {
                state.due.insert(*filter);
                self.some.notify_one();
            } else {
                state.came.insert(*filter, all);
            }
        }
    }

    fn take(&self) -> HashSet<FilterId> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).due)
    }
}

impl Logs {
    /// Keeps what waits for filters bounded, for ever.
    pub(crate) async fn bound_forever(&self) {
        loop {
            self.backlog.some.notified().await;
            if let Err(error) = self.bound().await {
                tracing::error!(%error, "subscribed log events that are too many could not be removed");
            }
        }
    }

    /// Looks at filters for which much came, and removes the oldest of what is too much.
    pub(crate) async fn bound(&self) -> Result<(), StoreError> {
        let (max, streams_max) = (self.options.backlog_max(), self.options.streams_max);
        for filter in self.backlog.take() {
            let Some(keep) = self.store.read(move |tx| kept_from(tx, filter, max)).await? else { continue };
            loop {
                let now = self.clock.now();
                let removed =
                    self.store.write(move |tx| remove_before(tx, filter, &keep, streams_max, now)).await?;
                if let Some(arrived) = removed.line {
                    self.tell(&arrived, now);
                }
                if removed.rows < REMOVED_ROWS {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The oldest row that stays where more waits than may: the newest nine tenths do, so that not each arrival makes room.
fn kept_from(tx: &impl Read, filter: FilterId, max: Amount) -> Result<Option<PendingKey>, StoreError> {
    let (mut all, mut kept) = (Amount::default(), None);
    let mut last: Option<PendingKey> = None;
    loop {
        let query = PENDING.query(&(filter,)).backward().limit(READ_ROWS);
        let rows = match &last {
            Some(key) => query.before(key).rows(tx)?,
            None => query.rows(tx)?,
        };
        for (key, pending) in &rows {
            all.add(Amount { rows: 1, bytes: pending.bytes });
            if all.exceeds(max, 10) {
                return Ok(kept.or(last));
            }
            if !all.exceeds(max, 9) {
                kept = Some(*key);
            }
            last = Some(*key);
        }
        if rows.len() < READ_ROWS {
            return Ok(None);
        }
    }
}

/// What one transaction removed.
struct Removed {
    rows: usize,
    /// The line that says so.
    line: Option<Arrived>,
}

/// Removes the oldest rows of a filter up to one, and says in its group how many events went.
fn remove_before(
    tx: &mut WriteTx<'_>,
    filter: FilterId,
    keep: &PendingKey,
    streams_max: u64,
    now: Timestamp,
) -> Result<Removed, StoreError> {
    let rows = PENDING.query(&(filter,)).before(keep).limit(REMOVED_ROWS).rows(tx)?;
    let mut events = 0;
    for (key, pending) in &rows {
        PENDING.remove(tx, key)?;
        events += pending.count;
    }
    let owner = OWNERS.get(tx, &(filter,))?.filter(|_| events > 0);
    let line = owner.map(|owner| tell_group(tx, owner, events, streams_max, now)).transpose()?.flatten();
    Ok(Removed { rows: rows.len(), line })
}

/// Adds the line to the group of a filter, where it is still there.
fn tell_group(
    tx: &mut WriteTx<'_>,
    owner: Owner,
    events: u64,
    streams_max: u64,
    now: Timestamp,
) -> Result<Option<Arrived>, StoreError> {
    let Some(group) = GROUPS.get(tx, &owner.group)? else { return Ok(None) };
    let filter = &owner.name;
    tracing::warn!(
        group = owner.group.2,
        filter,
        events,
        "more log events waited than may; the oldest are not sent"
    );
    let stream = match STREAMS.get(tx, &(group.id, STREAM))? {
        Some(stream) => stream,
        None => add_newest(tx, group.id, STREAM, streams_max, now)?,
    };
    let message = format!(
        "[weft] {events} log events were not sent for the subscription filter {filter}: more waited than may"
    );
    let bytes = (message.len() + EVENT_OVERHEAD) as u64;
    let event = [Event { at: now.as_millis().max(stream.last_event.unwrap_or(0)), message }];
    append(tx, &group, STREAM, stream, &event, now)?;
    let name = GroupName::of_key(owner.group);
    Ok(name.map(|group_name| Arrived {
        group: group_name,
        stream: STREAM.into(),
        events: Arc::new(event),
        amount: Amount { rows: 1, bytes },
        filters: group.subscriptions,
    }))
}
