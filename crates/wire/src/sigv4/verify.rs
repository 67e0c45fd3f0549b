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
use super::{ALGORITHM, AuthFault, Authorization, Form, TERMINATOR, UNSIGNED_PAYLOAD};

/// A request's body, or the hash of one that streamed by.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole body.
    Body(&'a [u8]),
    /// The SHA-256 of the body, in small hexadecimal digits.
    Hash(&'a str),
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

    /// The hash that the canonical request ends with: what `x-amz-content-sha256` says where it may say something, else that
    /// of the body. A wrong hash in that header makes the signature not match.
    fn payload_hash(&self, parts: &Parts, payload: Payload<'_>, style: Style) -> Result<String, AuthFault> {
        let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        match declared.map(str::trim) {
            Some(UNSIGNED_PAYLOAD) => return Ok(UNSIGNED_PAYLOAD.to_owned()),
            Some(kind) if kind.starts_with("STREAMING-") => {
                return Err(AuthFault::UnsupportedPayload(kind.chars().take(100).collect()));
            }
            None if style == Style::S3 && matches!(self.form, Form::Presigned { .. }) => {
                return Ok(UNSIGNED_PAYLOAD.to_owned());
            }
            _ => {}
        }
        Ok(match payload {
            Payload::Body(body) => hash(body),
            Payload::Hash(hash) => hash.to_owned(),
        })
    }
}

/// The signature of a canonical request.
pub(super) fn signature(authorization: &Authorization, request: &str, secret: &str) -> String {
    let (day, region, service) = (authorization.day(), &authorization.region, &authorization.service);
    let text = format!(
        "{ALGORITHM}\n{}\n{day}/{region}/{service}/{TERMINATOR}\n{}",
        authorization.time.compact(),
        hash(request.as_bytes())
    );
    let key = hmac(format!("AWS4{secret}").as_bytes(), &day);
    let key = [region.as_str(), service, TERMINATOR].into_iter().fold(key, |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
