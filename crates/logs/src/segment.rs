//! How a batch of events is kept: one compact, compressed block of bytes.
//!
//! Each event is the difference of its time to the one before it, its length, and the difference of its arrival to the
//! one before it (numbers of variable length), and its text. Blocks that do not shrink are kept as they are.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Bytes of text after which a new segment begins, so that a page of events reads little more than it shows.
pub(crate) const SEGMENT_BYTES_MAX: usize = 256 * 1024;

/// The longest time between the first and the last event of a segment, in milliseconds. Reading in the order of time
/// looks this far ahead of what it returns.
pub(crate) const SEGMENT_SPAN_MAX: i64 = 60_000;

/// Blocks below this are not worth compressing.
const COMPRESSED_MIN: usize = 256;

/// The bits of a block's first byte: it is compressed; each of its events says when it arrived.
const COMPRESSED: u8 = 1;
const SAYS_ARRIVAL: u8 = 2;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) message: String,
}

/// A block that could not be read back. The store's checksums make this a defect of ours, never of a disk.
#[derive(Debug, thiserror::Error)]
#[error("a segment of log events is not readable")]
pub(crate) struct BrokenSegment;

/// Cuts events that are in the order of time into runs that make one segment each.
pub(crate) fn cut(events: &[Event]) -> Vec<&[Event]> {
    let mut runs = Vec::new();
    let mut from = 0;
    let mut bytes = 0;
    for (i, event) in events.iter().enumerate() {
        let too_far = event.at - events[from].at > SEGMENT_SPAN_MAX;
        let too_big = i > from && bytes + event.message.len() > SEGMENT_BYTES_MAX;
        if too_far || too_big {
            runs.push(&events[from..i]);
            from = i;
            bytes = 0;
        }
        bytes += event.message.len();
    }
    if from < events.len() {
        runs.push(&events[from..]);
    }
    runs
}

/// The events of a segment, unpacked; they are read where they lie.
#[derive(Debug, Default)]
pub(crate) struct Block {
    plain: Vec<u8>,
    /// When all events arrived, in blocks that do not say it of each.
    arrived: Option<i64>,
}

/// One event of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed<'a> {
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    /// When it arrived.
    pub(crate) ingested: i64,
    pub(crate) message: &'a str,
}

impl Block {
    /// Unpacks a segment; `ingested` is when its newest event arrived.
    pub(crate) fn open(packed: &[u8], ingested: i64) -> Result<Self, BrokenSegment> {
        let (kind, rest) = packed.split_first().ok_or(BrokenSegment)?;
        let arrived = (kind & SAYS_ARRIVAL == 0).then_some(ingested);
        let plain = match kind & !SAYS_ARRIVAL {
            0 => rest.to_vec(),
            COMPRESSED => {
                let mut plain = Vec::with_capacity(rest.len() * 4);
                DeflateDecoder::new(rest).read_to_end(&mut plain).map_err(|_| BrokenSegment)?;
                plain
            }
            _ => return Err(BrokenSegment),
        };
        Ok(Self { plain, arrived })
    }

    /// All texts, with bytes of ours between them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.plain
    }

    /// Whether events can be added: each says when it arrived.
    pub(crate) fn is_open(&self) -> bool {
        self.arrived.is_none()
    }

    /// Adds events that are in the order of time. `last` is the time of the block's last event and when it arrived; zeros for
    /// an empty block.
    pub(crate) fn add(&mut self, events: &[Event], ingested: i64, last: (i64, i64)) {
        let (mut at, mut arrived) = last;
        self.plain.reserve(events.iter().map(|event| event.message.len() + 8).sum());
        for event in events {
            put_number(&mut self.plain, u64::try_from(event.at - at).unwrap_or(0));
            put_number(&mut self.plain, event.message.len() as u64);
            put_number(&mut self.plain, fold(ingested - arrived));
            self.plain.extend_from_slice(event.message.as_bytes());
            (at, arrived) = (event.at, ingested);
        }
    }

    /// Packs the block.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let plain = &self.plain;
        if plain.len() >= COMPRESSED_MIN {
            let mut packed = Vec::with_capacity(plain.len() / 2);
            packed.push(SAYS_ARRIVAL | COMPRESSED);
            let mut encoder = DeflateEncoder::new(packed, Compression::fast());
            if let Ok(compressed) = encoder.write_all(plain).and_then(|()| encoder.finish())
                && compressed.len() <= plain.len()
            {
                return compressed;
            }
        }
        [&[SAYS_ARRIVAL], plain.as_slice()].concat()
    }

    /// The events in the order of time.
    pub(crate) fn events(&self) -> impl Iterator<Item = Result<Packed<'_>, BrokenSegment>> {
        let (mut rest, mut at, mut ingested) = (self.plain.as_slice(), 0i64, 0i64);
        std::iter::from_fn(move || {
            (!rest.is_empty()).then(|| {
                let event = self.next(&mut rest, at, ingested)?;
                (at, ingested) = (event.at, event.ingested);
                Ok(event)
            })
        })
    }

    fn next<'a>(&self, rest: &mut &'a [u8], at: i64, ingested: i64) -> Result<Packed<'a>, BrokenSegment> {
        let bytes = std::mem::take(rest);
        let mut left = bytes;
        let later = i64::try_from(take_number(&mut left)?).map_err(|_| BrokenSegment)?;
        let length = usize::try_from(take_number(&mut left)?).map_err(|_| BrokenSegment)?;
        let ingested = match self.arrived {
            Some(arrived) => arrived,
            None => ingested.wrapping_add(unfold(take_number(&mut left)?)),
        };
        let (text, tail) = left.split_at_checked(length).ok_or(BrokenSegment)?;
        let message = std::str::from_utf8(text).map_err(|_| BrokenSegment)?;
        *rest = tail;
        Ok(Packed { at: at.checked_add(later).ok_or(BrokenSegment)?, ingested, message })
    }
}

