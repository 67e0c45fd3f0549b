//! Warm and cold invocations of Python and Node.js functions in real sandboxes, beside the interpreters' own start.
//!
//! `cargo run --release -p weft-runtime --example bench_runtime -- [--json]`, as root for isolation mode `full`.

use std::error::Error;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_runtime::{Runtime, RuntimeConfig, Sandboxes};
use weft_sandbox::{Launcher, LauncherConfig, LauncherLink, fork_launcher};
use weft_service::workload::{
    Contract, DoorGuard, DoorHandler, DoorSockets, Doors, Invocation, LambdaContract, LogPlace, LogSink,
    Revision, RoleCredentials, RoleKeys, Scale, WorkerIdentity, WorkerLimits, Workers as _, WorkloadId,
    WorkloadKind,
};
use weft_service::{BoxFuture, SystemClock};
use weft_types::{AccountId, Arn, Region, Timestamp};

const WARM: usize = 2_000;
const COLD: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("weft-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    // Before any thread starts.
    let config = LauncherConfig { source_roots: vec![folder.clone()], ..LauncherConfig::default() };
    let link = fork_launcher(&config)?;
    let result = measure(link, &folder);
    std::fs::remove_dir_all(&folder)?;
    let rows = result?;
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", serde_json::Value::Array(rows));
    } else {
        for row in rows {
            println!("{row}");
        }
    }
    Ok(())
}

fn measure(link: LauncherLink, folder: &Path) -> Result<Vec<serde_json::Value>, Box<dyn Error>> {
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(async {
        let launcher = Launcher::connect(link)?;
        let mode = format!("{:?}", launcher.report().mode).to_lowercase();
        let runtime = Runtime::new(
            RuntimeConfig::default(),
            Arc::new(Sandboxes::new(launcher)),
            Arc::new(Nothing),
            Arc::new(Nothing),
            Arc::new(Nothing),
            Arc::new(SystemClock),
        );
        let mut rows = Vec::new();
        for (name, program, file, code) in [
            ("python3.11", "/usr/bin/python3", "app.py", "def handler(event, context): return event\n"),
            ("nodejs20.x", "/usr/bin/node", "app.js", "exports.handler = async (event) => event\n"),
        ] {
            let code_folder = folder.join(name);
            std::fs::create_dir_all(&code_folder)?;
            std::fs::write(code_folder.join(file), code)?;
            let own = percentiles((0..COLD).map(|_| own_start(program)).collect::<Result<_, _>>()?);
            let mut cold = Vec::new();
            for round in 0..COLD {
                let revision = Arc::new(function(&code_folder, name, &format!("{name}-{round}")));
                cold.push(invoke(&runtime, &revision).await?);
                runtime.retire(&revision.workload, None);
            }
            let revision = Arc::new(function(&code_folder, name, name));
            invoke(&runtime, &revision).await?;
            let mut warm = Vec::new();
            for _ in 0..WARM {
                warm.push(invoke(&runtime, &revision).await?);
            }
            runtime.retire(&revision.workload, None);
            rows.push(serde_json::json!({
                "runtime": name, "mode": mode, "interpreter_start_us": own,
                "cold_us": percentiles(cold), "warm_us": percentiles(warm),
            }));
        }
        runtime.shutdown(Duration::from_secs(5)).await;
        Ok(rows)
    })
}

async fn invoke(runtime: &Runtime, revision: &Arc<Revision>) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let invocation = Invocation {
        request_id: "r-1".into(),
        payload: "{\"key\":\"value\"}".into(),
        client_context: None,
        cognito_identity: None,
        tenant_id: None,
        invoked_arn: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:f")?,
        tail: false,
        trace_id: None,
    };
    let answer = runtime.invoke(Arc::clone(revision), invocation).await?;
    let took = begun.elapsed();
    match answer.error {
        None => Ok(took),
        Some(_) => Err(String::from_utf8_lossy(&answer.payload).into()),
    }
}

fn own_start(program: &str) -> io::Result<Duration> {
    let begun = Instant::now();
    let flag = if program.ends_with("node") { "-e" } else { "-c" };
    Command::new(program).args([flag, "0"]).stdout(Stdio::null()).status()?;
    Ok(begun.elapsed())
}

fn percentiles(mut times: Vec<Duration>) -> serde_json::Value {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0, Duration::as_micros);
    serde_json::json!({ "min": at(0), "p50": at(50), "p99": at(99) })
}

fn function(code: &Path, runtime: &str, id: &str) -> Revision {
    let arn = Arn::of("lambda", "us-east-1", "000000000000", "function:f");
    Revision {
        id: id.into(),
        workload: WorkloadId {
            account: AccountId::DEFAULT,
            region: Region::default(),
            app: None,
            name: "f".into(),
            kind: WorkloadKind::Function,
        },
        contract: Contract::Lambda(LambdaContract {
            function_arn: arn,
            function_name: "f".into(),
            version: "$LATEST".into(),
            runtime: runtime.into(),
            handler: "app.handler".into(),
            timeout: Duration::from_secs(10),
            logging: weft_service::workload::LambdaLogging::default(),
        }),
        code: code.into(),
        mounts: Vec::new(),
        interpreter: Some(runtime.into()),
        environment: std::collections::BTreeMap::new(),
        role: None,
        scale: Scale {
            min: 0,
            max: 1,
            concurrency: 1,
            queue_max: 10,
            queue_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
        },
        limits: WorkerLimits { memory_mib: 256, processes: 64, cpu_millis: 0, tmp_mib: 64 },
        log_group: "/aws/lambda/f".into(),
    }
}

/// No log, no keys, no doors.
struct Nothing;

impl LogSink for Nothing {
    fn append(&self, _: &LogPlace, _: Vec<(Timestamp, String)>) {}
}

impl RoleCredentials for Nothing {
    fn assume<'a>(
        &'a self,
        _: &'a Arn,
        _: &'static str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<RoleKeys, weft_service::Error>> {
        Box::pin(async { Err(weft_service::Error::new("AccessDenied", "there are no roles here")) })
    }
}

impl Doors for Nothing {
    fn opened(
        &self,
        _: Arc<WorkerIdentity>,
        sockets: DoorSockets,
        _: Arc<dyn DoorHandler>,
    ) -> io::Result<DoorGuard> {
        Ok(Box::new(sockets_guard(sockets)))
    }
}

/// Keeps the sockets open, as long as the worker lives.
fn sockets_guard(sockets: DoorSockets) -> (std::os::fd::OwnedFd, std::os::fd::OwnedFd, std::os::fd::OwnedFd) {
    (sockets.tcp, sockets.dns_udp, sockets.dns_tcp)
}
