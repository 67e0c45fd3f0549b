//! Fills pages from the store.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem;
use weft_service::Error;
use weft_store::{Read, StoreError};

use crate::page::{Page, Want};
use crate::pattern::Pattern;
use crate::place::{Direction, Place};
use crate::segment::{Block, SEGMENT_SPAN_MAX};
use crate::sketch::Sketch;
use crate::tables::{GroupId, ORDER, SEGMENTS, STREAMS, Segment, SegmentKey, StreamId};

/// Segments, and rows of a group's order, that are read at a time.
const SEGMENT_ROWS: usize = 16;
const ORDER_ROWS: usize = 256;

/// What one `FilterLogEvents` request may read before it answers with what it found and a token.
const FILTER_BYTES_MAX: usize = 16 << 20;
const FILTER_ROWS_MAX: usize = 20_000;

/// An event as a page shows it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) message: String,
    pub(crate) ingested: i64,
    pub(crate) stream: Option<Arc<str>>,
}

/// Which of a group's streams are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Streams {
    /// All of them.
    All,
    /// Those of these names.
    Named(Vec<String>),
    /// Those whose names begin so.
    Prefixed(String),
}

impl Streams {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|wanted| wanted == name),
            Self::Prefixed(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

/// Fills a page with events of one stream.
pub(crate) fn read_stream(
    tx: &impl Read,
    group: GroupId,
    stream: StreamId,
    direction: Direction,
    page: &mut Page<Row>,
) -> Result<(), Error> {
    let (low, high) = page.segments();
    let from = (group, stream, low);
    let to = (group, stream, high.saturating_add(1));
    let mut last_key: Option<SegmentKey> = None;
    loop {
        let query = SEGMENTS.query(&(group, stream)).from(&from).before(&to).limit(SEGMENT_ROWS);
        let query = match (direction, &last_key) {
            (Direction::Forward, None) => query,
            (Direction::Forward, Some(key)) => query.after(key),
            (Direction::Backward, None) => query.backward(),
            (Direction::Backward, Some(key)) => query.before(key).backward(),
        };
        let rows = query.rows(tx)?;
        for (key, segment) in &rows {
            match page.wants(segment.first, key.2) {
                Want::Stop => return Ok(()),
                Want::Skip => {}
                Want::Load => add(page, *key, segment, None, &Pattern::default())?,
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == SEGMENT_ROWS => last_key = Some(*key),
            _ => return Ok(()),
        }
    }
}

/// Fills a page, which reads forward, with matching events of a group's streams.
pub(crate) fn read_group(
    tx: &impl Read,
    group: GroupId,
    streams: &Streams,
    pattern: &Pattern,
    page: &mut Page<Row>,
) -> Result<(), Error> {
    let (low, high) = page.segments();
    let to = (group, high.saturating_add(1));
    let mut names = LiveStreams { group, wanted: streams, found: HashMap::new() };
    let (mut visited, mut bytes) = (0, 0);
    let mut last_key = None;
    loop {
        let query = ORDER.query(&(group,)).from(&(group, low)).before(&to).limit(ORDER_ROWS);
        let query = match &last_key {
            None => query,
            Some(key) => query.after(key),
        };
        let rows = query.rows(tx)?;
        for ((_, last, stream, number), entry) in &rows {
            let enough = visited >= FILTER_ROWS_MAX || bytes >= FILTER_BYTES_MAX;
            let certain_until = last.saturating_sub(SEGMENT_SPAN_MAX);
            if enough && certain_until > page.from().at {
                page.end_before(certain_until);
            }
            visited += 1;
            match page.wants(entry.first, *last) {
                Want::Stop => return Ok(()),
                Want::Skip => continue,
                Want::Load => {}
            }
            bytes += entry.sketch.len();
            let sketch = Sketch::of(&entry.sketch);
            if !pattern.may_match(&|text| sketch.may_have(text)) {
                continue;
            }
            let Some(name) = names.get(tx, *stream, &entry.stream)? else { continue };
            let key = (group, *stream, *last, *number);
            if let Some(segment) = SEGMENTS.get(tx, &key)? {
                bytes += usize::try_from(entry.bytes).unwrap_or(usize::MAX);
                add(page, key, &segment, Some(&name), pattern)?;
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == ORDER_ROWS => last_key = Some(*key),
            _ => return Ok(()),
        }
    }
}

/// The streams that a request asks for and that still exist, found once per request.
struct LiveStreams<'a> {
    group: GroupId,
    wanted: &'a Streams,
    found: HashMap<StreamId, Option<Arc<str>>>,
}

impl LiveStreams<'_> {
    fn get(&mut self, tx: &impl Read, id: StreamId, name: &str) -> Result<Option<Arc<str>>, StoreError> {
        if let Some(known) = self.found.get(&id) {
            return Ok(known.clone());
        }
        // A deleted stream's segments are there until they are swept, and a new one may have its name.
        let live = self.wanted.has(name)
            && STREAMS.get(tx, &(self.group, name))?.is_some_and(|stream| stream.id == id);
        let name = live.then(|| Arc::from(name));
        self.found.insert(id, name.clone());
        Ok(name)
    }
}

fn add(
    page: &mut Page<Row>,
    (_, stream, _, number): SegmentKey,
    segment: &Segment,
    name: Option<&Arc<str>>,
    pattern: &Pattern,
) -> Result<(), Error> {
    let block = Block::open(&segment.packed, segment.ingested).map_err(Error::internal)?;
    if !pattern.may_match(&|text| memmem::find(block.bytes(), text).is_some()) {
        return Ok(());
    }
    for (index, event) in (0..).zip(block.events()) {
        let event = event.map_err(Error::internal)?;
        let place = Place { at: event.at, stream, segment: number, index };
        if page.takes(place) && pattern.matches(event.message) {
            let row =
                Row { message: event.message.to_owned(), ingested: event.ingested, stream: name.cloned() };
            page.add(place, row.message.len(), row);
        }
    }
    Ok(())
}
