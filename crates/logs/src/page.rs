//! Collects one page of events in the order of time out of segments that may overlap.
//!
//! Segments come in the order of their *last* event. Forward, an event is certain to be next once no later segment can
//! hold an earlier one, which the longest span of a segment bounds; backward, all further segments end earlier. A page
//! never holds more than its limits: what no longer fits is dropped and becomes the page's end.

use std::collections::BTreeMap;

use weft_service::Error;

use crate::errors;
use crate::place::{Direction, Place};

/// Bytes that an event counts beyond its text, as `PutLogEvents` counts them.
pub(crate) const EVENT_OVERHEAD: usize = 26;

/// Bytes of a page.
pub(crate) const PAGE_BYTES_MAX: usize = 1_048_576;

/// Events of a page, and how many there are where a request does not say.
pub(crate) const EVENTS_MAX: i32 = 10_000;

/// Groups or streams of a page, and how many there are where a request does not say.
pub(crate) const NAMES_MAX: i32 = 50;

/// How much a page may hold by the request's `limit`: 1 to `max`, and `max` where it has none.
pub(crate) fn page_limit(limit: Option<i32>, max: i32) -> Result<usize, Error> {
    let limit = limit.unwrap_or(max);
    match usize::try_from(limit) {
        Ok(count) if (1..=max).contains(&limit) => Ok(count),
        _ => {
            let rule = format!("have value between 1 and {max}");
            Err(errors::constraint(&limit.to_string(), "limit", &rule))
        }
    }
}

/// What to do with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// It may hold events of the page.
    Load,
    /// It holds none, but a further one may.
    Skip,
    /// Neither it nor any further one holds any.
    Stop,
}

/// A page in the making.
#[derive(Debug)]
pub(crate) struct Page<T> {
    direction: Direction,
    /// The first place that may be on the page.
    from: Place,
    /// The place at which it ends, exclusive.
    to: Place,
    limit: usize,
    /// The longest time between a segment's first and last event.
    span: i64,
    bytes: usize,
    events: BTreeMap<Place, (T, usize)>,
    full: bool,
}

impl<T> Page<T> {
    /// A page of at most `limit` events (at least one) from `from` up to, not including, `to`.
    pub(crate) fn new(direction: Direction, from: Place, to: Place, limit: usize, span: i64) -> Self {
        Self {
            direction,
            from,
            to,
            limit: limit.max(1),
            span,
            bytes: 0,
            events: BTreeMap::new(),
            full: false,
        }
    }

    /// The `last` times among which the page's segments are: forward they are visited upwards, backward downwards.
    pub(crate) fn segments(&self) -> (i64, i64) {
        (self.from.at, self.to.at.saturating_add(self.span))
    }

    /// Whether the segment with these first and last times is needed.
    pub(crate) fn wants(&self, first: i64, last: i64) -> Want {
        let beyond = match self.direction {
            Direction::Forward => last.saturating_sub(self.span) > self.to.at,
            Direction::Backward => last < self.from.at,
        };
        if beyond {
            Want::Stop
        } else if first > self.to.at || last < self.from.at {
            Want::Skip
        } else {
            Want::Load
        }
    }

    /// Whether an event of this place would be on the page.
    pub(crate) fn takes(&self, place: Place) -> bool {
        self.from <= place && place < self.to
    }

    /// Adds an event of `length` bytes where it belongs, if it does.
    pub(crate) fn add(&mut self, place: Place, length: usize, event: T) {
        if !self.takes(place) {
            return;
        }
        self.bytes += length + EVENT_OVERHEAD;
        self.events.insert(place, (event, length));
        while self.events.len() > self.limit || (self.bytes > PAGE_BYTES_MAX && self.events.len() > 1) {
            let dropped = match self.direction {
                Direction::Forward => self.events.pop_last().inspect(|(place, _)| self.to = *place),
                Direction::Backward => {
                    self.events.pop_first().inspect(|(place, _)| self.from = place.after())
                }
            };
            self.bytes -= dropped.map_or(0, |(_, (_, length))| length + EVENT_OVERHEAD);
            self.full = true;
        }
    }

    /// Ends the page, which reads forward, before `at`, because enough was read for one request.
    pub(crate) fn end_before(&mut self, at: i64) {
        let to = Place::before(at);
        if to < self.to {
            self.to = to;
            self.full = true;
            let late = self.events.split_off(&to);
            self.bytes -= late.values().map(|(_, length)| length + EVENT_OVERHEAD).sum::<usize>();
        }
    }

