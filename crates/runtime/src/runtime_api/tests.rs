use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use base64::Engine as _;
use weft_service::workload::Invocation;

use super::*;
use crate::frames::RESPONSE_BYTES_MAX;

/// A runtime's connection; every request and answer as it stands on the wire.
pub(super) struct Client(DuplexStream);

impl Client {
    pub(super) fn of(api: &Arc<RuntimeApi>) -> Self {
        let (client, server) = tokio::io::duplex(64 << 10);
        tokio::spawn(Arc::clone(api).serve(server));
        Self(client)
    }

    /// Sends a request and returns status, lower-case head, and body.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, String, String) {
        let path =
            if path.starts_with('/') { path.to_owned() } else { format!("/2018-06-01/runtime/{path}") };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !headers.iter().any(|(name, _)| *name == "transfer-encoding") {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        let (mut reading, mut writing) = tokio::io::split(&mut self.0);
        let send = async {
            writing.write_all(head.as_bytes()).await.unwrap();
            writing.write_all(body).await.unwrap();
        };
        let receive = async {
            let mut bytes = Vec::new();
            loop {
                if let Some(answer) = parse(&bytes) {
                    return answer;
                }
                assert_ne!(reading.read_buf(&mut bytes).await.unwrap(), 0, "the connection ended");
            }
        };
        tokio::join!(send, receive).1
    }
}

fn parse(bytes: &[u8]) -> Option<(u16, String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_ascii_lowercase();
    let length: usize = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    (body.len() >= length).then(|| (head[9..12].parse().unwrap(), head.clone(), body[..length].to_owned()))
}

/// Telemetry that nobody subscribed to.
pub(super) fn nobody() -> Arc<Telemetry> {
    Telemetry::new(Arc::new(weft_service::SystemClock), false, false)
}

/// What came of an event, as text.
async fn told(waits: Waits) -> String {
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    match waits.answered.await.unwrap() {
        Answered::Response(content_type, bytes) => format!("{content_type}: {}", text(bytes)),
        Answered::Error(bytes, _) => format!("error: {}", text(bytes)),
        Answered::TooLarge(length) => format!("too large: {length}"),
        Answered::Streamed(mut told, mut pieces) => {
            while let Some(piece) = pieces.recv().await {
                match piece {
                    Piece::Data(bytes) => write!(told, "; {}", text(bytes)).unwrap(),
                    Piece::Error(bytes) => write!(told, "; error: {}", text(bytes)).unwrap(),
                    Piece::End => told.push_str("; end"),
                }
            }
            told
        }
    }
}

pub(super) fn invoke(id: &str) -> Invoke {
    Invoke {
        deadline_ms: 1_795_485_723_004,
        invocation: Invocation {
            request_id: id.into(),
            payload: Bytes::from_static(b"{\"n\": 1}"),
            client_context: Some("{\n\"custom\":{}}".to_owned()),
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: weft_types::Arn::of("lambda", "us-east-1", "000000000000", "function:f"),
            tail: false,
            trace_id: None,
        },
    }
}

#[tokio::test]
async fn an_event_goes_out_and_its_answer_comes_back() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    let (status, head, body) = client.ask("GET", "invocation/next", &[], b"").await;
    assert_eq!((status, body.as_str()), (200, "{\"n\": 1}"));
    assert_eq!(api.initialised().await, Init::Done);
    for line in [
        "content-type: application/json",
        "lambda-runtime-aws-request-id: r-1",
        "lambda-runtime-deadline-ms: 1795485723004",
        "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:f",
        "lambda-runtime-client-context: { \"custom\":{}}",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("trace-id"));
    let (status, _, body) =
        client.ask("POST", "invocation/r-1/response", &[("content-type", "a/b")], b"ok").await;
    assert_eq!((status, body.as_str()), (202, "{\"status\":\"OK\"}\n"));
    assert_eq!(told(answered).await, "a/b: ok");
}

