//! Whether a signature is the one that the secret gives.

use std::fmt::Write as _;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use weft_model::Protocol;
use weft_types::Timestamp;

use super::canonical::{self, Style};
use super::{ALGORITHM, AuthFault, Authorization, ChunkSigner, Form, TERMINATOR, UNSIGNED_PAYLOAD, version2};

/// A request's body, or the hash of one that streamed by.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole body.
    Body(&'a [u8]),
    /// The SHA-256 of the body, in small hexadecimal digits.
    Hash(&'a str),
    /// Not here yet: what the request declares is taken, and whoever reads the body checks it.
    Declared,
}

/// What a request declares of its body in `x-amz-content-sha256`, for S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredPayload {
    /// Its SHA-256.
    Hash(String),
    /// It is not signed.
    Unsigned,
    /// It comes in chunks of `aws-chunked`: whether each is signed, and whether headers follow the last.
    Chunked {
        /// Each chunk, and the headers after them, carry a signature.
        signed: bool,
        /// Headers follow.
        trailer: bool,
    },
}

/// The SHA-256 of bytes, in small hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

impl Authorization {
    /// Checks the time and the signature with the secret of the access key. `protocol` is that of the service: clocks may
    /// be five minutes apart for the JSON protocols, fifteen for query and S3, as with AWS.
    pub fn check(
        &self,
        parts: &Parts,
        payload: Payload<'_>,
        secret: &str,
        protocol: Protocol,
        now: Timestamp,
    ) -> Result<(), AuthFault> {
        if self.form == Form::Version2 {
            return version2::check(self, parts, secret, protocol, now);
        }
        self.check_time(protocol, now)?;
        let style = Style::of(&self.service);
        let payload_hash = self.payload_hash(parts, payload, style)?;
        let request = canonical::request(parts, &self.signed_headers, &payload_hash, style);
        let expected = signature(self, &request, secret);
        // Its length is no secret.
        let given = self.signature.as_bytes();
        if given.len() == expected.len() && bool::from(given.ct_eq(expected.as_bytes())) {
            Ok(())
        } else {
            Err(AuthFault::Mismatch)
        }
    }

    fn check_time(&self, protocol: Protocol, now: Timestamp) -> Result<(), AuthFault> {
        let minutes = match protocol {
            Protocol::RestJson | Protocol::Json10 | Protocol::Json11 => 5,
            Protocol::Query | Protocol::RestXml => 15,
        };
        let skew = Duration::from_secs(u64::from(minutes) * 60);
        let signed = self.time;
        if signed.since(now) > skew {
            return Err(AuthFault::NotYetCurrent { signed, now, minutes });
        }
        match self.form {
            Form::Header if now.since(signed) > skew => Err(AuthFault::Expired { signed, now, minutes }),
            Form::Presigned { expires } if now.since(signed) > expires => Err(AuthFault::PresignExpired),
            _ => Ok(()),
        }
    }

    /// What the request declares of its body.
    pub fn declared_payload(&self, parts: &Parts) -> Result<DeclaredPayload, AuthFault> {
        let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        match declared.map(str::trim) {
            None if self.form == Form::Header => Err(AuthFault::MissingPayloadHash),
            None | Some(UNSIGNED_PAYLOAD) => Ok(DeclaredPayload::Unsigned),
            Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") => {
                Ok(DeclaredPayload::Chunked { signed: true, trailer: false })
            }
            Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") => {
                Ok(DeclaredPayload::Chunked { signed: true, trailer: true })
            }
            Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => {
                Ok(DeclaredPayload::Chunked { signed: false, trailer: true })
            }
            Some(kind) if kind.starts_with("STREAMING-") => {
                Err(AuthFault::UnsupportedPayload(kind.chars().take(100).collect()))
            }
            Some(hash) if hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                Ok(DeclaredPayload::Hash(hash.to_ascii_lowercase()))
            }
            Some(_) => Err(AuthFault::InvalidPayloadHash),
        }
    }

    /// What verifies the chunks of a body: they are signed one upon the other, the first upon the request.
    pub fn chunk_signer(&self, secret: &str) -> ChunkSigner {
        let scope = format!("{}/{}/{}/{TERMINATOR}", self.day(), self.region, self.service);
        ChunkSigner::new(signing_key(self, secret), self.time.compact(), scope, self.signature.clone())
    }

    /// The hash that the canonical request ends with: what `x-amz-content-sha256` says where it may say something, else that
    /// of the body. A wrong hash in that header makes the signature not match.
    fn payload_hash(&self, parts: &Parts, payload: Payload<'_>, style: Style) -> Result<String, AuthFault> {
        let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        match declared.map(str::trim) {
            Some(UNSIGNED_PAYLOAD) => return Ok(UNSIGNED_PAYLOAD.to_owned()),
            Some(kind) if kind.starts_with("STREAMING-") => {
                if style == Style::S3 && matches!(payload, Payload::Declared) {
                    return Ok(kind.to_owned());
                }
                return Err(AuthFault::UnsupportedPayload(kind.chars().take(100).collect()));
            }
            Some(hash) if matches!(payload, Payload::Declared) => return Ok(hash.to_owned()),
            None if style == Style::S3 && matches!(self.form, Form::Presigned { .. }) => {
                return Ok(UNSIGNED_PAYLOAD.to_owned());
            }
            _ => {}
        }
        Ok(match payload {
            Payload::Body(body) => hash(body),
            Payload::Hash(hash) => hash.to_owned(),
            Payload::Declared => return Err(AuthFault::MissingPayloadHash),
        })
    }
}

/// The signature of a canonical request.
pub(super) fn signature(authorization: &Authorization, request: &str, secret: &str) -> String {
    let (day, region, service) = (authorization.day(), &authorization.region, &authorization.service);
    let key = signing_key(authorization, secret);
    let text = format!(
        "{ALGORITHM}\n{}\n{day}/{region}/{service}/{TERMINATOR}\n{}",
        authorization.time.compact(),
        hash(request.as_bytes())
    );
    hex(&hmac(&key, &text))
}

/// The key of a day, region and service.
fn signing_key(authorization: &Authorization, secret: &str) -> [u8; 32] {
    let Authorization { region, service, .. } = authorization;
    let key = hmac(format!("AWS4{secret}").as_bytes(), &authorization.day());
    [region.as_str(), service, TERMINATOR].into_iter().fold(key, |key, part| hmac(&key, part))
}

pub(super) fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
