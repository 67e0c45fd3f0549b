//! What a request is answered, in the shape of each protocol.

use bytes::Bytes;
use http::{Request, Response};
use weft_model::lambda::{ListTagsRequest, ListTagsResponse};
use weft_model::logs::{CreateLogGroupRequest, DescribeLogGroupsRequest};
use weft_model::{Shape, Value, lambda, logs, sts};
use weft_service::DispatchOptions;
use weft_service::testing::Client;

use crate::world::{World, without_code};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:";

fn list_tags(client: &Client, function: &str) -> Request<Bytes> {
    let input = ListTagsRequest { resource: format!("{FUNCTION}{function}") };
    client.request(&lambda::SERVICE, "ListTags", &input.into_value())
}

fn create_group(client: &Client, name: &str) -> Request<Bytes> {
    let input = CreateLogGroupRequest { log_group_name: name.to_owned(), ..Default::default() };
    client.request(&logs::SERVICE, "CreateLogGroup", &input.into_value())
}

fn who(client: &Client) -> Request<Bytes> {
    client.request(&sts::SERVICE, "GetCallerIdentity", &Value::Struct(Vec::new()))
}

/// Status, code and message of an answer, read from the shape of its protocol, and proof that it has an id.
fn show(response: &Response<Bytes>) -> String {
    let id = response.headers().get("x-amzn-requestid").expect("a request id").to_str().expect("text");
    assert_eq!(id.len(), 36, "{id}");
    let body = String::from_utf8(response.body().to_vec()).expect("text");
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().expect("text"));
    let between = |from: &str, to: &str| {
        let start = body.find(from).unwrap_or_else(|| panic!("{from} in {body}")) + from.len();
        body[start..].split(to).next().unwrap_or_default().to_owned()
    };
    if kind == "text/xml" {
        assert!(body.contains(id), "{body}");
        return format!("{status} {}: {}", between("<Code>", "</"), between("<Message>", "</"));
    }
    let message = if body.contains("\"message\"") {
        between("\"message\":\"", "\"")
    } else {
        between("\"Message\":\"", "\"")
    };
    let code = match response.headers().get("x-amzn-errortype") {
        Some(code) => code.to_str().expect("text").to_owned(),
        None => between("\"__type\":\"", "\""),
    };
    format!("{status} {}: {message}", code.rsplit('#').next().unwrap_or_default())
}

async fn answer(client: &Client, request: Request<Bytes>) -> String {
    show(&client.send(request).await)
}

#[tokio::test]
async fn success_carries_a_request_id() {
    let world = World::new();
    let admin = world.client("admin");
    let input = ListTagsRequest { resource: format!("{FUNCTION}f") };
    let output: ListTagsResponse = admin.call(&lambda::SERVICE, "ListTags", input).await.expect("tags");
    assert_eq!(output.tags.map(|tags| tags.len()), Some(1));
    for request in [who(&admin), create_group(&admin, "a")] {
        let response = admin.send(request).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers().contains_key("x-amzn-requestid"));
    }
}

#[tokio::test]
async fn refusals_are_told_in_each_protocols_shape() {
    let world = World::new();
    let nobody = world.client("nobody");
    let denied = format!(
        "AccessDeniedException: User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: \
         lambda:ListTags on resource: {FUNCTION}f because no identity-based policy allows the lambda:ListTags action"
    );
    assert_eq!(answer(&nobody, list_tags(&nobody, "f")).await, format!("403 {denied}"));
    let found = answer(&nobody, create_group(&nobody, "a")).await;
    assert!(
        found.starts_with("400 AccessDeniedException: User: arn:aws:iam::000000000000:user/nobody is not"),
        "{found}"
    );
    // Every access must be allowed, not only the first.
    let tagger = world.client("tagger");
    let found = answer(&tagger, list_tags(&tagger, "f")).await;
    assert!(
        found.ends_with(
            "iam:PassRole on resource: * because no identity-based policy allows the iam:PassRole action"
        ),
        "{found}"
    );
    let denied = world.client("denied");
    let found = answer(&denied, list_tags(&denied, "f")).await;
    assert!(found.ends_with("with an explicit deny in an identity-based policy"), "{found}");
    assert_eq!(world.ran(), 0, "nothing ran");
    // What exists makes no difference.
    let found = answer(&nobody, list_tags(&nobody, "missing")).await;
    assert!(found.starts_with("403 AccessDeniedException"), "{found}");
}

