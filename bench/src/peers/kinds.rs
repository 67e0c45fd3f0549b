//! The peers, and how each is started and made ready for the same requests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use tokio::process::Command;
use weft_wire::sigv4::Credentials;

use super::handlers;
use super::process::{Running, free};
use crate::app::WORKERS_MAX;
use crate::server::{Access, Weft};
use crate::{load, signed};

/// A peer as its registry has it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) packages: &'static [&'static str],
    pub(super) source: Source,
}

/// Where a peer comes from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Pip {
        /// Whether its dependencies are needed.
        dependencies: bool,
    },
    Npm,
}

/// All peers.
pub(super) const ALL: &[Kind] = &[MINISTACK, MOTO, SERVERLESS, CARGO_LAMBDA];

const MINISTACK: Kind =
    Kind { name: "ministack", packages: &["ministack==1.5.33"], source: Source::Pip { dependencies: true } };
const MOTO: Kind =
    Kind { name: "moto", packages: &["moto[server]==5.2.5"], source: Source::Pip { dependencies: true } };
const SERVERLESS: Kind = Kind {
    name: "serverless-offline",
    packages: &["osls@4.3.1", "serverless-offline@14.8.2"],
    source: Source::Npm,
};
/// What it depends on is a compiler for other machines.
const CARGO_LAMBDA: Kind = Kind {
    name: "cargo-lambda",
    packages: &["cargo-lambda==1.9.2"],
    source: Source::Pip { dependencies: false },
};

/// A server that takes requests.
pub(super) struct Target<'a> {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    pub(super) access: Access,
    /// Functions to invoke: the kind of handler, and the function's name.
    pub(super) functions: Vec<(&'static str, &'static str)>,
    /// The function that counts its events, and how to ask for the count.
    pub(super) counted: Option<(&'static str, Counter<'a>)>,
    /// Whether it takes logs.
    pub(super) logs: bool,
    /// Whether it does what is asked for, rather than answer anything.
    pub(super) emulates: bool,
    /// Whether what it acknowledged outlives its process.
    pub(super) durable: &'static str,
}

/// How many events a function had.
pub(super) enum Counter<'a> {
    /// Nobody knows.
    None,
    /// The size of a file.
    Marks(PathBuf),
    /// What the workers of Weft served.
    Served { weft: &'a Weft, data: &'a Path, function: &'static str },
}

impl Counter<'_> {
    /// How often it may be read: `weft ps` is a process of its own, which takes its share of the machine.
    pub(super) fn pause(&self) -> Duration {
        Duration::from_millis(if matches!(self, Self::Served { .. }) { 50 } else { 2 })
    }

    /// The count now; `None` where there is none.
    pub(super) async fn read(&self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Marks(file) => Some(std::fs::metadata(file).map_or(0, |found| found.len())),
            Self::Served { weft, data, function } => weft.served(data, function).await.ok(),
        }
    }
}

impl<'a> Target<'a> {
    pub(super) fn floor(address: SocketAddr) -> Self {
        let functions = vec![("none", "floor")];
        let counted = Some(("floor", Counter::None));
        Self {
            functions,
            counted,
            logs: true,
            emulates: false,
            ..Self::peer("bare hyper", address, "keeps nothing")
        }
    }

    pub(super) fn weft(address: SocketAddr, access: Access, counter: Counter<'a>) -> Self {
        Self {
            access,
            functions: vec![("py", "peers-py"), ("native", "peers-native")],
            counted: Some(("peers-counted", counter)),
            logs: true,
            ..Self::peer("weft", address, "yes")
        }
    }

    fn peer(name: &'static str, address: SocketAddr, durable: &'static str) -> Self {
        let credentials =
            Credentials { access_key_id: "test".to_owned(), secret: "test".to_owned(), session_token: None };
        let access = Access { credentials, region: "us-east-1".to_owned() };
        Self {
            name,
            address,
            access,
            functions: Vec::new(),
            counted: None,
            logs: false,
            emulates: true,
            durable,
        }
    }
}

/// Starts a peer and makes its functions.
pub(super) async fn start(
    kind: &Kind,
    home: &Path,
    work: &Path,
    running: &mut Running,
) -> Result<Target<'static>, String> {
    match kind.name {
        "ministack" => ministack(home, work, running).await,
        "moto" => moto(home, work, running).await,
        "serverless-offline" => serverless(home, work, running).await,
        _ => cargo_lambda(home, work, running).await,
    }
}

