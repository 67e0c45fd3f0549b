//! What a program in a sandbox can and cannot do, seen from outside, in both modes.
//!
//! The launcher must be forked before any thread exists, so this suite has a `main` of its own. It runs itself once
//! per mode: as root `full` (its server drops to an ordinary user) and `rootless` (as another ordinary user), else
//! `rootless` alone.

#![expect(clippy::unwrap_used, reason = "a test: a panic is a failure, and has its place")]

mod cases;
mod companions;
mod limits;
mod machine;
mod memory;
mod network;
mod world;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use world::{OtherNetwork, World};

/// One test: its name and what it does.
pub(crate) type Case = (&'static str, fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Who runs the `rootless` half, and who the `full` half's server becomes.
const ORDINARY: u32 = 65_534;
const CASE_TIME_MAX: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--inside") => run_mode(&arguments[1], &arguments[2..]),
        Some("--victim") => machine::victim(&arguments[1], &arguments[2]),
        Some("--list") => ExitCode::SUCCESS,
        _ => run_modes(&arguments),
    }
}

fn run_modes(arguments: &[String]) -> ExitCode {
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let root = rustix::process::geteuid().is_root();
    let home = tempfile::tempdir().unwrap();
    world::open_to_all(home.path());
    // The build folder may be out of an ordinary user's reach.
    let program = home.path().join("isolation");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let other = root.then(OtherNetwork::make).flatten();
    let address = other.as_ref().map_or_else(|| "-".to_owned(), |other| other.address.to_string());
    let mut passed = true;
    for mode in if root { &["full", "rootless"][..] } else { &["rootless"][..] } {
        let mut child = command(&program, mode, root);
        child.arg("--inside").arg(mode).arg(&address).args(&filters);
        passed &= child.status().unwrap().success();
        for victim in [machine::Victim::Server, machine::Victim::Launcher] {
            passed &= machine::nothing_outlives(victim, mode, || command(&program, mode, root), &filters);
        }
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn command(program: &Path, mode: &str, root: bool) -> Command {
    let mut command = Command::new(program);
    if root && mode == "rootless" {
        command.uid(ORDINARY).gid(ORDINARY);
    }
    command
}

fn run_mode(mode: &str, arguments: &[String]) -> ExitCode {
    let (prepared, link) = world::prepare(mode);
    let other = arguments[0].parse().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { run_cases(mode, World::connect(prepared, link, other), &arguments[1..]).await })
}

async fn run_cases(mode: &str, world: World, filters: &[String]) -> ExitCode {
    let begin = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    let cases = cases::CASES
        .iter()
        .chain(companions::CASES)
        .chain(limits::CASES)
        .chain(memory::CASES)
        .chain(network::CASES);
    for (name, case) in cases {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let started = Instant::now();
        let task = tokio::spawn(case(world.clone()));
        let outcome = tokio::time::timeout(CASE_TIME_MAX, task).await;
        let good = matches!(outcome, Ok(Ok(())));
        let said = if good {
            "ok"
        } else if outcome.is_err() {
            "TIMED OUT"
        } else {
            "FAILED"
        };
        println!("test {mode}::{name} ... {said} ({} ms)", started.elapsed().as_millis());
        if good { passed += 1 } else { failed += 1 }
    }
    println!("{mode}: {passed} passed, {failed} failed in {:.1} s", begin.elapsed().as_secs_f64());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
