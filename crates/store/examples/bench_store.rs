//! The store against bare LMDB, both in one run: `cargo run --release -p weft-store --example bench_store [-- --json]`.
//!
//! Values have 1 KiB. Every write is durable before it counts. The files are in a new folder below `$TMPDIR`, so point that to the
//! disk that is to be measured. Each line is bounded by time.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions};
use serde::{Deserialize, Serialize};
use weft_store::{Options, Record, Store, StoreError, Table};

/// How long each line is measured.
const TIME: Duration = Duration::from_millis(1500);
/// Keys that reads and writes draw from.
const KEYS: u64 = 20_000;
/// Rows of one page of a scan.
const PAGE: usize = 100;
/// Puts of one bare group commit, and writers of the store's.
const GROUP: usize = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Bare = Database<'static, Bytes, Bytes>;

#[derive(Serialize, Deserialize)]
struct Value(String);
impl Record for Value {}

const VALUES: Table<(u64,), Value> = Table::new("values");

fn main() -> Result<(), Failure> {
    let json = std::env::args().any(|argument| argument == "--json");
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let store = Store::open(&folder.path().join("store"), &Options { map_bytes: 4 << 30 })?;
    let (env, bare) = open_bare(&folder.path().join("bare"))?;
    fill(&runtime, &store, &env, bare)?;
    let mut lines = Vec::new();
    lines.push(Line {
        what: "durable writes/s, 1 writer",
        against: "one commit per write",
        store: runtime.block_on(store_writes(&store, 1))?,
        bare: bare_writes(&env, bare, 1)?,
    });
    let many = runtime.block_on(store_writes(&store, GROUP))?;
    for (against, group) in [("one commit per write", 1), ("64 puts per commit", GROUP)] {
        let bare = bare_writes(&env, bare, group)?;
        lines.push(Line { what: "durable writes/s, 64 writers", against, store: many, bare });
    }
    for (what, readers) in [("point reads/s, 1 reader", 1), ("point reads/s, 8 readers", 8)] {
        let store = runtime.block_on(store_reads(&store, readers))?;
        let bare = bare_reads(&env, bare, readers)?;
        lines.push(Line { what, against: "a view per read", store, bare });
    }
    lines.push(Line {
        what: "scanned rows/s, pages of 100",
        against: "a view per page",
        store: runtime.block_on(store_scan(&store))?,
        bare: bare_scan(&env, bare)?,
    });
    print(&lines, json);
    Ok(())
}

/// One comparison; rates are per second.
struct Line {
    what: &'static str,
    against: &'static str,
    store: f64,
    bare: f64,
}

fn print(lines: &[Line], json: bool) {
    if !json {
        println!("{:<30} {:<22} {:>10} {:>10} {:>7}", "", "against bare LMDB,", "store", "bare", "share");
    }
    for Line { what, against, store, bare } in lines {
        let share = store / bare;
        if json {
            println!(
                r#"{{"what":"{what}","against":"{against}","store":{store:.0},"bare":{bare:.0},"share":{share:.3}}}"#
            );
        } else {
            println!("{what:<30} {against:<22} {store:>10.0} {bare:>10.0} {share:>7.2}");
        }
    }
}

fn fill(runtime: &tokio::runtime::Runtime, store: &Store, env: &Env, bare: Bare) -> Result<(), Failure> {
    for first in (0..KEYS).step_by(2000) {
        runtime.block_on(store.write(move |tx| {
            (first..first + 2000).try_for_each(|key| VALUES.insert(tx, &(key,), &Value(text())))
        }))?;
    }
    let mut txn = env.write_txn()?;
    for key in 0..KEYS {
        bare.put(&mut txn, &key.to_be_bytes(), text().as_bytes())?;
    }
    Ok(txn.commit()?)
}

/// 1 KiB.
fn text() -> String {
    "0123456789abcdef".repeat(64)
}

/// The next key in an order that jumps about and meets all of them.
fn next(key: u64) -> u64 {
    (key + 7919) % KEYS
}

#[expect(clippy::cast_precision_loss, reason = "a count")]
fn rate(count: u64, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}

async fn store_writes(store: &Store, writers: usize) -> Result<f64, Failure> {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers as u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let (mut key, mut count) = (writer * 131, 0);
            while began.elapsed() < TIME {
                key = next(key);
                store.write(move |tx| VALUES.insert(tx, &(key,), &Value(text()))).await?;
                count += 1;
            }
            Ok::<u64, StoreError>(count)
        });
    }
    total(tasks, began).await
}