#[tokio::test]
async fn root_may_do_all() {
    let world = World::new();
    let root = world.client("root");
    assert_eq!(root.send(list_tags(&root, "f")).await.status(), 200);
    assert!(
        String::from_utf8_lossy(root.send(who(&root)).await.body())
            .contains("arn:aws:iam::000000000000:root")
    );
}

#[tokio::test]
async fn authentication_failures_have_each_protocols_codes() {
    let world = World::new();
    let cases = [
        (
            "unknown",
            [
                "403 UnrecognizedClientException",
                "400 UnrecognizedClientException",
                "403 InvalidClientTokenId",
            ],
        ),
        ("expired", ["403 ExpiredTokenException", "400 ExpiredTokenException", "403 ExpiredToken"]),
        ("unavailable", ["500 InternalFailure", "500 InternalFailure", "500 InternalFailure"]),
    ];
    for (name, expected) in cases {
        let client = world.client(name);
        let requests = [list_tags(&client, "f"), create_group(&client, "a"), who(&client)];
        for (request, expected) in requests.into_iter().zip(expected) {
            let found = answer(&client, request).await;
            assert!(found.starts_with(expected), "{name}: {found}");
            assert!(!found.contains("store"), "nothing private: {found}");
        }
    }
    let admin = world.client("admin");
    let expected =
        ["403 InvalidSignatureException", "400 InvalidSignatureException", "403 SignatureDoesNotMatch"];
    for (request, expected) in
        [list_tags(&admin, "f"), create_group(&admin, "a"), who(&admin)].into_iter().zip(expected)
    {
        let (mut parts, mut body) = request.into_parts();
        // REST's body is empty: another path instead.
        if body.is_empty() {
            parts.uri =
                parts.uri.to_string().replace("%3Af", "%3Ag").replace(":f", ":g").parse().expect("a URI");
        } else {
            body = Bytes::from([&body[..], b" "].concat());
        }
        let found = answer(&admin, Request::from_parts(parts, body)).await;
        assert!(found.starts_with(expected), "{found}");
    }
    let expected = [
        "403 MissingAuthenticationTokenException: Missing Authentication Token",
        "400 MissingAuthenticationTokenException: Request is missing Authentication Token",
        "403 MissingAuthenticationToken: Request is missing Authentication Token",
    ];
    for (mut request, expected) in
        [list_tags(&admin, "f"), create_group(&admin, "a"), who(&admin)].into_iter().zip(expected)
    {
        request.headers_mut().remove("authorization");
        assert_eq!(answer(&admin, request).await, expected);
    }
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn regions_are_names_of_regions() {
    let world = World::new();
    let mut admin = world.client("admin");
    admin.region = "nowhere".to_owned();
    let found = answer(&admin, who(&admin)).await;
    assert_eq!(
        found,
        "403 SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'nowhere'. "
    );
}

#[tokio::test]
async fn operations_without_code_answer_501_and_say_where_they_are_listed() {
    let world = World::new();
    let admin = world.client("admin");
    let get = admin.request(&lambda::SERVICE, "GetFunctionConfiguration", &without_code().into_value());
    let found = answer(&admin, get).await;
    assert!(found.starts_with("501 NotImplemented: GetFunctionConfiguration"), "{found}");
    assert!(found.ends_with("See unsupported.txt of the service for all that is not."), "{found}");
    let describe =
        admin.request(&logs::SERVICE, "DescribeLogGroups", &DescribeLogGroupsRequest::default().into_value());
    assert!(answer(&admin, describe).await.starts_with("501 NotImplemented: DescribeLogGroups"));
    // One that the published model has, but not the pruned one; and one that nobody has.
    for (action, expected) in
        [("AssumeRoleWithSAML", "501 NotImplemented: AssumeRoleWithSAML"), ("Dance", "400 InvalidAction: ")]
    {
        let mut request = who(&admin);
        *request.body_mut() = Bytes::from(format!("Action={action}&Version=2011-06-15"));
        request.headers_mut().remove("authorization");
        weft_wire::sigv4::sign(
            &mut request,
            &admin.credentials,
            "us-east-1",
            "sts",
            admin.dispatch.clock().now(),
        )
        .expect("signed");
        let found = answer(&admin, request).await;
        assert!(found.starts_with(expected), "{found}");
    }
}

#[tokio::test]
async fn services_that_are_not_here_are_named() {
    let world = World::new();
    let admin = world.client("admin");
    let send = |kind: &'static str, target: Option<&'static str>, service: &'static str| {
        let admin = admin.clone();
        async move {
            let mut request = Request::post("http://127.0.0.1:4566/").header("content-type", kind);
            if let Some(target) = target {
                request = request.header("x-amz-target", target);
            }
            let mut request = request.body(Bytes::from_static(b"{}")).expect("a request");
            let now = admin.dispatch.clock().now();
            weft_wire::sigv4::sign(&mut request, &admin.credentials, "us-east-1", service, now)
                .expect("signed");
            answer(&admin, request).await
        }
    };
    let expected = "501 NotImplemented: The service dynamodb is not implemented by this version of Weft.";
    assert_eq!(
        send("application/x-amz-json-1.0", Some("DynamoDB_20120810.GetItem"), "dynamodb").await,
        expected
    );
    let expected = "501 NotImplemented: The service sns is not implemented by this version of Weft.";
    assert_eq!(send("application/x-www-form-urlencoded", None, "sns").await, expected);
    let expected = "501 NotImplemented: The service batch is not implemented by this version of Weft.";
    assert_eq!(send("application/json", None, "batch").await, expected);
}

