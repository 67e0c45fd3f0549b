//! From a booted process to a server that answers, and to its end.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use weft_sandbox::Launcher;

use crate::StartError;
use crate::assemble::{Parts, assemble};
use crate::authority::{Trust, write_whole};
use crate::boot::{Booted, boot};
use crate::config::Config;
use crate::cores::Cores;
use crate::gathered::Gathered;

/// How long requests in flight may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// How long workers may take after that.
const STOP_WORKERS: Duration = Duration::from_secs(10);
/// Lines of the platform's own log that may wait to be written.
const LOG_LINES_MAX: usize = 8192;
/// Threads for everything that is not blocking work.
const THREADS_MIN: usize = 2;

/// Runs a server from its first moment to its end.
pub(crate) fn run(config: &Config) -> Result<(), StartError> {
    let booted = boot(config)?;
    let _log = start_log();
    let threads = std::thread::available_parallelism().map_or(THREADS_MIN, |n| n.get().max(THREADS_MIN));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("weft")
        .enable_all()
        .build()
        .map_err(|source| StartError::System { doing: "start the async runtime", source })?;
    let outcome = runtime.block_on(life(config, booted));
    // Nothing that still blocks a thread may hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// The platform's own log on standard error: warnings and a line per request, or what `WEFT_LOG` says
/// (`weft_gateway=debug,access=off`). Lines are written by a thread of their own; what it cannot keep up with is dropped.
fn start_log() -> WorkerGuard {
    let filter = EnvFilter::try_from_env("WEFT_LOG").unwrap_or_else(|_| EnvFilter::new("warn,access=info"));
    let lines =
        tracing_appender::non_blocking::NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX);
    let (writer, guard) = lines.finish(Gathered::new(io::stderr()));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    log.with_ansi(io::stderr().is_terminal()).init();
    guard
}

async fn life(config: &Config, booted: Booted) -> Result<(), StartError> {
    let Booted { data, listener, edge, launcher } = booted;
    let system = |doing| move |source| StartError::System { doing, source };
    let launcher = Launcher::connect(launcher).map_err(system("reach the sandbox launcher"))?;
    let trust = Trust::open(&data)?;
    let parts = assemble(&data, &config.data, launcher.clone(), config.admin_key.clone(), &trust).await?;
    let cores = Cores::start(config.data_plane)?;
    let (server, address) = cores.listen(Arc::clone(&parts.gateway), &listener, Some(trust.tls))?;
    parts.lambda.set_port(address.port());
    parts.cloudformation.set_port(address.port());
    parts.apis.set_port(address.port());
    let edge = edge.map(|edge| cores.listen(Arc::clone(&parts.edge), &edge, None)).transpose()?;
    let url = |address: SocketAddr| format!("http://{address}");
    let edge_urls: Vec<String> = edge.iter().map(|(_, address)| url(*address)).collect();
    let _ = parts.platform.addresses.set((vec![url(address)], edge_urls.clone()));
    let files = Files::write(&data, &url(address), &parts)?;
    let background = start_background(&parts);
    parts.compute.keep_warm();
    let resumed = parts.cloudformation.resume().await?;
    if resumed > 0 {
        tracing::info!(resumed, "operations of stacks go on");
    }
    let edge_note =
        if edge_urls.is_empty() { String::new() } else { format!(", workloads on {}", edge_urls.join(", ")) };
    let mut out = io::stdout();
    let _ = writeln!(out, "weft ready on {}{edge_note} (data in {})", url(address), config.data.display());
    let _ = out.flush();
    let outcome = until_the_end(&parts, &launcher).await;
    let mut draining = vec![server.drain(DRAIN)];
    draining.extend(edge.iter().map(|(edge, _)| edge.drain(DRAIN)));
    futures::future::join_all(draining).await;
    // Events that run may end; those that wait are the next start's.
    tokio::join!(parts.runtime.shutdown(STOP_WORKERS), parts.lambda.stop_delivering(STOP_WORKERS));
    background.abort_all();
    let _ = parts.logs.flush().await;
    let _ = parts.iam.write_last_uses().await;
    drop(files);
    outcome
}

/// Waits for the signal to stop, or for what makes going on pointless.
async fn until_the_end(parts: &Parts, launcher: &Launcher) -> Result<(), StartError> {
    let system = |source| StartError::System { doing: "wait for signals", source };
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let fatal = futures::future::select_all(parts.stores.iter().map(|store| {
        let mut fatal = store.fatal();
        Box::pin(async move { fatal.wait_for(|fatal| *fatal).await.is_ok() })
    }));
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        _ = fatal => Err(StartError::NotDurable),
        () = launcher.gone() => Err(StartError::LauncherGone),
    }
}

/// What goes on beside requests.
fn start_background(parts: &Parts) -> Background {
    let (s3, apis, ecr) = (parts.s3.clone(), Arc::clone(&parts.apis), Arc::clone(&parts.ecr));
    let (logs, lambda, compute) = (Arc::clone(&parts.logs), Arc::clone(&parts.lambda), parts.compute.clone());
    Background(vec![
        tokio::spawn(async move { logs.run().await }),
        tokio::spawn(async move { s3.run().await }),
        tokio::spawn(async move { ecr.run().await }),
        tokio::spawn(async move { apis.run().await }),
        tokio::spawn(Arc::clone(&lambda).deliver()),
        tokio::spawn(Arc::clone(&lambda).poll()),
        tokio::spawn(async move { lambda.run().await }),
        tokio::spawn(async move {
            let mut sweeps = tokio::time::interval(Duration::from_hours(1));
            loop {
                sweeps.tick().await;
                let now = weft_service::Clock::now(&weft_service::SystemClock);
                if let Err(error) = compute.sweep(now).await {
                    tracing::error!(?error, "unused builds could not be removed");
                }
            }
        }),
    ])
}

struct Background(Vec<tokio::task::JoinHandle<()>>);

impl Background {
    fn abort_all(&self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// What the command line reads in the data folder. `server.json` goes with the server.
struct Files {
    server: PathBuf,
}

impl Files {
    fn write(data: &Path, url: &str, parts: &Parts) -> Result<Self, StartError> {
        let system = |source| StartError::System { doing: "write to the data folder", source };
        let server = data.join("server.json");
        let admin = json!({
            "accessKeyId": parts.admin.access_key_id,
            "secretAccessKey": parts.admin.secret,
        });
        write_private(&data.join("admin.json"), &admin).map_err(system)?;
        write_private(&server, &json!({"endpoint": url, "pid": std::process::id()})).map_err(system)?;
        Ok(Self { server })
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.server);
    }
}

/// Replaces a file that only its owner may read.
fn write_private(path: &Path, value: &serde_json::Value) -> io::Result<()> {
    write_whole(path, format!("{value}\n").as_bytes(), 0o600)
}
