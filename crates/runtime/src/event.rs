//! A function over HTTP: the event of payload format 2.0 that a request becomes, and the response that an answer becomes.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>.

mod response;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write as _;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, request};
use percent_encoding::percent_decode_str;
pub(crate) use response::to_response;
pub(crate) use stream::from_stream;
use weft_service::workload::FunctionUrlCall;
use weft_types::{AccountId, Timestamp};

/// The largest event, and so about the largest body: 6 MiB.
pub(crate) const EVENT_BYTES_MAX: usize = 6 << 20;

/// Where a request came to.
pub(crate) struct Place<'a> {
    /// The account.
    pub(crate) account: AccountId,
    /// The function's name, which stands for the API's id, or the function URL's id.
    pub(crate) api_id: &'a str,
    /// What is known of a function URL's call.
    pub(crate) url: Option<&'a FunctionUrlCall>,
    /// The client's address.
    pub(crate) source_ip: IpAddr,
    /// The request's id.
    pub(crate) request_id: &'a str,
    /// When it came.
    pub(crate) now: Timestamp,
}

/// The event for a request, written straight into one buffer: every warm request pays for this.
pub(crate) fn from_request(head: &request::Parts, body: &[u8], place: &Place<'_>) -> Bytes {
    let header = |name: HeaderName| text_of(&head.headers, &name);
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let mut json = Json::with_capacity(room(head, body));
    json.raw(r#"{"version":"2.0","routeKey":"$default","rawPath":"#).text(path);
    json.raw(r#","rawQueryString":"#).text(query);
    write_cookies(&mut json, &head.headers);
    write_headers(&mut json, &head.headers);
    write_query(&mut json, query);
    let asked = || head.uri.host().unwrap_or_else(|| header(http::header::HOST));
    let domain = place.url.map_or_else(asked, |url| &url.domain);
    let _ = write!(json.0, r#","requestContext":{{"accountId":"{}","apiId":"#, place.account);
    json.text(place.api_id).raw(r#","domainName":"#).text(domain);
    json.raw(r#","domainPrefix":"#).text(domain.split('.').next().unwrap_or_default());
    json.raw(r#","http":{"method":"#).text(head.method.as_str()).raw(r#","path":"#).text(path);
    let _ = write!(json.0, r#","protocol":"{:?}","sourceIp":"{}","#, head.version, place.source_ip);
    json.raw(r#""userAgent":"#).text(header(http::header::USER_AGENT));
    json.raw(r#"},"requestId":"#).text(place.request_id);
    json.raw(r#","routeKey":"$default","stage":"$default","time":""#);
    write_time(&mut json, place.now);
    let _ = write!(json.0, r#"","timeEpoch":{}"#, place.now.as_millis());
    if let Some(authorizer) = place.url.and_then(|url| url.authorizer.as_deref()) {
        json.raw(r#","authorizer":"#).raw(authorizer);
    }
    json.raw("}");
    write_body(&mut json, &head.headers, body);
    json.raw("}");
    json.0.into()
}

/// About how long the event will be.
fn room(head: &request::Parts, body: &[u8]) -> usize {
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    let uri = head.uri.path().len() * 2 + head.uri.query().map_or(0, str::len) * 2;
    640 + headers + uri + body.len() + body.len() / 3
}

/// JSON under way. Writing into memory does not fail.
struct Json(Vec<u8>);

impl Json {
    fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Adds JSON.
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a text, in quotes.
    fn text(&mut self, text: &str) -> &mut Self {
        self.raw("\"").escaped(text).raw("\"")
    }

    /// Adds a text that is made of several, with commas between them.
    fn joined<'t>(&mut self, parts: impl Iterator<Item = Cow<'t, str>>) {
        self.raw("\"");
        for (index, part) in parts.enumerate() {
            self.raw(if index > 0 { "," } else { "" }).escaped(&part);
        }
        self.raw("\"");
    }

    fn escaped(&mut self, text: &str) -> &mut Self {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            self.0.extend_from_slice(&rest[..at]);
            let byte = rest[at];
            let _ = match byte {
                b'\n' => self.0.write_all(b"\\n"),
                b'\r' => self.0.write_all(b"\\r"),
                b'\t' => self.0.write_all(b"\\t"),
                0..=0x1f => write!(self.0, "\\u{byte:04x}"),
                _ => self.0.write_all(&[b'\\', byte]),
            };
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
        self
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn write_cookies(json: &mut Json, headers: &HeaderMap) {
    let lines = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty());
    let mut before = r#","cookies":["#;
    for cookie in cookies {
        json.raw(before).text(cookie);
        before = ",";
    }
    if before == "," {
        json.raw("]");
    }
}

fn write_headers(json: &mut Json, headers: &HeaderMap) {
    json.raw(r#","headers":{"#);
    let mut before = "\"";
    for name in headers.keys().filter(|name| **name != http::header::COOKIE) {
        // A header's name needs no escapes.
        json.raw(before).raw(name.as_str()).raw("\":");
        let values = headers.get_all(name).iter();
        json.joined(values.map(|value| String::from_utf8_lossy(value.as_bytes())));
        before = ",\"";
    }
    json.raw("}");
}

fn write_query(json: &mut Json, query: &str) {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    if pairs.is_empty() {
        return;
    }
    // Stable: the values of a name come together in their order, however many names there are.
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let mut before = r#","queryStringParameters":{"#;
    for values in pairs.chunk_by(|one, other| one.0 == other.0) {
        json.raw(before).text(&values[0].0).raw(":");
        json.joined(values.iter().map(|(_, value)| Cow::Borrowed(&**value)));
        before = ",";
    }
    json.raw("}");
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

/// Writes `24/Nov/2026:02:02:03 +0000`: formatted once a second.
fn write_time(json: &mut Json, now: Timestamp) {
    thread_local! {
        static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    LAST.with_borrow_mut(|(second, text)| {
        let this = now.as_millis().div_euclid(1000);
        if *second != this {
            (*second, *text) = (this, now.format("%d/%b/%Y:%H:%M:%S +0000"));
        }
        json.raw(text);
    });
}

fn write_body(json: &mut Json, headers: &HeaderMap, body: &[u8]) {
    let is_text = || {
        let header = |name| text_of(headers, &name);
        is_text(header(http::header::CONTENT_TYPE), header(http::header::CONTENT_ENCODING))
    };
    match std::str::from_utf8(body) {
        _ if body.is_empty() => json.raw(r#","isBase64Encoded":false"#),
        Ok(text) if is_text() => json.raw(r#","body":"#).text(text).raw(r#","isBase64Encoded":false"#),
        _ => {
            json.raw(r#","body":""#);
            base64_into(&mut json.0, body);
            json.raw(r#"","isBase64Encoded":true"#)
        }
    };
}

fn base64_into(out: &mut Vec<u8>, bytes: &[u8]) {
    let begin = out.len();
    out.resize(begin + bytes.len().div_ceil(3) * 4, 0);
    // The room is exact, so that it cannot be too small.
    let length = STANDARD.encode_slice(bytes, &mut out[begin..]).unwrap_or_default();
    out.truncate(begin + length);
}

/// Whether a body travels as text: what AWS passes through, all else is base64.
fn is_text(content_type: &str, content_encoding: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let plain = content_encoding.is_empty() || content_encoding.eq_ignore_ascii_case("identity");
    let begins = |with: &str| kind.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let ends = |with: &str| {
        let start = kind.len().checked_sub(with.len()).and_then(|at| kind.get(at..));
        start.is_some_and(|end| end.eq_ignore_ascii_case(with))
    };
    plain
        && (begins("text/")
            || ends("+json")
            || ends("+xml")
            || TEXT_TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// Types that are text without saying so.
const TEXT_TYPES: [&str; 4] =
    ["application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded"];