#[tokio::test]
async fn what_is_known_of_an_event_is_in_its_headers() {
    let check = async |change: fn(&mut Invocation), wanted: &str, there: bool| {
        let api = RuntimeApi::new(Facts::default(), &[], nobody());
        let mut event = invoke("r-1");
        change(&mut event.invocation);
        let _waits = api.submit(event);
        let (_, head, _) = Client::of(&api).ask("GET", "invocation/next", &[], b"").await;
        assert_eq!(head.contains(wanted), there, "{wanted} in {head}");
    };
    check(|_| (), "lambda-runtime-trace-id", false).await;
    check(|event| event.trace_id = Some("Root=1".into()), "lambda-runtime-trace-id: root=1", true).await;
    check(|event| event.client_context = None, "lambda-runtime-client-context", false).await;
    check(|_| (), "lambda-runtime-cognito-identity", false).await;
    // Heads are compared in lower case.
    check(
        |event| event.cognito_identity = Some(r#"{"cognitoIdentityId":"i"}"#.into()),
        r#"lambda-runtime-cognito-identity: {"cognitoidentityid":"i"}"#,
        true,
    )
    .await;
    check(|_| (), "lambda-runtime-aws-tenant-id", false).await;
    check(|event| event.tenant_id = Some("blue".into()), "lambda-runtime-aws-tenant-id: blue", true).await;
    check(|event| event.payload = Bytes::new(), "content-type: application/json", true).await;
}

#[tokio::test]
async fn an_errors_type_comes_beside_it() {
    for (headers, expected) in [
        (&[("lambda-runtime-function-error-type", "Runtime.Broken")][..], Some("Runtime.Broken")),
        (&[], None),
    ] {
        let api = RuntimeApi::new(Facts::default(), &[], nobody());
        let mut client = Client::of(&api);
        let waits = api.submit(invoke("r-1"));
        client.ask("GET", "invocation/next", &[], b"").await;
        client.ask("POST", "invocation/r-1/error", headers, b"{}").await;
        let Answered::Error(_, found) = waits.answered.await.unwrap() else { panic!("it failed") };
        assert_eq!(found.as_deref(), expected);
    }
}

#[tokio::test]
async fn the_next_event_is_waited_for() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let other = Arc::clone(&api);
    let submit = async {
        assert_eq!(other.initialised().await, Init::Done);
        tokio::task::yield_now().await;
        [other.submit(invoke("r-2"))]
    };
    let (asked, [answered]) = tokio::join!(client.ask("GET", "invocation/next", &[], b""), submit);
    assert_eq!(asked.0, 200);
    client.ask("POST", "invocation/r-2/error", &[], b"{\"errorMessage\":\"no\"}").await;
    assert_eq!(told(answered).await, "error: {\"errorMessage\":\"no\"}");
}

