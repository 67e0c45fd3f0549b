//! Where an event stands among all others, and the tokens with which clients come back to a place.

/// Digits of each number of a `GetLogEvents` token.
const AT_DIGITS: usize = 16;
const NUMBER_DIGITS: usize = 20;

/// The time beyond every event's: 16 digits.
pub(crate) const AT_MAX: i64 = 9_999_999_999_999_999;

/// An event's place, or a boundary: the place before which it lies. Ordered by time, then stream, then the order of
/// arrival, so that a later event of the same time comes after all earlier ones of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    /// The stream's number.
    pub(crate) stream: u64,
    /// The segment's number within its stream.
    pub(crate) segment: u64,
    /// The event's number within its segment.
    pub(crate) index: u64,
}

/// Which way a token reads from its boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards later events.
    Forward,
    /// Towards earlier events.
    Backward,
}

impl Place {
    /// The boundary before everything of a time.
    pub(crate) fn before(at: i64) -> Self {
        Self { at: at.clamp(0, AT_MAX), stream: 0, segment: 0, index: 0 }
    }

    /// The boundary right after this event.
    pub(crate) fn after(self) -> Self {
        Self { index: self.index + 1, ..self }
    }

    /// The event's id, as `FilterLogEvents` and subscription filters show it: 56 digits, as AWS's.
    pub(crate) fn event_id(self) -> String {
        format!("{:016}{:020}{:014}{:06}", self.at, self.stream, self.segment, self.index)
    }

    /// A token of `GetLogEvents`: `f/` or `b/` and 56 digits, as AWS's look. The stream is not part of it.
    pub(crate) fn stream_token(self, direction: Direction) -> String {
        let letter = match direction {
            Direction::Forward => 'f',
            Direction::Backward => 'b',
        };
        format!("{letter}/{:016}{:020}{:020}", self.at, self.segment, self.index)
    }

    /// Parses a token of `GetLogEvents` for a stream.
    pub(crate) fn parse_stream_token(token: &str, stream: u64) -> Option<(Self, Direction)> {
        let (letter, digits) = token.split_once('/')?;
        let direction = match letter {
            "f" => Direction::Forward,
            "b" => Direction::Backward,
            _ => return None,
        };
        if digits.len() != AT_DIGITS + 2 * NUMBER_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (at, rest) = digits.split_at(AT_DIGITS);
        let (segment, index) = rest.split_at(NUMBER_DIGITS);
        let place =
            Self { at: at.parse().ok()?, stream, segment: segment.parse().ok()?, index: index.parse().ok()? };
        Some((place, direction))
    }

    /// A token of `FilterLogEvents`, which reads several streams.
    pub(crate) fn group_token(self) -> String {
        format!("{:x}-{:x}-{:x}-{:x}", self.at, self.stream, self.segment, self.index)
    }

    /// Parses a token of `FilterLogEvents`.
    pub(crate) fn parse_group_token(token: &str) -> Option<Self> {
        let mut numbers = token.split('-').map(|part| u64::from_str_radix(part, 16).ok());
        let mut next = || numbers.next().flatten();
        let (at, stream, segment, index) = (next()?, next()?, next()?, next()?);
        let at = i64::try_from(at).ok().filter(|at| *at <= AT_MAX)?;
        numbers.next().is_none().then_some(Self { at, stream, segment, index })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_lead_back_to_their_place(
            at in 0..=AT_MAX, stream: u64, segment: u64, index in 0..u64::MAX,
        ) {
            let place = Place { at, stream, segment, index };
            prop_assert_eq!(Place::parse_group_token(&place.group_token()), Some(place));
            for direction in [Direction::Forward, Direction::Backward] {
                let token = place.stream_token(direction);
                prop_assert_eq!(token.len(), 58);
                prop_assert_eq!(Place::parse_stream_token(&token, stream), Some((place, direction)));
            }
        }

        #[test]
        fn any_text_is_a_token_or_not(text in "\\PC{0,70}") {
            let _ = (Place::parse_group_token(&text), Place::parse_stream_token(&text, 0));
        }
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["", "f/", "g/1", "f/1", "1-2-3", "1-2-3-4-5", "1-2-3-x"] {
            assert_eq!(Place::parse_stream_token(text, 1), None, "{text}");
            assert_eq!(Place::parse_group_token(text), None, "{text}");
        }
    }
}
