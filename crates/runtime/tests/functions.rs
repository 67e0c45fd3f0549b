//! The language bootstraps as real processes: each case is a handler, an event, and what the caller and the log see.
//! Cases follow what the official runtime clients do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;
mod support;

use std::sync::Arc;
use std::time::Duration;

use plain::{Plain, runtime};
use serde_json::Value;
use support::{function, invocation};
use weft_runtime::RuntimeConfig;
use weft_service::workload::{Contract, Workers as _};

/// One case. `want` is the exact answer, or with `…` the texts that it must hold, in order.
struct Case {
    file: &'static str,
    code: &'static str,
    handler: &'static str,
    runtime: &'static str,
    env: &'static [(&'static str, &'static str)],
    event: &'static str,
    fails: bool,
    want: &'static str,
    log: &'static [&'static str],
}

impl Case {
    const fn python(code: &'static str, want: &'static str) -> Self {
        Self {
            file: "app.py",
            code,
            handler: "app.handler",
            runtime: "python3.11",
            env: &[],
            event: r#"{"n": 1}"#,
            fails: false,
            want,
            log: &[],
        }
    }

    const fn node(code: &'static str, want: &'static str) -> Self {
        Self { file: "app.js", runtime: "nodejs22.x", ..Self::python(code, want) }
    }

    const fn modern(code: &'static str, want: &'static str) -> Self {
        Self { runtime: "nodejs24.x", ..Self::node(code, want) }
    }

    const fn fails(self) -> Self {
        Self { fails: true, ..self }
    }

    const fn file(self, file: &'static str) -> Self {
        Self { file, ..self }
    }

    const fn handler(self, handler: &'static str) -> Self {
        Self { handler, ..self }
    }

    const fn env(self, env: &'static [(&'static str, &'static str)]) -> Self {
        Self { env, ..self }
    }

    const fn event(self, event: &'static str) -> Self {
        Self { event, ..self }
    }

    const fn log(self, log: &'static [&'static str]) -> Self {
        Self { log, ..self }
    }
}

async fn check(case: &Case) {
    let code = tempfile::tempdir().unwrap();
    let file = code.path().join(case.file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, case.code).unwrap();
    if case.code.contains("package-type-module") {
        std::fs::write(code.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    }
    let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), case.runtime, case.handler, case.env));
    let event =
        if case.event == BIG { format!("\"{}\"", "x".repeat(3_000_000)) } else { case.event.to_owned() };
    let answer = runtime.invoke(revision, invocation(&event)).await.unwrap();
    let found = String::from_utf8(answer.payload.to_vec()).unwrap();
    let log = lines.0.lock().unwrap().join("\n");
    assert_eq!(answer.error.is_some(), case.fails, "{}: {found}\n{log}", case.code);
    let found = found.replace(&code.path().display().to_string(), "/var/task");
    hold(case.code, &found, case.want, &log);
    for expected in case.log {
        hold(case.code, &log, &format!("…{expected}…"), &log);
    }
}

/// Whether `found` is `want`, in which `…` stands for any text.
fn hold(what: &str, found: &str, want: &str, log: &str) {
    let mut rest = found;
    let mut parts = want.split('…');
    let first = parts.next().unwrap();
    let fits = rest.starts_with(first) && {
        rest = &rest[first.len()..];
        let open = want.ends_with('…');
        let fits = parts.all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        });
        fits && (open || rest.is_empty())
    };
    assert!(fits, "{what}\nfound: {found}\nwanted: {want}\nlog:\n{log}");
}

async fn check_all(cases: &[Case]) {
    // Two at a time: more would only wait for each other.
    for pair in cases.chunks(2) {
        futures::future::join_all(pair.iter().map(check)).await;
    }
}

