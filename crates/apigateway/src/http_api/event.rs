//! The events of requests to HTTP APIs, and the responses that functions' answers become.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::serve::Scene;
use crate::data::request::{Incoming, decoded, lossy};
use crate::rest::event::{Given, headers as titled, query as parsed, response as proxied};

/// `requestContext` of format 2.0.
pub(crate) fn context_2(scene: &Scene<'_>) -> Json {
    let (incoming, context) = (scene.incoming, &scene.context);
    let mut found = json!({
        "accountId": context["accountId"],
        "apiId": context["apiId"],
        "domainName": incoming.host,
        "domainPrefix": incoming.host.split('.').next().unwrap_or_default(),
        "http": {
            "method": incoming.method,
            "path": context["path"],
            "protocol": incoming.protocol(),
            "sourceIp": incoming.peer.to_string(),
            "userAgent": incoming.header("user-agent").unwrap_or_default(),
        },
        "requestId": context["requestId"],
        "routeKey": context["routeKey"],
        "stage": context["stage"],
        "time": context["requestTime"],
        "timeEpoch": context["requestTimeEpoch"],
    });
    if !scene.authorizer.is_null() {
        found["authorizer"] = scene.authorizer.clone();
    }
    found
}

/// The members that events and authorizers' events of format 2.0 share.
pub(crate) fn base_2(scene: &Scene<'_>) -> Map<String, Json> {
    let incoming = scene.incoming;
    let mut event = Map::new();
    event.insert("version".to_owned(), json!("2.0"));
    event.insert("routeKey".to_owned(), scene.context["routeKey"].clone());
    event.insert("rawPath".to_owned(), scene.context["path"].clone());
    event.insert("rawQueryString".to_owned(), json!(incoming.raw_query));
    let cookies = cookies(&incoming.headers);
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), json!(cookies));
    }
    let mut headers = Map::new();
    for name in incoming.headers.keys().filter(|name| **name != http::header::COOKIE) {
        let values: Vec<_> = incoming.headers.get_all(name).iter().map(lossy).collect();
        headers.insert(name.as_str().to_owned(), json!(values.join(",")));
    }
    event.insert("headers".to_owned(), Json::Object(headers));
    if !incoming.query.is_empty() {
        let mut query: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in &incoming.query {
            query.entry(name).or_default().push(value);
        }
        let query: Map<String, Json> =
            query.into_iter().map(|(name, values)| (name.to_owned(), json!(values.join(",")))).collect();
        event.insert("queryStringParameters".to_owned(), Json::Object(query));
    }
    event.insert("requestContext".to_owned(), context_2(scene));
    if !scene.path.is_empty() {
        let path = scene.path.iter().map(|(name, value)| (name.clone(), json!(decoded(value)))).collect();
        event.insert("pathParameters".to_owned(), Json::Object(path));
    }
    if !scene.stage_variables.is_empty() {
        event.insert("stageVariables".to_owned(), json!(scene.stage_variables));
    }
    event
}

/// The event of format 2.0.
pub(crate) fn event_2(scene: &Scene<'_>) -> Bytes {
    let mut event = base_2(scene);
    let (body, encoded) = body(scene.incoming);
    if let Some(body) = body {
        event.insert("body".to_owned(), json!(body));
    }
    event.insert("isBase64Encoded".to_owned(), json!(encoded));
    Json::Object(event).to_string().into()
}

/// The event of format 1.0.
pub(crate) fn event_1(scene: &Scene<'_>) -> Json {
    let (incoming, context) = (scene.incoming, &scene.context);
    let (headers, multi_headers) = titled(&incoming.headers);
    let (query, multi_query) = parsed(incoming);
    let or_null = |map: Map<String, Json>| if map.is_empty() { Json::Null } else { Json::Object(map) };
    let path = scene.path.iter().map(|(name, value)| (name.clone(), json!(decoded(value)))).collect();
    let key = context["routeKey"].as_str().unwrap_or_default();
    let resource = key.split_once(' ').map_or(key, |(_, path)| path);
    let mut request_context = json!({
        "accountId": context["accountId"],
        "apiId": context["apiId"],
        "domainName": incoming.host,
        "domainPrefix": incoming.host.split('.').next().unwrap_or_default(),
        "extendedRequestId": context["requestId"],
        "httpMethod": incoming.method,
        "identity": {
            "accessKey": null, "accountId": null, "caller": null, "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null, "cognitoIdentityId": null, "cognitoIdentityPoolId": null,
            "principalOrgId": null, "sourceIp": incoming.peer.to_string(), "user": null,
            "userAgent": incoming.header("user-agent").unwrap_or_default(), "userArn": null,
        },
        "path": context["path"],
        "protocol": incoming.protocol(),
        "requestId": context["requestId"],
        "requestTime": context["requestTime"],
        "requestTimeEpoch": context["requestTimeEpoch"],
        "resourceId": key,
        "resourcePath": resource,
        "stage": context["stage"],
    });
    if !scene.authorizer.is_null() {
        request_context["authorizer"] = scene.authorizer.clone();
    }
    let (body, encoded) = body(incoming);
    json!({
        "version": "1.0",
        "resource": resource,
        "path": context["path"],
        "httpMethod": incoming.method,
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "queryStringParameters": or_null(query),
        "multiValueQueryStringParameters": or_null(multi_query),
        "requestContext": request_context,
        "pathParameters": or_null(path),
        "stageVariables": or_null(scene.stage_variables.iter().map(|(key, value)| (key.clone(), json!(value))).collect()),
        "body": body,
        "isBase64Encoded": encoded,
    })
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty());
    cookies.map(str::to_owned).collect()
}

