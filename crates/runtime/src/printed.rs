//! What a worker prints, cut into log events: lines, and between them the events that came as frames.
//!
//! Our own bootstraps write their log records as frames (see [`framed`](crate::framed)) to the standard output, so that a record
//! and what the handler prints stay in the order in which they were written. What every frame begins with is no UTF-8 and holds a
//! zero byte: text does not look like it.

use weft_types::Timestamp;

use crate::framed::{HEAD_BYTES, Head, MARK};

/// The most that a log event may hold; what is longer becomes several.
pub(crate) const EVENT_BYTES_MAX: usize = 256 << 10;

/// A log event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// What a frame holds, with its time.
    Event(Timestamp, &'a [u8]),
}

/// Cuts what comes from one pipe.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// Whether frames may come.
    framed: bool,
    line: Vec<u8>,
    /// What may be the head of a frame.
    head: Vec<u8>,
    frame: Option<Frame>,
}

#[derive(Debug)]
struct Frame {
    time: Timestamp,
    /// Bytes that are still to come.
    left: usize,
    text: Vec<u8>,
}

impl Cutter {
    pub(crate) fn new(framed: bool) -> Self {
        Self { framed, ..Self::default() }
    }

    /// Takes the next bytes, and tells of the events that they end.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Printed<'_>)) {
        while !bytes.is_empty() {
            let taken = if self.frame.is_some() {
                self.take_frame(bytes, &mut tell)
            } else if self.head.is_empty() {
                self.take_line(bytes, &mut tell)
            } else {
                self.take_head(bytes[0], &mut tell)
            };
            bytes = &bytes[taken..];
        }
    }

    /// Whether a line was begun and not ended.
    pub(crate) const fn is_begun(&self) -> bool {
        !self.line.is_empty()
    }

    /// Tells the line that was begun, as far as it is there.
    pub(crate) fn end_line(&mut self, mut tell: impl FnMut(Printed<'_>)) {
        if self.is_begun() {
            tell(Printed::Line(&self.line));
            self.line.clear();
        }
    }

    /// Tells all that was begun: nothing more comes.
    pub(crate) fn end(&mut self, mut tell: impl FnMut(Printed<'_>)) {
        if let Some(frame) = self.frame.take() {
            tell(Printed::Event(frame.time, &frame.text));
        }
        self.line.append(&mut self.head);
        self.end_line(tell);
    }

    fn take_line(&mut self, bytes: &[u8], tell: &mut impl FnMut(Printed<'_>)) -> usize {
        let mark = MARK.to_be_bytes()[0];
        let Some(at) = bytes.iter().position(|byte| *byte == b'\n' || (self.framed && *byte == mark)) else {
            self.line.extend_from_slice(bytes);
            if self.line.len() >= EVENT_BYTES_MAX {
                self.end_line(tell);
            }
            return bytes.len();
        };
        if bytes[at] != b'\n' {
            self.line.extend_from_slice(&bytes[..at]);
            self.head.push(mark);
        } else if self.line.is_empty() {
            tell(Printed::Line(&bytes[..at]));
        } else {
            self.line.extend_from_slice(&bytes[..at]);
            self.end_line(tell);
        }
        at + 1
    }

    /// Takes one byte of what may be a head, unless it shows that there is none.
    fn take_head(&mut self, byte: u8, tell: &mut impl FnMut(Printed<'_>)) -> usize {
        self.head.push(byte);
        if !Head::may_begin(&self.head) {
            self.head.pop();
            self.line.append(&mut self.head);
            return 0;
        }
        if let Some(head) = self.head.first_chunk::<HEAD_BYTES>().and_then(Head::parse) {
            self.head.clear();
            self.end_line(&mut *tell);
            if head.length == 0 {
                tell(Printed::Event(head.time, b""));
            } else {
                self.frame = Some(Frame { time: head.time, left: head.length, text: Vec::new() });
            }
        }
        1
    }

    fn take_frame(&mut self, bytes: &[u8], tell: &mut impl FnMut(Printed<'_>)) -> usize {
        let Some(frame) = &mut self.frame else { return 0 };
        let taken = frame.left.min(bytes.len()).min(EVENT_BYTES_MAX - frame.text.len());
        frame.text.extend_from_slice(&bytes[..taken]);
        frame.left -= taken;
        if frame.left == 0 || frame.text.len() == EVENT_BYTES_MAX {
            tell(Printed::Event(frame.time, &frame.text));
            frame.text.clear();
        }
        if frame.left == 0 {
            self.frame = None;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of a text record.
    fn frame(millis: u64, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&0xA55A_0013_u32.to_be_bytes()[..], &length, &(millis * 1000).to_be_bytes(), text].concat()
    }

    /// What comes of these bytes, however they are cut, and of their end.
    fn check(bytes: &[u8], expected: &[(Option<i64>, &[u8])]) {
        for size in [1, 2, 3, 7, 16, 17, bytes.len().max(1)] {
            let (mut cutter, mut found) = (Cutter::new(true), Vec::new());
            let mut tell = |printed: Printed<'_>| match printed {
                Printed::Line(text) => found.push((None, text.to_vec())),
                Printed::Event(time, text) => found.push((Some(time.as_millis()), text.to_vec())),
            };
            bytes.chunks(size).for_each(|part| cutter.take(part, &mut tell));
            cutter.end(tell);
            let found: Vec<_> = found.iter().map(|(time, text)| (*time, text.as_slice())).collect();
            assert_eq!(found, expected, "{size} at a time");
        }
    }

    #[test]
    fn lines_and_events_come_in_their_order() {
        check(b"", &[]);
        check(b"a\n\nb", &[(None, b"a"), (None, b""), (None, b"b")]);
        check(&frame(7, b"one\ntwo\n"), &[(Some(7), b"one\ntwo\n")]);
        let mixed = [b"a\nbegun", &frame(7, b"x\r\ny")[..], &frame(8, b""), b"c\n"].concat();
        let expected: &[(_, &[u8])] =
            &[(None, b"a"), (None, b"begun"), (Some(7), b"x\r\ny"), (Some(8), b""), (None, b"c")];
        check(&mixed, expected);
    }

    #[test]
    fn what_only_looks_like_a_frame_is_text() {
        // The first byte of a frame ends letters as well.
        check(
            "\u{e5}\u{e5}Z\n\u{a5}".as_bytes(),
            &[(None, "\u{e5}\u{e5}Z".as_bytes()), (None, "\u{a5}".as_bytes())],
        );
        check(b"\xa5\xa5\x5a\n", &[(None, b"\xa5\xa5\x5a")]);
        check(b"\xa5\x5a\x00\x01\n", &[(None, b"\xa5\x5a\x00\x01")]);
        check(b"\xa5\x5a\x00\x1e\n", &[(None, b"\xa5\x5a\x00\x1e")]);
        check(&[b"\xa5\x5a", &frame(7, b"x")[..]].concat(), &[(None, b"\xa5\x5a"), (Some(7), b"x")]);
    }

    #[test]
    fn what_its_process_did_not_finish_is_kept() {
        check(&frame(7, b"whole")[..18], &[(Some(7), b"wh")]);
        check(&frame(7, b"whole")[..9], &[(None, &frame(7, b"whole")[..9])]);
    }

    #[test]
    fn a_longer_event_becomes_several() {
        let long = vec![b'x'; EVENT_BYTES_MAX + 1];
        let mut found = Vec::new();
        let mut cutter = Cutter::new(true);
        for part in [&long[..], b"\n", &frame(7, &long)] {
            cutter.take(part, |printed| match printed {
                Printed::Line(text) => found.push((false, text.len())),
                Printed::Event(_, text) => found.push((true, text.len())),
            });
        }
        let most = EVENT_BYTES_MAX;
        assert_eq!(found, [(false, most + 1), (false, 0), (true, most), (true, 1)]);
    }

    #[test]
    fn where_no_frames_are_expected_there_are_none() {
        let mut found = Vec::new();
        let bytes = [&frame(7, b"x")[..], b"\n"].concat();
        Cutter::new(false).take(&bytes, |printed| found.push(format!("{printed:?}")));
        assert!(found.iter().all(|printed| printed.starts_with("Line")), "{found:?}");
    }
}
