//! Extensions in real sandboxes: external ones as programs of a layer, internal ones beside the handler.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/real.rs"]
mod real;
mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use real::Real;
use support::{function, invocation};
use weft_runtime::Runtime;
use weft_service::workload::{Contract, Invoked, Revision, Workers as _};

fn main() {
    real::in_sandboxes(run);
}

async fn run(real: Real) {
    an_extension_is_told_of_invocations_and_of_the_end(&real).await;
    an_extension_goes_on_after_the_answer(&real).await;
    the_caller_who_wants_the_log_waits_for_extensions(&real).await;
    a_failure_of_an_extension_is_the_functions(&real).await;
    the_reason_of_the_end_is_told(&real).await;
    the_initialisation_waits_for_every_extension(&real).await;
    the_runtime_has_some_time_to_end_beside_extensions(&real).await;
    the_end_is_over_after_two_seconds(&real).await;
    an_internal_extension_lives_in_the_runtime(&real).await;
    extensions_see_their_own_variables(&real).await;
    telemetry_comes_in_batches(&real).await;
    a_functions_json_lines_are_objects_in_telemetry(&real).await;
    a_runtime_may_write_its_log_in_frames(&real).await;
    the_official_client_is_told_everything(&real).await;
    a_layer_has_ten_extensions_at_most(&real).await;
    real.runtime.shutdown(Duration::from_secs(10)).await;
    assert!(real.runtime.status().is_empty());
    println!("ok");
}

/// What every extension of this suite begins with: `call` asks the API, `register` and `following` do the usual.
const EXTENSION: &str = r"#!/usr/bin/python3
import http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
def call(method, path, headers={}, body=None):
    api.request(method, '/2020-01-01/extension/' + path, body, headers)
    answer = api.getresponse()
    return answer, json.loads(answer.read())
def register(events=('INVOKE', 'SHUTDOWN'), name=os.path.basename(sys.argv[0])):
    answer, _ = call('POST', 'register', {'Lambda-Extension-Name': name}, json.dumps({'events': events}))
    return {'Lambda-Extension-Identifier': answer.headers['Lambda-Extension-Identifier']}
def following(me):
    event = call('GET', 'event/next', me)[1]
    print('extension got', event['eventType'], event.get('requestId') or event.get('shutdownReason'), flush=True)
    return event
";

struct Function {
    runtime: Arc<Runtime>,
    revision: Arc<Revision>,
    log: Arc<support::Lines>,
}

impl Function {
    /// A Python function with these extensions: name and what follows [`EXTENSION`].
    fn of(real: &Real, name: &str, handler: &str, extensions: &[(&str, &str)]) -> Self {
        let (code, layer) = (real.folder.join(name), real.folder.join(format!("{name}-layer")));
        write(&code.join("app.py"), handler, 0o644);
        for (extension, body) in extensions {
            write(&layer.join("extensions").join(extension), &format!("{EXTENSION}{body}"), 0o755);
        }
        let mut revision = function(&code, "python3.11", "app.handler", &[("MINE", "1"), ("_MINE", "1")]);
        revision.workload.name = name.into();
        revision.scale.max = 1;
        if !extensions.is_empty() {
            revision.mounts.push(("/opt".into(), layer));
        }
        real.log.0.lock().unwrap().clear();
        Self { runtime: Arc::clone(&real.runtime), revision: Arc::new(revision), log: Arc::clone(&real.log) }
    }

    fn with_timeout(mut self, timeout: Duration) -> Self {
        let revision = Arc::get_mut(&mut self.revision).unwrap();
        if let Contract::Lambda(lambda) = &mut revision.contract {
            lambda.timeout = timeout;
        }
        self
    }

    async fn invoke(&self, tail: bool) -> Invoked {
        let mut invocation = invocation("1");
        invocation.tail = tail;
        self.runtime.invoke(Arc::clone(&self.revision), invocation).await.unwrap()
    }

    fn log(&self) -> String {
        self.log.0.lock().unwrap().join("\n")
    }