async fn store_reads(store: &Store, readers: usize) -> Result<f64, Failure> {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for reader in 0..readers as u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let (mut key, mut count) = (reader * 131, 0);
            while began.elapsed() < TIME {
                key = next(key);
                let found = store.read(move |tx| VALUES.get(tx, &(key,))).await?;
                assert!(found.is_some_and(|value| value.0.len() == 1024));
                count += 1;
            }
            Ok::<u64, StoreError>(count)
        });
    }
    total(tasks, began).await
}

async fn total(tasks: tokio::task::JoinSet<Result<u64, StoreError>>, began: Instant) -> Result<f64, Failure> {
    let counts: Result<Vec<u64>, StoreError> = tasks.join_all().await.into_iter().collect();
    Ok(rate(counts?.iter().sum(), began))
}

async fn store_scan(store: &Store) -> Result<f64, Failure> {
    let (began, mut rows, mut key) = (Instant::now(), 0, 0);
    while began.elapsed() < TIME {
        let page = store.read(move |tx| VALUES.query(&()).after(&(key,)).limit(PAGE).rows(tx)).await?;
        rows += page.len() as u64;
        key = page.last().map_or(0, |((key,), _)| *key);
    }
    Ok(rate(rows, began))
}

fn open_bare(folder: &Path) -> Result<(Env, Bare), Failure> {
    std::fs::create_dir_all(folder)?;
    let mut options = EnvOpenOptions::new();
    options.map_size(4 << 30).max_readers(1024);
    // SAFETY: the folder was just made for this process alone.
    #[expect(unsafe_code, reason = "memory-mapping a file is unsafe where others may change it")]
    let env = unsafe { options.open(folder) }?;
    let txn = env.write_txn()?;
    let made: Result<_, heed::Error> = env.create_databases_and_commit(txn, |opener, txn| {
        opener.create_database(txn, None).map(CommitOrAbort::<_, ()>::Commit)
    });
    let CommitOrAbort::Commit(bare) = made? else { return Err("the database was not made".into()) };
    Ok((env, bare))
}

fn bare_writes(env: &Env, bare: Bare, group: usize) -> Result<f64, Failure> {
    let (began, mut count, mut key, value) = (Instant::now(), 0, 0, text());
    while began.elapsed() < TIME {
        let mut txn = env.write_txn()?;
        for _ in 0..group {
            key = next(key);
            bare.put(&mut txn, &key.to_be_bytes(), value.as_bytes())?;
        }
        txn.commit()?;
        count += group as u64;
    }
    Ok(rate(count, began))
}

/// Reads as a caller would have to: one view per read, and the value is the caller's own afterwards.
fn bare_reads(env: &Env, bare: Bare, readers: usize) -> Result<f64, Failure> {
    let began = Instant::now();
    let env = Arc::new(env.clone());
    let threads: Vec<_> = (0..readers as u64)
        .map(|reader| {
            let env = Arc::clone(&env);
            std::thread::spawn(move || {
                let (mut key, mut count) = (reader * 131, 0);
                while began.elapsed() < TIME {
                    key = next(key);
                    let txn = env.read_txn()?;
                    let found = bare.get(&txn, &key.to_be_bytes())?.map(<[u8]>::to_vec);
                    assert!(found.is_some_and(|value| value.len() == 1024));
                    count += 1;
                }
                Ok::<u64, heed::Error>(count)
            })
        })
        .collect();
    let mut count = 0;
    for thread in threads {
        count += thread.join().map_err(|_| "a reader panicked")??;
    }
    Ok(rate(count, began))
}

fn bare_scan(env: &Env, bare: Bare) -> Result<f64, Failure> {
    let (began, mut rows, mut last) = (Instant::now(), 0, 0u64.to_be_bytes().to_vec());
    while began.elapsed() < TIME {
        let txn = env.read_txn()?;
        let from = (Bound::Excluded(last.as_slice()), Bound::Unbounded);
        let mut page: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for row in bare.range(&txn, &from)?.take(PAGE) {
            let (key, value) = row?;
            page.push((key.to_vec(), value.to_vec()));
        }
        rows += page.len() as u64;
        last = page.pop().map_or_else(|| 0u64.to_be_bytes().to_vec(), |(key, _)| key);
    }
    Ok(rate(rows, began))
}
