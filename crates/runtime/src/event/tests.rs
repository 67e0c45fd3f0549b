use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::response::Malformed;
use super::*;

const PLACE: Place<'static> = Place {
    account: AccountId::DEFAULT,
    api_id: "hello",
    url: None,
    source_ip: IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)),
    request_id: "r-1",
    now: Timestamp::from_millis(1_795_485_723_004),
};

fn event(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let mut request = http::Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    serde_json::from_slice(&from_request(&head, body, &PLACE)).unwrap()
}

#[test]
fn a_request_becomes_an_event_of_format_2() {
    let headers = [
        ("host", "api.example.com"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("cookie", "a=1; b=2"),
        ("user-agent", "curl"),
    ];
    let found = event("/items/x%20y?q=a+b&q=c&empty", &headers, b"");
    assert_eq!(
        found,
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/items/x%20y",
            "rawQueryString": "q=a+b&q=c&empty",
            "cookies": ["a=1", "b=2"],
            "headers": {"host": "api.example.com", "x-a": "1,2", "user-agent": "curl"},
            "queryStringParameters": {"q": "a b,c", "empty": ""},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "hello",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {
                    "method": "POST", "path": "/items/x%20y", "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.9", "userAgent": "curl",
                },
                "requestId": "r-1",
                "routeKey": "$default",
                "stage": "$default",
                "time": "24/Nov/2026:02:02:03 +0000",
                "timeEpoch": 1_795_485_723_004_i64,
            },
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn only_text_travels_as_text() {
    let check = |content_type: &str, body: &[u8], expected: &str, base64: bool| {
        let found = event("/", &[("content-type", content_type)], body);
        assert_eq!(
            (found["body"].as_str(), &found["isBase64Encoded"]),
            (Some(expected), &json!(base64)),
            "{content_type}"
        );
    };
    check("application/json", b"{}", "{}", false);
    check("text/plain; charset=utf-8", "h\u{e9}".as_bytes(), "h\u{e9}", false);
    check("application/problem+json", b"{}", "{}", false);
    check("application/octet-stream", b"ab", "YWI=", true);
    check("", b"ab", "YWI=", true);
    check("text/plain", &[0xff], "/w==", true);
}

/// Compares `status content-type|set-cookie,…|body` of an answer's response, or `502`.
fn check(content_type: Option<&str>, payload: &[u8], expected: &str) {
    use http_body_util::BodyExt as _;
    let found = match to_response(content_type, &Bytes::copy_from_slice(payload)) {
        Err(Malformed) => "502".to_owned(),
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body = futures::FutureExt::now_or_never(body.collect()).unwrap().unwrap().to_bytes();
            let cookies: Vec<_> =
                head.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
            let content_type = head.headers["content-type"].to_str().unwrap();
            format!(
                "{} {content_type}|{}|{}",
                head.status.as_u16(),
                cookies.join(","),
                String::from_utf8_lossy(&body)
            )
        }
    };
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(payload));
}

