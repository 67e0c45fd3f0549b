//! A request to an API, read once.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use weft_service::execute_api::ExecuteCall;
use weft_service::random_bytes;
use weft_types::Timestamp;

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A request, with what the gateway adds to it.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) api: String,
    /// The head as it came.
    pub(crate) original: Parts,
    pub(crate) method: String,
    /// After the stage, still encoded; begins with a slash.
    pub(crate) path: String,
    pub(crate) raw_query: String,
    /// Names and values, decoded, in their order.
    pub(crate) query: Vec<(String, String)>,
    /// Without what holds for the connection alone, with what proxies add.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: IpAddr,
    pub(crate) secure: bool,
    pub(crate) local: bool,
    pub(crate) request_id: Arc<str>,
    pub(crate) now: Timestamp,
    /// Without its port.
    pub(crate) host: String,
}

impl Incoming {
    /// Reads a request whose path after the stage is `path_and_query`.
    pub(crate) fn new(call: ExecuteCall, path_and_query: &str, now: Timestamp) -> Self {
        let ExecuteCall { api, original, body, peer, secure, local, request_id, .. } = call;
        let (path, raw_query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let mut headers = original.headers.clone();
        weft_net::headers::remove_hop_by_hop(&mut headers);
        headers.remove(http::header::EXPECT);
        weft_net::headers::remove_forged(&mut headers);
        // What proves to us who calls is nothing for those behind: they could use it against the caller.
        let signed =
            text(&headers, &http::header::AUTHORIZATION).is_some_and(|value| value.starts_with("AWS4-"));
        if signed {
            headers.remove(http::header::AUTHORIZATION);
            headers.remove(SECURITY_TOKEN);
        }
        let authority = original.uri.authority().map(http::uri::Authority::as_str);
        let given = authority.or_else(|| text(&original.headers, &http::header::HOST)).unwrap_or_default();
        let (host, port) = split_port(given);
        let scheme = "http";
        weft_net::headers::append(&mut headers, &FORWARDED_FOR, &peer.to_canonical().to_string());
        weft_net::headers::set(&mut headers, FORWARDED_PORT, port.unwrap_or("80"));
        weft_net::headers::set(&mut headers, FORWARDED_PROTO, scheme);
        if !headers.contains_key(http::header::HOST) {
            weft_net::headers::set(&mut headers, http::header::HOST, given);
        }
        if !headers.contains_key(TRACE_ID) {
            weft_net::headers::set(&mut headers, TRACE_ID, &trace(now));
        }
        let host = host.to_owned();
        Self {
            api,
            method: original.method.as_str().to_owned(),
            query: pairs(raw_query),
            raw_query: raw_query.to_owned(),
            path,
            headers,
            body,
            peer: peer.to_canonical(),
            secure,
            local,
            request_id,
            now,
            host,
            original,
        }
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last value of a parameter of the query, as events with one value have it.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn trace_id(&self) -> &str {
        self.header(TRACE_ID.as_str()).unwrap_or_default()
    }

    /// `24/Nov/2026:02:02:03 +0000`.
    pub(crate) fn time(&self) -> String {
        self.now.format("%d/%b/%Y:%H:%M:%S +0000")
    }

    /// `HTTP/1.1`.
    pub(crate) fn protocol(&self) -> String {
        format!("{:?}", self.original.version)
    }

    /// The type of the body, without its parameters, in lower case; `application/json` where none is said.
    pub(crate) fn content_type(&self) -> String {
        let kind = self.header("content-type").unwrap_or("application/json");
        kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// The text of a header's first value.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header's value as text; bytes that are none are replaced.
pub(crate) fn lossy(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " "))))
        .collect()
}

/// Undoes percent encoding.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

fn trace(now: Timestamp) -> String {
    use std::fmt::Write as _;
    let random = random_bytes::<12>();
    let mut text = format!("Root=1-{:08x}-", now.as_seconds());
    for byte in random {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `content-type` as `Content-Type`, as clients of HTTP/1.1 write headers; how this one was written is not known.
pub(crate) fn title_case(name: &str) -> String {
    let mut begins = true;
    name.chars()
        .map(|sign| {
            let now = if begins { sign.to_ascii_uppercase() } else { sign };
            begins = sign == '-';
            now
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::tests::incoming;

    #[test]
    fn what_proves_the_caller_to_us_and_what_only_we_may_say_is_not_handed_on() {
        let check = |name: &str, value: &str, expected: bool| {
            let incoming = incoming("GET", "/", &[(name, value)], b"");
            assert_eq!(incoming.headers.contains_key(name), expected, "{name}: {value}");
            assert!(incoming.original.headers.contains_key(name));
        };
        check("authorization", "AWS4-HMAC-SHA256 Credential=a", false);
        check("authorization", "Bearer a", true);
        check("x-weft-caller", "shop/web", false);
        check("connection", "close", false);
    }

    #[test]
    fn the_way_of_a_request_is_told_as_proxies_tell_it() {
        let incoming =
            incoming("GET", "/a?b=%20&c", &[("host", "h.example:8080"), ("x-forwarded-for", "1.2.3.4")], b"");
        let header = |name: &str| incoming.header(name).unwrap_or_default();
        assert_eq!(header("x-forwarded-for"), "1.2.3.4, 127.0.0.1");
        assert_eq!((header("x-forwarded-port"), incoming.host.as_str()), ("8080", "h.example"));
        assert!(header("x-amzn-trace-id").starts_with("Root=1-"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(incoming.query, [pair("b", " "), pair("c", "")]);
    }
}
