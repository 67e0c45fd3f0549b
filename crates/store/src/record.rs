//! Records: a version, a checksum, and a map of named fields.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// What a table holds. Fields are written by name, so a new optional field (`#[serde(default)]`) needs no new version.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The version that this build writes. It rises when an older build could not read what a newer one writes.
    const VERSION: u16 = 1;

    /// Reads what an older build wrote with `version`, from the fields' bytes. By default nothing older is known.
    fn upgrade(version: u16, _fields: &[u8]) -> Result<Self, String> {
        Err(format!("version {version} has no upgrade"))
    }
}

const HEADER: usize = 6;

/// The bytes of a record: version (u16), checksum (CRC-32 of version and fields), fields (`MessagePack`).
pub(crate) fn encode<V: Record>(table: &'static str, record: &V) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; HEADER];
    bytes[..2].copy_from_slice(&V::VERSION.to_be_bytes());
    let mut fields = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    record
        .serialize(&mut fields)
        .map_err(|error| StoreError::Unreadable { table, reason: error.to_string() })?;
    let sum = checksum(&bytes);
    bytes[2..HEADER].copy_from_slice(&sum.to_be_bytes());
    Ok(bytes)
}

/// Reads a record's bytes. `key` names it in errors.
pub(crate) fn decode<V: Record>(table: &'static str, key: &[u8], bytes: &[u8]) -> Result<V, StoreError> {
    let corrupt = || StoreError::Corrupt { table, key: hex(key) };
    let header = bytes.first_chunk::<HEADER>().ok_or_else(corrupt)?;
    let version = u16::from_be_bytes([header[0], header[1]]);
    let sum = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
    if checksum(bytes) != sum {
        return Err(corrupt());
    }
    let fields = &bytes[HEADER..];
    let unreadable = |reason: String| StoreError::Unreadable { table, reason };
    match version.cmp(&V::VERSION) {
        std::cmp::Ordering::Equal => {
            rmp_serde::from_slice(fields).map_err(|error| unreadable(error.to_string()))
        }
        std::cmp::Ordering::Less => V::upgrade(version, fields).map_err(unreadable),
        std::cmp::Ordering::Greater => Err(StoreError::TooNew { table, found: version, newest: V::VERSION }),
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[..2]);
    sum.update(&bytes[HEADER..]);
    sum.finalize()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Old {
        name: String,
    }
    impl Record for Old {}

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        full_name: String,
    }
    impl Record for New {
        const VERSION: u16 = 2;
        fn upgrade(version: u16, fields: &[u8]) -> Result<Self, String> {
            let old: Old = rmp_serde::from_slice(fields).map_err(|error| error.to_string())?;
            if version == 1 { Ok(Self { full_name: old.name }) } else { Err("unknown".to_owned()) }
        }
    }

    #[test]
    fn a_newer_build_reads_what_an_older_wrote_and_an_older_says_why_it_cannot() {
        let old = encode("t", &Old { name: "a".to_owned() }).expect("bytes");
        assert_eq!(decode::<New>("t", b"k", &old).expect("a record"), New { full_name: "a".to_owned() });
        let new = encode("t", &New { full_name: "a".to_owned() }).expect("bytes");
        assert!(matches!(
            decode::<Old>("t", b"k", &new),
            Err(StoreError::TooNew { found: 2, newest: 1, .. })
        ));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let good = encode("t", &Old { name: "a name".to_owned() }).expect("bytes");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(matches!(decode::<Old>("t", b"k", &bad), Err(StoreError::Corrupt { .. })), "byte {at}");
            assert!(
                matches!(decode::<Old>("t", b"k", &good[..at]), Err(StoreError::Corrupt { .. })),
                "cut {at}"
            );
        }
    }
}
