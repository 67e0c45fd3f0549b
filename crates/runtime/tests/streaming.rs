//! Answers that a function streams: each case is a handler and what its caller sees, piece by piece.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;
mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use plain::{Plain, runtime};
use support::{function, invocation};
use weft_runtime::{Runtime, RuntimeConfig};
use weft_service::workload::{Contract, Revision, StreamedInvoked, Workers as _};

/// A function of Node.js in a folder of its own.
struct Function {
    runtime: Arc<Runtime>,
    revision: Arc<Revision>,
    lines: Arc<support::Lines>,
    code: tempfile::TempDir,
}

impl Function {
    fn of(body: &str, timeout: Duration) -> Self {
        let code = tempfile::tempdir().unwrap();
        let text =
            format!("exports.handler = awslambda.streamifyResponse(async (event, out) => {{ {body} }})");
        std::fs::write(code.path().join("app.js"), text).unwrap();
        let mut revision = function(code.path(), "nodejs22.x", "app.handler", &[]);
        if let Contract::Lambda(contract) = &mut revision.contract {
            contract.timeout = timeout;
        }
        let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
        Self { runtime, revision: Arc::new(revision), lines, code }
    }

    async fn invoke(&self) -> StreamedInvoked {
        self.runtime.invoke_streaming(Arc::clone(&self.revision), invocation("{}")).await.unwrap()
    }
}

async fn rest(body: &mut weft_net::Body) -> String {
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        let data: Bytes = frame.unwrap().into_data().unwrap();
        text += &String::from_utf8_lossy(&data);
    }
    text
}

/// Compares content type, body and the error's JSON (a part of it) with what a handler gives; the next one answers too.
async fn check(body: &str, timeout: Duration, expected: (Option<&str>, &str, Option<&str>)) {
    let function = Function::of(body, timeout);
    for _ in 0..2 {
        let mut answer = function.invoke().await;
        let found = rest(&mut answer.body).await;
        let end = answer.end.await;
        let log = function.lines.0.lock().unwrap().join("\n");
        assert_eq!(
            (answer.content_type.as_deref(), found.as_str()),
            (expected.0, expected.1),
            "{body}\n{log}"
        );
        assert_eq!(end.error_code.as_deref(), expected.2.map(|_| "Unhandled"), "{body}: {end:?}\n{log}");
        let details = end.error_details.unwrap_or_default();
        assert!(details.contains(expected.2.unwrap_or_default()), "{body}: {details}\n{log}");
        for line in ["START RequestId: r-1", "END RequestId: r-1", "REPORT RequestId: r-1"] {
            assert!(log.contains(line), "{body}: no {line} in\n{log}");
        }
    }
}

const LONG: Duration = Duration::from_secs(20);
const OCTETS: Option<&str> = Some("application/octet-stream");

#[tokio::test]
async fn a_stream_has_its_type_its_pieces_and_its_error() {
    check("out.write('a'); out.end('b')", LONG, (OCTETS, "ab", None)).await;
    check("out.setContentType('text/html'); out.end('x')", LONG, (Some("text/html"), "x", None)).await;
    check("out.end()", LONG, (OCTETS, "", None)).await;
    check("out.end('x'.repeat(200000))", LONG, (OCTETS, &"x".repeat(200_000), None)).await;
    check("throw new Error('early')", LONG, (None, "", Some("early"))).await;
    check("out.write('a'); throw new Error('late')", LONG, (OCTETS, "a", Some("late"))).await;
    check("out.write('a', () => process.exit(3))", LONG, (OCTETS, "a", Some("exit status 3"))).await;
}

#[tokio::test]
async fn a_stream_that_never_ends_ends_with_its_time() {
    let time = Duration::from_secs(2);
    check("out.write('a')", time, (OCTETS, "a", Some("Task timed out after 2.00 seconds"))).await;
}

#[tokio::test]
async fn an_integrations_answer_begins_with_its_prelude() {
    let body = "out = awslambda.HttpResponseStream.from(out, { statusCode: 201 }); out.end('b')";
    let kind = Some("application/vnd.awslambda.http-integration-response");
    check(body, LONG, (kind, "{\"statusCode\":201}\0\0\0\0\0\0\0\0b", None)).await;
}

#[tokio::test]
async fn a_piece_arrives_while_the_function_still_runs() {
    // It goes on when the test has seen the first piece.
    let function = Function::of(
        "out.write('a'); const go = process.env.LAMBDA_TASK_ROOT + '/go';
         while (!require('fs').existsSync(go)) await new Promise((r) => setTimeout(r, 5)); out.end('b')",
        LONG,
    );
    let mut answer = function.invoke().await;
    assert!(answer.cold);
    let first = answer.body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "a");
    std::fs::write(function.code.path().join("go"), "").unwrap();
    assert_eq!(rest(&mut answer.body).await, "b");
    assert_eq!(answer.end.await.error_code, None);
}

#[tokio::test]
async fn a_function_goes_on_when_its_caller_hangs_up() {
    let function = Function::of(
        "for (let i = 0; i < 64; i++) if (!out.write(Buffer.alloc(65536))) await new Promise((r) => out.once('drain', r));
         console.log('reached its end'); out.end()",
        LONG,
    );
    let answer = function.invoke().await;
    drop(answer.body);
    assert_eq!(answer.end.await.error_code, None);
    assert!(function.lines.0.lock().unwrap().join("\n").contains("reached its end"));
}

#[tokio::test]
async fn a_whole_invoke_of_a_streaming_function_collects_its_answer() {
    let function = Function::of("out.write('a'.repeat(100000)); out.end('b')", LONG);
    let answer = function.runtime.invoke(Arc::clone(&function.revision), invocation("{}")).await.unwrap();
    assert_eq!((answer.error, answer.payload.len()), (None, 100_001));
    let function =
        Function::of("for (let i = 0; i < 7; i++) out.write(Buffer.alloc(1 << 20)); out.end()", LONG);
    let answer = function.runtime.invoke(Arc::clone(&function.revision), invocation("{}")).await.unwrap();
    assert_eq!(answer.error, Some("Unhandled"));
    assert!(String::from_utf8_lossy(&answer.payload).contains("Function.ResponseSizeTooLarge"));
}
