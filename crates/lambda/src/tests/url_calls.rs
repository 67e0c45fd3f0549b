//! Requests that come to function URLs.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use weft_model::lambda as model;
use weft_service::testing::Client;
use weft_service::workload::{FunctionUrlCall, WorkError};

use super::world::{World, key};
use crate::UrlCall;

async fn url(world: &World, auth: &str, cors: Option<model::Cors>) -> String {
    let input = model::CreateFunctionUrlConfigRequest {
        function_name: "hello".to_owned(),
        auth_type: auth.to_owned(),
        cors,
        ..Default::default()
    };
    let url: model::CreateFunctionUrlConfigResponse =
        world.call("CreateFunctionUrlConfig", input).await.unwrap();
    let url = url.function_url.unwrap();
    let host = url.strip_prefix("http://").unwrap();
    host.split('.').next().unwrap().to_owned()
}

async fn permit(world: &World, principal: &str, auth: &str) {
    let input = model::AddPermissionRequest {
        function_name: "hello".to_owned(),
        statement_id: format!("url-{}", auth.to_lowercase()),
        action: "lambda:InvokeFunctionUrl".to_owned(),
        principal: principal.to_owned(),
        function_url_auth_type: Some(auth.to_owned()),
        ..Default::default()
    };
    let _: model::AddPermissionResponse = world.call("AddPermission", input).await.unwrap();
    let input = model::AddPermissionRequest {
        function_name: "hello".to_owned(),
        statement_id: format!("via-url-{}", auth.to_lowercase()),
        action: "lambda:InvokeFunction".to_owned(),
        principal: principal.to_owned(),
        invoked_via_function_url: Some(true),
        ..Default::default()
    };
    let _: model::AddPermissionResponse = world.call("AddPermission", input).await.unwrap();
}

fn request(id: &str) -> Request<Bytes> {
    let uri = format!("http://{id}.lambda-url.us-east-1.localhost:4566/a?b=c");
    let host = format!("{id}.lambda-url.us-east-1.localhost:4566");
    Request::get(uri).header("host", host).body(Bytes::new()).unwrap()
}

async fn send(world: &World, id: &str, request: Request<Bytes>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let call = UrlCall {
        id: id.to_owned(),
        region: Some("us-east-1".to_owned()),
        original: parts.clone(),
        parts,
        body,
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        secure: true,
        request_id: "r-1".into(),
    };
    let (head, body) = world.lambda.serve_url(call).await.into_parts();
    Response::from_parts(head, weft_net::collect_limited(body, 1 << 20).await.unwrap())
}

fn check(response: &Response<Bytes>, status: u16, body: &str) {
    assert_eq!((response.status().as_u16(), &*String::from_utf8_lossy(response.body())), (status, body));
}

fn signed(client: &Client, id: &str) -> Request<Bytes> {
    let mut request = request(id);
    let now = client.dispatch.clock().now();
    weft_wire::sigv4::sign(&mut request, &client.credentials, &client.region, "lambda", now).unwrap();
    request
}

#[tokio::test]
async fn a_url_without_auth_needs_the_function_s_policy() {
    let world = World::new();
    world.create("hello").await;
    let id = url(&world, "NONE", None).await;
    check(&send(&world, &id, request(&id)).await, 403, "{\"Message\":\"Forbidden\"}");
    permit(&world, "*", "NONE").await;
    let response = send(&world, &id, request(&id)).await;
    check(&response, 200, "served");
    assert_eq!(response.headers()["x-amzn-requestid"], "r-1");
    let head = world.workers.forwarded.lock().unwrap()[0].clone();
    let call = head.extensions.get::<FunctionUrlCall>().unwrap();
    assert_eq!((call.id.as_str(), call.streamed, call.authorizer.as_deref()), (id.as_str(), false, None));
    assert_eq!(call.domain, format!("{id}.lambda-url.us-east-1.localhost"));
    assert!(head.headers["x-amzn-trace-id"].to_str().unwrap().contains("Lineage=1:"));
    let metrics = world.lambda.metrics(&key("hello"));
    assert_eq!((metrics.invocations, metrics.concurrent), (1, 0));
}

#[tokio::test]
async fn a_url_with_iam_auth_wants_a_signature_and_a_permission() {
    let world = World::new();
    world.create("hello").await;
    let id = url(&world, "AWS_IAM", None).await;
    assert_eq!(send(&world, &id, request(&id)).await.status(), 403);
    check(&send(&world, &id, signed(&world.stranger, &id)).await, 403, "{\"Message\":\"Forbidden\"}");
    let mut forged = signed(&world.client, &id);
    forged.headers_mut().insert("x-amz-date", http::HeaderValue::from_static("20200101T000000Z"));
    assert_eq!(send(&world, &id, forged).await.status(), 403);
    check(&send(&world, &id, signed(&world.client, &id)).await, 200, "served");
    let head = world.workers.forwarded.lock().unwrap()[0].clone();
    assert!(!head.headers.contains_key("authorization"), "the function does not see the signature");
    let call = head.extensions.get::<FunctionUrlCall>().unwrap();
    assert!(call.authorizer.as_ref().unwrap().contains("\"accessKey\":\"admin\""), "{:?}", call.authorizer);
    permit(&world, "arn:aws:iam::000000000000:user/stranger", "AWS_IAM").await;
    check(&send(&world, &id, signed(&world.stranger, &id)).await, 200, "served");
}