#[test]
fn an_answer_becomes_a_response() {
    check(None, br#"{"statusCode":201,"body":"hi"}"#, "201 application/json||hi");
    check(None, br#"{"statusCode":"404"}"#, "404 application/json||");
    check(
        None,
        br#"{"statusCode":200,"headers":{"Content-Type":"text/html","content-length":"99"},"cookies":["a=1","b=2"],"body":"<p>"}"#,
        "200 text/html|a=1,b=2|<p>",
    );
    check(None, br#"{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}"#, "200 application/json||hi");
    check(None, br#"{"statusCode":200,"body":{"a":1}}"#, r#"200 application/json||{"a":1}"#);
    check(None, br#"{"message":"hi"}"#, r#"200 application/json||{"message":"hi"}"#);
    check(None, br#""hi""#, "200 application/json||hi");
    check(None, b"null", "200 application/json||null");
    check(None, br#"{"statusCode":99}"#, "502");
    check(None, br#"{"statusCode":101}"#, "502");
    check(None, br#"{"statusCode":200,"headers":{"a b":"c"}}"#, "502");
    check(None, br#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#, "502");
    check(None, b"not json", "502");
    check(None, b"{\"a\":", "502");
    check(None, b"{\"a\":\"\xff\"}", "502");
    check(None, b" \"h\\u00e9\\n\" ", "200 application/json||h\u{e9}\n");
    check(None, br#"{"statusCode":200,"statusCode":201}"#, "201 application/json||");
    check(None, br#"{"statusCode":null,"body":"x"}"#, "502");
    check(None, b"[201,{}]", "200 application/json||[201,{}]");
    let streamed = b"{\"statusCode\":202,\"headers\":{\"content-type\":\"text/css\"},\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0body";
    check(Some("application/vnd.awslambda.http-integration-response"), streamed, "202 text/css|a=1|body");
    check(Some("application/vnd.awslambda.http-integration-response"), b"{}", "502");
    check(Some("application/octet-stream"), b"raw", "200 application/octet-stream||raw");
    check(Some("application/json"), br#"{"statusCode":204}"#, "204 application/json||");
}

/// The event as a tree, made in the obvious way.
fn reference(head: &request::Parts, body: &[u8]) -> Value {
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let domain = head.uri.host().unwrap_or_else(|| header("host"));
    let query = head.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": head.uri.path(), "rawQueryString": query,
        "requestContext": {
            "accountId": PLACE.account.to_string(), "apiId": PLACE.api_id, "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": head.method.as_str(), "path": head.uri.path(), "protocol": format!("{:?}", head.version),
                "sourceIp": PLACE.source_ip.to_string(), "userAgent": header("user-agent"),
            },
            "requestId": PLACE.request_id, "routeKey": "$default", "stage": "$default",
            "time": PLACE.now.format("%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": PLACE.now.as_millis(),
        },
    });
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &head.headers {
        if name == "cookie" {
            let line = value.to_str().unwrap_or_default();
            cookies
                .extend(line.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()).map(Value::from));
            continue;
        }
        join(&mut headers, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    event["headers"] = headers.into();
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        join(&mut parameters, &decode(name), &decode(value));
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    let text = std::str::from_utf8(body).ok().filter(|_| header("content-type").starts_with("text/"));
    event["isBase64Encoded"] = (!body.is_empty() && text.is_none()).into();
    if !body.is_empty() {
        event["body"] = text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
    }
    event
}

fn join(map: &mut Map<String, Value>, name: &str, value: &str) {
    let joined = match map.get(name).and_then(Value::as_str) {
        Some(known) => format!("{known},{value}"),
        None => value.to_owned(),
    };
    map.insert(name.to_owned(), joined.into());
}

proptest! {
    #[test]
    fn the_event_is_the_tree_that_it_stands_for(
        method in "[A-Z]{1,7}",
        path in "(/[!$&-;=@-Z_a-z~]{0,8}){1,3}",
        query in proptest::option::of("([a-c+%\\[\"\\\\]|%[0-9a-f]{2}|[&=;]){0,20}"),
        headers in proptest::collection::vec((
            prop_oneof![Just("x-a"), Just("x-b"), Just("cookie"), Just("user-agent"), Just("host"), Just("x-!#$'`|~")],
            proptest::collection::vec(prop_oneof![Just(9_u8), 32..127_u8, 128..=255_u8], 0..12),
        ), 0..8),
        is_text in any::<bool>(),
        body in prop_oneof![
            any::<String>().prop_map(String::into_bytes),
            "[\\x00-\\x7f\u{e9}\u{2028}]{0,12}".prop_map(String::into_bytes),
            any::<Vec<u8>>(),
        ],
    ) {
        let uri = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        let mut request = http::Request::builder().method(&*method).uri(uri);
        for (name, value) in &headers {
            request = request.header(*name, &value[..]);
        }
        if is_text {
            request = request.header("content-type", "text/plain");
        }
        let request = request.body(());
        // Not every text is a URI.
        prop_assume!(request.is_ok());
        let (head, ()) = request.unwrap().into_parts();
        let event = from_request(&head, &body, &PLACE);
        prop_assert_eq!(serde_json::from_slice::<Value>(&event).unwrap(), reference(&head, &body));
    }
}

#[test]
fn an_event_of_a_function_url_tells_its_host_and_who_signed() {
    let url = FunctionUrlCall {
        id: "abc123".to_owned(),
        domain: "abc123.lambda-url.us-east-1.localhost".to_owned(),
        authorizer: Some(r#"{"iam":{"userId":"AIDA"}}"#.to_owned()),
        invoked_arn: weft_types::Arn::of("lambda", "us-east-1", "000000000000", "function:hello"),
        streamed: false,
    };
    let place = Place { api_id: "abc123", url: Some(&url), ..PLACE };
    let request = http::Request::get("/a").header("host", "127.0.0.1:4566").body(()).unwrap();
    let event = from_request(&request.into_parts().0, b"", &place);
    let context = &serde_json::from_slice::<Value>(&event).unwrap()["requestContext"];
    assert_eq!(context["domainName"], "abc123.lambda-url.us-east-1.localhost");
    assert_eq!((&context["domainPrefix"], &context["apiId"]), (&"abc123".into(), &"abc123".into()));
    assert_eq!(context["authorizer"]["iam"]["userId"], "AIDA");
}
