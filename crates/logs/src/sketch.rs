//! A small sketch of what texts a segment has, so that a search need not open those without what it looks for.
//!
//! Every run of three bytes sets one bit. A text whose runs are not all set is not there; one whose runs are may be. About a
//! sixth of the bits are set in segments of ordinary lines, so that a word of five letters is taken to be there by mistake
//! once in two hundred segments.

use bytes::Bytes;

/// Segments with less text are opened without a look.
const TEXT_MIN: usize = 1024;
/// Bits at the most; a power of two.
const BITS_MAX: usize = 1 << 15;
/// Bytes of text for each bit.
const TEXT_PER_BIT: usize = 3;

/// A sketch; the empty one says nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sketch<'a>(&'a [u8]);

impl<'a> Sketch<'a> {
    /// The sketch in these bytes.
    pub(crate) fn of(bytes: &'a Bytes) -> Self {
        Self(bytes)
    }

    /// Whether a text may be there.
    pub(crate) fn may_have(self, text: &[u8]) -> bool {
        if !self.0.len().is_power_of_two() {
            return true;
        }
        let bits = self.0.len() * 8;
        text.windows(3).all(|run| {
            let bit = place(run, bits);
            self.0[bit / 8] & (1 << (bit % 8)) != 0
        })
    }
}

/// Makes the sketch of some bytes.
pub(crate) fn draw(text: &[u8]) -> Bytes {
    if text.len() < TEXT_MIN {
        return Bytes::new();
    }
    let bits = (text.len() / TEXT_PER_BIT).next_power_of_two().min(BITS_MAX);
    let mut sketch = vec![0u8; bits / 8];
    for run in text.windows(3) {
        let bit = place(run, bits);
        sketch[bit / 8] |= 1 << (bit % 8);
    }
    sketch.into()
}

/// The bit of a run of three bytes; `bits` is a power of two.
fn place(run: &[u8], bits: usize) -> usize {
    let number = u32::from_le_bytes([run[0], run[1], run[2], 0]);
    let mixed = number.wrapping_mul(0x9e37_79b1);
    usize::try_from(mixed >> (32 - bits.trailing_zeros())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_there_is_never_denied(text in "[a-z0-9 ]{1024,3000}", from in 0usize..1000, length in 0usize..20) {
            let sketch = draw(text.as_bytes());
            prop_assert!(!sketch.is_empty());
            prop_assert!(Sketch::of(&sketch).may_have(&text.as_bytes()[from..from + length]));
        }
    }

    #[test]
    fn most_words_that_are_not_there_are_denied() {
        let line = |n: u64| format!("{:016x} GET /orders/{n} 200", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let lines = (0..1000).map(line).collect::<Vec<_>>().join("\n");
        let bytes = draw(lines.as_bytes());
        let sketch = Sketch::of(&bytes);
        let words = [
            "ERROR",
            "WARN",
            "Exception",
            "timeout",
            "refused",
            "panic",
            "Traceback",
            "SIGSEGV",
            "/users",
            "POST",
        ];
        let mistaken = words.iter().filter(|word| sketch.may_have(word.as_bytes())).count();
        assert!(mistaken <= 1, "{mistaken}");
        assert!(
            ["GET /orders/999 200", "orders", "0000000000000000", "", "ab"]
                .iter()
                .all(|text| sketch.may_have(text.as_bytes()))
        );
        assert!(Sketch::of(&draw(b"short")).may_have(b"ERROR"), "a small segment says nothing");
    }
}
