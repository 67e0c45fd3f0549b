//! Whole requests through a gateway with fakes behind it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use weft_gateway::{Allowed, Asked, Authorizer, Denied, Downloads, GatewayOptions};
use weft_net::{Body, Handler, Peer, collect_limited, full};
use weft_service::{BoxFuture, ResponseRefused, StackResponses};

/// Sends `METHOD host path`, with a body; returns status and body.
async fn ask(
    authorizer: Option<Arc<dyn Authorizer>>,
    from: &str,
    request: &str,
    body: &'static str,
) -> (u16, String) {
    let words: Vec<_> = request.split(' ').collect();
    let mut builder = Request::builder().method(words[0]).header("host", words[1]).uri(words[2]);
    if let Some(kind) = words.get(3) {
        builder = builder.header("content-type", *kind);
    }
    let peer = Peer::listener(from.parse().unwrap(), "127.0.0.1:4566".parse().unwrap());
    let response = world::gateway(authorizer).handle(builder.body(full(body)).unwrap(), peer).await;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        assert_eq!(response.headers()["retry-after"], "1");
    }
    assert!(response.headers().contains_key("x-request-id") || status == StatusCode::OK, "{request}");
    let body = collect_limited(response.into_body(), 1 << 20).await.unwrap();
    (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

const HERE: &str = "127.0.0.1:9";
const AWAY: &str = "192.0.2.1:9";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn requests_are_answered_by_whom_they_are_for() {
    let call = "Action=GetCallerIdentity&Version=2011-06-15";
    let long = "Action=GetCallerIdentity&Version=2011-06-15&Padding=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for (request, body, status, part) in [
        ("GET localhost /".to_owned(), "", 200, "hello"),
        ("POST localhost /echo".into(), "body", 200, "body"),
        ("POST localhost /stream".into(), "body", 200, "body"),
        (format!("POST localhost / {FORM}"), "name=value", 200, "hello"),
        (format!("POST localhost / {FORM}"), call, 200, "api Action=GetCallerIdentity"),
        (format!("POST localhost / {FORM}"), long, 413, "too large"),
        ("GET localhost /overloaded".into(), "", 503, "the service is at its limit"),
        ("GET fn.shop.weft.localhost /overloaded".into(), "", 429, "the function is at its limit"),
        ("GET localhost /start".into(), "", 502, "secret reason"),
        ("GET localhost /crash".into(), "", 502, "secret reason"),
        ("GET localhost /late".into(), "", 504, "in time"),
        ("GET localhost /stopping".into(), "", 503, "stopping"),
        ("GET gone.shop.weft.localhost /".into(), "", 404, "weft ps"),
        ("GET none.shop.weft.localhost /x".into(), "", 404, "no route for none.shop.weft.localhost/x"),
        ("GET localhost /%zz".into(), "", 400, "hexadecimal"),
        ("GET admin.shop.weft.localhost /".into(), "", 501, "iam"),
        ("GET localhost /_weft/shop/admin/".into(), "", 501, "iam"),
    ] {
        let (got, text) = ask(None, HERE, &request, body).await;
        assert_eq!(got, status, "{request}: {text}");
        assert!(text.contains(part), "{request}: {text}");
    }
}

#[tokio::test]
async fn reasons_stay_on_the_machine() {
    for path in ["/start", "/crash"] {
        let (status, text) = ask(None, AWAY, &format!("GET localhost {path}"), "").await;
        assert_eq!(status, 502);
        assert!(!text.contains("secret") && text.contains("requestId"), "{text}");
    }
}