#[tokio::test]
async fn starts_are_timed_by_phase_and_memory_is_looked_up() {
    let code = tempfile::tempdir().unwrap();
    std::fs::write(code.path().join("app.py"), "def handler(e, c): return 1").unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let good = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    for _ in 0..2 {
        runtime.invoke(Arc::clone(&good), invocation("{}")).await.unwrap();
    }
    let [starts] = &runtime.starts()[..] else { panic!("one workload") };
    let counts = (starts.started, starts.failed, starts.sandbox.count, starts.first_request.count);
    assert_eq!(counts, (1, 0, 1, 1));
    let phases = [starts.sandbox, starts.init, starts.first_request];
    assert!(phases.iter().all(|phase| !phase.max.is_zero() && phase.p50 == phase.max), "{starts:?}");
    let [worker] = &runtime.look().await[..] else { panic!("one worker") };
    assert_eq!((worker.served, worker.memory_bytes), (2, Some(30 << 20)));

    let mut bad = function(code.path(), "python3.11", "none.handler", &[]);
    bad.id = "bad".into();
    runtime.invoke(Arc::new(bad), invocation("{}")).await.unwrap();
    assert_eq!(runtime.starts()[0].failed, 1);
}

#[tokio::test]
async fn python_answers() {
    check_all(&[
        Case::python("def handler(e, c): return {'n': e['n'] + 1}", r#"{"n": 2}"#),
        Case::python("def handler(e, c): return None", "null"),
        Case::python("def handler(e, c): return b'\\x00raw'", "\0raw"),
        Case::python("def handler(e, c): return 'h\\u00e9'", r#""h\u00e9""#),
        Case {
            runtime: "python3.12",
            log: &["Note: python3.12 is not installed"],
            ..Case::python("def handler(e, c): return 'h\\u00e9'", "\"h\u{e9}\"")
        },
        Case::python(
            "from decimal import Decimal\ndef handler(e, c): return [Decimal('1.10'), {'x': Decimal(3)}]",
            r#"[1.10, {"x": 3}]"#,
        ),
        Case::python("def handler(e, c): return float('nan')", "NaN"),
        Case::python(
            "import os\ndef handler(e, c): return [c.aws_request_id, c.invoked_function_arn, c.function_name, \
             c.function_version, c.memory_limit_in_mb, c.client_context.custom, c.client_context.client.app_title, \
             c.identity.cognito_identity_id, os.environ['_X_AMZN_TRACE_ID'], \
             8000 < c.get_remaining_time_in_millis() <= 10000]",
            r#"["r-1", "arn:aws:lambda:us-east-1:000000000000:function:f:live", "f", "$LATEST", "128", {"k": "v"}, "t", null, "Root=1-2-3", true]"#,
        ),
        Case::python("def handler(e, c): return e['name']", "\"x\"").event(r#"{"name": "x"}"#).file("a/b/mod.py").handler("a/b/mod.handler"),
        Case::python("def handler(e, c): return 1", "1").file("a/b/mod.py").handler("a.b.mod.handler"),
        Case::python(
            "import sys, os\ndef handler(e, c): return [sys.path[0] == os.environ['LAMBDA_TASK_ROOT'], __name__, callable(exit)]",
            r#"[true, "app", true]"#,
        ),
        Case::python("def handler(e, c): return len(e)", "3000000").event(BIG),
    ])
    .await;
}

/// Stands for a text that is larger than any pipe's or socket's buffer.
const BIG: &str = "big";

#[tokio::test]
async fn python_fails_as_lambda_does() {
    check_all(&[
        Case::python(
            "def handler(e, c):\n    raise ValueError('no')",
            r#"{"errorMessage": "no", "errorType": "ValueError", "requestId": "r-1", "stackTrace": ["  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('no')\n"]}"#,
        )
        .fails()
        .log(&["[ERROR] ValueError: no\nTraceback (most recent call last):\n\u{a0}\u{a0}File"]),
        Case::python(
            "def handler(e, c): return {1, 2}",
            r#"{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "r-1", "stackTrace": []}"#,
        )
        .fails(),
        Case::python("async def handler(e, c): return 1", "…Object of type coroutine is not JSON serializable…").fails(),
        Case::python("def handler(e, c): return 1", "…Runtime.UnmarshalError…").event("{").fails(),
        Case::python(
            "import nothing_here",
            r#"{"errorMessage": "Unable to import module 'app': No module named 'nothing_here'", "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}"#,
        )
        .fails()
        .log(&["INIT_START Runtime Version: python:3.11", "INIT_REPORT Init Duration: "]),
        Case::python("class C:\n    def m(e, c): pass", "…Runtime.ImportModuleError…").handler("app.C.m").fails(),
        Case::python("x = 1", r#"…"Handler 'handler' missing on module 'app'", "errorType": "Runtime.HandlerNotFound"…"#).fails(),
        Case::python("x = 1", "…Bad handler 'app'…Runtime.MalformedHandlerName…").handler("app").fails(),
        Case::python("x = 1", "…Cannot use built-in module sys as a handler module…Runtime.BuiltInModuleConflict…").handler("sys.exit").fails(),
        Case::python(
            "def handler(e, c):\n  return (",
            r#"…Syntax error in module 'app'…"errorType": "Runtime.UserCodeSyntaxError"…"stackTrace": ["  File \"/var/task/app.py\" Line 2\n      return ("]}"#,
        )
        .fails(),
        Case::python("raise KeyError('k')", r#"{"errorMessage": "'k'", "errorType": "KeyError", "requestId": "", "stackTrace": […"#).fails(),
        Case::python(
            "import sys\ndef handler(e, c): sys.exit(3)",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 3"}"#,
        )
        .fails()
        .log(&["Status: error\tError Type: Runtime.ExitError"]),
        Case::python(
            "import os\ndef handler(e, c): os._exit(0)",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited without providing a reason"}"#,
        )
        .fails(),
        Case::python("import os\ndef handler(e, c): os.kill(os.getpid(), 11)", "…Runtime exited with error: signal: segmentation fault…").fails(),
        Case::python("import sys\nsys.exit(4)", r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 4"}"#).fails(),
        Case::python(
            "def handler(e, c): return 'x' * (6 * 1024 * 1024 + 99)",
            r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)."}"#,
        )
        .fails(),
    ])
    .await;
}

#[tokio::test]
async fn python_logs() {
    const JSON: &[(&str, &str)] = &[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")];
    check_all(&[
        Case::python("def handler(e, c):\n    print('one')\n    print('two', end='')", "null").log(&[
            "START RequestId: r-1 Version: $LATEST\none\ntwo\nEND RequestId: r-1\nREPORT RequestId: r-1\tDuration: ",
            "Memory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: ",
        ]),
        Case::python(
            "import logging\ndef handler(e, c):\n    logging.warning('a\\nb')\n    logging.info('hidden')",
            "null",
        )
        .log(&["[WARNING]\t20…Z\tr-1\ta\nb\nEND"]),
        Case::python("import logging\nlog = logging.getLogger('mine')\ndef handler(e, c):\n    log.info('x', extra={'k': 1})", "null")
            .env(JSON)
            .log(&[r#"{"timestamp": "20…Z", "level": "INFO", "message": "x", "logger": "mine", "requestId": "r-1"…"k": 1}"#]),
        Case::python("def handler(e, c): raise ValueError('no')", "…").env(JSON).fails().log(&[
            r#""level": "ERROR", "errorMessage": "no", "errorType": "ValueError", "requestId": "r-1", "stackTrace": ["#,
        ]),
    ])
    .await;
}

#[tokio::test]
async fn node_answers() {
    check_all(&[
        Case::node("exports.handler = async (e) => ({ n: e.n + 1 })", r#"{"n":2}"#),
        Case::node("exports.handler = async () => {}", "null"),
        Case::node("exports.handler = (e, c, cb) => cb(null, e.n)", "1"),
        Case::node("exports.handler = (e, c, cb) => { let late = 0; setTimeout(() => { late = 1 }, 50); cb(null, { get late() { return late } }) }", r#"{"late":1}"#),
        Case::node("exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; let late = 0; setTimeout(() => { late = 1 }, 5000).unref(); setTimeout(() => { late = 2 }, 5000); cb(null, { get late() { return late } }) }", r#"{"late":0}"#),
        Case::node("exports.handler = (e, c) => { c.succeed('s') }", "\"s\""),
        Case::node("exports.handler = (e, c) => { c.done(null, 'd') }", "\"d\""),
        Case::node("exports.handler = (e) => e.n", "null"),
        Case::node("exports.handler = () => new Promise(() => {})", "null"),
        Case::node("export const handler = async () => 'esm'", "\"esm\"").file("app.mjs"),
        Case::node("// package-type-module\nexport const handler = async () => 'esm'", "\"esm\""),
        Case::node("const x = await Promise.resolve(7); export const handler = async () => x", "7").file("app.mjs"),
        Case::node("exports.nested = { deep: { fn: async () => 'n' } }", "\"n\"").file("dir/a/b.js").handler("dir/a/b.nested.deep.fn"),
        Case::node(
            "exports.handler = async (e, c) => [c.awsRequestId, c.invokedFunctionArn, c.functionName, c.functionVersion, c.memoryLimitInMB, c.clientContext.custom, process.env._X_AMZN_TRACE_ID, c.getRemainingTimeInMillis() > 8000]",
            r#"["r-1","arn:aws:lambda:us-east-1:000000000000:function:f:live","f","$LATEST","128",{"k":"v"},"Root=1-2-3",true]"#,
        ),
        Case::node("exports.handler = async (e) => e.length", "3000000").event(BIG),
        Case::node(
            "exports.handler = awslambda.streamifyResponse(async (e, out) => { out.write('a'); await new Promise(r => setTimeout(r, 5)); out.end('b') })",
            "ab",
        ),
        Case::node(
            "exports.handler = awslambda.streamifyResponse(async (e, out) => { out = awslambda.HttpResponseStream.from(out, { statusCode: 201 }); out.end('b') })",
            "{\"statusCode\":201}\0\0\0\0\0\0\0\0b",
        ),
        Case::modern("exports.handler = (e) => e.n", "1"),
        Case::modern("exports.handler = async (e, c) => [typeof c.succeed, typeof c.done]", r#"["undefined","undefined"]"#),
        Case::modern("export default { handler: async () => 'd' }", "\"d\"").file("app.mjs"),
    ])
    .await;
}

#[tokio::test]
async fn node_fails_as_lambda_does() {
    check_all(&[
        Case::node("exports.handler = async () => { throw new TypeError('no') }", r#"{"errorType":"TypeError","errorMessage":"no","trace":["TypeError: no","    at …"]}"#)
            .fails()
            .log(&["\tr-1\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"no\""]),
        Case::node("exports.handler = async () => { throw 'text' }", r#"{"errorType":"string","errorMessage":"text","trace":[]}"#).fails(),
        Case::node("exports.handler = (e, c, cb) => cb(new Error('cb'))", r#"{"errorType":"Error","errorMessage":"cb",…"#).fails(),
        Case::node("exports.handler = (e, c) => { c.fail(new Error('f')) }", r#"{"errorType":"Error","errorMessage":"f",…"#).fails(),
        Case::node("exports.handler = async () => { const a = {}; a.a = a; return a }", r#"{"errorType":"Error","errorMessage":"Unable to stringify response body",…"#).fails(),
        Case::node("exports.handler = (e, c, cb) => { setTimeout(() => { throw new Error('later') }, 5) }", r#"{"errorType":"Error","errorMessage":"later",…"#).fails(),
        Case::node("exports.handler = (e, c, cb) => { Promise.reject(new Error('lost')) }", r#"{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost",…"#).fails(),
        Case::node("exports.handler = async () => { process.exit(5) }", "…Runtime exited with error: exit status 5…").fails(),
        Case::node("require('./nothing')", r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module './nothing'…"#).fails(),
        Case::node("exports.x = 1", r#"{"errorType":"Runtime.HandlerNotFound","errorMessage":"app.handler is undefined or not exported",…"#).fails(),
        Case::node("exports.handler = 1", r#"…"errorMessage":"app.handler is not a function"…"#).fails(),
        Case::node("exports.handler = (", r#"{"errorType":"Runtime.UserCodeSyntaxError","errorMessage":"SyntaxError: …"#).fails(),
        Case::node("throw new RangeError('early')", r#"{"errorType":"RangeError","errorMessage":"early",…"#).fails().log(&["Uncaught Exception \t{"]),
        Case::node("exports.handler = async () => 1", r#"{"errorType":"Runtime.MalformedHandlerName",…"#).handler("../app.handler").fails(),
        Case::node("export default { handler: async () => 'd' }", "…Runtime.HandlerNotFound…").file("app.mjs").fails(),
        Case::node("exports.handler = awslambda.streamifyResponse(async () => { throw new Error('s') })", r#"{"errorType":"Error","errorMessage":"s",…"#).fails(),
        Case::modern("exports.handler = (e, c, cb) => cb(null, 1)", r#"{"errorType":"Runtime.CallbackHandlerDeprecated",…"#).fails(),
        Case::modern("exports.handler = () => new Promise(() => {})", "…Runtime exited without providing a reason…").fails(),
        Case::modern("exports.handler = () => new Promise(() => { setTimeout(() => { throw new Error('later') }, 5) })", "…Runtime exited with error: exit status 1…").fails().log(&["Error: later"]),
    ])
    .await;
}

#[tokio::test]
async fn node_logs() {
    const JSON: &[(&str, &str)] = &[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")];
    check_all(&[
        Case::node("console.log('init'); exports.handler = async () => { console.log('a %d\\nb', 1); console.error({ x: 1 }) }", "null")
            .log(&["Z\tundefined\tINFO\tinit\n", "START RequestId", "Z\tr-1\tINFO\ta 1\nb\n20", "Z\tr-1\tERROR\t{ x: 1 }\nEND RequestId: r-1"]),
        Case::node("exports.handler = async () => { console.info('a', 1); console.debug('hidden'); console.warn({ k: 1 }); console.error(new Error('e')) }", "null")
            .env(JSON)
            .log(&[
                r#""level":"INFO","requestId":"r-1","message":"a 1"}"#,
                r#""level":"WARN","requestId":"r-1","message":{"k":1}}"#,
                r#""level":"ERROR","requestId":"r-1","message":{"errorType":"Error","errorMessage":"e","stackTrace":["#,
            ]),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_is_used_again_and_replaced_after_it_ended() {
    let code = tempfile::tempdir().unwrap();
    let text = "import os\nn = 0\ndef handler(e, c):\n    global n\n    n += 1\n    if e == 'die': os._exit(1)\n    return n\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let spawner = Plain::new();
    let (runtime, lines) = runtime(Arc::clone(&spawner) as _, RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    let mut found = Vec::new();
    for event in ["1", "1", "\"die\"", "1"] {
        let answer = runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
        found.push((answer.cold, answer.error.is_some(), answer.payload.len()));
    }
    assert_eq!(
        found.iter().map(|(cold, failed, _)| (*cold, *failed)).collect::<Vec<_>>(),
        [(true, false), (false, false), (false, true), (true, false)]
    );
    let status = runtime.status();
    assert_eq!(status.iter().filter(|worker| worker.state == "ready").count(), 1);
    let reports = lines
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|line| line.contains("Init Duration: ") && line.starts_with("REPORT"))
        .count();
    assert_eq!(reports, 2);
    runtime.shutdown(Duration::from_secs(5)).await;
    assert!(runtime.status().is_empty());
    let refused = runtime.invoke(revision, invocation("1")).await.unwrap_err();
    assert_eq!(refused, weft_service::workload::WorkError::Stopping);
}

#[tokio::test]
async fn the_answer_to_another_event_is_given_to_nobody() {
    let code = tempfile::tempdir().unwrap();
    // What a fork that answers as well does: the second answer to the first event waits for whoever comes next.
    let python = "import sys\ndef handler(e, c):\n    if e == 1: sys.modules['bootstrap']._send(18, b'1', (1).to_bytes(8, 'big'))\n    return e\n";
    let node = "const fs = require('fs'); exports.handler = async (e) => {\n  if (e === 1) fs.writeSync(0, Buffer.from([0, 0, 0, 10, 18, 0, 0, 0, 0, 0, 0, 0, 1, 49]));\n  return e;\n};\n";
    std::fs::write(code.path().join("app.py"), python).unwrap();
    std::fs::write(code.path().join("app.js"), node).unwrap();
    for name in ["python3.11", "nodejs22.x"] {
        let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
        let revision = Arc::new(function(code.path(), name, "app.handler", &[]));
        let mut found = Vec::new();
        for event in ["1", "2", "3"] {
            let answer = runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
            found.push((answer.cold, String::from_utf8(answer.payload.to_vec()).unwrap()));
        }
        let error = r#"{"errorMessage":"RequestId: r-1 Error: Runtime exited with error: signal: killed","errorType":"Runtime.ExitError"}"#;
        let error: Value = serde_json::from_str(error).unwrap();
        assert_eq!(found[0], (true, "1".to_owned()), "{name}");
        assert_eq!(serde_json::from_str::<Value>(&found[1].1).unwrap(), error, "{name}");
        assert_eq!(found[2], (true, "3".to_owned()), "{name}");
        let log = lines.0.lock().unwrap().join("\n");
        hold(name, &log, "…RequestId: r-1 Error: the runtime sent the answer to another event…", &log);
    }
}

#[tokio::test]
async fn a_function_goes_on_when_its_caller_hangs_up() {
    let code = tempfile::tempdir().unwrap();
    let text =
        "import time\nn = 0\ndef handler(e, c):\n    global n\n    n += 1\n    time.sleep(e)\n    return n\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
    let mut revision = function(code.path(), "python3.11", "app.handler", &[]);
    revision.scale.max = 1;
    let revision = Arc::new(revision);
    runtime.invoke(Arc::clone(&revision), invocation("0")).await.unwrap();
    let hangs_up = runtime.invoke(Arc::clone(&revision), invocation("0.3"));
    assert!(tokio::time::timeout(Duration::from_millis(30), hangs_up).await.is_err());
    let answer = runtime.invoke(Arc::clone(&revision), invocation("0")).await.unwrap();
    assert_eq!((answer.cold, &answer.payload[..]), (false, &b"3"[..]));
    let reports = lines.0.lock().unwrap().iter().filter(|line| line.starts_with("REPORT")).count();
    assert_eq!(reports, 3);
}

#[tokio::test]
async fn a_function_that_says_nothing_is_seen_to_have_begun() {
    let code = tempfile::tempdir().unwrap();
    let text = "import os, time\ndef handler(e, c):\n    while not os.path.exists('go'): time.sleep(0.01)\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    let call = runtime.invoke(revision, invocation("0"));
    let look = async {
        while !lines.0.lock().unwrap().iter().any(|line| line.starts_with("START RequestId: r-1")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::fs::write(code.path().join("go"), "").unwrap();
    };
    let (answer, ()) = tokio::join!(call, look);
    assert_eq!(answer.unwrap().error, None);
}

#[tokio::test]
async fn a_functions_own_modules_are_left_to_it() {
    let code = tempfile::tempdir().unwrap();
    // Of the same name as one that the bootstrap needs between events.
    std::fs::write(code.path().join("select.py"), "import os\nos._exit(7)\n").unwrap();
    let text = "import sys\ndef handler(e, c): return 'select' in sys.modules\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    for event in ["1", "2", "3"] {
        let answer = runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
        assert_eq!((answer.error, answer.cold), (None, event == "1"));
    }
}

#[tokio::test]
async fn a_deadline_kills_and_the_log_has_a_tail() {
    let code = tempfile::tempdir().unwrap();
    let text = "import time\ndef handler(e, c):\n    print('begun')\n    while e: time.sleep(1)\n    print('x' * 5000)\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let mut revision = function(code.path(), "python3.11", "app.handler", &[]);
    if let Contract::Lambda(lambda) = &mut revision.contract {
        lambda.timeout = Duration::from_secs(1);
    }
    let revision = Arc::new(revision);
    let answer = runtime.invoke(Arc::clone(&revision), invocation("1")).await.unwrap();
    let error: Value = serde_json::from_slice(&answer.payload).unwrap();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Z r-1 Task timed out after 1.00 seconds"), "{message}");
    assert!((Duration::from_secs(1)..Duration::from_secs(2)).contains(&answer.duration));
    let tail = String::from_utf8(answer.log_tail.unwrap().to_vec()).unwrap();
    hold(
        "tail",
        &tail,
        "START RequestId: r-1 Version: $LATEST\nbegun\n…Task timed out after 1.00 seconds\nEND RequestId: r-1\nREPORT …Status: timeout\n",
        "",
    );

    let answer = runtime.invoke(revision, invocation("0")).await.unwrap();
    assert!(answer.cold && answer.error.is_none());
    let tail = String::from_utf8(answer.log_tail.unwrap().to_vec()).unwrap();
    assert_eq!(tail.len(), 4096);
    hold("tail", &tail, "x…\nEND RequestId: r-1\nREPORT …", "");
}

#[tokio::test]
async fn a_function_without_memory_has_used_all_of_it() {
    let code = tempfile::tempdir().unwrap();
    let text = "import os\ndef handler(e, c):\n    if e: os.kill(os.getpid(), e)\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    for event in ["24", "0", "11"] {
        runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
    }
    let log = lines.0.lock().unwrap();
    let reports: Vec<_> = log.iter().filter(|line| line.starts_with("REPORT")).collect();
    hold("out of memory", reports[0], "…Max Memory Used: 128 MB\t…Error Type: Runtime.OutOfMemory", "");
    hold("an answer", reports[1], "…Max Memory Used: 40 MB\t…", "");
    hold("a crash", reports[2], "…Max Memory Used: 40 MB\t…Error Type: Runtime.ExitError", "");
}

#[tokio::test]
async fn a_slow_initialisation_is_repeated_with_the_functions_own_timeout() {
    let code = tempfile::tempdir().unwrap();
    let text = "import os, time\nif not os.path.exists('again'):\n    open('again', 'w').close()\n    while True: time.sleep(1)\ndef handler(e, c): return 'up'\n";
    std::fs::write(code.path().join("app.py"), text).unwrap();
    let config = RuntimeConfig { init_timeout: Duration::from_millis(500), ..RuntimeConfig::default() };
    let (runtime, lines) = runtime(Plain::new(), config);
    let revision = Arc::new(function(code.path(), "python3.11", "app.handler", &[]));
    let answer = runtime.invoke(revision, invocation("1")).await.unwrap();
    assert_eq!((&answer.payload[..], answer.error), (&b"\"up\""[..], None));
    assert!(
        lines
            .0
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.starts_with("INIT_REPORT") && line.ends_with("Status: timeout"))
    );
}

#[tokio::test]
async fn what_cannot_start_says_what_to_do() {
    let code = tempfile::tempdir().unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = function(code.path(), "ruby3.3", "app.handler", &[]);
    let reason = runtime.invoke(Arc::new(revision), invocation("1")).await.unwrap_err().to_string();
    assert!(reason.contains("`ruby3.3` is not supported") && reason.contains("provided.al2023"), "{reason}");
}

#[tokio::test]
async fn a_custom_runtime_without_bootstrap_is_told_as_lambda_does() {
    let code = tempfile::tempdir().unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "provided.al2023", "x", &[]));
    let answer = runtime.invoke(revision, invocation("1")).await.unwrap();
    let text = String::from_utf8(answer.payload.to_vec()).unwrap();
    assert!(text.contains("Runtime.InvalidEntrypoint") && text.contains("/opt/bootstrap"), "{text}");
}