    /// Waits until the log holds this, as often as that.
    async fn logged(&self, text: &str, times: usize) {
        let begun = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(begun.elapsed() < Duration::from_secs(20), "no {text} in\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until nothing is logged any more; says how often this was.
    async fn silent(&self, text: &str) -> usize {
        let (mut length, mut since) = (0, Instant::now());
        while since.elapsed() < Duration::from_secs(1) {
            let now = self.log().len();
            if now != length {
                (length, since) = (now, Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.log().matches(text).count()
    }

    fn retire(&self) {
        self.runtime.retire(&self.revision.workload, None);
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn text(invoked: &Invoked) -> String {
    String::from_utf8_lossy(&invoked.payload).into_owned()
}

const HANDLER: &str = "def handler(event, context): return event";
/// Does not answer before its extension has failed.
const WAITS: &str = "import time\ndef handler(event, context): time.sleep(60)";
const FOLLOWS: &str =
    "me = register()\nwhile following(me)['eventType'] != 'SHUTDOWN': pass\nprint('extension ends')";

async fn an_extension_is_told_of_invocations_and_of_the_end(real: &Real) {
    let function = Function::of(real, "follows", HANDLER, &[("watcher", FOLLOWS)]);
    for times in 1..3 {
        assert_eq!(text(&function.invoke(false).await), "1");
        function.logged("extension got INVOKE r-1", times).await;
        function.logged("REPORT RequestId: r-1", times).await;
    }
    function.logged("EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]", 1).await;
    function.retire();
    function.logged("extension got SHUTDOWN spindown", 1).await;
    function.logged("extension ends", 1).await;
}

const SLOW: &str = "me = register()
while following(me)['eventType'] != 'SHUTDOWN':
    time.sleep(0.5)
    print('extension has done', flush=True)";

async fn an_extension_goes_on_after_the_answer(real: &Real) {
    let function = Function::of(real, "slow", HANDLER, &[("slow", SLOW)]);
    assert_eq!(text(&function.invoke(false).await), "1");
    assert!(!function.log().contains("extension has done"), "the answer does not wait");
    function.logged("REPORT RequestId: r-1", 1).await;
    assert!(function.log().contains("extension has done"), "the report does");
    function.retire();
}

async fn the_caller_who_wants_the_log_waits_for_extensions(real: &Real) {
    let function = Function::of(real, "tail", HANDLER, &[("slow", SLOW)]);
    let answer = function.invoke(true).await;
    let tail = String::from_utf8(answer.log_tail.unwrap().to_vec()).unwrap();
    assert!(tail.contains("extension has done") && tail.contains("REPORT RequestId: r-1"), "{tail}");
    function.retire();
}

/// The answer of a function with this extension, and that the next worker is another one.
async fn check_failure(real: &Real, name: &str, body: &str, error_type: &str, message: &str) {
    let function = Function::of(real, name, WAITS, &[("broken", body)]);
    for times in 1..3 {
        let answer = function.invoke(false).await;
        let found: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(found["errorType"], error_type, "{name}: {found}\n{}", function.log());
        let wanted = format!("RequestId: r-1 Error: {message}");
        assert_eq!(found["errorMessage"], wanted, "{name}\n{}", function.log());
        function.logged("INIT_START", times).await;
    }
    function.retire();
}

async fn a_failure_of_an_extension_is_the_functions(real: &Real) {
    let crash = "me = register()\nfollowing(me)\nos._exit(3)";
    check_failure(real, "crashes", crash, "Extension.Crash", "exit status 3").await;
    let early = "sys.exit(4)";
    check_failure(real, "ends-early", early, "Extension.Crash", "exit status 4").await;
    let init = "me = register()
call('POST', 'init/error', dict(me, **{'Lambda-Extension-Function-Error-Type': 'Extension.NoKey'}))
time.sleep(60)";
    check_failure(real, "init-error", init, "Extension.InitError", "Extension.NoKey").await;
    let exit = "me = register()\nfollowing(me)
call('POST', 'exit/error', dict(me, **{'Lambda-Extension-Function-Error-Type': 'Extension.Lost'}))
time.sleep(60)";
    check_failure(real, "exit-error", exit, "Extension.ExitError", "Extension.Lost").await;
}

async fn the_reason_of_the_end_is_told(real: &Real) {
    let function = Function::of(real, "timeout", WAITS, &[("watcher", FOLLOWS)]);
    let function = function.with_timeout(Duration::from_secs(2));
    let answer = function.invoke(false).await;
    assert!(text(&answer).contains("Task timed out after 2.00 seconds"), "{}", text(&answer));
    function.logged("extension got SHUTDOWN timeout", 1).await;
    function.logged("extension ends", 1).await;
    function.retire();

    let exits = "import os\ndef handler(event, context): os._exit(7)";
    let function = Function::of(real, "failure", exits, &[("watcher", FOLLOWS)]);
    let answer = function.invoke(false).await;
    assert!(text(&answer).contains("Runtime exited with error: exit status 7"), "{}", text(&answer));
    function.logged("extension got SHUTDOWN failure", 1).await;
    function.retire();
}

async fn the_initialisation_waits_for_every_extension(real: &Real) {
    let late = "me = register()\ntime.sleep(0.5)\nprint('late is ready', flush=True)
while following(me)['eventType'] != 'SHUTDOWN': pass
print('extension ends')";
    let handler = "def handler(event, context): print('handled')";
    let function = Function::of(real, "waits", handler, &[("late", late), ("watcher", FOLLOWS)]);
    function.invoke(false).await;
    function.logged("handled", 1).await;
    let log = function.log();
    assert!(log.find("late is ready").is_some_and(|at| at < log.find("handled").unwrap()), "{log}");
    function.retire();
    function.logged("extension ends", 2).await;
}

/// A handler whose process says that it was asked to end.
const TOLD: &str = "import os, signal
def told(*_):
    print('the runtime was told', flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, told)
def handler(event, context): return event";

async fn the_runtime_has_some_time_to_end_beside_extensions(real: &Real) {
    let function = Function::of(real, "told", TOLD, &[("watcher", FOLLOWS)]);
    function.invoke(false).await;
    function.retire();
    function.logged("extension ends", 1).await;
    let log = function.log();
    let (told, shut) = (log.find("the runtime was told"), log.find("extension got SHUTDOWN spindown"));
    assert!(told.is_some() && told < shut, "the runtime ends first\n{log}");

    let ticks = format!(
        "{TOLD}\nimport threading, time
def tick():
    while True: print('tick', flush=True); time.sleep(0.05)
threading.Thread(target=tick, daemon=True).start()"
    );
    let function = Function::of(real, "untold", &ticks, &[]);
    function.invoke(false).await;
    function.retire();
    assert_eq!(function.silent("the runtime was told").await, 0, "without extensions it is killed at once");
}

async fn the_end_is_over_after_two_seconds(real: &Real) {
    let ticks = "for _ in range(100): print('tick', flush=True); time.sleep(0.1)";
    let stubborn = format!("{FOLLOWS}\n{ticks}");
    let function = Function::of(real, "stubborn", HANDLER, &[("stubborn", &stubborn)]);
    function.invoke(false).await;
    function.retire();
    function.logged("extension got SHUTDOWN spindown", 1).await;
    let ticks = function.silent("tick").await;
    assert!((3..40).contains(&ticks), "{ticks} of 100");
}

async fn an_internal_extension_lives_in_the_runtime(real: &Real) {
    let handler = format!(
        "{EXTENSION}
import threading
me = register(['INVOKE'], 'inside')
def follow():
    while following(me): pass
threading.Thread(target=follow, daemon=True).start()
def handler(event, context): return event"
    );
    let function = Function::of(real, "internal", &handler, &[]);
    for times in 1..3 {
        assert_eq!(text(&function.invoke(false).await), "1", "{}", function.log());
        function.logged("extension got INVOKE r-1", times).await;
        function.logged("REPORT RequestId: r-1", times).await;
    }
    function.logged("EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]", 1).await;
    function.retire();
}

async fn extensions_see_their_own_variables(real: &Real) {
    let body = format!(
        "print('seen', sorted(name for name in os.environ if name.startswith('_')), os.environ.get('MINE'), os.environ['AWS_LAMBDA_FUNCTION_NAME'], 'AWS_EXECUTION_ENV' in os.environ, flush=True)\n{FOLLOWS}"
    );
    let function = Function::of(real, "variables", HANDLER, &[("watcher", &body)]);
    function.invoke(false).await;
    function.logged("seen [] 1 f False", 1).await;
    function.retire();
}

/// `WEFT_TEST_WATCHER` names the program of `tests/fixtures/clients`, which is not built for this suite.
async fn the_official_client_is_told_everything(real: &Real) {
    let Some(watcher) = std::env::var_os("WEFT_TEST_WATCHER") else { return };
    let mut function = Function::of(real, "official", PRINTS, &[]);
    let layer = real.folder.join("official-layer");
    write(&layer.join("extensions/watcher"), "", 0o755);
    std::fs::copy(watcher, layer.join("extensions/watcher")).unwrap();
    Arc::get_mut(&mut function.revision).unwrap().mounts.push(("/opt".into(), layer));
    for times in 1..3 {
        assert_eq!(text(&function.invoke(false).await), "1", "{}", function.log());
        function.logged("watcher: invoke r-1", times).await;
        function.logged("watcher: report r-1", times).await;
        function.logged("watcher: function said hello from the function", times).await;
    }
    function.logged("watcher: init start", 1).await;
    function.retire();
    function.logged("watcher: shutdown spindown", 1).await;
}

async fn a_layer_has_ten_extensions_at_most(real: &Real) {
    let names: Vec<String> = (0..11).map(|number| format!("e{number}")).collect();
    let extensions: Vec<_> = names.iter().map(|name| (name.as_str(), FOLLOWS)).collect();
    let function = Function::of(real, "many", HANDLER, &extensions);
    let answer = function.invoke(false).await;
    assert!(text(&answer).contains("Extension.TooManyExtensions"), "{}", text(&answer));
}

/// Subscribes with this schema version, and prints what it is told, one record a line.
fn listener(path: &str, version: &str) -> String {
    format!(
        r"
import http.server, threading
class Told(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for record in json.loads(self.rfile.read(int(self.headers['Content-Length']))):
            if record['type'] != 'extension':
                print('told', self.path, record['type'], json.dumps(record['record'], sort_keys=True), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(('sandbox.localdomain', 9003), Told)
threading.Thread(target=server.serve_forever, daemon=True).start()
me = register()
body = json.dumps({{'schemaVersion': '{version}', 'types': ['platform', 'function', 'extension'],
    'buffering': {{'timeoutMs': 25}}, 'destination': {{'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain:9003/in'}}}})
api.request('PUT', '{path}', body, me)
answer = api.getresponse()
print('subscribed', answer.status, answer.read(), flush=True)
while following(me)['eventType'] != 'SHUTDOWN': pass
time.sleep(0.1)
"
    )
}

const PRINTS: &str = "def handler(event, context):\n    print('hello from the function')\n    return event";

async fn telemetry_comes_in_batches(real: &Real) {
    let listener = listener("/2022-07-01/telemetry", "2022-07-01");
    let function = Function::of(real, "telemetry", PRINTS, &[("listener", &listener)]);
    assert_eq!(text(&function.invoke(false).await), "1");
    function.logged("subscribed 200 b'\"OK\"'", 1).await;
    function
        .logged("TELEMETRY\tName: listener\tState: Subscribed\tTypes: [platform, function, extension]", 1)
        .await;
    for told in [
        r#"platform.initStart {"initializationType": "on-demand", "phase": "init", "runtimeVersion""#,
        r#"platform.telemetrySubscription {"name": "listener", "state": "Subscribed", "types": ["platform", "function", "extension"]}"#,
        r#"platform.initRuntimeDone {"initializationType": "on-demand", "phase": "init", "status": "success"}"#,
        r#"platform.extension {"events": ["INVOKE", "SHUTDOWN"], "name": "listener", "state": "Ready"}"#,
        r#"platform.initReport {"initializationType": "on-demand", "metrics": {"durationMs": "#,
        r#"platform.start {"requestId": "r-1", "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-2-3"}, "version": "$LATEST"}"#,
        r#"function "hello from the function""#,
        r#"platform.runtimeDone {"metrics": {"durationMs": "#,
        r#"platform.report {"metrics": {"billedDurationMs": "#,
    ] {
        function.logged(&format!("told /in {told}"), 1).await;
    }
    function.retire();
    function.logged("extension got SHUTDOWN spindown", 1).await;

    let listener = self::listener("/2020-08-15/logs", "2020-08-15");
    let function = Function::of(real, "logs-api", PRINTS, &[("listener", &listener)]);
    assert_eq!(text(&function.invoke(false).await), "1");
    function.logged(r#"told /in platform.start {"requestId": "r-1", "version": "$LATEST"}"#, 1).await;
    function.logged("told /in platform.report", 1).await;
    assert!(!function.log().contains("platform.initStart"), "{}", function.log());
    function.retire();
}

async fn a_functions_json_lines_are_objects_in_telemetry(real: &Real) {
    let prints = "import json\ndef handler(event, context): print(json.dumps({'level': 'INFO'}))";
    for (name, version, record) in [
        ("objects", "2022-12-13", r#"{"level": "INFO"}"#),
        ("strings", "2022-07-01", r#""{\"level\": \"INFO\"}""#),
    ] {
        let listener = listener("/2022-07-01/telemetry", version);
        let mut function = Function::of(real, name, prints, &[("listener", &listener)]);
        if let Contract::Lambda(lambda) = &mut Arc::get_mut(&mut function.revision).unwrap().contract {
            lambda.logging.json = true;
        }
        function.invoke(false).await;
        function.logged(&format!("told /in function {record}"), 1).await;
        for kind in ["platform.initStart", "platform.start", "platform.report"] {
            function.logged(&format!(r#""type":"{kind}""#), 1).await;
        }
        assert!(!function.log().contains("START RequestId"), "{}", function.log());
        function.retire();
    }
}

async fn a_runtime_may_write_its_log_in_frames(real: &Real) {
    let bootstrap = "#!/usr/bin/python3
import os, http.client
fd = int(os.environ['_LAMBDA_TELEMETRY_LOG_FD'])
link = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
while True:
    link.request('GET', '/2018-06-01/runtime/invocation/next')
    event = link.getresponse(); body = event.read()
    for text in (b'first line\\nsecond line', b'another'):
        os.write(fd, (0xA55A0003).to_bytes(4, 'big') + len(text).to_bytes(4, 'big') + (1795485723004000).to_bytes(8, 'big') + text)
    link.request('POST', '/2018-06-01/runtime/invocation/' + event.headers['Lambda-Runtime-Aws-Request-Id'] + '/response', body)
    link.getresponse().read()
";
    let mut function = Function::of(real, "framed", HANDLER, &[]);
    write(&real.folder.join("framed/bootstrap"), &bootstrap.replace("\\\\n", "\\n"), 0o755);
    let revision = Arc::get_mut(&mut function.revision).unwrap();
    revision.interpreter = Some("provided.al2023".into());
    if let Contract::Lambda(lambda) = &mut revision.contract {
        lambda.runtime = "provided.al2023".into();
    }
    assert_eq!(text(&function.invoke(false).await), "1");
    function.logged("another", 1).await;
    let whole = function.log.0.lock().unwrap().iter().any(|event| event == "first line\nsecond line");
    assert!(whole, "{}", function.log());
    function.retire();
}
