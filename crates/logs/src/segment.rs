//! How a batch of events is kept: one compact, compressed block of bytes.
//!
//! Each event is the difference of its time to the one before it (a variable-length number), its length (the same), and
//! its text. Blocks that do not shrink are kept as they are.

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

/// Packs events that are in the order of time.
pub(crate) fn pack(events: &[Event]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(events.iter().map(|event| event.message.len() + 8).sum());
    let mut last = 0;
    for event in events {
        put_number(&mut plain, u64::try_from(event.at - last).unwrap_or(0));
        put_number(&mut plain, event.message.len() as u64);
        plain.extend_from_slice(event.message.as_bytes());
        last = event.at;
    }
    let mut packed = Vec::with_capacity(plain.len() + 1);
    if plain.len() >= COMPRESSED_MIN {
        packed.push(1);
        let mut encoder = DeflateEncoder::new(packed, Compression::fast());
        if let Ok(compressed) = encoder.write_all(&plain).and_then(|()| encoder.finish())
            && compressed.len() <= plain.len()
        {
            return compressed;
        }
        packed = Vec::with_capacity(plain.len() + 1);
    }
    packed.push(0);
    packed.extend_from_slice(&plain);
    packed
}

/// Unpacks what [`pack`] made.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<Event>, BrokenSegment> {
    let (kind, rest) = packed.split_first().ok_or(BrokenSegment)?;
    let mut inflated = Vec::new();
    let mut plain = match kind {
        0 => rest,
        1 => {
            DeflateDecoder::new(rest).read_to_end(&mut inflated).map_err(|_| BrokenSegment)?;
            inflated.as_slice()
        }
        _ => return Err(BrokenSegment),
    };
    let mut events = Vec::new();
    let mut at = 0;
    while !plain.is_empty() {
        at += i64::try_from(take_number(&mut plain)?).map_err(|_| BrokenSegment)?;
        let length = usize::try_from(take_number(&mut plain)?).map_err(|_| BrokenSegment)?;
        let (text, tail) = plain.split_at_checked(length).ok_or(BrokenSegment)?;
        let message = std::str::from_utf8(text).map_err(|_| BrokenSegment)?.to_owned();
        events.push(Event { at, message });
        plain = tail;
    }
    Ok(events)
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

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            mut times in prop::collection::vec(0i64..4_000_000_000_000, 0..40),
            text in "\\PC{0,80}",
        ) {
            times.sort_unstable();
            let events: Vec<Event> = times.iter().map(|at| event(*at, &format!("{text}{at}"))).collect();
            prop_assert_eq!(unpack(&pack(&events)).unwrap(), events);
        }

        #[test]
        fn broken_blocks_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn repeated_lines_shrink() {
        let events: Vec<Event> = (0..1000).map(|i| event(i, "GET /orders 200 1.2 ms")).collect();
        assert!(pack(&events).len() < 3000);
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
