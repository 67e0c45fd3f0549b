//! A server that is killed loses no line that is older than a second.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_service::SystemClock;
use weft_service::workload::LogSink as _;
use weft_store::{Memory, Options, Store};

use super::world::{World, place};
use crate::{Logs, LogsOptions};

const FOLDER: &str = "WEFT_TEST_CRASH_FOLDER";

fn open(folder: &Path) -> Store {
    Store::open(folder, &Options { map_bytes: 1 << 30 }).unwrap()
}

/// What the test below kills: takes a line every few milliseconds, and says so on its standard output.
#[tokio::test]
#[ignore = "runs as a child of another test"]
async fn takes_lines_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let clock = Arc::new(SystemClock);
    let logs = Arc::new(Logs::new(open(Path::new(&folder)), clock, LogsOptions::default()));
    let running = Arc::clone(&logs);
    tokio::spawn(async move { running.run().await });
    let mut ticks = tokio::time::interval(Duration::from_millis(7));
    for number in 0..100_000 {
        ticks.tick().await;
        let now = weft_service::Clock::now(&SystemClock);
        logs.append(&place("/g", "s"), vec![(now, format!("line {number}"))]);
        let mut out = std::io::stdout();
        writeln!(out, "took {number}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn lines_of_more_than_a_second_ago_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::crash::takes_lines_until_it_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut taken: Vec<Instant> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if line.unwrap().contains("took ") {
            taken.push(Instant::now());
        }
        if taken.first().is_some_and(|first| first.elapsed() > Duration::from_secs(2)) {
            break;
        }
    }
    let old = taken.iter().filter(|at| at.elapsed() > Duration::from_secs(1)).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(old > 0);
    let world = World::open(open(folder.path()), Memory::new());
    let texts = world.texts("/g", "s").await;
    assert!(texts.len() >= old, "{} of {old} lines are left", texts.len());
    assert!(texts.iter().enumerate().all(|(number, text)| *text == format!("line {number}")));
}
