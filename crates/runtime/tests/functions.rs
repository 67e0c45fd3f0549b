//! Functions in workers that are real processes: what becomes of a worker, and what its caller and its log see. What handlers
//! may do is in the tables of `contract`.

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

#[tokio::test]
async fn who_asks_is_told_anew_with_each_event() {
    let code = tempfile::tempdir().unwrap();
    let python = "import os\ndef handler(e, c):
    return [c.identity.cognito_identity_id, c.tenant_id, os.environ.get('_X_AMZN_TRACE_ID')]\n";
    let node = "exports.handler = async (e, c) =>
    [c.identity?.cognitoIdentityId, c.tenantId, process.env._X_AMZN_TRACE_ID];\n";
    std::fs::write(code.path().join("app.py"), python).unwrap();
    std::fs::write(code.path().join("app.js"), node).unwrap();
    for name in ["python3.11", "nodejs22.x", "nodejs24.x"] {
        let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
        let revision = Arc::new(function(code.path(), name, "app.handler", &[]));
        let check = async |identity: Option<&str>, tenant: Option<&str>, trace: Option<&str>| {
            let mut event = invocation("{}");
            event.cognito_identity = identity.map(|id| format!(r#"{{"cognitoIdentityId":"{id}"}}"#));
            event.tenant_id = tenant.map(str::to_owned);
            event.trace_id = trace.map(str::to_owned);
            let answer = runtime.invoke(Arc::clone(&revision), event).await.unwrap();
            let found: Value = serde_json::from_slice(&answer.payload).unwrap();
            assert_eq!(found, serde_json::json!([identity, tenant, trace]), "{name}");
        };
        check(Some("i"), Some("blue"), Some("Root=1")).await;
        check(None, None, None).await;
        check(Some("j"), Some("\u{e9} green"), Some("Root=2")).await;
    }
}

#[tokio::test]
async fn what_is_larger_than_any_buffer_arrives_up_to_six_mib() {
    let code = tempfile::tempdir().unwrap();
    let python = "def handler(e, c): return 'x' * e if isinstance(e, int) else len(e)\n";
    let node = "exports.handler = async (e) => (typeof e === 'number' ? 'x'.repeat(e) : e.length);\n";
    std::fs::write(code.path().join("app.py"), python).unwrap();
    std::fs::write(code.path().join("app.js"), node).unwrap();
    let most = (6 << 20) + 98;
    for name in ["python3.11", "nodejs22.x", "nodejs24.x"] {
        let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
        let revision = Arc::new(function(code.path(), name, "app.handler", &[]));
        let ask = async |event: String| {
            let answer = runtime.invoke(Arc::clone(&revision), invocation(&event)).await.unwrap();
            (answer.error, String::from_utf8(answer.payload.to_vec()).unwrap())
        };
        assert_eq!(
            ask(format!("\"{}\"", "x".repeat(3_000_000))).await,
            (None, "3000000".to_owned()),
            "{name}"
        );
        assert_eq!(ask(most.to_string()).await.1.len(), most + 2, "{name}");
        let refused = r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)."}"#;
        let (error, found) = ask((most + 1).to_string()).await;
        let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!((error, same(&found)), (Some("Unhandled"), same(refused)), "{name}");
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
async fn an_event_that_an_ending_worker_never_read_goes_to_another() {
    let code = tempfile::tempdir().unwrap();
    // What nobody caught is its answer, and then it ends.
    let node = "exports.handler = (e, c, cb) => {
    if (e === 1) setImmediate(() => { throw new Error('uncaught') }); else cb(null, e);
};\n";
    std::fs::write(code.path().join("app.js"), node).unwrap();
    let (runtime, _) = runtime(Plain::new(), RuntimeConfig::default());
    let revision = Arc::new(function(code.path(), "nodejs22.x", "app.handler", &[]));
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    for (event, failed) in [("1", true), ("2", false), ("1", true), (large.as_str(), false)] {
        let answer = runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
        let text = String::from_utf8_lossy(&answer.payload).into_owned();
        assert_eq!(answer.error.is_some(), failed, "{}", &text[..text.len().min(200)]);
        assert!(failed == text.contains("uncaught") && (failed || text == event));
    }
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
    // Of the same names as some that the bootstrap needs, to start and between events.
    for name in ["select.py", "_json.py", "weft_json.py", "weft_wait.py"] {
        std::fs::write(code.path().join(name), "import os\nos._exit(7)\n").unwrap();
    }
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