/// Posts after `r-1` was taken (and, with `answered`, answered); compares status and error type.
async fn check(answered: bool, method: &str, path: &str, headers: &[(&str, &str)], expected: (u16, &str)) {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let _waits = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    if answered {
        client.ask("POST", "invocation/r-1/response", &[], b"1").await;
    }
    let (status, _, body) = client.ask(method, path, headers, b"{}").await;
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    let error_type = error["errorType"].as_str().unwrap_or_default();
    assert!(error["errorMessage"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert_eq!((status, error_type), expected, "{method} {path}");
}

#[tokio::test]
async fn calls_out_of_turn_are_refused() {
    let mode = [("lambda-runtime-function-response-mode", "sideways")];
    check(false, "GET", "restore/next", &[], (403, "InvalidStateTransition")).await;
    check(false, "POST", "restore/error", &[], (403, "InvalidStateTransition")).await;
    check(false, "POST", "invocation/r-9/response", &[], (400, "InvalidRequestID")).await;
    check(false, "POST", "invocation/r-9/error", &[], (400, "InvalidRequestID")).await;
    check(false, "POST", "invocation/r-1/response", &mode, (400, "InvalidFunctionResponseMode")).await;
    check(false, "POST", "init/error", &[], (403, "InvalidStateTransition")).await;
    check(true, "POST", "invocation/r-1/response", &[], (403, "InvalidStateTransition")).await;
    check(true, "POST", "invocation/r-1/error", &[], (403, "InvalidStateTransition")).await;
    check(true, "POST", "invocation/r-0/response", &[], (400, "InvalidRequestID")).await;
    check(true, "POST", "init/error", &[], (403, "InvalidStateTransition")).await;
    check(false, "GET", "elsewhere", &[], (404, "NotFound")).await;
    check(false, "PUT", "invocation/r-1/response", &[], (404, "NotFound")).await;
}

#[tokio::test]
async fn an_init_error_is_taken_once() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let headers = [("lambda-runtime-function-error-type", "Runtime.NoSuchHandler")];
    assert_eq!(client.ask("POST", "init/error", &headers, b"{\"errorType\":\"X\"}").await.0, 202);
    assert_eq!(
        api.initialised().await,
        Init::Failed("{\"errorType\":\"X\"}".into(), Some("Runtime.NoSuchHandler".to_owned()))
    );
    assert_eq!(client.ask("POST", "init/error", &headers, b"{}").await.0, 403);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused_and_told() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let body = vec![b'x'; RESPONSE_BYTES_MAX + 1];
    let (status, _, text) = client.ask("POST", "invocation/r-1/response", &[], &body).await;
    assert_eq!(status, 413);
    assert!(text.contains("RequestEntityTooLarge"));
    assert_eq!(told(answered).await, format!("too large: {}", RESPONSE_BYTES_MAX + 1));
    // The connection goes on.
    let answered = api.submit(invoke("r-2"));
    client.ask("GET", "invocation/next", &[], b"").await;
    client.ask("POST", "invocation/r-2/response", &[], &body[..RESPONSE_BYTES_MAX]).await;
    assert_eq!(told(answered).await.len(), "application/octet-stream: ".len() + RESPONSE_BYTES_MAX);
}

#[tokio::test]
async fn a_large_error_cause_fits_into_the_head() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let cause = "c".repeat(900 << 10);
    let headers = [("lambda-runtime-function-xray-error-cause", cause.as_str())];
    assert_eq!(client.ask("POST", "invocation/r-1/error", &headers, b"{}").await.0, 202);
    assert_eq!(told(answered).await, "error: {}");
}

#[tokio::test]
async fn an_error_after_the_answer_began_comes_in_trailers() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let headers = [
        ("lambda-runtime-function-response-mode", "streaming"),
        ("transfer-encoding", "chunked"),
        ("trailer", "Lambda-Runtime-Function-Error-Type"),
        ("trailer", "Lambda-Runtime-Function-Error-Body"),
    ];
    let answered = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let error = base64::engine::general_purpose::STANDARD.encode("{\"errorMessage\":\"late\"}");
    let body = format!(
        "4\r\npart\r\n0\r\nLambda-Runtime-Function-Error-Type: Error\r\nLambda-Runtime-Function-Error-Body: {error}\r\n\r\n"
    );
    let ((status, ..), found) = tokio::join!(
        client.ask("POST", "invocation/r-1/response", &headers, body.as_bytes()),
        told(answered)
    );
    assert_eq!(
        (status, found.as_str()),
        (202, "application/octet-stream; part; error: {\"errorMessage\":\"late\"}")
    );

    let answered = api.submit(invoke("r-2"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let body = b"4\r\npart\r\n0\r\n\r\n";
    let (_, told) =
        tokio::join!(client.ask("POST", "invocation/r-2/response", &headers, body), told(answered));
    assert_eq!(told, "application/octet-stream; part; end");
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_come_again() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let head = "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nbro";
    client.0.write_all(head.as_bytes()).await.unwrap();
    drop(client);
    let mut client = Client::of(&api);
    let (status, _, body) = client.ask("GET", "invocation/next", &[], b"").await;
    // Until the break is seen, the answer counts as under way.
    if status == 200 {
        assert_eq!(body, "{\"n\": 1}", "the same event once more");
    }
    while client.ask("POST", "invocation/r-1/response", &[], b"ok").await.0 != 202 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(answered).await, "application/octet-stream: ok");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_to_its_end_is_refused() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let headers = [("transfer-encoding", "chunked")];
    let (status, _, body) =
        client.ask("POST", "invocation/r-1/response", &headers, b"4\r\npart\r\nno length\r\n").await;
    assert_eq!(status, 400);
    assert!(body.contains("\"errorType\":\"TruncatedHTTPRequest\""), "{body}");
    // It may try again.
    Client::of(&api).ask("POST", "invocation/r-1/response", &[("content-type", "a/b")], b"ok").await;
    assert_eq!(told(answered).await, "a/b: ok");
}