/// A signed number as an unsigned one that is small where it is near zero.
fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_number(bytes: &mut &[u8]) -> Result<u64, BrokenSegment> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BrokenSegment)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BrokenSegment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(at: i64, message: &str) -> Event {
        Event { at, message: message.to_owned() }
    }

    fn pack(events: &[Event], ingested: i64) -> Vec<u8> {
        let mut block = Block::default();
        block.add(events, ingested, (0, 0));
        block.pack()
    }

    fn unpack(packed: &[u8], ingested: i64) -> Result<Vec<(i64, i64, String)>, BrokenSegment> {
        let block = Block::open(packed, ingested)?;
        block.events().map(|event| event.map(|e| (e.at, e.ingested, e.message.to_owned()))).collect()
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back_with_what_was_added(
            mut times in prop::collection::vec(0i64..4_000_000_000_000, 0..40),
            text in "\\PC{0,80}",
            arrivals in prop::array::uniform2(0i64..4_000_000_000_000),
            cut in 0usize..40,
        ) {
            times.sort_unstable();
            let events: Vec<Event> = times.iter().map(|at| event(*at, &format!("{text}{at}"))).collect();
            let (old, new) = events.split_at(cut.min(events.len()));
            let mut block = Block::default();
            block.add(old, arrivals[0], (0, 0));
            let mut block = Block::open(&block.pack(), 0).unwrap();
            prop_assert!(block.is_open());
            block.add(new, arrivals[1], old.last().map_or((0, 0), |last| (last.at, arrivals[0])));
            let expected: Vec<_> = events.iter().enumerate().map(|(i, event)| {
                (event.at, arrivals[usize::from(i >= old.len())], event.message.clone())
            }).collect();
            prop_assert_eq!(unpack(&block.pack(), 0).unwrap(), expected);
        }

        #[test]
        fn broken_blocks_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = unpack(&bytes, 0);
            let _ = unpack(&[&[2], bytes.as_slice()].concat(), 0);
        }
    }

    #[test]
    fn blocks_of_the_first_format_are_read() {
        let old = [&[0, 5, 1][..], b"a", &[2, 2], b"bc"].concat();
        assert_eq!(unpack(&old, 9).unwrap(), [(5, 9, "a".to_owned()), (7, 9, "bc".to_owned())]);
        assert!(!Block::open(&old, 9).unwrap().is_open());
    }

    #[test]
    fn repeated_lines_shrink() {
        let events: Vec<Event> = (0..1000).map(|i| event(i, "GET /orders 200 1.2 ms")).collect();
        assert!(pack(&events, 5).len() < 3000);
    }

    #[test]
    fn runs_are_bounded_in_time_and_size() {
        let big = "x".repeat(SEGMENT_BYTES_MAX / 2);
        let lengths = |events: &[Event]| cut(events).iter().map(|run| run.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&[event(0, ""), event(60_000, ""), event(60_001, "")]), [2, 1]);
        assert_eq!(lengths(&[event(0, &big), event(0, &big), event(0, &big)]), [2, 1]);
        assert_eq!(lengths(&[event(0, &"x".repeat(1_000_000))]), [1]);
    }
}
