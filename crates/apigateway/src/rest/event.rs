//! The event of a proxied request, and the response that a function's answer becomes.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::templates::Scene;
use crate::data::request::{Incoming, decoded, lossy, title_case};

/// The event of a request to `resource`.
pub(crate) fn event(resource: &str, scene: &Scene<'_>, binary: bool, context: &Json) -> Bytes {
    let incoming = scene.incoming;
    let (headers, multi_headers) = headers(&incoming.headers);
    let (query, multi_query) = query(incoming);
    let path: Map<String, Json> =
        scene.path.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body = match (incoming.body.is_empty(), binary) {
        (true, _) => Json::Null,
        (false, true) => Json::String(STANDARD.encode(&incoming.body)),
        (false, false) => Json::String(String::from_utf8_lossy(&incoming.body).into_owned()),
    };
    let event = json!({
        "resource": resource,
        "path": decoded(&incoming.path),
        "httpMethod": incoming.method,
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "queryStringParameters": or_null(query),
        "multiValueQueryStringParameters": or_null(multi_query),
        "pathParameters": or_null(path),
        "stageVariables": or_null(scene.stage_variables.iter().map(|(key, value)| (key.clone(), json!(value))).collect()),
        "requestContext": context,
        "isBase64Encoded": binary && !incoming.body.is_empty(),
        "body": body,
    });
    event.to_string().into()
}

/// What the event tells of the request's surroundings: all that was known when it came.
pub(crate) fn request_context<'s>(scene: &'s Scene<'_>) -> &'s Json {
    &scene.context
}

fn or_null(map: Map<String, Json>) -> Json {
    if map.is_empty() { Json::Null } else { Json::Object(map) }
}

/// Headers with their last values, and with all.
pub(crate) fn headers(headers: &HeaderMap) -> (Map<String, Json>, Map<String, Json>) {
    let (mut single, mut multi) = (Map::new(), Map::new());
    for name in headers.keys() {
        let values: Vec<String> =
            headers.get_all(name).iter().map(|value| lossy(value).into_owned()).collect();
        let name = title_case(name.as_str());
        if let Some(last) = values.last() {
            single.insert(name.clone(), json!(last));
        }
        multi.insert(name, json!(values));
    }
    (single, multi)
}

/// Parameters of the query with their last values, and with all.
pub(crate) fn query(incoming: &Incoming) -> (Map<String, Json>, Map<String, Json>) {
    let (mut single, mut multi) = (Map::new(), Map::new());
    for (name, value) in &incoming.query {
        single.insert(name.clone(), json!(value));
        let values = multi.entry(name.clone()).or_insert_with(|| json!([]));
        if let Json::Array(values) = values {
            values.push(json!(value));
        }
    }
    (single, multi)
}

/// A response that a function gave.
#[derive(Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What an answer may have.
const KNOWN: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];

/// Reads a function's answer. `decode` tells whether base64 is undone. The message says why it is none.
pub(crate) fn response(payload: &[u8], decode: impl Fn(&HeaderMap) -> bool) -> Result<Given, String> {
    let json: Json = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let Json::Object(answer) = json else { return Err("the answer is not an object".to_owned()) };
    if let Some(unknown) = answer.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("the answer has a member {unknown}"));
    }
    let status = match answer.get("statusCode") {
        Some(Json::Number(number)) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Some(Json::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let status = status
        .filter(|status| (200..600).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or("the answer has no statusCode")?;
    let mut headers = HeaderMap::new();
    single_headers(answer.get("headers"), &mut headers)?;
    multi_headers(answer.get("multiValueHeaders"), &mut headers)?;
    if !headers.contains_key(http::header::CONTENT_TYPE) {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let body = match answer.get("body") {
        None | Some(Json::Null) => Bytes::new(),
        Some(Json::String(text))
            if answer.get("isBase64Encoded") == Some(&Json::Bool(true)) && decode(&headers) =>
        {
            STANDARD.decode(text).map_err(|_| "the body is not base64")?.into()
        }
        Some(Json::String(text)) => Bytes::from(text.clone()),
        Some(_) => return Err("the body is not a text".to_owned()),
    };
    Ok(Given { status, headers, body })
}

fn single_headers(json: Option<&Json>, headers: &mut HeaderMap) -> Result<(), String> {
    let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(()) };
    let map = json.as_object().ok_or("headers is not an object")?;
    for (name, value) in map {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            Json::Null => continue,
            _ => return Err(format!("the header {name} is not a text")),
        };
        add(headers, name, &text)?;
    }
    Ok(())
}

fn multi_headers(json: Option<&Json>, headers: &mut HeaderMap) -> Result<(), String> {
    let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(()) };
    let map = json.as_object().ok_or("multiValueHeaders is not an object")?;
    for (name, values) in map {
        let values = values.as_array().ok_or_else(|| format!("the values of {name} are no list"))?;
        // Of a name in both maps those of this one count.
        if let Ok(name) = name.parse::<HeaderName>() {
            headers.remove(name);
        }
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            add(headers, name, &text)?;
        }
    }
    Ok(())
}

/// Adds a header; what is the connection's or ours gets another name, as AWS gives it.
fn add(headers: &mut HeaderMap, name: &str, text: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    let name = match lower.as_str() {
        "content-length" | "transfer-encoding" | "connection" | "date" | "server" | "www-authenticate"
        | "authorization" | "host" => format!("x-amzn-remapped-{lower}"),
        _ => lower,
    };
    let name: HeaderName = name.parse().map_err(|_| format!("{name} is no header"))?;
    let value = HeaderValue::from_str(text).map_err(|_| format!("the value of {name} cannot be sent"))?;
    headers.append(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Result<(u16, &str, &str), &str>) {
        let found = response(answer.as_bytes(), |_| true);
        match (found, expected) {
            (Ok(found), Ok((status, header, body))) => {
                let header_found = found.headers.get("x-a").map(|value| value.to_str().unwrap());
                assert_eq!((found.status.as_u16(), header_found.unwrap_or_default()), (status, header));
                assert_eq!(found.body, body);
            }
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (found, _) => panic!("{found:?} of {answer}"),
        }
    }

    #[test]
    fn an_answer_is_a_response_or_malformed() {
        check(r#"{"statusCode":201,"headers":{"X-A":"b"},"body":"c"}"#, Ok((201, "b", "c")));
        check(r#"{"statusCode":"200","headers":{"X-A":1}}"#, Ok((200, "1", "")));
        check(r#"{"statusCode":200,"headers":null,"body":null}"#, Ok((200, "", "")));
        check(r#"{"statusCode":200,"body":"YQ==","isBase64Encoded":true}"#, Ok((200, "", "a")));
        check(
            r#"{"statusCode":200,"multiValueHeaders":{"X-A":["b","c"]},"headers":{"x-a":"d"}}"#,
            Ok((200, "b", "")),
        );
        check(r#"{"statusCode":200,"body":{"a":1}}"#, Err("not a text"));
        check(r#"{"body":"a"}"#, Err("no statusCode"));
        check(r#"{"statusCode":200,"other":1}"#, Err("a member other"));
        check(r#"{"statusCode":99}"#, Err("no statusCode"));
        check(r#""text""#, Err("not an object"));
        check("", Err("EOF"));
        check(r#"{"statusCode":200,"headers":{"X-A":"a\nb"}}"#, Err("cannot be sent"));
    }
}
