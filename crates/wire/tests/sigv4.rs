//! Signature Version 4: AWS's published examples, and what is wrong with signatures that are wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use proptest::prelude::*;
use weft_model::{Protocol, iam, lambda, logs};
use weft_types::Timestamp;
use weft_wire::sigv4::{AuthFault, Credentials, Form, Payload, hash, parse_authorization, presign, sign};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SCOPE: &str = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso8601(text).unwrap()
}

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut builder = Request::builder().method(method).uri(uri);
    for (name, text) in headers {
        builder = builder.header(*name, *text);
    }
    builder.body(()).unwrap().into_parts().0
}

#[test]
fn the_published_examples_verify() {
    let check =
        |method: &str, uri: &str, more: &[(&str, &str)], body: &str, signed: &str, signature: &str| {
            let authorization =
                format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={signed}, Signature={signature}");
            let mut headers = vec![("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")];
            headers.extend(more);
            headers.push(("Authorization", &authorization));
            let parts = parts(method, uri, &headers);
            let claim = parse_authorization(&parts).unwrap().unwrap();
            let now = at("2015-08-30T12:36:00Z");
            let outcome = claim.check(&parts, Payload::Body(body.as_bytes()), SECRET, Protocol::Query, now);
            assert_eq!(outcome, Ok(()), "{method} {uri} {more:?}");
            let outcome =
                claim.check(&parts, Payload::Hash(&hash(body.as_bytes())), SECRET, Protocol::Query, now);
            assert_eq!(outcome, Ok(()));
        };
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    check("GET", "/", &[], "", "host;x-amz-date", vanilla);
    check("GET", "/./", &[], "", "host;x-amz-date", vanilla);
    check("GET", "//", &[], "", "host;x-amz-date", vanilla);
    check("GET", "/foo/..", &[], "", "host;x-amz-date", vanilla);
    check(
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "",
        "host;x-amz-date",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
    check(
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "",
        "host;x-amz-date",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    );
    check(
        "GET",
        "/",
        &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        "",
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    );
    check(
        "POST",
        "/",
        &[],
        "",
        "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
    check(
        "POST",
        "/",
        &[("Content-Type", "application/x-www-form-urlencoded")],
        "Param1=value1",
        "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    );
}

fn refusal(method: &str, uri: &str, headers: &[(&str, &str)]) -> AuthFault {
    parse_authorization(&parts(method, uri, headers)).unwrap_err()
}

#[test]
fn what_cannot_be_read_is_refused_in_awss_words() {
    let check = |authorization: &str, expected: &str| {
        let headers = [("X-Amz-Date", "20150830T123600Z"), ("Authorization", authorization)];
        assert_eq!(
            refusal("GET", "/", &headers).fault(Protocol::Json11).message,
            expected,
            "{authorization}"
        );
    };
    check(
        "AWS4-HMAC-SHA256",
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256",
    );
    check(
        "AWS4-HMAC-SHA256 Credential=a, x",
        "'x' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential=a, x'.",
    );
    check(
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'.",
    );
    check(
        "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/other, SignedHeaders=host, Signature=0",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'other'.",
    );
    check(
        "AWS4-HMAC-SHA256 Credential=a/20150829/r/s/aws4_request, SignedHeaders=host, Signature=0",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != \
         '20150830', from '20150830T123600Z'.",
    );
    check(
        "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, SignedHeaders=x-amz-date, Signature=0",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
    check("AWS4-ECDSA-P256-SHA256 Credential=a", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'. ");
    check(
        "AWS AKIDEXAMPLE:signature",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    );
    let undated = [("Authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=0")];
    assert_eq!(
        refusal("GET", "/", &undated),
        AuthFault::Incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
             Authorization=AWS4-HMAC-SHA256"
                .to_owned()
        )
    );
}

#[test]
fn presigned_urls_have_bounds() {
    let check = |expires: &str, expected: &str| {
        let uri = format!(
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=0{expires}",
            SCOPE.replace('/', "%2F")
        );
        let outcome = parse_authorization(&parts("GET", &uri, &[("host", "h")]));
        let message = outcome.err().map(|fault| fault.fault(Protocol::Query).message).unwrap_or_default();
        assert!(
            message.starts_with(expected) && message.is_empty() == expected.is_empty(),
            "{expires}: {message}"
        );
    };
    check("&X-Amz-Expires=1", "");
    check("&X-Amz-Expires=604800", "");
    check("&X-Amz-Expires=604801", "X-Amz-Expires must be less than a week");
    check("&X-Amz-Expires=0", "X-Amz-Expires must be greater than 0");
    check("&X-Amz-Expires=-1", "X-Amz-Expires should be a number");
    check("", "AWS query-string parameters must include 'X-Amz-Expires'.");
    let none = |uri: &str| parse_authorization(&parts("GET", uri, &[("authorization", "Bearer x")]));
    assert_eq!(none("/"), Ok(None));
    assert_eq!(parse_authorization(&parts("GET", "/a", &[])), Ok(None));
    assert_eq!(refusal("GET", "/?AWSAccessKeyId=a&Signature=b", &[]), AuthFault::Version2);
}

#[test]
fn presigned_urls_of_version_2_are_for_s3() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let check = |method: &str, url: &str, protocol: Protocol, now: i64, expected: Result<(), AuthFault>| {
        let host = url.split('/').nth(2).unwrap();
        let parts = parts(method, url, &[("host", host)]);
        let claim = parse_authorization(&parts).unwrap().unwrap();
        assert_eq!((claim.form, claim.service.as_str()), (Form::Version2, "s3"));
        let found = claim.check(&parts, Payload::Declared, secret, protocol, Timestamp::from_seconds(now));
        assert_eq!(found, expected, "{url}");
    };
    // As botocore makes them.
    let urls = [
        (
            "GET",
            "http://127.0.0.1:4566/b/k%20l/%C3%A9?response-content-type=text%2Fx&versionId=v&AWSAccessKeyId=AKIDEXAMPLE&Signature=rMZM9KvMMkXGHaXqcxms5Qa%2BSDE%3D&Expires=1795486323",
        ),
        (
            "PUT",
            "http://127.0.0.1:4566/b/k?AWSAccessKeyId=AKIDEXAMPLE&Signature=vw771FkQqqz3kpB2SnSuGJqOE9s%3D&x-amz-meta-a=b&content-type=text%2Fplain&Expires=1795486323",
        ),
        (
            "GET",
            "http://s3.localhost:4566/b/k?AWSAccessKeyId=AKIDEXAMPLE&Signature=zSXZ%2FBmDfPYytJDTr2Qi9uVZDOA%3D&x-amz-security-token=to%2Fken&Expires=1795486323",
        ),
    ];
    for (method, url) in urls {
        check(method, url, Protocol::RestXml, 1_795_485_724, Ok(()));
        check(method, url, Protocol::RestXml, 1_795_486_324, Err(AuthFault::PresignExpired));
        check(method, url, Protocol::RestJson, 1_795_485_724, Err(AuthFault::Version2));
        check("DELETE", url, Protocol::RestXml, 1_795_485_724, Err(AuthFault::Mismatch));
        let longer = url.replace("1795486323", "1795486324");
        check(method, &longer, Protocol::RestXml, 1_795_485_724, Err(AuthFault::Mismatch));
    }
}

#[test]
fn bodies_that_are_not_signed_or_signed_in_chunks() {
    let credentials =
        Credentials { access_key_id: "A".to_owned(), secret: SECRET.to_owned(), session_token: None };
    let now = at("2026-11-24T02:02:03Z");
    let check = |declared: &str, body: &str, expected: Result<(), AuthFault>| {
        let mut request = Request::post("http://h/x").body(Bytes::from("body")).unwrap();
        request.headers_mut().insert("x-amz-content-sha256", declared.parse().unwrap());
        sign(&mut request, &credentials, "us-east-1", "lambda", now).unwrap();
        let (parts, _) = request.into_parts();
        let claim = parse_authorization(&parts).unwrap().unwrap();
        let outcome = claim.check(&parts, Payload::Body(body.as_bytes()), SECRET, Protocol::RestJson, now);
        assert_eq!(outcome, expected, "{declared}");
    };
    check(&hash(b"body"), "body", Ok(()));
    check(&hash(b"body"), "other", Err(AuthFault::Mismatch));
    // Signed with the body's hash, but sent as if the body were not signed.
    check("UNSIGNED-PAYLOAD", "body", Err(AuthFault::Mismatch));
    let kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    check(kind, "body", Err(AuthFault::UnsupportedPayload(kind.to_owned())));
}

#[test]
fn scopes_are_for_one_service_and_region() {
    let headers = [
        ("X-Amz-Date", "20150830T123600Z"),
        ("host", "h"),
        ("Authorization", &*format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0")),
    ];
    let claim = parse_authorization(&parts("GET", "/", &headers)).unwrap().unwrap();
    assert_eq!(claim.expect_service("service"), Ok(()));
    assert_eq!(claim.expect_region("us-east-1"), Ok(()));
    let text = |fault: Result<(), AuthFault>| fault.unwrap_err().to_string();
    assert_eq!(text(claim.expect_service("iam")), "Credential should be scoped to correct service: 'iam'. ");
    assert_eq!(
        text(claim.expect_region("eu-west-1")),
        "Credential should be scoped to a valid region, not 'us-east-1'. "
    );
}

#[test]
fn each_protocol_tells_faults_in_its_own_way() {
    let check =
        |fault: &AuthFault, service: &weft_model::ServiceSchema, status: u16, code: &str, message: &str| {
            let response = weft_wire::encode_error(service, &fault.fault(service.protocol), "id");
            let body = std::str::from_utf8(response.body()).unwrap();
            let header = response.headers().get("x-amzn-errortype").map_or("", |code| code.to_str().unwrap());
            assert_eq!(response.status().as_u16(), status, "{fault:?}");
            assert!(body.contains(code) || header == code, "{code}: {body}");
            assert!(body.contains(message), "{message}: {body}");
        };
    let (json, rest, query) = (&logs::SERVICE, &lambda::SERVICE, &iam::SERVICE);
    let invalid = "The security token included in the request is invalid.";
    check(&AuthFault::UnknownKey, json, 400, "UnrecognizedClientException", invalid);
    check(&AuthFault::UnknownKey, rest, 403, "UnrecognizedClientException", invalid);
    check(&AuthFault::UnknownKey, query, 403, "<Code>InvalidClientTokenId</Code>", invalid);
    let mismatch =
        "The request signature we calculated does not match the signature you provided. Check your AWS";
    check(&AuthFault::Mismatch, json, 400, "InvalidSignatureException", mismatch);
    check(&AuthFault::Mismatch, rest, 403, "InvalidSignatureException", mismatch);
    check(&AuthFault::Mismatch, query, 403, "<Code>SignatureDoesNotMatch</Code>", mismatch);
    check(&AuthFault::Missing, json, 400, "MissingAuthenticationTokenException", "Request is missing");
    check(
        &AuthFault::Missing,
        rest,
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    );
    check(&AuthFault::Missing, query, 403, "<Code>MissingAuthenticationToken</Code>", "Request is missing");
    check(&AuthFault::Version2, query, 400, "<Code>IncompleteSignature</Code>", "AWS4-HMAC-SHA256");
    check(&AuthFault::ExpiredToken, rest, 403, "ExpiredTokenException", "is expired");
    check(&AuthFault::ExpiredToken, query, 403, "<Code>ExpiredToken</Code>", "is expired");
    check(&AuthFault::PresignExpired, query, 400, "<Code>RequestExpired</Code>", "Request has expired.");
    let (signed, now) = (at("2026-11-24T02:00:00Z"), at("2026-11-24T02:20:00Z"));
    check(
        &AuthFault::Expired { signed, now, minutes: 15 },
        query,
        403,
        "<Code>SignatureDoesNotMatch</Code>",
        "Signature expired: 20261124T020000Z is now earlier than 20261124T020500Z (20261124T022000Z - 15 min.)",
    );
    check(
        &AuthFault::NotYetCurrent { signed: now, now: signed, minutes: 5 },
        json,
        400,
        "InvalidSignatureException",
        "Signature not yet current: 20261124T022000Z is still later than 20261124T020500Z (20261124T020000Z + 5 min.)",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_we_sign_verifies(
        path in "(/[a-zA-Z0-9._~%:é/-]{0,12}){0,3}",
        names in proptest::collection::vec("[a-c%+ ]{0,3}=[a-z%+é ]{0,5}", 0..4),
        body in proptest::collection::vec(any::<u8>(), 0..50),
        token in proptest::option::of("[a-z/+=]{1,20}"),
        s3 in any::<bool>(),
        in_query in any::<bool>(),
    ) {
        let path: String = path.replace('%', "%25").replace('é', "%C3%A9");
        let query = names.join("&").replace('%', "%25").replace('é', "%C3%A9").replace(' ', "%20");
        let uri = format!("http://host:4566/{}?{query}", path.trim_start_matches('/'));
        let mut request = Request::post(uri).body(Bytes::from(body.clone())).unwrap();
        let credentials =
            Credentials { access_key_id: "AKID".to_owned(), secret: SECRET.to_owned(), session_token: token.clone() };
        let now = at("2026-11-24T02:02:03Z");
        let (service, protocol) = if s3 { ("s3", Protocol::RestXml) } else { ("logs", Protocol::Json11) };
        if in_query {
            presign(&mut request, &credentials, "eu-west-1", service, Duration::from_mins(1), now).unwrap();
        } else {
            sign(&mut request, &credentials, "eu-west-1", service, now).unwrap();
        }
        let (parts, _) = request.into_parts();
        let claim = parse_authorization(&parts).unwrap().unwrap();
        prop_assert_eq!(&claim.session_token, &token);
        let outcome = claim.check(&parts, Payload::Body(&body), SECRET, protocol, now);
        prop_assert_eq!(outcome, Ok(()));
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        header in "(AWS4-HMAC-SHA256|AWS|AWS4-X)?[ ,=/;a-zA-Z0-9é]{0,60}",
        fields in proptest::collection::vec("(Credential|SignedHeaders|Signature)=[a-z0-9/;]{0,30}", 0..5),
        date in "[0-9TZ:é-]{0,18}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|Signature|SignedHeaders)=[A-Z0-9%/-]{0,20}&?){0,7}",
    ) {
        let header = format!("{header}{}", fields.join(","));
        for uri in ["/".to_owned(), format!("/?{query}")] {
            let mut builder = Request::builder().uri(uri).header("x-amz-date", date.as_bytes());
            if !header.is_empty() && fields.len() != 1 {
                builder = builder.header("authorization", header.as_bytes());
            }
            if let Ok(request) = builder.body(()) {
                let (parts, ()) = request.into_parts();
                if let Ok(Some(claim)) = parse_authorization(&parts) {
                    let outcome = claim.check(&parts, Payload::Body(b""), "s", Protocol::Query, Timestamp::default());
                    prop_assert!(outcome.is_err());
                }
            }
        }
    }
}