#[tokio::test]
async fn a_url_that_is_not_there_or_no_more_is_forbidden() {
    let world = World::new();
    world.create("hello").await;
    let id = url(&world, "NONE", None).await;
    permit(&world, "*", "NONE").await;
    check(&send(&world, "nobody", request("nobody")).await, 403, "{\"Message\":null}");
    check(&send(&world, &id, request(&id)).await, 200, "served");
    check(&send(&world.restart(), &id, request(&id)).await, 200, "served");
    let gone = model::DeleteFunctionUrlConfigRequest { function_name: "hello".to_owned(), qualifier: None };
    let () = world.call("DeleteFunctionUrlConfig", gone).await.unwrap();
    check(&send(&world, &id, request(&id)).await, 403, "{\"Message\":null}");
}

#[tokio::test]
async fn cors_is_the_url_s_matter_and_not_the_function_s() {
    let world = World::new();
    world.create("hello").await;
    let some = |text: &str| Some(vec![text.to_owned()]);
    let cors = model::Cors {
        allow_origins: some("https://a.example"),
        allow_methods: some("GET"),
        ..Default::default()
    };
    let id = url(&world, "NONE", Some(cors)).await;
    let mut preflight = request(&id);
    *preflight.method_mut() = http::Method::OPTIONS;
    for (name, value) in [("origin", "https://a.example"), ("access-control-request-method", "GET")] {
        preflight.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    let response = send(&world, &id, preflight).await;
    check(&response, 200, "");
    assert_eq!(response.headers()["access-control-allow-origin"], "https://a.example");
    assert_eq!(response.headers()["access-control-allow-methods"], "GET");
    assert!(world.workers.forwarded.lock().unwrap().is_empty(), "a preflight runs nothing");
    permit(&world, "*", "NONE").await;
    let response = send(&world, &id, request(&id)).await;
    check(&response, 200, "served");
    assert!(!response.headers().contains_key("access-control-allow-origin"), "not what the function said");
}

#[tokio::test]
async fn failures_have_the_statuses_that_aws_gives_them() {
    let world = World::new();
    world.create("hello").await;
    let id = url(&world, "NONE", None).await;
    permit(&world, "*", "NONE").await;
    for (error, status) in [
        (WorkError::Overloaded { max: 1 }, 429),
        (WorkError::Crashed { reason: String::new() }, 502),
        (WorkError::TimedOut(Duration::from_secs(3)), 504),
        (WorkError::Stopping, 503),
    ] {
        *world.workers.error.lock().unwrap() = Some(error);
        assert_eq!(send(&world, &id, request(&id)).await.status().as_u16(), status);
    }
    let metrics = world.lambda.metrics(&key("hello"));
    assert_eq!((metrics.invocations, metrics.errors, metrics.throttles), (3, 3, 1));
}

#[tokio::test]
async fn requests_by_other_ways_count_too() {
    let world = World::new();
    world.create("hello").await;
    let workload = weft_service::workload::WorkloadId {
        account: key("hello").account,
        region: key("hello").region,
        app: None,
        name: "hello".into(),
        kind: weft_service::workload::WorkloadKind::Function,
    };
    let revision =
        weft_service::workload::Revisions::current(&*world.lambda, &workload).await.unwrap().unwrap();
    let forward = || {
        let work = weft_service::workload::WorkRequest {
            request: Request::get("/").body(weft_net::empty()).unwrap(),
            caller: weft_service::workload::Caller::Outside { address: std::net::Ipv4Addr::LOCALHOST.into() },
            request_id: "r-1".into(),
        };
        world.lambda.counted().forward(std::sync::Arc::clone(&revision), work)
    };
    let response = forward().await.unwrap();
    assert_eq!(world.lambda.metrics(&key("hello")).concurrent, 1, "until its body has gone");
    drop(response);
    assert_eq!(world.lambda.metrics(&key("hello")).concurrent, 0);
    let reserve = model::PutFunctionConcurrencyRequest {
        function_name: "hello".to_owned(),
        reserved_concurrent_executions: 0,
    };
    let _: model::Concurrency = world.call("PutFunctionConcurrency", reserve).await.unwrap();
    assert!(matches!(forward().await, Err(WorkError::Overloaded { .. })));
}