#[tokio::test]
async fn errors_of_operations_keep_their_cause_to_themselves() {
    let world = World::new();
    let admin = world.client("admin");
    let found = answer(&admin, list_tags(&admin, "missing")).await;
    assert_eq!(found, format!("404 ResourceNotFoundException: Function not found: {FUNCTION}missing"));
    let failed = "500 InternalFailure: The request processing has failed because of an unknown error, exception or failure.";
    for function in ["broken", "panic-in-parse", "panic-in-run"] {
        assert_eq!(answer(&admin, list_tags(&admin, function)).await, failed, "{function}");
    }
    // The next request is served.
    assert_eq!(admin.send(list_tags(&admin, "f")).await.status(), 200);
}

#[tokio::test]
async fn what_the_model_forbids_is_a_validation_error() {
    let world = World::new();
    let admin = world.client("admin");
    let found = answer(&admin, create_group(&admin, "not a name")).await;
    assert!(found.contains("'logGroupName' failed to satisfy constraint"), "{found}");
    assert!(found.starts_with("400 "), "{found}");
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn limits_are_told_in_each_protocols_shape() {
    let world = World::with(DispatchOptions { body_bytes_max: 8, ..DispatchOptions::default() });
    let admin = world.client("admin");
    let found = answer(&admin, create_group(&admin, "a")).await;
    assert_eq!(found, "413 RequestEntityTooLargeException: Request must be smaller than 8 bytes");
    assert!(answer(&admin, who(&admin)).await.starts_with("413 RequestEntityTooLarge: "));

    let world = World::with(DispatchOptions { concurrency_max: 1, ..DispatchOptions::default() });
    let admin = world.client("admin");
    let mut slow = Box::pin(admin.send(create_group(&admin, "slow")));
    assert!(futures::poll!(&mut slow).is_pending());
    let response = admin.send(list_tags(&admin, "f")).await;
    assert_eq!(show(&response), "429 ThrottlingException: Rate exceeded");
    assert_eq!(response.headers().get("retry-after").map(http::HeaderValue::as_bytes), Some(&b"1"[..]));
    assert_eq!(answer(&admin, who(&admin)).await, "429 Throttling: Rate exceeded");
    // A caller that goes away gives its place back.
    drop(slow);
    assert_eq!(admin.send(list_tags(&admin, "f")).await.status(), 200);
}
