use super::*;

const PLACE: Place<'static> = Place {
    account: "000000000000",
    api_id: "hello",
    source_ip: "203.0.113.9",
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
    let streamed = b"{\"statusCode\":202,\"headers\":{\"content-type\":\"text/css\"},\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0body";
    check(Some("application/vnd.awslambda.http-integration-response"), streamed, "202 text/css|a=1|body");
    check(Some("application/vnd.awslambda.http-integration-response"), b"{}", "502");
    check(Some("application/octet-stream"), b"raw", "200 application/octet-stream||raw");
    check(Some("application/json"), br#"{"statusCode":204}"#, "204 application/json||");
}
