//! Bytes on the wire: answers, errors, and what is said about requests that cannot be read.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use bytes::Bytes;
use http::{Request, Response};
use weft_model::{SERVICES, ServiceSchema, Shape, Value, iam, lambda, logs, s3, sts};
use weft_types::Timestamp;
use weft_wire::{Unresolved, WireFault};

/// The headers that carry a request's id, one or the other by the protocol.
const IDS: &[&str] = &["x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"];

/// A response as text: status, headers in order of their names, body.
fn print(response: &Response<Bytes>) -> String {
    let mut headers: Vec<String> = response
        .headers()
        .iter()
        .filter(|(name, _)| !IDS.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    assert!(IDS.iter().any(|name| response.headers().get(*name).is_some_and(|id| id == "r-1")));
    let body = String::from_utf8_lossy(response.body());
    format!("{} [{}] {body}", response.status().as_u16(), headers.join(", "))
}

fn answer<S: Shape>(service: &'static ServiceSchema, operation: &str, output: S) -> String {
    let operation = service.operation(operation).unwrap();
    assert!(std::ptr::eq(operation.output, S::SCHEMA) || operation.output.name == S::SCHEMA.name);
    print(&weft_wire::encode(service, operation, &output.into_value(), "r-1").unwrap())
}

#[test]
fn answers() {
    let check = |given: String, expected: &str| assert_eq!(given, expected);
    check(
        answer(
            &lambda::SERVICE,
            "Invoke",
            lambda::InvocationResponse {
                status_code: Some(200),
                function_error: Some("Unhandled".to_owned()),
                payload: Some(Bytes::from_static(b"[1]")),
                executed_version: Some("$LATEST".to_owned()),
                ..Default::default()
            },
        ),
        "200 [content-type: application/json, x-amz-executed-version: $LATEST, x-amz-function-error: Unhandled] [1]",
    );
    check(
        answer(&lambda::SERVICE, "DeleteFunction", lambda::DeleteFunctionResponse { status_code: Some(204) }),
        "204 [] ",
    );
    check(
        answer(
            &lambda::SERVICE,
            "CreateFunction",
            lambda::FunctionConfiguration {
                function_name: Some("f".to_owned()),
                timeout: Some(3),
                layers: Some(Vec::new()),
                ..Default::default()
            },
        ),
        r#"201 [content-type: application/json] {"FunctionName":"f","Timeout":3,"Layers":[]}"#,
    );
    check(answer(&lambda::SERVICE, "TagResource", ()), "204 [] ");
    check(answer(&logs::SERVICE, "CreateLogGroup", ()), "200 [] ");
    check(
        answer(
            &logs::SERVICE,
            "GetLogEvents",
            logs::GetLogEventsResponse {
                events: Some(vec![logs::OutputLogEvent {
                    timestamp: Some(1_795_485_723_004),
                    message: Some("a\n\"é".to_owned()),
                    ingestion_time: None,
                }]),
                next_forward_token: Some("f/1".to_owned()),
                ..Default::default()
            },
        ),
        "200 [content-type: application/x-amz-json-1.1] {\"events\":[{\"timestamp\":1795485723004,\
         \"message\":\"a\\n\\\"é\"}],\"nextForwardToken\":\"f/1\"}",
    );
    check(
        answer(
            &sts::SERVICE,
            "GetCallerIdentity",
            sts::GetCallerIdentityResponse { account: Some("0".to_owned()), ..Default::default() },
        ),
        "200 [content-type: text/xml] <GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Account>0</Account></GetCallerIdentityResult><ResponseMetadata>\
         <RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    );
    check(
        answer(
            &iam::SERVICE,
            "ListUsers",
            iam::ListUsersResponse {
                users: Some(vec![iam::User {
                    user_name: "a<b&\r".to_owned(),
                    create_date: Timestamp::from_seconds(1_795_485_723),
                    ..Default::default()
                }]),
                is_truncated: Some(false),
                marker: None,
            },
        ),
        "200 [content-type: text/xml] <ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <ListUsersResult><Users><member><Path></Path><UserName>a&lt;b&amp;&#xD;</UserName><UserId></UserId><Arn></Arn>\
         <CreateDate>2026-11-24T02:02:03Z</CreateDate></member></Users><IsTruncated>false</IsTruncated>\
         </ListUsersResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListUsersResponse>",
    );
    check(
        answer(&iam::SERVICE, "DeleteUser", ()),
        "200 [content-type: text/xml] <DeleteUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DeleteUserResponse>",
    );
}

#[test]
fn errors() {
    let check = |service: &ServiceSchema, fault: WireFault, expected: &str| {
        assert_eq!(print(&weft_wire::encode_error(service, &fault, "r-1")), expected);
    };
    let fault = |code: &'static str| WireFault::new(code, "m<");
    check(
        &lambda::SERVICE,
        fault("ResourceNotFoundException"),
        r#"404 [content-type: application/json, x-amzn-errortype: ResourceNotFoundException] {"Type":"User","Message":"m<"}"#,
    );
    let reason = Value::Text("ConcurrentInvocationLimitExceeded".to_owned());
    let retry = Value::Text("1".to_owned());
    check(
        &lambda::SERVICE,
        WireFault {
            members: vec![("Reason".into(), reason), ("retryAfterSeconds".into(), retry)],
            ..fault("TooManyRequestsException")
        },
        "429 [content-type: application/json, retry-after: 1, x-amzn-errortype: TooManyRequestsException] \
         {\"Type\":\"User\",\"message\":\"m<\",\"Reason\":\"ConcurrentInvocationLimitExceeded\"}",
    );
    check(
        &lambda::SERVICE,
        fault("AccessDeniedException"),
        r#"403 [content-type: application/json, x-amzn-errortype: AccessDeniedException] {"message":"m<"}"#,
    );
    check(
        &logs::SERVICE,
        fault("ResourceNotFoundException"),
        r#"400 [content-type: application/x-amz-json-1.1] {"__type":"ResourceNotFoundException","message":"m<"}"#,
    );
    check(
        &logs::SERVICE,
        WireFault { status: Some(503), ..fault("Anything") },
        r#"503 [content-type: application/x-amz-json-1.1] {"__type":"Anything","message":"m<"}"#,
    );
    let query = |status: u16, kind: &str, code: &str| {
        format!(
            "{status} [content-type: text/xml] <ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
             <Type>{kind}</Type><Code>{code}</Code><Message>m&lt;</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
        )
    };
    check(&iam::SERVICE, fault("NoSuchEntityException"), &query(404, "Sender", "NoSuchEntity"));
    check(&iam::SERVICE, fault("NoSuchEntity"), &query(404, "Sender", "NoSuchEntity"));
    check(&iam::SERVICE, fault("ValidationException"), &query(400, "Sender", "ValidationError"));
    check(&iam::SERVICE, fault("AccessDeniedException"), &query(403, "Sender", "AccessDenied"));
    check(&iam::SERVICE, fault("InternalFailure"), &query(500, "Receiver", "InternalFailure"));
}

#[test]
fn operations_are_found_or_told() {
    let check = |request: &str, expected: &str| {
        let mut lines = request.split('|').map(str::trim);
        let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
        let mut builder = Request::builder().method(method).uri(uri);
        let mut body = String::new();
        for line in lines {
            match line.split_once(": ") {
                Some((name, value)) => builder = builder.header(name, value),
                None => line.clone_into(&mut body),
            }
        }
        if !body.is_empty() {
            builder = builder.header("content-type", "application/x-www-form-urlencoded");
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let service = weft_wire::find_service(SERVICES.iter().copied(), &parts, body.as_bytes(), None);
        let found = service.map(|service| {
            let name = service.signing_name;
            match weft_wire::resolve(service, &parts, body.as_bytes()) {
                Ok(resolved) => format!("{name}:{} {:?}", resolved.operation.name, resolved.labels),
                Err(Unresolved::Missing(operation)) => {
                    let fault = Unresolved::Missing(operation).into_fault(service);
                    assert_eq!((fault.status, &*fault.code), (Some(501), "NotImplemented"));
                    format!("missing {name}:{operation}: {}", fault.message)
                }
                Err(Unresolved::Unknown(fault)) => format!("{name}: {fault}"),
            }
        });
        assert_eq!(found.as_deref().unwrap_or("nobody's"), expected, "{request}");
    };
    check("POST /2015-03-31/functions", "lambda:CreateFunction []");
    check("GET /2015-03-31/functions/", "lambda:ListFunctions []");
    check("GET /2015-03-31/functions/a%3Ab", r#"lambda:GetFunction [("FunctionName", "a:b")]"#);
    check("POST /2015-03-31/functions/f/invocations", r#"lambda:Invoke [("FunctionName", "f")]"#);
    check(
        "GET /2025-11-30/capacity-providers",
        "missing lambda:ListCapacityProviders: ListCapacityProviders (AWS Lambda) is not implemented by this version of Weft.",
    );
    check("GET /nothing", "nobody's");
    check("POST / | x-amz-target: Logs_20140328.PutLogEvents", "logs:PutLogEvents []");
    check(
        "POST / | x-amz-target: Logs_20140328.StartQuery",
        "missing logs:StartQuery: StartQuery (Amazon CloudWatch Logs) is not implemented by this version of Weft.",
    );
    check(
        "POST / | x-amz-target: Logs_20140328.Fly",
        "logs: UnknownOperationException: The operation is not known.",
    );
    check("POST / | x-amz-target: Other.Fly", "nobody's");
    check("POST / | Action=GetUser&Version=2010-05-08", "iam:GetUser []");
    check("GET /?Action=GetCallerIdentity&Version=2011-06-15", "sts:GetCallerIdentity []");
    check(
        "POST / | Action=Fly&Version=2010-05-08",
        "iam: InvalidAction: Could not find operation Fly for version 2010-05-08",
    );
    check("POST / | Action=GetUser", "nobody's");
    check(
        "POST /service/Logs/operation/Fly | x-amz-target: Logs_20140328.PutLogEvents | smithy-protocol: rpc-v2-cbor",
        "logs: NotImplemented: The protocol rpc-v2-cbor is not supported by this version of Weft.",
    );
}

#[test]
fn documents_that_cannot_be_read_are_told() {
    let check = |body: &str, expected: &str| {
        let request =
            Request::post("/").header("x-amz-target", "Logs_20140328.PutLogEvents").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let resolved = weft_wire::resolve(&logs::SERVICE, &parts, &body).unwrap();
        let told = match weft_wire::decode(&logs::SERVICE, &resolved, &parts, &body) {
            Ok(value) => format!("{:?}", logs::PutLogEventsRequest::from_value(value).log_events),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(told, expected, "{body:?}");
    };
    let events = |events: &str| format!(r#"{{"logGroupName":"g","logStreamName":"s","logEvents":{events}}}"#);
    let serialization = |text: &str| format!("SerializationException: {text}");
    check(
        &events("[]"),
        "ValidationException: 1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
    check(
        &events(r#"[{"timestamp":1.0,"message":"m","unknown":{"a":[1]}}]"#),
        r#"[InputLogEvent { timestamp: 1, message: "m" }]"#,
    );
    check(&events("1"), &serialization("Expected list or null"));
    check(&events("{}"), &serialization("Start of structure or map found where not expected."));
    check(&events("[[]]"), &serialization("Start of list found where not expected"));
    check(&events("[null]"), &serialization("Lists may not hold null"));
    check(&events(r#"[{"timestamp":"1"}]"#), &serialization("STRING_VALUE can not be converted to a Long"));
    check(&events(r#"[{"timestamp":1.5}]"#), &serialization("NUMBER_VALUE can not be converted to a Long"));
    check(
        &events(r#"[{"timestamp":9223372036854775808}]"#),
        &serialization("NUMBER_VALUE can not be converted to a Long"),
    );
    check(&events(r#"[{"message":true}]"#), &serialization("TRUE_VALUE can not be converted to a String"));
    check(
        "",
        "ValidationException: 3 validation errors detected: Value null at 'logGroupName' failed to satisfy constraint: \
         Member must not be null; Value null at 'logStreamName' failed to satisfy constraint: Member must not be null; \
         Value null at 'logEvents' failed to satisfy constraint: Member must not be null",
    );
    check(
        "{\"a\":",
        &serialization(
            "Could not parse the request body as JSON: EOF while parsing a value at line 1 column 5",
        ),
    );
    check(
        "{} x",
        &serialization("Could not parse the request body as JSON: trailing characters at line 1 column 4"),
    );
    let deep = events(&format!("[{{\"x\":{}1{}}}]", "[".repeat(100_000), "]".repeat(100_000)));
    let told = "ValidationException: 2 validation errors detected: Value null at 'logEvents.1.member.timestamp' failed \
                to satisfy constraint: Member must not be null; Value null at 'logEvents.1.member.message' failed to \
                satisfy constraint: Member must not be null";
    check(&deep, told);
    check(
        &events(&format!("[{}{{}}]", "{},".repeat(200_000))),
        &serialization("The request holds too many values"),
    );
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NS: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

#[test]
fn answers_of_s3() {
    let check = |given: String, head: &str, body: &str| {
        let (given_head, given_body) = given.split_once("] ").unwrap();
        assert_eq!(given_head, head);
        assert_eq!(given_body, body);
    };
    let location = |text: Option<&str>| {
        let output = s3::GetBucketLocationOutput { location_constraint: text.map(str::to_owned) };
        answer(&s3::SERVICE, "GetBucketLocation", output)
    };
    let xml = "200 [content-type: application/xml";
    check(location(None), xml, &format!("{XML}<LocationConstraint {NS}></LocationConstraint>"));
    check(
        location(Some("eu-west-1")),
        xml,
        &format!("{XML}<LocationConstraint {NS}>eu-west-1</LocationConstraint>"),
    );
    let object = s3::Object {
        key: Some("a&b".to_owned()),
        last_modified: Some(Timestamp::from_seconds(0)),
        ..Default::default()
    };
    let list = s3::ListObjectsV2Output {
        is_truncated: Some(false),
        contents: Some(vec![object]),
        prefix: Some(String::new()),
        ..Default::default()
    };
    check(
        answer(&s3::SERVICE, "ListObjectsV2", list),
        xml,
        &format!(
            "{XML}<ListBucketResult {NS}><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b</Key>\
             <LastModified>1970-01-01T00:00:00.000Z</LastModified></Contents><Prefix></Prefix></ListBucketResult>"
        ),
    );
    let grantee =
        s3::Grantee { r#type: "CanonicalUser".to_owned(), id: Some("1".to_owned()), ..Default::default() };
    let grant = s3::Grant { grantee: Some(grantee), permission: Some("READ".to_owned()) };
    let acl = s3::GetBucketAclOutput { grants: Some(vec![grant]), ..Default::default() };
    check(
        answer(&s3::SERVICE, "GetBucketAcl", acl),
        xml,
        &format!(
            "{XML}<AccessControlPolicy {NS}><AccessControlList><Grant><Grantee \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>1</ID></Grantee>\
             <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
        ),
    );
    let policy = s3::GetBucketPolicyOutput { policy: Some("{}".to_owned()) };
    let given = answer(&s3::SERVICE, "GetBucketPolicy", policy);
    assert!(given.ends_with("] {}"), "{given}");
    let metadata = [("a".to_owned(), "b".to_owned())].into();
    let head = s3::HeadObjectOutput {
        metadata: Some(metadata),
        last_modified: Some(Timestamp::from_seconds(0)),
        ..Default::default()
    };
    check(
        answer(&s3::SERVICE, "HeadObject", head),
        "200 [last-modified: Thu, 01 Jan 1970 00:00:00 GMT, x-amz-meta-a: b",
        "",
    );
}

#[test]
fn errors_of_s3() {
    let check = |fault: WireFault, expected: &str| {
        assert_eq!(print(&weft_wire::encode_error(&s3::SERVICE, &fault, "r-1")), expected);
    };
    let rest = "<RequestId>r-1</RequestId><HostId>r-1</HostId></Error>";
    let mut fault = WireFault::new("NoSuchKey", "The specified key does not exist.");
    fault.members.push(("Key".into(), Value::Text("a/b".to_owned())));
    fault.members.push(("x-amz-delete-marker".into(), Value::Text("true".to_owned())));
    check(
        fault,
        &format!(
            "404 [content-type: application/xml, x-amz-delete-marker: true] {XML}<Error><Code>NoSuchKey</Code>\
             <Message>The specified key does not exist.</Message><Key>a/b</Key>{rest}"
        ),
    );
    check(
        WireFault::new("AccessDeniedException", "no"),
        &format!(
            "403 [content-type: application/xml] {XML}<Error><Code>AccessDenied</Code><Message>no</Message>{rest}"
        ),
    );
    check(WireFault { status: Some(304), ..WireFault::new("NotModified", "") }, "304 [] ");
}

#[test]
fn operations_of_s3_are_told_apart() {
    let check = |request: &str, expected: &str| {
        let mut words = request.split(' ');
        let builder = Request::builder().method(words.next().unwrap()).uri(words.next().unwrap());
        let builder = words.fold(builder.header("x", "y"), |builder, header| {
            let (name, value) = header.split_once(':').unwrap();
            builder.header(name, value)
        });
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let found = match weft_wire::resolve(&s3::SERVICE, &parts, b"") {
            Ok(resolved) => {
                let labels = resolved.labels.iter().map(|(_, text)| text.as_str());
                [resolved.operation.name].into_iter().chain(labels).collect::<Vec<_>>().join(" ")
            }
            Err(unresolved) => unresolved.into_fault(&s3::SERVICE).code.into_owned(),
        };
        assert_eq!(found, expected, "{request}");
    };
    check("GET /", "ListBuckets");
    check("GET /b", "ListObjects b");
    check("GET /b/", "ListObjects b");
    check("GET /b?list-type=2&prefix=x", "ListObjectsV2 b");
    check("GET /b?versions", "ListObjectVersions b");
    check("GET /b?policy", "GetBucketPolicy b");
    check("GET /b?location=", "GetBucketLocation b");
    check("PUT /b", "CreateBucket b");
    check("PUT /b/k", "PutObject b k");
    check("PUT /b/k?x-id=PutObject", "PutObject b k");
    check("PUT /b/k x-amz-copy-source:a/b", "CopyObject b k");
    check("PUT /b/k?partNumber=1&uploadId=u", "UploadPart b k");
    check("PUT /b/k?partNumber=1&uploadId=u x-amz-copy-source:a/b", "UploadPartCopy b k");
    check("GET /b/k", "GetObject b k");
    check("GET /b/k?uploadId=u", "ListParts b k");
    check("DELETE /b/k?uploadId=u", "AbortMultipartUpload b k");
    check("DELETE /b/k?versionId=u", "DeleteObject b k");
    check("POST /b/k?uploads", "CreateMultipartUpload b k");
    check("POST /b/k?uploadId=u", "CompleteMultipartUpload b k");
    check("POST /b/k", "UnknownOperationException");
    check("POST /b?delete", "DeleteObjects b");
    check("GET /b/k?attributes", "GetObjectAttributes b k");
    check("GET /b/k?torrent", "NotImplemented");
    check("GET /b/a/../b//c/./", "GetObject b a/../b//c/./");
    check("GET /b//x", "GetObject b /x");
    check("GET /b/a%2Fb%20%2B%00", "GetObject b a/b +\0");
    check("GET / host:b.s3.localhost", "ListObjects b");
    check("GET //x host:b.localhost:4566", "GetObject b /x");
    check("GET /k/l host:my.b.s3.us-east-1.amazonaws.com", "GetObject my.b k/l");
}