/// Runs functions in processes of its own where `LAMBDA_EXECUTOR` is `local`.
async fn ministack(home: &Path, work: &Path, running: &mut Running) -> Result<Target<'static>, String> {
    let address = free()?;
    let mut command = Command::new(home.join("bin/ministack"));
    command.env("GATEWAY_PORT", address.port().to_string()).env("BIND_HOST", "127.0.0.1");
    command.env("LAMBDA_EXECUTOR", "local").env("PERSIST_STATE", "0").env("LOG_LEVEL", "WARNING");
    running.start(&mut command, work)?;
    running.accepts(address).await?;
    let marks = work.join("marks");
    let mut target = Target::peer("ministack", address, "no: memory");
    for (name, code) in
        [("bench-py", handlers::ANSWERS.to_owned()), ("bench-counted", handlers::counts(&marks))]
    {
        let packed = handlers::packed(&code).map_err(|error| error.to_string())?;
        let body = json!({
            "FunctionName": name, "Runtime": "python3.11", "Handler": "handler.handler", "MemorySize": 256,
            "Role": "arn:aws:iam::000000000000:role/bench",
            "Code": {"ZipFile": base64::engine::general_purpose::STANDARD.encode(packed)},
        });
        let request = signed::lambda(address, &target.access, "/2015-03-31/functions", &body)?;
        load::ask(address, &request).await.map_err(|error| format!("CreateFunction failed: {error}"))?;
    }
    target.functions = vec![("py", "bench-py")];
    target.counted = Some(("bench-counted", Counter::Marks(marks)));
    target.logs = true;
    Ok(target)
}

/// Runs functions in Docker's containers only, so that it is asked for logs alone.
async fn moto(home: &Path, work: &Path, running: &mut Running) -> Result<Target<'static>, String> {
    let address = free()?;
    let mut command = Command::new(home.join("bin/moto_server"));
    command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
    running.start(&mut command, work)?;
    running.accepts(address).await?;
    Ok(Target { logs: true, ..Target::peer("moto", address, "no: memory") })
}

/// The plugin in osls, the maintained fork of `serverless` 3, which needs no account.
async fn serverless(home: &Path, work: &Path, running: &mut Running) -> Result<Target<'static>, String> {
    let (lambda, http, alb) = (free()?, free()?, free()?);
    let marks = work.join("marks");
    handlers::write_serverless(work, &marks).map_err(|error| error.to_string())?;
    std::os::unix::fs::symlink(home.join("node_modules"), work.join("node_modules"))
        .map_err(|error| error.to_string())?;
    let mut command = Command::new(work.join("node_modules/.bin/osls"));
    command.args(["offline", "start", "--host", "127.0.0.1", "--noTimeout"]);
    for (option, address) in [("--lambdaPort", lambda), ("--httpPort", http), ("--albPort", alb)] {
        command.arg(option).arg(address.port().to_string());
    }
    command.env("SLS_TELEMETRY_DISABLED", "1").env("SLS_NOTIFICATIONS_MODE", "off");
    running.start(&mut command, work)?;
    running.accepts(lambda).await?;
    Ok(Target {
        functions: vec![("py", "bench-dev-py")],
        counted: Some(("bench-dev-counted", Counter::Marks(marks))),
        ..Target::peer("serverless-offline", lambda, "no: memory")
    })
}

/// The Runtime API that it emulates, with the native function started beside it: as many as Weft's pool has.
async fn cargo_lambda(home: &Path, work: &Path, running: &mut Running) -> Result<Target<'static>, String> {
    let address = free()?;
    handlers::write_project(work).map_err(|error| error.to_string())?;
    let mut command = Command::new(home.join("bin/cargo-lambda"));
    command.args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"]);
    command.args(["--invoke-port", &address.port().to_string(), "--concurrency", &WORKERS_MAX.to_string()]);
    running.start(&mut command, work)?;
    running.accepts(address).await?;
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    for _ in 0..WORKERS_MAX {
        let api = format!("http://{address}/.rt/bench-native");
        running.start(Command::new(&own).env("AWS_LAMBDA_RUNTIME_API", api), work)?;
    }
    let functions = vec![("native", "bench-native")];
    Ok(Target { functions, ..Target::peer("cargo-lambda", address, "no: memory") })
}
