use std::time::Duration;

use weft_sandbox::Interpreter;
use weft_service::workload::{Scale, WorkerLimits, WorkloadId, WorkloadKind};
use weft_types::{AccountId, AppName, Arn, Region, Timestamp};

use super::*;

fn revision(contract: Contract, environment: &[(&str, &str)]) -> Revision {
    Revision {
        id: "r".into(),
        workload: WorkloadId {
            account: AccountId::DEFAULT,
            region: Region::default(),
            app: AppName::parse("shop").ok(),
            name: "orders".into(),
            kind: WorkloadKind::Function,
        },
        contract,
        code: "/data/code".into(),
        mounts: vec![("/opt".into(), "/data/layers".into())],
        interpreter: None,
        environment: environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        role: None,
        scale: Scale {
            min: 0,
            max: 1,
            concurrency: 1,
            queue_max: 1,
            queue_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
        },
        limits: WorkerLimits { memory_mib: 256, processes: 64, cpu_millis: 0, tmp_mib: 512 },
        log_group: "/aws/lambda/orders".into(),
    }
}

fn lambda(runtime: &str) -> Contract {
    Contract::Lambda(LambdaContract {
        function_arn: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:orders").unwrap(),
        function_name: "orders".into(),
        version: "$LATEST".into(),
        runtime: runtime.into(),
        handler: "app.handler".into(),
        timeout: Duration::from_secs(3),
        logging: weft_service::workload::LambdaLogging::default(),
    })
}

fn http(command: &[&str]) -> Contract {
    Contract::Http(HttpContract {
        command: command.iter().map(ToString::to_string).collect(),
        health_path: None,
        start_timeout: Duration::from_mins(1),
        request_timeout: Duration::from_mins(5),
        grace: Duration::from_secs(10),
    })
}

fn interpreter(language: Language) -> InterpreterChoice {
    let interpreter = Interpreter {
        language,
        version: "3.12.1".into(),
        path: "/opt/py/bin/python3.12".into(),
        prefix: "/opt/py".into(),
    };
    InterpreterChoice { interpreter, note: None }
}

fn spec(revision: &Revision, language: Option<Language>) -> SandboxSpec {
    let keys = RoleKeys {
        access_key_id: "ASIAEXAMPLE".into(),
        secret: "secret".into(),
        token: "token".into(),
        expires: Timestamp::from_seconds(0),
    };
    let choice = language.map(interpreter);
    let config = RuntimeConfig {
        environment: vec![("SSL_CERT_FILE".into(), "/ca".into()), ("AWS_CA_BUNDLE".into(), "/ca".into())],
        mounts: vec![("/ca".into(), "/data/ca".into())],
        ..Default::default()
    };
    Launch {
        revision,
        choice: choice.as_ref(),
        keys: Some(&keys),
        log_stream: "s",
        config: &config,
        worker: 7,
    }
    .spec()
}

fn var<'a>(spec: &'a SandboxSpec, name: &str) -> Option<&'a str> {
    spec.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_function_gets_lambdas_environment() {
    let theirs = [
        ("TABLE", "t"),
        ("_HIDDEN", "x"),
        ("AWS_REGION", "mars"),
        ("_HANDLER", "x"),
        ("TZ", "Asia/Tokyo"),
        ("AWS_CA_BUNDLE", "/var/task/ca"),
    ];
    let spec = spec(&revision(lambda("python3.12"), &theirs), Some(Language::Python));
    for (name, expected) in [
        ("_HANDLER", Some("app.handler")),
        ("AWS_EXECUTION_ENV", Some("AWS_Lambda_python3.12")),
        ("AWS_LAMBDA_FUNCTION_NAME", Some("orders")),
        ("AWS_LAMBDA_FUNCTION_VERSION", Some("$LATEST")),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Some("256")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", Some("/aws/lambda/orders")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", Some("s")),
        ("AWS_LAMBDA_LOG_FORMAT", Some("Text")),
        ("AWS_LAMBDA_LOG_LEVEL", None),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", Some("on-demand")),
        ("AWS_LAMBDA_MAX_CONCURRENCY", None),
        ("AWS_LAMBDA_RUNTIME_API", Some("100.64.0.2:9001")),
        ("AWS_ENDPOINT_URL", Some("http://100.64.0.1")),
        ("AWS_ACCESS_KEY_ID", Some("ASIAEXAMPLE")),
        ("AWS_SECRET_ACCESS_KEY", Some("secret")),
        ("AWS_SESSION_TOKEN", Some("token")),
        ("AWS_REGION", Some("us-east-1")),
        ("AWS_DEFAULT_REGION", Some("us-east-1")),
        ("LAMBDA_TASK_ROOT", Some("/var/task")),
        ("LAMBDA_RUNTIME_DIR", Some("/var/runtime")),
        ("AWS_XRAY_CONTEXT_MISSING", Some("LOG_ERROR")),
        ("AWS_XRAY_DAEMON_ADDRESS", Some("169.254.79.129:2000")),
        ("_AWS_XRAY_DAEMON_ADDRESS", Some("169.254.79.129")),
        ("_AWS_XRAY_DAEMON_PORT", Some("2000")),
        ("LANG", Some("en_US.UTF-8")),
        (
            "LD_LIBRARY_PATH",
            Some(
                "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
            ),
        ),
        ("_LAMBDA_TELEMETRY_LOG_FD", Some("1")),
        ("SSL_CERT_FILE", Some("/ca")),
        ("AWS_CA_BUNDLE", Some("/var/task/ca")),
        ("TABLE", Some("t")),
        ("TZ", Some("Asia/Tokyo")),
        ("_HIDDEN", None),
        ("PORT", None),
    ] {
        assert_eq!(var(&spec, name), expected, "{name}");
    }
    assert_eq!(spec.argv, ["/opt/py/bin/python3.12", "-S", "/var/runtime/bootstrap.py"]);
    assert!(spec.frames);
    // Lambda's own, behind where the interpreter lies.
    let path = "/opt/py/bin:/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin";
    assert_eq!(var(&spec, "PATH"), Some(path));
    assert_eq!(spec.mounts.len(), 3);
    assert!(spec.mounts.iter().all(|mount| mount.read_only));
}

