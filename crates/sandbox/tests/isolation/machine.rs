//! What the whole machine must look like after a server was killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::world::{self, World, python};

/// Started by the suite to be killed: runs sandboxes whose command lines hold `marker`.
pub(crate) fn victim(mode: &str, marker: &str) -> ExitCode {
    let (prepared, link) = world::prepare(mode);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::connect(prepared, link, None);
        let code = format!(
            "import os,time  # {marker}\nif os.fork()==0: os.setsid()\nprint('up',flush=True)\ntime.sleep(1000)"
        );
        let mut kept = Vec::new();
        for _ in 0..5 {
            let mut sandbox = world.start(python(&code)).await;
            let mut out = tokio::net::unix::pipe::Receiver::from_owned_fd(sandbox.stdout.take().unwrap()).unwrap();
            let mut ups = [0; 6];
            tokio::io::AsyncReadExt::read_exact(&mut out, &mut ups).await.unwrap();
            kept.push((sandbox, out));
        }
        println!("ready");
        world.launcher.gone().await;
        let error = world.launcher.start(python("")).await.unwrap_err();
        assert!(matches!(error, weft_sandbox::StartError::LauncherGone));
        assert!(kept[0].0.wait().await.status == weft_sandbox::ExitStatus::Signal(9));
    });
    ExitCode::SUCCESS
}

/// Who gets SIGKILL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Victim {
    Server,
    Launcher,
}

/// Starts a server, kills it or its launcher, and looks for what is left of them.
pub(crate) fn nothing_outlives(
    victim: Victim,
    mode: &str,
    command: impl Fn() -> Command,
    filters: &[&String],
) -> bool {
    let name = format!("nothing_outlives_a_killed_{victim:?}").to_lowercase();
    if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
        return true;
    }
    let marker = format!("weft-victim-{mode}-{}", std::process::id());
    let mut child = command().arg("--victim").arg(mode).arg(&marker).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let before = family(child.id());
    match victim {
        Victim::Server => child.kill().unwrap(),
        Victim::Launcher => {
            let children = format!("/proc/{0}/task/{0}/children", child.id());
            let launcher = std::fs::read_to_string(children).unwrap();
            let launcher = rustix::process::Pid::from_raw(launcher.trim().parse().unwrap()).unwrap();
            rustix::process::kill_process(launcher, rustix::process::Signal::KILL).unwrap();
        }
    }
    let ended = child.wait().unwrap();
    let begin = Instant::now();
    while !left_of(&before).is_empty() && begin.elapsed() < Duration::from_secs(5) {
        std::thread::yield_now();
    }
    let left = left_of(&before);
    // The victim, its launcher and its blank sandboxes are of the family as well.
    let good = line.trim() == "ready"
        && before.len() >= 5 * 2 + 2
        && left.is_empty()
        && (matches!(victim, Victim::Server) || ended.success());
    let took = begin.elapsed().as_millis();
    println!(
        "test {mode}::{name} ... {} ({} processes gone in {took} ms)",
        if good { "ok" } else { "FAILED" },
        before.len()
    );
    if !good {
        println!("said {line:?}, before {before:?}, left {left:?}");
    }
    good
}

/// A process and all that descend from it, each with the time at which it started: numbers are used again.
fn family(root: u32) -> Vec<(u32, String)> {
    let mut found = vec![(root, started(root).unwrap_or_default())];
    let pids = || std::fs::read_dir("/proc").unwrap().flatten();
    let all: Vec<u32> = pids().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let mut at = 0;
    while at < found.len() {
        let parent = found[at].0.to_string();
        for pid in &all {
            if field(*pid, 1).as_ref() == Some(&parent) {
                found.extend(started(*pid).map(|time| (*pid, time)));
            }
        }
        at += 1;
    }
    found
}

/// Those of a family that still run.
fn left_of(family: &[(u32, String)]) -> Vec<u32> {
    let lives = |(pid, time): &&(u32, String)| {
        started(*pid).as_ref() == Some(time) && field(*pid, 0).is_some_and(|state| state != "Z")
    };
    family.iter().filter(lives).map(|(pid, _)| *pid).collect()
}

fn started(pid: u32) -> Option<String> {
    field(pid, 19)
}

/// A field of `/proc/PID/stat`, counted from the state.
fn field(pid: u32, number: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(number).map(str::to_owned)
}
