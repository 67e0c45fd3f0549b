//! Signing, for our own clients and for tests.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::{HeaderName, Request, Uri};
use weft_types::Timestamp;

use super::canonical::{self, Style};
use super::{ALGORITHM, Authorization, Form, TERMINATOR, UNSIGNED_PAYLOAD, verify};
use crate::common::header_value;
use crate::{WireFault, uri};

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: String,
    /// The session's token, for temporary keys.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Headers that something on the way may change.
const NOT_SIGNED: &[&str] =
    &["authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// Signs a request in its `Authorization` header. `Host` is added where it is missing.
pub fn sign(
    request: &mut Request<Bytes>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), WireFault> {
    add_host(request)?;
    request.headers_mut().insert("x-amz-date", header_value(&now.compact())?);
    if let Some(token) = &credentials.session_token {
        request.headers_mut().insert("x-amz-security-token", header_value(token)?);
    }
    let body_hash = verify::hash(request.body());
    if Style::of(service) == Style::S3 {
        request.headers_mut().insert("x-amz-content-sha256", header_value(&body_hash)?);
    }
    let mut names: Vec<String> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
    names.retain(|name| !NOT_SIGNED.contains(&name.as_str()));
    names.sort();
    let claim = claim(credentials, region, service, now, names, Form::Header);
    let signature = signature(request, &claim, &credentials.secret, &body_hash);
    let text = format!(
        "{ALGORITHM} Credential={}, SignedHeaders={}, Signature={signature}",
        scope(&claim),
        claim.signed_headers.join(";")
    );
    request.headers_mut().insert(AUTHORIZATION, header_value(&text)?);
    Ok(())
}

/// Signs a request in its query string, good for `expires` (1 second to 7 days) from `now`. Only `Host` is signed.
pub fn presign(
    request: &mut Request<Bytes>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    expires: Duration,
    now: Timestamp,
) -> Result<(), WireFault> {
    add_host(request)?;
    let claim =
        claim(credentials, region, service, now, vec!["host".to_owned()], Form::Presigned { expires });
    let mut pairs = vec![
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", scope(&claim)),
        ("X-Amz-Date", now.compact()),
        ("X-Amz-Expires", expires.as_secs().to_string()),
        ("X-Amz-SignedHeaders", "host".to_owned()),
    ];
    pairs.extend(credentials.session_token.clone().map(|token| ("X-Amz-Security-Token", token)));
    let pairs: Vec<String> =
        pairs.iter().map(|(name, text)| format!("{name}={}", uri::escape(text))).collect();
    add_query(request, &pairs.join("&"))?;
    let body_hash = match Style::of(service) {
        Style::S3 => UNSIGNED_PAYLOAD.to_owned(),
        Style::Usual => verify::hash(request.body()),
    };
    let signature = signature(request, &claim, &credentials.secret, &body_hash);
    add_query(request, &format!("X-Amz-Signature={signature}"))
}

fn claim(
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: Timestamp,
    signed_headers: Vec<String>,
    form: Form,
) -> Authorization {
    Authorization {
        access_key_id: credentials.access_key_id.clone(),
        region: region.to_owned(),
        service: service.to_owned(),
        time: now,
        session_token: credentials.session_token.clone(),
        form,
        signed_headers,
        signature: String::new(),
    }
}

fn scope(claim: &Authorization) -> String {
    format!("{}/{}/{}/{}/{TERMINATOR}", claim.access_key_id, claim.day(), claim.region, claim.service)
}

fn signature(request: &Request<Bytes>, claim: &Authorization, secret: &str, body_hash: &str) -> String {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.headers = request.headers().clone();
    let canonical = canonical::request(&parts, &claim.signed_headers, body_hash, Style::of(&claim.service));
    verify::signature(claim, &canonical, secret)
}

fn add_host(request: &mut Request<Bytes>) -> Result<(), WireFault> {
    if request.headers().contains_key(HOST) {
        return Ok(());
    }
    let authority = request.uri().authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    match authority {
        Some(Ok(host)) => {
            request.headers_mut().insert(HeaderName::from_static("host"), host);
            Ok(())
        }
        _ => Err(WireFault::serialization("A request without a host cannot be signed")),
    }
}

fn add_query(request: &mut Request<Bytes>, more: &str) -> Result<(), WireFault> {
    let uri = request.uri();
    let mark = match uri.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    let text = format!("{uri}{mark}{more}");
    *request.uri_mut() =
        text.parse::<Uri>().map_err(|_| WireFault::serialization(format!("`{text}` is not an address")))?;
    Ok(())
}
