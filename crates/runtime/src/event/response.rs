//! The response that a function's answer becomes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use weft_net::{Body, full};

/// The content type of an answer that begins with its status and headers.
pub(super) const PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// What an answer is that is no response: 502, as AWS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The response for a function's answer.
pub(crate) fn to_response(content_type: Option<&str>, payload: &Bytes) -> Result<Response<Body>, Malformed> {
    match content_type {
        Some(PRELUDE) => from_prelude(payload),
        Some("application/octet-stream") => {
            let mut response = Response::new(full(payload.clone()));
            response
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("application/octet-stream"));
            Ok(response)
        }
        _ => from_json(payload),
    }
}

/// What an answer may say of its response; all else in it is skipped. `Some(null)` is not the same as nothing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    #[serde(deserialize_with = "present")]
    status_code: Option<Value>,
    #[serde(deserialize_with = "present")]
    headers: Option<Value>,
    #[serde(deserialize_with = "present")]
    cookies: Option<Value>,
    #[serde(deserialize_with = "present")]
    body: Option<Value>,
    #[serde(deserialize_with = "present")]
    is_base64_encoded: Option<Value>,
}

fn is_object(json: &str) -> bool {
    json.trim_ascii_start().starts_with('{')
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Answer {
    /// Reads it; what is no object says nothing.
    fn read(json: &str) -> Result<Self, Malformed> {
        if is_object(json)
            && let Ok(answer) = serde_json::from_str(json)
        {
            return Ok(answer);
        }
        // A name that comes twice counts as it came last.
        let mut all: Value = serde_json::from_str(json).map_err(|_| Malformed)?;
        let mut take = |name: &str| all.get_mut(name).map(Value::take);
        Ok(Self {
            status_code: take("statusCode"),
            headers: take("headers"),
            cookies: take("cookies"),
            body: take("body"),
            is_base64_encoded: take("isBase64Encoded"),
        })
    }
}

/// A streamed answer: JSON with status and headers, eight zeros, the body.
fn from_prelude(payload: &Bytes) -> Result<Response<Body>, Malformed> {
    let end = payload.windows(8).position(|window| window == [0; 8]).ok_or(Malformed)?;
    from_head(&payload[..end]).map(|response| response.map(|_| full(payload.slice(end + 8..))))
}

/// A response without its body: JSON with status and headers.
pub(super) fn from_head(head: &[u8]) -> Result<Response<Body>, Malformed> {
    let head = Answer::read(std::str::from_utf8(head).map_err(|_| Malformed)?)?;
    let mut response = Response::new(weft_net::empty());
    apply(&mut response, &head, "application/octet-stream")?;
    Ok(response)
}

fn from_json(payload: &Bytes) -> Result<Response<Body>, Malformed> {
    let json = std::str::from_utf8(payload).map_err(|_| Malformed)?;
    if !is_object(json) {
        // A text stands for itself; all else for its JSON.
        return match serde_json::from_str(json).map_err(|_| Malformed)? {
            Value::String(text) => Ok(as_json(text.into())),
            _ => Ok(as_json(payload.clone())),
        };
    }
    let mut answer = Answer::read(json)?;
    if answer.status_code.is_none() {
        return Ok(as_json(payload.clone()));
    }
    let body = match answer.body.take() {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if answer.is_base64_encoded == Some(Value::Bool(true)) => {
            STANDARD.decode(text).map_err(|_| Malformed)?.into()
        }
        Some(Value::String(text)) => Bytes::from(text),
        Some(other) => other.to_string().into(),
    };
    let mut response = Response::new(full(body));
    apply(&mut response, &answer, "application/json")?;
    Ok(response)
}

fn as_json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(full(body));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Takes status, headers and cookies over.
fn apply(
    response: &mut Response<Body>,
    answer: &Answer,
    content_type: &'static str,
) -> Result<(), Malformed> {
    let status = match &answer.status_code {
        None => 200,
        Some(Value::String(text)) => text.parse().map_err(|_| Malformed)?,
        Some(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()).ok_or(Malformed)?,
    };
    // 1xx would promise another response.
    let status =
        StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200).ok_or(Malformed)?;
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| Malformed)?;
        // The length and the framing are ours.
        if name == http::header::CONTENT_LENGTH
            || name == http::header::TRANSFER_ENCODING
            || name == http::header::CONNECTION
        {
            continue;
        }
        let text = match value {
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        };
        headers.insert(name, HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Malformed)?);
    }
    for cookie in answer.cookies.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let cookie =
            cookie.as_str().and_then(|cookie| HeaderValue::from_str(cookie).ok()).ok_or(Malformed)?;
        headers.append(http::header::SET_COOKIE, cookie);
    }
    headers.entry(http::header::CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    Ok(())
}