#[tokio::test]
async fn a_route_with_a_rule_asks_first_and_gives_the_body_on() {
    /// Lets in whoever sends `open`.
    struct Door;
    impl Authorizer for Door {
        fn authorize<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Allowed, Denied>> {
            let answer = match asked.body.map(|body| &body[..]) {
                Some(b"open") => Ok(Allowed { principal: Some("arn:aws:iam::000000000000:user/a".into()) }),
                Some(b"") => Err(Denied::Unauthenticated("who are you".into())),
                _ => Err(Denied::Forbidden("not you".into())),
            };
            Box::pin(std::future::ready(answer))
        }
    }
    for (body, status, part) in [("open", 200, "open"), ("", 401, "who are you"), ("other", 403, "not you")] {
        let (got, text) = ask(Some(Arc::new(Door)), HERE, "POST admin.shop.weft.localhost /echo", body).await;
        assert_eq!(got, status, "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_route_that_does_not_say_its_auth_is_for_loopback_only() {
    const ALL: &str = "127.0.0.1:4566";
    const PUBLIC: &str = "192.0.2.9:4566";
    let inside = GatewayOptions::default;
    let edge = || GatewayOptions { edge: true, ..inside() };
    let proxied = || GatewayOptions { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..inside() };
    for (options, from, to, path, status) in [
        (inside(), HERE, ALL, "/draft", 200),
        (inside(), HERE, ALL, "/_weft/shop/draft/", 200),
        (inside(), "[::1]:9", "[::1]:4566", "/draft", 200),
        (inside(), "[::ffff:127.0.0.1]:9", "[::ffff:127.0.0.1]:4566", "/draft", 200),
        (inside(), AWAY, PUBLIC, "/draft", 403),
        (inside(), AWAY, PUBLIC, "/_weft/shop/draft/", 403),
        (inside(), HERE, PUBLIC, "/draft", 403),
        (inside(), AWAY, PUBLIC, "/", 200),
        (proxied(), HERE, ALL, "/draft", 403),
        (edge(), HERE, ALL, "/draft", 403),
        (edge(), AWAY, PUBLIC, "/draft", 403),
        (edge(), AWAY, PUBLIC, "/", 200),
    ] {
        let peer = Peer::listener(from.parse().unwrap(), to.parse().unwrap());
        let request = Request::builder().header("host", "localhost").uri(path).body(full("")).unwrap();
        let shown = format!("{from} → {to}{path} with {options:?}");
        let response = world::gateway_with(None, options).handle(request, peer).await;
        assert_eq!(response.status().as_u16(), status, "{shown}");
        let text = collect_limited(response.into_body(), 1 << 20).await.unwrap();
        let says = String::from_utf8(text.to_vec()).unwrap().contains(r#"auth = \"none\""#);
        assert_eq!(says, status == 403, "{shown}");
    }
}

#[tokio::test]
async fn a_proxy_on_this_machine_that_speaks_for_others_is_not_loopback() {
    for (header, status) in [("accept", 200), ("x-forwarded-for", 403), ("forwarded", 403), ("via", 403)] {
        let peer = Peer::listener(HERE.parse().unwrap(), "127.0.0.1:4566".parse().unwrap());
        let request = Request::builder().header("host", "localhost").header(header, "for=192.0.2.1");
        let request = request.uri("/draft").body(full("")).unwrap();
        let response = world::gateway_with(None, GatewayOptions::default()).handle(request, peer).await;
        assert_eq!(response.status().as_u16(), status, "{header}");
    }
}

#[tokio::test]
async fn downloads_are_answered_where_the_apis_are_and_never_at_the_edge() {
    struct Archives;
    impl Downloads for Archives {
        fn handle(&self, parts: Parts, _: Arc<str>) -> BoxFuture<'_, Response<Body>> {
            Box::pin(std::future::ready(Response::new(full(format!("download {}", parts.uri)))))
        }
    }
    let ask = async |handler: &dyn Handler, path: &str| {
        let request = Request::builder().header("host", "localhost").uri(path).body(full("")).unwrap();
        let peer = Peer::listener(HERE.parse().unwrap(), HERE.parse().unwrap());
        let response = handler.handle(request, peer).await;
        let body = collect_limited(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let path = "/_weft/_code/ab?expires=1";
    let edge = GatewayOptions { edge: true, ..GatewayOptions::default() };
    let gateway = |options| world::gateway_with(None, options).with_downloads(Arc::new(Archives));
    let inside = world::sandboxes_endpoint().with_downloads(Arc::new(Archives));
    let found = format!("download {path}");
    assert_eq!(ask(&gateway(GatewayOptions::default()), path).await, found);
    assert_eq!(ask(&inside, path).await, found);
    assert_eq!(ask(&inside, "/2015-03-31/functions").await, "api ");
    assert!(ask(&gateway(edge), path).await.contains("no route for localhost"));
    assert!(ask(&world::gateway(None), path).await.contains("nothing can be downloaded here"));
}

#[tokio::test]
async fn answers_of_custom_resources_are_taken_where_the_apis_are_and_never_at_the_edge() {
    struct Stacks;
    impl StackResponses for Stacks {
        fn take<'a>(&'a self, uri: &'a Uri, body: Bytes) -> BoxFuture<'a, Result<(), ResponseRefused>> {
            let answer = match (uri.path(), &*body) {
                ("/good", b"{}") => Ok(()),
                ("/old", _) => Err(ResponseRefused::Expired),
                ("/gone", _) => Err(ResponseRefused::Unknown),
                _ => Err(ResponseRefused::Forged),
            };
            Box::pin(std::future::ready(answer))
        }
    }
    let ask = async |handler: &dyn Handler, path: &str| {
        let host = "cloudformation-custom-resource-response-us-east-1.s3.localhost";
        let request =
            Request::builder().method("PUT").header("host", host).header("content-type", "").uri(path);
        let request = request.body(full("{}")).unwrap();
        let peer = Peer::listener(HERE.parse().unwrap(), HERE.parse().unwrap());
        let response = handler.handle(request, peer).await;
        let status = response.status().as_u16();
        let body = collect_limited(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let gateway = |options| world::gateway_with(None, options).with_stack_responses(Arc::new(Stacks));
    let inside = world::sandboxes_endpoint().with_stack_responses(Arc::new(Stacks));
    let outside = gateway(GatewayOptions::default());
    for handler in [&outside as &dyn Handler, &inside] {
        assert_eq!(ask(handler, "/good?X-Amz-Signature=1").await, (200, String::new()));
        for (path, status, code) in [
            ("/old", 403, "<Code>AccessDenied</Code><Message>Request has expired</Message>"),
            ("/gone", 404, "<Code>NoSuchKey</Code>"),
            ("/forged", 403, "<Code>SignatureDoesNotMatch</Code>"),
        ] {
            let (found, body) = ask(handler, path).await;
            assert_eq!(found, status, "{path}");
            assert!(body.contains(code), "{body}");
        }
    }
    let edge = GatewayOptions { edge: true, ..GatewayOptions::default() };
    assert_eq!(ask(&gateway(edge), "/good").await, (200, "{}".to_owned()), "the edge has routes alone");
    assert_eq!(ask(&world::gateway(None), "/good").await.0, 404);
}