    /// Where the page begins.
    pub(crate) fn from(&self) -> Place {
        self.from
    }

    /// Where a page that reads forward ended because it was full; `None` where there was nothing more.
    pub(crate) fn continues_at(&self) -> Option<Place> {
        self.full.then_some(self.to)
    }

    /// The events in the order of time.
    pub(crate) fn into_events(self) -> impl Iterator<Item = (Place, T)> {
        self.events.into_iter().map(|(place, (event, _))| (place, event))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Segments as (first, last, number, times), visited as the store would.
    fn read(segments: &[Vec<i64>], page: &mut Page<()>) {
        let mut order: Vec<(i64, u64, &Vec<i64>)> = segments
            .iter()
            .enumerate()
            .map(|(number, times)| (*times.last().unwrap(), number as u64, times))
            .collect();
        order.sort_unstable();
        if page.direction == Direction::Backward {
            order.reverse();
        }
        let (low, high) = page.segments();
        for (last, number, times) in order.into_iter().filter(|(last, ..)| (low..=high).contains(last)) {
            match page.wants(times[0], last) {
                Want::Stop => break,
                Want::Skip => {}
                Want::Load => {
                    for (index, at) in times.iter().enumerate() {
                        page.add(Place { at: *at, stream: 1, segment: number, index: index as u64 }, 10, ());
                    }
                }
            }
        }
    }

    fn segments() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let segment = (0i64..300, prop::collection::vec(0i64..=20, 1..5));
        prop::collection::vec(segment, 1..20).prop_map(|list| {
            let times = |(base, mut offsets): (i64, Vec<i64>)| {
                offsets.sort_unstable();
                offsets.into_iter().map(|offset| base + offset).collect()
            };
            list.into_iter().map(times).collect()
        })
    }

    proptest! {
        #[test]
        fn a_page_has_the_nearest_events_both_ways(
            segments in segments(), from in 0i64..320, length in 0i64..320, limit in 1usize..8,
        ) {
            let mut all: Vec<Place> = segments.iter().enumerate().flat_map(|(number, times)| {
                times.iter().enumerate().map(move |(index, at)| {
                    Place { at: *at, stream: 1, segment: number as u64, index: index as u64 }
                })
            }).collect();
            all.sort_unstable();
            let (from, to) = (Place::before(from), Place::before(from + length));
            all.retain(|place| from <= *place && *place < to);
            let mut forward = Page::new(Direction::Forward, from, to, limit, 20);
            read(&segments, &mut forward);
            prop_assert_eq!(forward.continues_at(), all.get(limit).copied());
            let found: Vec<Place> = forward.into_events().map(|(place, ())| place).collect();
            prop_assert_eq!(&found[..], &all[..all.len().min(limit)]);
            let mut backward = Page::new(Direction::Backward, from, to, limit, 20);
            read(&segments, &mut backward);
            let found: Vec<Place> = backward.into_events().map(|(place, ())| place).collect();
            prop_assert_eq!(&found[..], &all[all.len().saturating_sub(limit)..]);
        }
    }

    #[test]
    fn a_page_is_bounded_in_bytes_but_never_empty() {
        let mut page = Page::new(Direction::Forward, Place::before(0), Place::before(100), 10_000, 0);
        for segment in 0..3 {
            let place = Place { at: 1, stream: 1, segment, index: 0 };
            page.add(place, PAGE_BYTES_MAX / 2 - EVENT_OVERHEAD, ());
        }
        assert_eq!(page.into_events().count(), 2);
        let mut page = Page::new(Direction::Forward, Place::before(0), Place::before(100), 10_000, 0);
        page.add(Place::before(1), 2 * PAGE_BYTES_MAX, ());
        assert_eq!(page.into_events().count(), 1);
    }

    #[test]
    fn a_limit_is_kept_and_a_wrong_one_is_told_as_it_came() {
        let check = |given, want: Result<usize, &str>| {
            let got = page_limit(given, 50).map_err(|error| error.message().to_owned());
            let rule = "at 'limit' failed to satisfy constraint: Member must have value between 1 and 50";
            let want = want.map_err(|value| format!("1 validation error detected: Value '{value}' {rule}"));
            assert_eq!(got, want, "{given:?}");
        };
        check(None, Ok(50));
        check(Some(1), Ok(1));
        check(Some(50), Ok(50));
        check(Some(51), Err("51"));
        check(Some(0), Err("0"));
        check(Some(-7), Err("-7"));
    }
}
