//! `weft.toml`: what it means, and what is said about a wrong one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use weft_template::{Manifest, parse};

fn files() -> BTreeMap<String, String> {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    BTreeMap::from([
        file("app.py", "from flask import Flask\napp = Flask(__name__)\n"),
        file(
            "web/app.py",
            "import flask, requests\napp = flask.Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n",
        ),
        file("greet/app.py", "def handler(event, context):\n    return 1\n"),
        file("thumb/index.mjs", "export const handler = async (event) => ({})\n"),
        file("thumb/package.json", "{}"),
        file("native/server", "binary"),
        file("empty/README.md", "nothing"),
    ])
}

fn shown(manifest: &Manifest) -> String {
    let mut out = format!("app {} part {}\n", manifest.app, manifest.part);
    for s in &manifest.services {
        let _ = writeln!(
            out,
            "service {} at `{}` runs {:?} with {:?} build {:?} {:?} | {} MiB {} s {}..{} x{} idle {} queue {}",
            s.name,
            s.code.path,
            s.command,
            s.interpreter,
            s.code.build,
            s.code.requirements,
            s.memory_mib,
            s.timeout_seconds,
            s.scale.min,
            s.scale.max,
            s.scale.concurrency,
            s.scale.idle_seconds,
            s.scale.queue_max,
        );
        for r in &s.routes {
            let _ = writeln!(out, "  route {:?} {} {:?} {}", r.host, r.path, r.auth, r.strip);
        }
    }
    for f in &manifest.functions {
        let _ = writeln!(
            out,
            "function {} at `{}` handler {} on {} build {:?} {:?} | {} MiB {} s max {}",
            f.name,
            f.code.path,
            f.handler,
            f.runtime,
            f.code.build,
            f.code.requirements,
            f.memory_mib,
            f.timeout_seconds,
            f.scale.max,
        );
        for r in &f.routes {
            let _ = writeln!(out, "  route {:?} {} {:?} {}", r.host, r.path, r.auth, r.strip);
        }
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let parsed = parse(text, "My Shop", &files());
    let manifest = parsed.unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(shown(&manifest), expected);
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let Err(problems) = parse(text, "shop", &files()) else { panic!("no problem found in {text}") };
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown.join("\n"), expected);
}

#[test]
fn defaults_are_filled_in() {
    check(
        "[service.web]\n",
        "app my-shop part My-Shop\n\
         service web at `` runs [\"python\", \"-m\", \"flask\", \"--app\", \"app\", \"run\", \"--port\", \"$PORT\"] with Some(\"python\") \
         build Python [\"Flask\"] | 256 MiB 300 s 0..10 x80 idle 60 queue 1000\n",
    );
    check(
        "app = \"shop\"\n[function.greet]\npath = \"greet\"\n[function.thumb]\npath = \"thumb\"\n",
        "app shop part My-Shop\n\
         function greet at `greet` handler app.handler on python3.12 build Python [] | 128 MiB 3 s max 100\n\
         function thumb at `thumb` handler index.handler on nodejs22.x build Node [] | 128 MiB 3 s max 100\n",
    );
}

#[test]
fn every_setting_is_read() {
    check(
        r#"
app = "shop"
part = "front"
[service.web]
path = "./web/"
command = "python app.py --name 'a b'"
runtime = "python3.11"
routes = ["/", "shop.example/x", { host = "API.shop.example", path = "/y", auth = "iam", strip = true }]
"#,
        "app shop part front\n\
         service web at `web` runs [\"python\", \"app.py\", \"--name\", \"a b\"] with Some(\"python3.11\") build Python \
         [\"Flask\", \"requests\"] | 256 MiB 300 s 0..10 x80 idle 60 queue 1000\n  \
         route None / Unsaid false\n  \
         route Some(\"shop.example\") /x Unsaid false\n  \
         route Some(\"api.shop.example\") /y Iam true\n",
    );
    check(
        r#"
app = "shop"
[service.bin]
path = "native"
command = ["./server", "$PORT"]
memory = 64
timeout = "2m"
auth = "iam"
route = "/n"
[service.bin.scale]
min = 1
max = 2
concurrency = 5
idle = "5m"
queue = 0
wait = 3
"#,
        "app shop part My-Shop\n\
         service bin at `native` runs [\"./server\", \"$PORT\"] with None build None [] | 64 MiB 120 s 1..2 x5 idle 300 queue 0\n  \
         route None /n Iam false\n",
    );
}

