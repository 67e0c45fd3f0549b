//! What a store survives: `kill -9` while it writes, a full disk, a sync or a write that fails.
//!
//! Each case runs a child that is this program again, with [`CHILD`] set; so this target brings its own `main`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use weft_store::{Options, Record, Store, StoreError, Table};

/// Says to a child which folder it writes to.
const CHILD: &str = "WEFT_STORE_CHILD";
/// Says to a child that it opens its folder again when its writes have ended, and verifies it.
const VERIFY: &str = "WEFT_STORE_VERIFY";
/// Counters that move in step: every transaction raises both of a pair.
const PAIRS: Table<(u64, u8), Counter> = Table::new("pairs");
const CLIENTS: u64 = 8;
const ROUNDS: u64 = 12;

#[derive(serde::Serialize, serde::Deserialize)]
struct Counter {
    value: u64,
    padding: Vec<u8>,
}

impl Record for Counter {}

type Case = fn(&Path) -> Result<(), String>;
const CASES: &[(&str, Case)] = &[
    ("nothing_acknowledged_is_lost_by_kill_9_and_nothing_half_written_is_seen", killed_while_writing),
    ("a_full_disk_answers_an_error_and_leaves_a_store_that_opens", full_disk),
    ("a_failing_sync_stops_the_store_and_leaves_one_that_opens", failing_sync),
    ("failing_and_short_writes_stop_the_store_and_nothing_of_them_is_seen", failing_writes),
    ("a_folder_that_another_process_has_is_refused_by_name", second_process),
];

fn main() -> ExitCode {
    if let Some(folder) = std::env::var_os(CHILD) {
        return child(Path::new(&folder));
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    for (name, case) in
        CASES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| name.contains(w)))
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        match case(folder.path()) {
            Ok(()) => {
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(reason) => {
                println!("test {name} ... FAILED: {reason}");
                failed += 1;
            }
        }
    }
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes with several clients until it is killed or a write fails, and prints each acknowledged write.
fn child(folder: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let code = runtime.block_on(write_until_an_error(folder));
    // The runtime may hold the last handle of the store, which holds the folder.
    drop(runtime);
    if std::env::var_os(VERIFY).is_some() {
        println!(
            "{}",
            verify(folder, &BTreeMap::new(), false).err().unwrap_or_else(|| "verified".to_owned())
        );
    }
    code
}

