//! What is next to be sent for a subscription filter.

use std::collections::BTreeMap;

use weft_store::{Read, ReadTx, StoreError};
use weft_types::{AccountId, Region, Timestamp};

use crate::delivery::oldest;
use crate::message::Sent;
use crate::names::GroupName;
use crate::pattern::Pattern;
use crate::pattern::criteria::{Criteria, SystemField};
use crate::place::Place;
use crate::segment::{Block, SEGMENT_SPAN_MAX};
use crate::subscriptions::{FILTERS, FilterId, OWNERS, PENDING, Pending, PendingKey};
use crate::tables::{GROUPS, SEGMENTS, Segment};

/// Rows and bytes of events that are looked at together, and rows that are removed together.
const ROWS: usize = 64;
const BYTES: usize = 1 << 20;
const USELESS_ROWS: usize = 500;

/// What was found.
pub(crate) enum Found {
    /// Rows of a filter that is gone or takes no events of its group, or that are too old.
    Useless(Vec<PendingKey>),
    /// Events to send, a batch for each stream.
    Batches(Target, Vec<Batch>),
}

/// Where a filter's events come from and go to.
pub(crate) struct Target {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) group: String,
    pub(crate) filter: String,
    pub(crate) function: String,
    /// The system fields that are sent with events.
    fields: BTreeMap<&'static str, String>,
}

/// Events of one stream, and the rows that go when they are sent.
pub(crate) struct Batch {
    pub(crate) stream: String,
    pub(crate) keys: Vec<PendingKey>,
    pub(crate) events: Vec<Sent>,
}

/// Finds what is next for a filter.
pub(crate) fn find(tx: &ReadTx<'_>, filter: FilterId, now: Timestamp) -> Result<Found, StoreError> {
    let all = PENDING.query(&(filter,));
    let Some((target, pattern)) = target(tx, filter)? else {
        return Ok(Found::Useless(keys(all.limit(USELESS_ROWS).rows(tx)?)));
    };
    let late = PENDING.query(&(filter,)).before(&(filter, oldest(now))).limit(USELESS_ROWS).rows(tx)?;
    if !late.is_empty() {
        let events: u64 = late.iter().map(|(_, pending)| pending.count).sum();
        let (group, filter) = (&target.group, &target.filter);
        tracing::warn!(group, filter, events, "log events waited for a day and are not sent");
        return Ok(Found::Useless(keys(late)));
    }
    let mut batches: Vec<Batch> = Vec::new();
    let mut bytes = 0;
    for (key, pending) in all.limit(ROWS).rows(tx)? {
        let at = batches.iter().position(|batch| batch.stream == pending.stream).unwrap_or_else(|| {
            batches.push(Batch { stream: pending.stream.clone(), keys: Vec::new(), events: Vec::new() });
            batches.len() - 1
        });
        bytes += collect(tx, &key, &pending, (&pattern, &target.fields), &mut batches[at].events)?;
        batches[at].keys.push(key);
        if bytes >= BYTES {
            break;
        }
    }
    Ok(Found::Batches(target, batches))
}

fn keys(rows: Vec<(PendingKey, Pending)>) -> Vec<PendingKey> {
    rows.into_iter().map(|(key, _)| key).collect()
}

/// Where the filter sends events of which pattern; `None` where it is gone or sends none.
fn target(tx: &impl Read, filter: FilterId) -> Result<Option<(Target, Pattern)>, StoreError> {
    let Some(owner) = OWNERS.get(tx, &(filter,))? else { return Ok(None) };
    let Some(group) = GROUPS.get(tx, &owner.group)? else { return Ok(None) };
    let Some(found) = FILTERS.get(tx, &(group.id, &owner.name))? else { return Ok(None) };
    // They were written as good ones: what no longer parses sends nothing.
    let (Some(name), Ok(pattern)) = (GroupName::of_key(owner.group), Pattern::parse(&found.pattern)) else {
        return Ok(None);
    };
    let criteria = Criteria::parse(found.criteria.as_deref().unwrap_or_default());
    if !criteria.is_ok_and(|criteria| criteria.take(&name)) {
        return Ok(None);
    }
    let fields = found.system_fields.iter().flatten().filter_map(|field| SystemField::parse(field));
    let fields = fields.map(|field| (field.name(), field.of(&name))).collect();
    let GroupName { account, region, name: group } = name;
    let target = Target { account, region, group, filter: owner.name, function: found.destination, fields };
    Ok(Some((target, pattern)))
}

/// Adds the matching events of a row; gives the bytes that were looked at.
fn collect(
    tx: &impl Read,
    key: &PendingKey,
    pending: &Pending,
    (pattern, fields): (&Pattern, &BTreeMap<&'static str, String>),
    events: &mut Vec<Sent>,
) -> Result<usize, StoreError> {
    let (_, _, stream, number, from) = *key;
    let Some(segment) = segment(tx, pending, stream, number)? else { return Ok(0) };
    let Ok(block) = Block::open(&segment.packed, segment.ingested) else { return Ok(0) };
    let mut bytes = 0;
    let run = (0..).zip(block.events()).skip(usize::try_from(from).unwrap_or(usize::MAX));
    for (index, event) in run.take(usize::try_from(pending.count).unwrap_or(0)) {
        let Ok(event) = event else { break };
        bytes += event.message.len();
        if pattern.matches(event.message) {
            let place = Place { at: event.at, stream, segment: number, index };
            let message = event.message.to_owned();
            events.push(Sent { id: place.event_id(), timestamp: event.at, message, fields: fields.clone() });
        }
    }
    Ok(bytes)
}

/// The segment, which may have grown; `None` where it is no longer kept.
fn segment(
    tx: &impl Read,
    pending: &Pending,
    stream: u64,
    number: u64,
) -> Result<Option<Segment>, StoreError> {
    let (group, last) = (pending.group, pending.last);
    if let Some(found) = SEGMENTS.get(tx, &(group, stream, last, number))? {
        return Ok(Some(found));
    }
    let to = (group, stream, last + SEGMENT_SPAN_MAX + 1);
    let later = SEGMENTS.query(&(group, stream)).from(&(group, stream, last)).before(&to).limit(ROWS);
    Ok(later.rows(tx)?.into_iter().find(|(key, _)| key.3 == number).map(|(_, segment)| segment))
}