#[test]
fn a_start_may_take_as_long_as_it_says() {
    for (line, expected) in [("", 60), ("start_timeout = 5", 5), ("start_timeout = \"2m\"", 120)] {
        let text = format!("[service.web]\npath = \"web\"\n{line}\n");
        let manifest = parse(&text, "shop", &files()).unwrap();
        assert_eq!(manifest.services[0].start_timeout_seconds, expected, "{line}");
    }
}

#[test]
fn environment_and_permissions_are_read() {
    let text = r#"
[function.greet]
path = "greet"
environment = { A = "b", N = 3, T = true }
permissions = [
  { allow = ["s3:GetObject", "s3:Put*"], on = ["arn:aws:s3:::b/*"] },
  { deny = "*", on = "*" },
]
"#;
    let manifest = parse(text, "shop", &files()).unwrap();
    let function = &manifest.functions[0];
    let environment: Vec<_> = function.environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(environment, ["A=b", "N=3", "T=true"]);
    assert_eq!(function.permissions[0].actions, ["s3:GetObject", "s3:Put*"]);
    assert!(function.permissions[0].allow && !function.permissions[1].allow);
    assert_eq!(function.permissions[1].resources, ["*"]);
}

#[test]
fn errors_point_at_the_place() {
    check_error(
        "app = \"shop\"\n[service.web]\ncomand = \"x\"\n",
        "weft.toml:3:1: unknown key `comand` in [service.web]\n  3 | comand = \"x\"\n    | ^^^^^^\n  help: did you mean `command`?",
    );
    check_error(
        "app = \"Shop\"\n[service.web]\n",
        "weft.toml:1:7: this is not a valid app name\n  1 | app = \"Shop\"\n    |       ^^^^^^\n  help: use 1 to 24 \
         lower-case letters, digits and inner hyphens, a letter first",
    );
    check_error(
        "[service.web]\nmemory = 3\n",
        "weft.toml:2:10: `memory` must be from 32 to 1048576, not 3\n  2 | memory = 3\n    |          ^\n  help: `memory` is in MiB",
    );
    check_error(
        "[service.web]\nmemory = \"big\"\n",
        "weft.toml:2:10: `memory` must be a whole number, not a text\n  2 | memory = \"big\"\n    |          ^^^^^",
    );
    check_error(
        "[service.web\n",
        "weft.toml:1:13: unclosed table, expected `]`\n  1 | [service.web\n    |             ^",
    );
}

