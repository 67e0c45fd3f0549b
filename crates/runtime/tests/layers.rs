//! What lies in a function's layers, in real sandboxes: search paths of both languages, and wrappers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/real.rs"]
mod real;
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use real::Real;
use support::{function, invocation};
use weft_service::workload::Workers as _;

fn main() {
    real::in_sandboxes(run);
}

/// A file of the layers or, where its name begins with `task/`, of the function.
type File = (&'static str, &'static str);

async fn run(real: Real) {
    python_finds_its_layers(&real).await;
    node_finds_its_layers(&real).await;
    a_wrapper_begins_the_runtime(&real).await;
    logs_go_in_frames_where_the_runtime_is_told_so(&real).await;
    real.runtime.shutdown(Duration::from_secs(10)).await;
    assert!(real.runtime.status().is_empty());
    println!("ok");
}

/// Compares the answer of a function whose handler is `app.handler`.
async fn check(real: &Real, runtime: &str, files: &[File], env: &[(&str, &str)], expected: &str) {
    let home = tempfile::tempdir_in(&real.folder).unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for folder in ["task", "layers"] {
        std::fs::create_dir(home.path().join(folder)).unwrap();
    }
    for (name, text) in files {
        let name = if name.starts_with("task/") { (*name).to_owned() } else { format!("layers/{name}") };
        write(&home.path().join(name), text);
    }
    let mut revision = function(&home.path().join("task"), runtime, "app.handler", env);
    revision.mounts = vec![("/opt".into(), home.path().join("layers"))];
    let answer = real.runtime.invoke(Arc::new(revision), invocation("{}")).await.unwrap();
    let log = real.log.0.lock().unwrap().join("\n");
    assert_eq!(String::from_utf8_lossy(&answer.payload), expected, "{files:?}\n{log}");
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

async fn python_finds_its_layers(real: &Real) {
    let shows = ("task/app.py", "from m import x\ndef handler(e, c): return x\n");
    check(real, "python3.12", &[shows, ("python/m.py", "x = 'layer'")], &[], "\"layer\"").await;
    // One that was made for the declared version, whichever runs it.
    let versioned = "python/lib/python3.12/site-packages/m.py";
    check(real, "python3.12", &[shows, (versioned, "x = 'versioned'")], &[], "\"versioned\"").await;
    let both = [shows, (versioned, "x = 'first'"), ("python/m.py", "x = 'second'")];
    check(real, "python3.12", &both, &[], "\"first\"").await;
    let own = [shows, ("task/m.py", "x = 'own'"), ("python/m.py", "x = 'layer'")];
    check(real, "python3.12", &own, &[], "\"own\"").await;
    let pth = [shows, ("python/more.pth", "/opt/elsewhere\n"), ("elsewhere/m.py", "x = 'pth'")];
    check(real, "python3.12", &pth, &[], "\"pth\"").await;
    let variable = [shows, ("elsewhere/m.py", "x = 'variable'")];
    check(real, "python3.12", &variable, &[("PYTHONPATH", "/opt/elsewhere")], "\"variable\"").await;
    let runs = (
        "task/app.py",
        "import subprocess\ndef handler(e, c): return subprocess.check_output(['tool']).decode()\n",
    );
    check(real, "python3.12", &[runs, ("bin/tool", "#!/bin/sh\necho tool\n")], &[], "\"tool\\n\"").await;
}

async fn node_finds_its_layers(real: &Real) {
    let shows = ("task/app.js", "exports.handler = async () => require('m')");
    let common = ("nodejs/node_modules/m/index.js", "module.exports = 'layer'");
    let versioned = ("nodejs/node24/node_modules/m/index.js", "module.exports = 'versioned'");
    check(real, "nodejs22.x", &[shows, common, versioned], &[], "\"layer\"").await;
    check(real, "nodejs24.x", &[shows, common, versioned], &[], "\"versioned\"").await;
    let own = ("task/node_modules/m/index.js", "module.exports = 'own'");
    check(real, "nodejs24.x", &[shows, common, own], &[], "\"own\"").await;
    // `import` does not look where `require` does.
    let import = "export const handler = async () => import('m').then(() => 'there', (error) => error.code)";
    for runtime in ["nodejs22.x", "nodejs24.x"] {
        check(real, runtime, &[("task/app.mjs", import), common], &[], "\"ERR_MODULE_NOT_FOUND\"").await;
    }
    // A handler that lies in a layer as a whole.
    let whole = ("nodejs/node_modules/app.js", "exports.handler = async () => 'whole'");
    for runtime in ["nodejs22.x", "nodejs24.x"] {
        check(real, runtime, &[whole], &[], "\"whole\"").await;
    }
}

async fn a_wrapper_begins_the_runtime(real: &Real) {
    let wrapper = ("wrap", "#!/bin/sh\nexport FROM_WRAPPER=\"$#\"\nexec \"$@\"\n");
    let env = [("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap")];
    let python = ("task/app.py", "import os\ndef handler(e, c): return os.environ['FROM_WRAPPER']\n");
    check(real, "python3.11", &[wrapper, python], &env, "\"3\"").await;
    let node = ("task/app.js", "exports.handler = async () => process.env.FROM_WRAPPER");
    check(real, "nodejs22.x", &[wrapper, node], &env, "\"2\"").await;
}

/// Type, length and text of each frame; of a text the time is left out.
async fn logs_go_in_frames_where_the_runtime_is_told_so(real: &Real) {
    let wrapper = ("wrap", "#!/bin/sh\nexport _LAMBDA_TELEMETRY_LOG_FD=9\nexec 9>/tmp/frames\nexec \"$@\"\n");
    let python = "import logging, os, re
def handler(e, c):
    logging.error('a\\nb')
    logging.getLogger().warning({'x': 1})
    print('raw')
    c.log('own')
    data, shown = open('/tmp/frames', 'rb').read(), []
    while data:
        length = int.from_bytes(data[4:8], 'big')
        assert abs(int.from_bytes(data[8:16], 'big') / 1e6 - __import__('time').time()) < 60
        text = data[16:16 + length].decode()
        shown.append(data[:4].hex() + ' ' + re.sub('[0-9-]{10}T[0-9:.]*Z', 'T', text))
        data = data[16 + length:]
    return shown + ['_LAMBDA_TELEMETRY_LOG_FD' in os.environ]
";
    let node = "const fs = require('fs');
exports.handler = async () => {
  console.error('a\\nb'); console.info({ x: 1 }); process.stdout.write('raw\\n');
  let data = fs.readFileSync('/tmp/frames'); const shown = [];
  while (data.length) {
    const length = data.readUInt32BE(4);
    if (Math.abs(Number(data.readBigUInt64BE(8)) / 1e3 - Date.now()) > 60000) throw new Error('time');
    const text = data.subarray(16, 16 + length).toString().replace(/[0-9-]{10}T[0-9:.]*Z/, 'T');
    shown.push(data.subarray(0, 4).toString('hex') + ' ' + text);
    data = data.subarray(16 + length);
  }
  return [...shown, '_LAMBDA_TELEMETRY_LOG_FD' in process.env];
};
";
    let text = [("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap")];
    let json = [text[0], ("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")];
    let python = [wrapper, ("task/app.py", python)];
    let node = [wrapper, ("task/app.js", node)];
    // Without a level in the environment Python's frames tell none.
    let found = r#"["a55a0003 [ERROR]\tT\tr-1\ta\nb\n", "a55a0003 [WARNING]\tT\tr-1\t{'x': 1}\n", "a55a0003 own", false]"#;
    check(real, "python3.11", &python, &text, found).await;
    let found = r#"["a55a0016 {\"timestamp\": \"T\", \"level\": \"ERROR\", \"message\": \"a\\nb\", \"logger\": \"root\", \"requestId\": \"r-1\"}\n", "a55a0012 {\"timestamp\": \"T\", \"level\": \"WARNING\", \"message\": {\"x\": 1}, \"logger\": \"root\", \"requestId\": \"r-1\"}\n", "a55a0003 own", false]"#;
    check(real, "python3.11", &python, &json, found).await;
    let found = r#"["a55a0017 T\tr-1\tERROR\ta\nb\n","a55a000f T\tr-1\tINFO\t{ x: 1 }\n",false]"#;
    check(real, "nodejs22.x", &node, &text, found).await;
    let found = r#"["a55a0016 {\"timestamp\":\"T\",\"level\":\"ERROR\",\"requestId\":\"r-1\",\"message\":\"a\\nb\"}","a55a000e {\"timestamp\":\"T\",\"level\":\"INFO\",\"requestId\":\"r-1\",\"message\":{\"x\":1}}",false]"#;
    for runtime in ["nodejs22.x", "nodejs24.x"] {
        check(real, runtime, &node, &json, found).await;
    }
}