/// The body as the event has it, and whether that is base64.
fn body(incoming: &Incoming) -> (Option<String>, bool) {
    if incoming.body.is_empty() {
        return (None, false);
    }
    let kind = incoming.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.as_str(),
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-www-form-urlencoded"
        );
    match std::str::from_utf8(&incoming.body) {
        Ok(text) if is_text && incoming.header("content-encoding").is_none() => {
            (Some(text.to_owned()), false)
        }
        _ => (Some(STANDARD.encode(&incoming.body)), true),
    }
}

/// What an answer of format 1.0 may have.
const KNOWN: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];

/// Reads a function's answer of format 1.0: always base64 where it says so, and with what members it likes.
pub(crate) fn response_1(payload: &[u8]) -> Result<Given, String> {
    let mut json: Json = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| KNOWN.contains(&name.as_str()));
    }
    proxied(json.to_string().as_bytes(), |_| true)
}

/// Reads a function's answer of format 2.0: with a status it is a response, without one it is a body.
pub(crate) fn response_2(payload: &[u8]) -> Result<Given, String> {
    let json: Json = if payload.is_empty() {
        Json::Null
    } else {
        serde_json::from_slice(payload).map_err(|error| error.to_string())?
    };
    let Some(members) = json.as_object().filter(|members| members.contains_key("statusCode")) else {
        let body = match json {
            Json::Null => Bytes::new(),
            Json::String(text) => text.into(),
            other => other.to_string().into(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(Given { status: StatusCode::OK, headers, body });
    };
    let mut plain = Map::new();
    for name in ["statusCode", "headers", "isBase64Encoded"] {
        if let Some(value) = members.get(name) {
            plain.insert(name.to_owned(), value.clone());
        }
    }
    match members.get("body") {
        None | Some(Json::Null) => {}
        Some(Json::String(text)) => {
            plain.insert("body".to_owned(), json!(text));
        }
        Some(other) => {
            plain.insert("body".to_owned(), json!(other.to_string()));
        }
    }
    let mut given = proxied(Json::Object(plain).to_string().as_bytes(), |_| true)?;
    for cookie in members.get("cookies").and_then(Json::as_array).into_iter().flatten() {
        let value = cookie.as_str().and_then(|text| HeaderValue::from_str(text).ok());
        let value = value.ok_or("a cookie cannot be sent")?;
        given.headers.append(HeaderName::from_static("set-cookie"), value);
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_format_2_is_a_response_or_a_body() {
        let check = |answer: &str, status: u16, body: &str, cookie: Option<&str>| {
            let given = response_2(answer.as_bytes()).unwrap();
            let found = given.headers.get("set-cookie").map(|value| value.to_str().unwrap());
            assert_eq!(
                (given.status.as_u16(), &*given.body, found),
                (status, body.as_bytes(), cookie),
                "{answer}"
            );
        };
        check(r#"{"statusCode":201,"body":"a","cookies":["b=c"]}"#, 201, "a", Some("b=c"));
        check(r#"{"message":"hi"}"#, 200, r#"{"message":"hi"}"#, None);
        check(r#""text""#, 200, "text", None);
        check(r#"{"statusCode":200,"body":"YQ==","isBase64Encoded":true}"#, 200, "a", None);
        check("null", 200, "", None);
        assert!(response_2(b"{").is_err());
        assert!(response_1(br#"{"body":"a"}"#).is_err());
        assert_eq!(response_1(br#"{"statusCode":200,"body":"a","other":1}"#).unwrap().body, "a");
    }
}
