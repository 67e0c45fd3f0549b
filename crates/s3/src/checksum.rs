//! Checksums: those that clients send, and those of parts put together.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use weft_service::Error;

use crate::errors;

/// A way of computing a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Its name in requests and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The algorithm of this name; the model knows more of them than there is code for.
    pub(crate) fn parse(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| errors::not_implemented(&format!("The checksum algorithm {name}")))
    }

    /// The algorithm whose header this is: `x-amz-checksum-crc32`.
    pub(crate) fn of_header(name: &str) -> Option<Self> {
        let name = name.strip_prefix("x-amz-checksum-")?;
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The header that carries it.
    pub(crate) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    fn crc(self) -> Option<(CrcAlgorithm, usize)> {
        match self {
            Self::Crc32 => Some((CrcAlgorithm::Crc32IsoHdlc, 4)),
            Self::Crc32c => Some((CrcAlgorithm::Crc32Iscsi, 4)),
            Self::Crc64Nvme => Some((CrcAlgorithm::Crc64Nvme, 8)),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// Whether the checksum of a whole follows from those of its parts.
    pub(crate) fn can_be_joined(self) -> bool {
        self.crc().is_some()
    }

    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            other => other.crc().map_or(0, |(_, bytes)| bytes),
        }
    }
}

/// A checksum that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// In base64; a composite one ends with the number of its parts.
    pub(crate) value: String,
    /// Whether it is of the object's bytes, not of its parts' checksums.
    pub(crate) full: bool,
}

impl Checksum {
    /// As `x-amz-checksum-type` has it.
    pub(crate) fn kind(&self) -> &'static str {
        if self.full { "FULL_OBJECT" } else { "COMPOSITE" }
    }
}

/// Refuses a text that is no checksum of this algorithm.
pub(crate) fn check_text(algorithm: Algorithm, text: &str) -> Result<(), Error> {
    let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == algorithm.length());
    let header = algorithm.header();
    bytes.map(|_| ()).ok_or_else(|| errors::invalid_request(format!("Value for {header} header is invalid.")))
}

/// Computes one checksum piece by piece.
pub(crate) enum Hasher {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match (algorithm, algorithm.crc()) {
            (_, Some((crc, _))) => Self::Crc(algorithm, crc_fast::Digest::new(crc)),
            (Algorithm::Sha1, None) => Self::Sha1(Sha1::new()),
            (_, None) => Self::Sha256(Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, crc) => crc.update(bytes),
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Self::Crc(algorithm, crc) => (algorithm, crc_text(algorithm, crc.finalize())),
            Self::Sha1(hash) => (Algorithm::Sha1, BASE64.encode(hash.finalize())),
            Self::Sha256(hash) => (Algorithm::Sha256, BASE64.encode(hash.finalize())),
        };
        Checksum { algorithm, value, full: true }
    }
}

fn crc_text(algorithm: Algorithm, value: u64) -> String {
    BASE64.encode(&value.to_be_bytes()[8 - algorithm.length()..])
}

/// The checksum of an object out of its parts' (text and size), of its bytes or composite; none where a part's is not known.
pub(crate) fn join(algorithm: Algorithm, full: bool, parts: &[(Option<&Checksum>, u64)]) -> Option<Checksum> {
    let raw = |part: &(Option<&Checksum>, u64)| {
        let text = part.0.filter(|checksum| checksum.algorithm == algorithm)?;
        BASE64.decode(&text.value).ok()
    };
    if full {
        let (crc, _) = algorithm.crc()?;
        let mut whole = None;
        for part in parts {
            let value = raw(part)?.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            whole =
                Some(whole.map_or(value, |before| crc_fast::checksum_combine(crc, before, value, part.1)));
        }
        return Some(Checksum { algorithm, value: crc_text(algorithm, whole?), full });
    }
    let mut hasher = Hasher::new(algorithm);
    for part in parts {
        hasher.update(&raw(part)?);
    }
    let value = format!("{}-{}", hasher.finish().value, parts.len());
    Some(Checksum { algorithm, value, full })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn checksums_are_those_that_clients_compute() {
        let check = |algorithm, expected: &str| assert_eq!(of(algorithm, b"123456789").value, expected);
        // The catalogue's check values, in base64.
        check(Algorithm::Crc32, "y/Q5Jg==");
        check(Algorithm::Crc32c, "4waSgw==");
        check(Algorithm::Crc64Nvme, "rosUhgp5mIg=");
        check(Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check(Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
    }

    #[test]
    fn a_whole_follows_from_its_parts() {
        let (a, b, c) = (&b"1234"[..], &b""[..], &b"56789"[..]);
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts: Vec<(Checksum, u64)> =
                [a, b, c].iter().map(|part| (of(algorithm, part), part.len() as u64)).collect();
            let parts: Vec<_> = parts.iter().map(|(sum, size)| (Some(sum), *size)).collect();
            assert_eq!(join(algorithm, true, &parts), Some(of(algorithm, b"123456789")));
            let composite = join(algorithm, false, &parts).expect("all parts have one");
            assert!(composite.value.ends_with("-3") && !composite.full);
        }
        let part = of(Algorithm::Sha256, a);
        assert_eq!(join(Algorithm::Sha256, true, &[(Some(&part), 4)]), None);
        assert_eq!(join(Algorithm::Crc32, false, &[(Some(&part), 4)]), None);
    }
}
