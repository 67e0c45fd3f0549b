//! A function over HTTP: the event of payload format 2.0 that a request becomes, and the response that an answer becomes.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, request};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use weft_net::{Body, full};
use weft_types::Timestamp;

/// The largest event, and so about the largest body: 6 MiB.
pub(crate) const EVENT_BYTES_MAX: usize = 6 << 20;

/// Where a request came to.
pub(crate) struct Place<'a> {
    /// The account's twelve digits.
    pub(crate) account: &'a str,
    /// The function's name, which stands for the API's id.
    pub(crate) api_id: &'a str,
    /// The client's address.
    pub(crate) source_ip: &'a str,
    /// The request's id.
    pub(crate) request_id: &'a str,
    /// When it came.
    pub(crate) now: Timestamp,
}

/// The event for a request.
pub(crate) fn from_request(head: &request::Parts, body: &[u8], place: &Place<'_>) -> Bytes {
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let domain = head.uri.host().unwrap_or_else(|| header("host")).to_owned();
    let query = head.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": head.uri.path(),
        "rawQueryString": query,
    });
    let cookies = cookies(head);
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    event["headers"] = headers(head).into();
    let parameters = query_parameters(query);
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    event["requestContext"] = json!({
        "accountId": place.account,
        "apiId": place.api_id,
        "domainName": domain,
        "domainPrefix": domain.split('.').next().unwrap_or_default(),
        "http": {
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "protocol": format!("{:?}", head.version),
            "sourceIp": place.source_ip,
            "userAgent": header("user-agent"),
        },
        "requestId": place.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": place.now.format("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": place.now.as_millis(),
    });
    let is_text = is_text(header("content-type"), header("content-encoding"));
    match std::str::from_utf8(body) {
        _ if body.is_empty() => event["isBase64Encoded"] = false.into(),
        Ok(text) if is_text => {
            event["body"] = text.into();
            event["isBase64Encoded"] = false.into();
        }
        _ => {
            event["body"] = STANDARD.encode(body).into();
            event["isBase64Encoded"] = true.into();
        }
    }
    event.to_string().into()
}

fn headers(head: &request::Parts) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in head.headers.keys() {
        if name == http::header::COOKIE {
            continue;
        }
        let values: Vec<_> = head
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.as_str().to_owned(), values.join(",").into());
    }
    headers
}

fn cookies(head: &request::Parts) -> Vec<Value> {
    let lines = head.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(str::trim).filter(|c| !c.is_empty()).map(Value::from).collect()
}

fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        match parameters.get_mut(&name) {
            Some(Value::String(known)) => {
                known.push(',');
                known.push_str(&value);
            }
            _ => {
                parameters.insert(name, value.into());
            }
        }
    }
    parameters
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Whether a body travels as text: what AWS passes through, all else is base64.
fn is_text(content_type: &str, content_encoding: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let plain = content_encoding.is_empty() || content_encoding.eq_ignore_ascii_case("identity");
    plain
        && (kind.starts_with("text/")
            || kind.ends_with("+json")
            || kind.ends_with("+xml")
            || matches!(
                kind.as_str(),
                "application/json"
                    | "application/xml"
                    | "application/javascript"
                    | "application/x-www-form-urlencoded"
            ))
}

/// What an answer is that is no response: 502, as AWS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The response for a function's answer.
pub(crate) fn to_response(content_type: Option<&str>, payload: &Bytes) -> Result<Response<Body>, Malformed> {
    match content_type {
        Some("application/vnd.awslambda.http-integration-response") => from_prelude(payload),
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

/// A streamed answer: JSON with status and headers, eight zeros, the body.
fn from_prelude(payload: &Bytes) -> Result<Response<Body>, Malformed> {
    let end = payload.windows(8).position(|window| window == [0; 8]).ok_or(Malformed)?;
    let prelude: Value = serde_json::from_slice(&payload[..end]).map_err(|_| Malformed)?;
    let mut response = Response::new(full(payload.slice(end + 8..)));
    apply(&mut response, &prelude, "application/octet-stream")?;
    Ok(response)
}

fn from_json(payload: &Bytes) -> Result<Response<Body>, Malformed> {
    let answer: Value = serde_json::from_slice(payload).map_err(|_| Malformed)?;
    if answer.get("statusCode").is_none() {
        // A text stands for itself; all else for its JSON.
        let body = match &answer {
            Value::String(text) => Bytes::from(text.clone()),
            _ => payload.clone(),
        };
        let mut response = Response::new(full(body));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let body = match answer.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(text).map_err(|_| Malformed)?.into()
        }
        Some(Value::String(text)) => Bytes::from(text.clone()),
        Some(other) => other.to_string().into(),
    };
    let mut response = Response::new(full(body));
    apply(&mut response, &answer, "application/json")?;
    Ok(response)
}

/// Takes status, headers and cookies over.
fn apply(response: &mut Response<Body>, answer: &Value, content_type: &'static str) -> Result<(), Malformed> {
    let status = match answer.get("statusCode") {
        None => 200,
        Some(Value::String(text)) => text.parse().map_err(|_| Malformed)?,
        Some(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()).ok_or(Malformed)?,
    };
    // 1xx would promise another response.
    let status =
        StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200).ok_or(Malformed)?;
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| Malformed)?;
        // The length and the framing are ours.
        if name == http::header::CONTENT_LENGTH
            || name == http::header::TRANSFER_ENCODING
            || name == http::header::CONNECTION
        {
            continue;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        headers.insert(name, HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Malformed)?);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie =
            cookie.as_str().and_then(|cookie| HeaderValue::from_str(cookie).ok()).ok_or(Malformed)?;
        headers.append(http::header::SET_COOKIE, cookie);
    }
    headers.entry("content-type").or_insert(HeaderValue::from_static(content_type));
    Ok(())
}

#[cfg(test)]
mod tests;
