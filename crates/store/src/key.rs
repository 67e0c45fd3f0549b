//! Keys out of tuples, in an encoding that sorts as the tuples do.
//!
//! Text and bytes are written with `00` as `00 FF` and end with `00 00`, so that a shorter one sorts first; numbers are
//! big-endian, signed ones with their sign flipped. A tuple's bytes are those of its parts, one after the other, so that a
//! tuple that begins another is a prefix of its bytes.

/// One part of a key that can be written.
pub trait EncodePart {
    /// Appends the part's bytes.
    fn encode(&self, to: &mut Vec<u8>);
}

/// One part of a key that can be read back.
pub trait Part: EncodePart + Sized {
    /// Reads the part from the front; `None` where the bytes are no such part.
    fn decode(from: &mut &[u8]) -> Option<Self>;
}

/// What keys and prefixes of keys are made of: tuples of parts.
pub trait EncodeKey {
    /// Appends the key's bytes.
    fn encode_key(&self, to: &mut Vec<u8>);
}

/// A whole key of a table.
pub trait Key: EncodeKey + Clone + Send + Sync + 'static {
    /// Reads the key; `None` where the bytes are no such key.
    fn decode_key(from: &[u8]) -> Option<Self>;
}

impl EncodePart for [u8] {
    fn encode(&self, to: &mut Vec<u8>) {
        for &byte in self {
            to.push(byte);
            if byte == 0 {
                to.push(0xff);
            }
        }
        to.extend([0, 0]);
    }
}

impl EncodePart for str {
    fn encode(&self, to: &mut Vec<u8>) {
        self.as_bytes().encode(to);
    }
}

impl EncodePart for String {
    fn encode(&self, to: &mut Vec<u8>) {
        self.as_bytes().encode(to);
    }
}

impl EncodePart for Vec<u8> {
    fn encode(&self, to: &mut Vec<u8>) {
        self.as_slice().encode(to);
    }
}

impl<T: EncodePart + ?Sized> EncodePart for &T {
    fn encode(&self, to: &mut Vec<u8>) {
        (**self).encode(to);
    }
}

impl Part for Vec<u8> {
    fn decode(from: &mut &[u8]) -> Option<Self> {
        let mut bytes = Self::new();
        loop {
            let (&byte, rest) = from.split_first()?;
            *from = rest;
            if byte != 0 {
                bytes.push(byte);
                continue;
            }
            let (&mark, rest) = from.split_first()?;
            *from = rest;
            match mark {
                0 => return Some(bytes),
                0xff => bytes.push(0),
                _ => return None,
            }
        }
    }
}

impl Part for String {
    fn decode(from: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::decode(from)?).ok()
    }
}

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl EncodePart for $number {
            fn encode(&self, to: &mut Vec<u8>) {
                to.extend(self.to_be_bytes());
            }
        }
        impl Part for $number {
            fn decode(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_be_bytes(*bytes))
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64, u128);

impl EncodePart for i64 {
    fn encode(&self, to: &mut Vec<u8>) {
        (self.cast_unsigned() ^ (1 << 63)).encode(to);
    }
}

impl Part for i64 {
    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some((u64::decode(from)? ^ (1 << 63)).cast_signed())
    }
}

impl EncodeKey for () {
    fn encode_key(&self, _: &mut Vec<u8>) {}
}

macro_rules! tuples {
    ($(($($part:ident $index:tt),+)),+) => {$(
        impl<$($part: EncodePart),+> EncodeKey for ($($part,)+) {
            fn encode_key(&self, to: &mut Vec<u8>) {
                $(self.$index.encode(to);)+
            }
        }
        impl<$($part: Part + Clone + Send + Sync + 'static),+> Key for ($($part,)+) {
            fn decode_key(mut from: &[u8]) -> Option<Self> {
                let key = ($($part::decode(&mut from)?,)+);
                from.is_empty().then_some(key)
            }
        }
    )+};
}

tuples!((A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3), (A 0, B 1, C 2, D 3, E 4), (A 0, B 1, C 2, D 3, E 4, F 5));

/// The first key after all that begin with `prefix`; `None` where there is none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(key: &impl EncodeKey) -> Vec<u8> {
        let mut to = Vec::new();
        key.encode_key(&mut to);
        to
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_tuples_and_read_back(
            a in (any::<String>(), any::<i64>(), any::<Vec<u8>>()),
            b in (any::<String>(), any::<i64>(), any::<Vec<u8>>()),
        ) {
            let text_order = |x: &(String, i64, Vec<u8>)| (x.0.as_bytes().to_vec(), x.1, x.2.clone());
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), text_order(&a).cmp(&text_order(&b)));
            prop_assert_eq!(<(String, i64, Vec<u8>)>::decode_key(&bytes(&a)), Some(a.clone()));
            prop_assert!(bytes(&a).starts_with(&bytes(&(a.0.as_str(), a.1))));
        }

        #[test]
        fn no_bytes_make_reading_a_key_panic(noise in any::<Vec<u8>>()) {
            let _ = <(String, u64, i64)>::decode_key(&noise);
        }

        #[test]
        fn the_end_of_a_prefix_is_after_all_that_begin_with_it(prefix in any::<Vec<u8>>(), rest in any::<Vec<u8>>()) {
            let whole = [prefix.clone(), rest].concat();
            if let Some(end) = after_prefix(&prefix) {
                prop_assert!(whole < end);
            }
        }
    }
}
