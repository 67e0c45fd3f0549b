//! What one worker's lines become: events of bounded length whose times never go back.

use std::borrow::Cow;

use weft_types::Timestamp;

use crate::segment::Event;

/// Bytes of one event; longer lines become several.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// How far a stream's last event may be ahead of the clock for lines to be put behind it, in milliseconds.
const AHEAD_MAX: i64 = 60_000;

/// Lines of one stream.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pending {
    pub(crate) events: Vec<Event>,
    pub(crate) bytes: usize,
    pub(crate) dropped: u64,
    /// Whether it was the stream itself that was too fast.
    pub(crate) too_fast: bool,
}

/// The lines with times that never go back, and the line that says how many are missing.
pub(crate) fn in_order(
    pending: &Pending,
    last_event: Option<i64>,
    now: Timestamp,
    bytes_each_second: u64,
) -> Cow<'_, [Event]> {
    // Somebody may have put events of the next two hours into the stream; lines that pretend to be as late would be worse
    // than lines that a follower misses.
    let mut at = last_event.filter(|at| *at <= now.as_millis() + AHEAD_MAX).unwrap_or(0);
    let ordered = pending.events.is_sorted_by_key(|event| event.at)
        && pending.events.first().is_none_or(|event| event.at >= at);
    if ordered && pending.dropped == 0 {
        return Cow::Borrowed(&pending.events);
    }
    let mut events = pending.events.clone();
    for event in &mut events {
        at = at.max(event.at);
        event.at = at;
    }
    if pending.dropped > 0 {
        let message = dropped_line(pending, bytes_each_second);
        events.push(Event { at: if at == 0 { now.as_millis() } else { at }, message });
    }
    Cow::Owned(events)
}

/// The line that stands for those that are missing.
fn dropped_line(pending: &Pending, bytes_each_second: u64) -> String {
    let lines = if pending.dropped == 1 { "line was" } else { "lines were" };
    let why = if pending.too_fast {
        format!("a worker may print {} KiB a second", bytes_each_second / 1024)
    } else {
        "more was printed than could be stored".to_owned()
    };
    format!("[weft] {} {lines} dropped: {why}", pending.dropped)
}

/// Cuts a long line where a character ends. An empty line stays, as one space: events have texts.
pub(crate) fn split(line: String) -> impl Iterator<Item = String> {
    let mut rest = if line.is_empty() { Some(" ".to_owned()) } else { Some(line) };
    std::iter::from_fn(move || {
        let mut text = rest.take()?;
        if text.len() > LINE_BYTES_MAX {
            rest = Some(text.split_off(text.floor_char_boundary(LINE_BYTES_MAX)));
        }
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_characters() {
        let check = |line: String, lengths: &[usize]| {
            let found: Vec<usize> = split(line.clone()).map(|part| part.len()).collect();
            assert_eq!(found, lengths);
            assert_eq!(split(line.clone()).collect::<String>(), if line.is_empty() { " " } else { &line });
        };
        check(String::new(), &[1]);
        check("x".repeat(LINE_BYTES_MAX), &[LINE_BYTES_MAX]);
        check("x".repeat(LINE_BYTES_MAX + 1), &[LINE_BYTES_MAX, 1]);
        check(format!("{}ü", "x".repeat(LINE_BYTES_MAX - 1)), &[LINE_BYTES_MAX - 1, 2]);
    }

    #[test]
    fn times_of_a_stream_never_go_back() {
        let event = |at| Event { at, message: "m".to_owned() };
        let pending = Pending { events: vec![event(5), event(3), event(9)], ..Pending::default() };
        let times = |last, now| {
            in_order(&pending, last, Timestamp::from_millis(now), 1024)
                .iter()
                .map(|event| event.at)
                .collect::<Vec<_>>()
        };
        assert_eq!(times(None, 10), [5, 5, 9]);
        assert_eq!(times(Some(7), 10), [7, 7, 9]);
        assert_eq!(times(Some(10 + AHEAD_MAX + 1), 10), [5, 5, 9]);
    }

    #[test]
    fn lines_in_their_order_are_not_copied() {
        let check = |times: &[i64], last, borrowed: bool| {
            let events = times.iter().map(|at| Event { at: *at, message: "m".to_owned() }).collect();
            let pending = Pending { events, ..Pending::default() };
            let found = in_order(&pending, last, Timestamp::from_millis(10), 1024);
            assert_eq!(matches!(found, Cow::Borrowed(_)), borrowed, "{times:?} {last:?}");
            assert!(found.is_sorted_by_key(|event| event.at) && found.len() == times.len());
        };
        check(&[], None, true);
        check(&[4, 4, 9], Some(4), true);
        check(&[4, 9], Some(5), false);
        check(&[4, 3], None, false);
    }

    #[test]
    fn dropped_lines_are_counted_in_the_stream() {
        for (dropped, too_fast, expected) in [
            (3, true, "[weft] 3 lines were dropped: a worker may print 2048 KiB a second"),
            (1, false, "[weft] 1 line was dropped: more was printed than could be stored"),
        ] {
            let pending = Pending { dropped, too_fast, ..Pending::default() };
            let events = in_order(&pending, None, Timestamp::from_millis(10), 2 << 20);
            assert_eq!(*events, [Event { at: 10, message: expected.to_owned() }]);
        }
    }
}