async fn write_until_an_error(folder: &Path) -> ExitCode {
    let store = match Store::open(folder, &Options { map_bytes: 1 << 30 }) {
        Ok(store) => store,
        Err(error) => {
            println!("error {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("open");
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let store = store.clone();
        clients.spawn(async move { write_on(&store, client).await });
    }
    while let Some(ended) = clients.join_next().await {
        println!("error {}", ended.expect("a client does not panic"));
    }
    let after = store.read(|tx| PAIRS.query(&()).rows(tx)).await;
    println!("readable {}", after.is_ok());
    ExitCode::SUCCESS
}

async fn write_on(store: &Store, client: u64) -> StoreError {
    loop {
        match store.write(move |tx| raise(tx, client)).await {
            // One whole line at a time, so that the parent never reads half of one.
            Ok(value) => drop(writeln!(std::io::stdout().lock(), "wrote {client} {value}")),
            Err(error) => return error,
        }
    }
}

fn raise(tx: &mut weft_store::WriteTx<'_>, client: u64) -> Result<u64, StoreError> {
    let value = PAIRS.get(tx, &(client, 0u8))?.map_or(0, |counter| counter.value) + 1;
    for side in [0u8, 1] {
        PAIRS.insert(tx, &(client, side), &Counter { value, padding: vec![side; 700] })?;
    }
    // New keys too, so that the file grows.
    PAIRS.insert(tx, &(1000 + client * 1_000_000 + value, 0), &Counter { value, padding: vec![7; 2000] })?;
    Ok(value)
}

fn start(folder: &Path, change: impl FnOnce(&mut Command)) -> Result<Child, String> {
    let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
    command.env(CHILD, folder).stdout(Stdio::piped()).stdin(Stdio::null());
    change(&mut command);
    command.spawn().map_err(|error| error.to_string())
}

/// What a child printed: the last acknowledged value per client, other lines, and how it ended.
type Followed = (BTreeMap<u64, u64>, Vec<String>, ExitStatus);

/// Reads what a child prints until it ends. Kills it after `kill_after` acknowledged writes.
fn follow(mut child: Child, kill_after: Option<usize>) -> Result<Followed, String> {
    let stdout = child.stdout.take().ok_or("no output")?;
    let (mut last, mut others, mut count) = (BTreeMap::new(), Vec::new(), 0);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["wrote", client, value] => {
                if let (Ok(client), Ok(value)) = (client.parse(), value.parse()) {
                    last.insert(client, value);
                }
                count += 1;
                if kill_after == Some(count) {
                    child.kill().map_err(|error| error.to_string())?;
                }
            }
            _ => others.push(line),
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok((last, others, status))
}

/// Opens the folder and checks that every pair is in step and holds at least what was acknowledged.
fn verify(folder: &Path, acknowledged: &BTreeMap<u64, u64>, and_write: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let store = Store::open(folder, &Options { map_bytes: 1 << 30 })
            .map_err(|error| format!("it does not open: {error}"))?;
        let rows = store
            .read(|tx| PAIRS.query(&()).rows(tx))
            .await
            .map_err(|error: StoreError| error.to_string())?;
        let value = |client: u64, side: u8| {
            rows.iter().find(|(key, _)| *key == (client, side)).map_or(0, |(_, c)| c.value)
        };
        for client in 0..CLIENTS {
            let (left, right) = (value(client, 0), value(client, 1));
            if left != right {
                return Err(format!("client {client} has {left} on one side and {right} on the other"));
            }
            let promised = acknowledged.get(&client).copied().unwrap_or(0);
            if left < promised {
                return Err(format!("client {client} was promised {promised} and has {left}"));
            }
        }
        if !and_write {
            return Ok(());
        }
        store.write(|tx| raise(tx, 0)).await.map_err(|error| format!("it does not take writes: {error}"))?;
        Ok(())
    })
}

fn killed_while_writing(folder: &Path) -> Result<(), String> {
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        // At different moments of what a group commit does.
        let after = 3 + usize::try_from(round * 17 % 101).unwrap_or(0);
        let (last, _, status) = follow(start(folder, |_| {})?, Some(after))?;
        if status.success() || last.is_empty() {
            return Err(format!("round {round}: the child ended by itself with {status}"));
        }
        acknowledged.extend(last);
        verify(folder, &acknowledged, true).map_err(|error| format!("round {round}: {error}"))?;
    }
    Ok(())
}

/// A file system of 3 MiB in memory, which the child mounts in a mount namespace of its own. It verifies there itself, as
/// the file system ends with it.
fn full_disk(folder: &Path) -> Result<(), String> {
    let tiny = |command: &mut Command| {
        let program = command.get_program().to_owned();
        let mut shell = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size=3m none \"${CHILD}\" && exec \"$0\"");
        shell.args(["-r", "-m", "sh", "-c", &script]).arg(program);
        shell.env(CHILD, folder).env(VERIFY, "1").stdout(Stdio::piped()).stdin(Stdio::null());
        *command = shell;
    };
    let (last, others, _) = follow(start(folder, tiny)?, None)?;
    let full = others.iter().filter(|line| *line == "error the store is full").count();
    let says = |wanted: &str| others.iter().any(|line| line == wanted);
    if last.is_empty() || full as u64 != CLIENTS {
        return Err(format!(
            "every client should write, and then be told that the store is full: {others:?}"
        ));
    }
    if !says("readable true") || !says("verified") {
        return Err(format!("a full store should still be readable, and open again: {others:?}"));
    }
    Ok(())
}