#[tokio::test]
async fn a_runtime_may_repeat_an_id_of_its_own() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    let (_, head, _) = client.ask("GET", "invocation/next", &[], b"").await;
    assert!(!head.contains("lambda-runtime-invocation-id"), "none is given where none is needed");
    let headers = [("lambda-runtime-invocation-id", "i-1"), ("content-type", "a/b")];
    assert_eq!(client.ask("POST", "invocation/r-1/response", &headers, b"ok").await.0, 202);
    assert_eq!(told(answered).await, "a/b: ok");
}

#[tokio::test]
async fn a_runtime_that_asks_again_gets_its_event_again() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let answered = api.submit(invoke("r-1"));
    for _ in 0..2 {
        let (status, head, body) = client.ask("GET", "invocation/next", &[], b"").await;
        assert_eq!((status, body.as_str()), (200, "{\"n\": 1}"));
        assert!(head.contains("lambda-runtime-aws-request-id: r-1"));
    }
    client.ask("POST", "invocation/r-1/response", &[("content-type", "a/b")], b"ok").await;
    assert_eq!(told(answered).await, "a/b: ok");
}

#[tokio::test]
async fn an_event_that_was_not_taken_comes_back() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let _waits = api.submit(invoke("r-1"));
    assert_eq!(api.withdraw().unwrap().invocation.request_id, "r-1".into());
    assert!(api.withdraw().is_none());
    let mut client = Client::of(&api);
    let _waits = api.submit(invoke("r-2"));
    assert!(client.ask("GET", "invocation/next", &[], b"").await.1.contains("r-2"));
    assert!(api.withdraw().is_none(), "the runtime has it");
}

#[tokio::test]
async fn a_stream_comes_no_faster_than_it_is_taken() {
    let api = RuntimeApi::new(Facts::default(), &[], nobody());
    let mut client = Client::of(&api);
    let waits = api.submit(invoke("r-1"));
    client.ask("GET", "invocation/next", &[], b"").await;
    let headers = [("lambda-runtime-function-response-mode", "streaming"), ("transfer-encoding", "chunked")];
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let body = [chunk.repeat(64), b"0\r\n\r\n".to_vec()].concat();
    let mut posting = Box::pin(client.ask("POST", "invocation/r-1/response", &headers, &body));
    assert!(futures::poll!(&mut posting).is_pending());
    let Answered::Streamed(_, mut pieces) = waits.answered.await.unwrap() else { panic!("it streams") };
    for _ in 0..1000 {
        assert!(futures::poll!(&mut posting).is_pending(), "nobody took the pieces");
        tokio::task::yield_now().await;
    }
    let take = async {
        let mut length = 0;
        while let Some(Piece::Data(bytes)) = pieces.recv().await {
            length += bytes.len();
        }
        length
    };
    let ((status, ..), length) = tokio::join!(posting, take);
    assert_eq!((status, length), (202, 64 << 16));
}
