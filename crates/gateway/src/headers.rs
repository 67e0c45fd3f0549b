//! What changes in a request's and an answer's headers on the way.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue};
use weft_net::Peer;
use weft_net::headers::{append, remove_forged, remove_hop_by_hop, set};

/// Says who calls: `outside`, or `<app>/<workload>` where a workload does.
pub const CALLER: HeaderName = HeaderName::from_static("x-weft-caller");
/// The ARN of the principal that signed, on routes with `auth = "iam"`.
pub const PRINCIPAL: HeaderName = HeaderName::from_static("x-weft-principal");
/// The value of [`CALLER`] for everybody outside.
pub const OUTSIDE: HeaderValue = HeaderValue::from_static("outside");

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What is known of a request that goes on to a workload.
pub(crate) struct Hop<'a> {
    pub(crate) peer: Peer,
    /// Whether the peer is a proxy whose `X-Forwarded-Proto`, `-Host` and `-Prefix` are believed.
    pub(crate) trusted: bool,
    /// The authority that the client asked for, as it wrote it.
    pub(crate) host: &'a str,
    /// What was taken off the path.
    pub(crate) prefix: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) principal: Option<&'a str>,
}

/// Makes a client's headers the workload's.
pub(crate) fn forward(headers: &mut HeaderMap, hop: &Hop<'_>) {
    remove_hop_by_hop(headers);
    // We answer `Expect` ourselves, when the body is first wanted.
    headers.remove(EXPECT);
    remove_forged(headers);
    let address = hop.peer.addr.ip().to_canonical();
    append(headers, &FORWARDED_FOR, &address.to_string());
    append(headers, &FORWARDED, &forwarded(address, hop));
    if !hop.trusted || !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme(hop.peer)));
    }
    if !hop.trusted || !headers.contains_key(FORWARDED_HOST) {
        set(headers, FORWARDED_HOST, hop.host);
    }
    let outer = headers.remove(FORWARDED_PREFIX).filter(|_| hop.trusted);
    let prefix =
        outer.as_ref().and_then(|outer| outer.to_str().ok()).unwrap_or_default().to_owned() + hop.prefix;
    if !prefix.is_empty() {
        set(headers, FORWARDED_PREFIX, &prefix);
    }
    set(headers, REQUEST_ID, hop.request_id);
    headers.insert(CALLER, OUTSIDE);
    if let Some(principal) = hop.principal {
        set(headers, PRINCIPAL, principal);
    }
    if !headers.contains_key(HOST) {
        set(headers, HOST, hop.host);
    }
}

/// Takes away what proves the caller's identity to us: a workload could use it against somebody else.
pub(crate) fn remove_credentials(headers: &mut HeaderMap) {
    headers.remove(API_KEY);
    headers.remove(SECURITY_TOKEN);
    let signed = headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS"));
    if signed {
        headers.remove(AUTHORIZATION);
    }
}

/// One element of `Forwarded` (RFC 7239).
fn forwarded(address: IpAddr, hop: &Hop<'_>) -> String {
    let node = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    let host: String = hop.host.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
    format!("for={node};host=\"{host}\";proto={}", scheme(hop.peer))
}

fn scheme(peer: Peer) -> &'static str {
    if peer.tls { "https" } else { "http" }
}

/// A client's request id, where it is one: 1 to 128 letters, digits, `-`, `_`, `.`.
pub(crate) fn sane_request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    sane.then_some(id)
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
