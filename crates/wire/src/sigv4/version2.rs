//! Presigned URLs of version 2, which command line and boto3 make for S3 where the endpoint is not AWS's.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::request::Parts;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use weft_model::Protocol;
use weft_types::Timestamp;

use super::{AuthFault, Authorization};
use crate::resolve::path_with_bucket;
use crate::scalar::BASE64;
use crate::uri;

/// The parameters that belong to what is signed, beside those that begin with `response-`.
const SIGNED: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Checks end and signature.
pub(super) fn check(
    claim: &Authorization,
    parts: &Parts,
    secret: &str,
    protocol: Protocol,
    now: Timestamp,
) -> Result<(), AuthFault> {
    if protocol != Protocol::RestXml {
        return Err(AuthFault::Version2);
    }
    if now > claim.time {
        return Err(AuthFault::PresignExpired);
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(text_to_sign(claim, parts).as_bytes());
    let expected = BASE64.encode(mac.finalize().into_bytes());
    let given = claim.signature.as_bytes();
    if given.len() == expected.len() && bool::from(given.ct_eq(expected.as_bytes())) {
        Ok(())
    } else {
        Err(AuthFault::Mismatch)
    }
}

/// What is signed. Headers that clients moved into the query stand for those of the head.
fn text_to_sign(claim: &Authorization, parts: &Parts) -> String {
    let pairs: Vec<(String, String)> = uri::pairs(parts.uri.query().unwrap_or("")).collect();
    let value = |name: &str| {
        let moved = pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        let header = || parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        moved.or_else(header).unwrap_or_default()
    };
    let mut amazons: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in parts.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-")) {
        let text = String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
        let values = amazons.entry(name.as_str().to_owned()).or_default();
        if !values.is_empty() {
            values.push(',');
        }
        values.push_str(&text);
    }
    let moved = pairs.iter().filter(|(name, _)| name.starts_with("x-amz-"));
    amazons.extend(moved.map(|(name, value)| (name.clone(), value.clone())));
    let mut text = format!(
        "{}\n{}\n{}\n{}\n",
        parts.method,
        value("content-md5"),
        value("content-type"),
        claim.time.as_seconds()
    );
    for (name, value) in amazons {
        let _ = writeln!(text, "{name}:{value}");
    }
    text.push_str(&path_with_bucket(parts));
    let mut signed: Vec<&(String, String)> = pairs
        .iter()
        .filter(|(name, _)| SIGNED.contains(&name.as_str()) || name.starts_with("response-"))
        .collect();
    signed.sort();
    for (index, (name, value)) in signed.into_iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        if !value.is_empty() {
            let _ = write!(text, "={value}");
        }
    }
    text
}