/// A library, loaded before the child's own, that fails calls on the store's file after some.
const FAILING: &str = include_str!("fail.c");

/// How the calls fail: which kind, and after how many that succeed.
#[derive(Clone, Copy)]
enum Failing {
    Sync(u32),
    Write(u32),
    ShortWrite(u32),
    /// The write is there, and its sync fails: LMDB's last write of a commit syncs by itself.
    WriteAndSync(u32),
}

/// Whether what failed may be seen after all: its last write was done, and nobody knows whether it is durable.
fn in_doubt(failing: Failing) -> bool {
    matches!(failing, Failing::WriteAndSync(_))
}

fn failing_sync(folder: &Path) -> Result<(), String> {
    let library = compile(folder)?;
    with_failing(folder, &library, Failing::Sync(20))
}

fn failing_writes(folder: &Path) -> Result<(), String> {
    let library = compile(folder)?;
    // A commit has a few writes, the last of which says that it is one: fail each of them in turn.
    for after in 40..52 {
        for failing in [Failing::Write(after), Failing::ShortWrite(after), Failing::WriteAndSync(after)] {
            with_failing(folder, &library, failing)?;
        }
    }
    Ok(())
}

fn with_failing(folder: &Path, library: &Path, failing: Failing) -> Result<(), String> {
    let (kind, after) = match failing {
        Failing::Sync(after) => ("sync", after),
        Failing::Write(after) => ("write", after),
        Failing::ShortWrite(after) => ("short", after),
        Failing::WriteAndSync(after) => ("late", after),
    };
    let told = |reason: String| format!("{kind} after {after}: {reason}");
    let data = folder.join(format!("{kind}-{after}"));
    let preload = |command: &mut Command| {
        command.env("LD_PRELOAD", library).env("FAIL_KIND", kind).env("FAIL_AFTER", after.to_string());
    };
    let (last, others, _) = follow(start(&data, preload)?, None).map_err(told)?;
    if last.is_empty() {
        return Err(told(format!("some writes should have succeeded first: {others:?}")));
    }
    let errors = others.iter().filter(|line| line.starts_with("error ")).count();
    if errors as u64 != CLIENTS || !others.iter().any(|line| line.contains("failed to make data durable")) {
        return Err(told(format!("clients should be told that the store stopped: {others:?}")));
    }
    if !in_doubt(failing) {
        nothing_more(&data, &last).map_err(told)?;
    }
    verify(&data, &last, true).map_err(told)
}

/// Checks that nothing is there but what was acknowledged.
fn nothing_more(folder: &Path, acknowledged: &BTreeMap<u64, u64>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let store = Store::open(folder, &Options { map_bytes: 1 << 30 })
            .map_err(|error| format!("it does not open: {error}"))?;
        let rows: Result<_, StoreError> = store.read(|tx| PAIRS.query(&()).rows(tx)).await;
        let rows = rows.map_err(|error| error.to_string())?;
        let promised: u64 = acknowledged.values().sum();
        // A new row per write, beside the pairs.
        let written = rows.iter().filter(|((key, _), _)| *key >= 1000).count() as u64;
        if written == promised {
            Ok(())
        } else {
            Err(format!("{written} writes are seen, and {promised} were acknowledged"))
        }
    })
}

fn compile(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("fail.c"), folder.join("fail.so"));
    std::fs::write(&source, FAILING).map_err(|error| error.to_string())?;
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    match built {
        Ok(status) if status.success() => Ok(library),
        other => Err(format!("`cc` did not build the library: {other:?}")),
    }
}

fn second_process(folder: &Path) -> Result<(), String> {
    let _first = Store::open(folder, &Options { map_bytes: 1 << 30 }).map_err(|error| error.to_string())?;
    let (_, others, status) = follow(start(folder, |_| {})?, None)?;
    let said = others.iter().any(|line| {
        line.contains("in use by another process") && line.contains(&folder.display().to_string())
    });
    if said && !status.success() { Ok(()) } else { Err(format!("it should have been refused: {others:?}")) }
}