#[test]
fn time_is_told_in_utc_unless_the_user_wants_another() {
    let of = |theirs: &[(&str, &str)]| {
        var(&spec(&revision(lambda("python3.12"), theirs), Some(Language::Python)), "TZ").map(str::to_owned)
    };
    assert_eq!(of(&[]).as_deref(), Some(":UTC"));
    assert_eq!(of(&[("TZ", "Asia/Tokyo")]).as_deref(), Some("Asia/Tokyo"));
}

#[test]
fn nodes_contract_follows_the_declared_runtime() {
    let contract = |runtime| {
        let spec = spec(&revision(lambda(runtime), &[]), Some(Language::Node));
        var(&spec, "WEFT_NODE_CONTRACT").map(str::to_owned)
    };
    assert_eq!(contract("nodejs18.x").as_deref(), Some("22"));
    assert_eq!(contract("nodejs22.x").as_deref(), Some("22"));
    assert_eq!(contract("nodejs24.x").as_deref(), Some("24"));
}

#[test]
fn a_custom_runtime_brings_its_bootstrap() {
    let spec = spec(&revision(lambda("provided.al2023"), &[("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap")]), None);
    assert_eq!(spec.argv, ["/opt/bootstrap"], "wrappers are for managed runtimes");
    assert_eq!(var(&spec, "_LAMBDA_TELEMETRY_LOG_FD"), Some("3"));
    assert_eq!(var(&spec, "AWS_EXECUTION_ENV"), None);
    assert!(spec.frames && spec.files.is_empty(), "the descriptor takes its log");
}

#[test]
fn the_platforms_variables_are_the_platforms() {
    let check = |name: &str, kept: bool| {
        let spec = spec(&revision(lambda("python3.12"), &[(name, "theirs")]), Some(Language::Python));
        assert_eq!(var(&spec, name) == Some("theirs"), kept, "{name}");
    };
    for name in [
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "_HANDLER",
        "_ANY",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_EXECUTION_ENV",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ] {
        check(name, false);
    }
    for name in [
        "TZ",
        "PATH",
        "LANG",
        "LD_LIBRARY_PATH",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_LEVEL",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "AWS_ENDPOINT_URL",
        "MINE",
    ] {
        check(name, true);
    }
}

#[test]
fn how_a_worker_is_initialised_is_told() {
    let check = |min: u32, expected: &str| {
        let mut revision = revision(lambda("python3.12"), &[]);
        revision.scale.min = min;
        assert_eq!(
            var(&spec(&revision, Some(Language::Python)), "AWS_LAMBDA_INITIALIZATION_TYPE"),
            Some(expected)
        );
    };
    check(0, "on-demand");
    check(1, "provisioned-concurrency");
}

#[test]
fn a_service_gets_its_port_and_its_interpreter() {
    let check = |command: &[&str], language, expected: &[&str]| {
        let spec = spec(&revision(http(command), &[("PORT", "1"), ("HOST", "::")]), Some(language));
        assert_eq!(spec.argv, expected);
        assert_eq!((var(&spec, "PORT"), var(&spec, "HOST")), (Some("8080"), Some("::")));
        assert_eq!(var(&spec, "PYTHONUNBUFFERED"), Some("1"));
        assert!(!spec.frames);
    };
    check(&["python", "app.py"], Language::Python, &["/opt/py/bin/python3.12", "app.py"]);
    check(&["python3.8", "app.py"], Language::Python, &["/opt/py/bin/python3.12", "app.py"]);
    check(&["pythonic", "-p", "$PORT"], Language::Python, &["pythonic", "-p", "8080"]);
    check(&["gunicorn", "-b", "0:${PORT}"], Language::Python, &["gunicorn", "-b", "0:8080"]);
    check(&["node", "app.js"], Language::Node, &["/opt/py/bin/python3.12", "app.js"]);
}