#[test]
fn errors_say_how_to_mend() {
    check_error(
        "[service.web]\npath = \"wbe\"\n",
        "weft.toml:2:8: there is no folder `wbe`\n  2 | path = \"wbe\"\n    |        ^^^^^\n  help: `path` is relative to the folder of weft.toml",
    );
    check_error(
        "[service.web]\npath = \"../x\"\n",
        "weft.toml:2:8: `path` leads out of the folder\n  2 | path = \"../x\"\n    |        ^^^^^^\n  help: move the code below the \
         folder of weft.toml, or weft.toml above the code",
    );
    check_error(
        "[service.web]\nauth = \"jwt\"\n",
        "weft.toml:2:8: `auth = \"jwt\"` is not built yet\n  2 | auth = \"jwt\"\n    |        ^^^^^\n  help: use `iam` or `none`",
    );
    check_error(
        "[service.web]\nroute = \"no host\"\n",
        "weft.toml:2:9: `no host` is not a host's name\n  2 | route = \"no host\"\n    |         ^^^^^^^^^\n  help: a route is a path \
         that begins with `/`, with a host before it where it is for one host alone",
    );
    check_error(
        "[service.web]\nscale = { min = 5, max = 2 }\n",
        "weft.toml:2:17: `min` is 5 and `max` only 2\n  2 | scale = { min = 5, max = 2 }\n    |                 ^",
    );
    let usable = "use `python3.12`, `nodejs22.x` or another version of them, or `provided.al2023` with a `bootstrap` of your own";
    for (runtime, says, help) in [
        ("cobol1.0", "unknown runtime `cobol1.0`", usable),
        ("Python 3", "unknown runtime `Python 3`", usable),
        ("python3", "unknown runtime `python3`", "did you mean `python3.12`?"),
        ("node", "unknown runtime `node`", "did you mean `nodejs22.x`?"),
        ("python3.21", "unknown runtime `python3.21`", "did you mean `python3.11`?"),
        ("nodejs22", "unknown runtime `nodejs22`", "did you mean `nodejs22.x`?"),
        ("java21", "functions on `java21` cannot be run yet", usable),
    ] {
        let marks = "^".repeat(runtime.len() + 2);
        check_error(
            &format!("[function.greet]\npath = \"greet\"\nruntime = \"{runtime}\"\n"),
            &format!(
                "weft.toml:3:11: {says}\n  3 | runtime = \"{runtime}\"\n    |           {marks}\n  help: {help}"
            ),
        );
    }
    check_error(
        "[service.web]\nruntime = \"pyton\"\n",
        "weft.toml:2:11: unknown runtime `pyton`\n  2 | runtime = \"pyton\"\n    |           ^^^^^^^\n  help: did you mean `python`?",
    );
    check_error(
        "[function.greet]\npath = \"greet\"\nhandler = \"main.handler\"\n",
        "weft.toml:1:1: there is no main.py, main.js or main.mjs for the handler `main.handler`\n  1 | [function.greet]\n    | \
         ^^^^^^^^^^^^^^^^\n  help: name the handler as `file.function`, or add `runtime = \"python3.12\"`",
    );
    check_error(
        "[service.web]\npath = \"empty\"\n",
        "weft.toml:1:1: nothing in `empty` says how `web` is started\n  1 | [service.web]\n    | ^^^^^^^^^^^^^\n  help: add \
         `command = \"python app.py\"`, a Procfile, or a `start` script in package.json",
    );
    check_error(
        "[function.greet]\npath = \"greet\"\npermissions = [{ allow = [\"read\"], on = \"bucket\" }]\n",
        "weft.toml:3:27: `read` is not an action\n  3 | permissions = [{ allow = [\"read\"], on = \"bucket\" }]\n    \
         |                           ^^^^^^\n  help: an action is `service:Operation`, such as `s3:GetObject` or `s3:Get*`\n\
         weft.toml:3:41: `bucket` is not an ARN\n  3 | permissions = [{ allow = [\"read\"], on = \"bucket\" }]\n    \
         |                                         ^^^^^^^^\n  help: a resource is an ARN, such as `arn:aws:s3:::bucket/*`, or `*`",
    );
}

#[test]
fn names_and_routes_are_there_once() {
    check_error(
        "[service.a]\npath = \"web\"\n[function.a]\npath = \"greet\"\n",
        "weft.toml:3:1: `a` is a service and a function\n  3 | [function.a]\n    | ^^^^^^^^^^^^\n  help: rename one of them",
    );
    check_error(
        "[service.a]\npath = \"web\"\nroute = \"/\"\n[function.b]\npath = \"greet\"\nroute = \"/\"\n",
        "weft.toml:4:1: the route / leads to both `a` and `b`\n  4 | [function.b]\n    | ^^^^^^^^^^^^\n  help: give each a path of its own",
    );
    check_error(
        "",
        "weft.toml: there is no service and no function\n  help: add `[service.web]` or `[function.hello]`, with its settings below",
    );
}
