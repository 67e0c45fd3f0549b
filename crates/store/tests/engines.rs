//! What the engines and the committer promise beside the model: nobody starves, panics stay where they are, simulations replay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use weft_store::{Feed, Memory, Options, Record, Store, StoreError, Table, WriteTx};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Count(u64);
impl Record for Count {}

const COUNTS: Table<(u8,), Count> = Table::new("counts");
const FEED: Feed<Count> = Feed::new("feed", "feed-ends");

fn on_disk() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), &Options { map_bytes: 1 << 28 }).expect("a store");
    (folder, store)
}

fn raise(tx: &mut WriteTx<'_>, key: u8) -> Result<u64, StoreError> {
    let count = COUNTS.get(tx, &(key,))?.map_or(0, |count| count.0) + 1;
    COUNTS.insert(tx, &(key,), &Count(count))?;
    Ok(count)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

#[test]
fn sixty_four_who_raise_one_count_each_get_a_number_of_their_own() {
    let (_folder, store) = on_disk();
    block_on(async {
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let store = store.clone();
            clients.spawn(async move {
                let mut numbers = Vec::new();
                for _ in 0..5 {
                    let number = store.write(|tx| {
                        let number = raise(tx, 0)?;
                        assert_eq!(FEED.append(tx, 0, &Count(number))? + 1, number);
                        Ok::<_, StoreError>(number)
                    });
                    numbers.push(number.await.expect("a number"));
                }
                assert!(numbers.is_sorted(), "later calls of one client come later");
                numbers
            });
        }
        let mut numbers: Vec<u64> = clients.join_all().await.into_iter().flatten().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=320).collect::<Vec<u64>>());
    });
}

#[test]
fn a_slow_closure_that_always_loses_wins_in_the_end() {
    let (_folder, store) = on_disk();
    let runs = Arc::new(AtomicU32::new(0));
    let (rival, counted) = (store.clone(), Arc::clone(&runs));
    let slow = store.write_blocking(move |tx| {
        let count = raise(tx, 0)?;
        let run = counted.fetch_add(1, Ordering::Relaxed);
        // As long as it runs on the pool, another writes what it read, and it takes longer than a quick one may.
        if run < 4 {
            let rival = rival.clone();
            let raised = std::thread::spawn(move || rival.write_blocking(|tx| raise(tx, 0)));
            raised.join().expect("a thread")?;
            let begun = std::time::Instant::now();
            while begun.elapsed() < std::time::Duration::from_millis(3) {
                std::hint::spin_loop();
            }
        }
        Ok::<_, StoreError>(count)
    });
    assert_eq!(slow.expect("a count"), 5, "four rivals came before");
    assert_eq!(runs.load(Ordering::Relaxed), 5);
}

#[test]
fn a_panic_is_its_callers_alone_and_own_errors_write_nothing() {
    let (_folder, store) = on_disk();
    block_on(async {
        let panicked = store.write(|_| -> Result<(), StoreError> { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(StoreError::Panicked)));
        let panicked = store.read(|_| -> Result<(), StoreError> { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(StoreError::Panicked)));
        let aborted: Result<(), StoreError> = store
            .write(|tx| {
                raise(tx, 0)?;
                Err(StoreError::Full)
            })
            .await;
        assert!(matches!(aborted, Err(StoreError::Full)));
        assert_eq!(store.read_blocking(|tx| COUNTS.get(tx, &(0u8,))).expect("an answer"), None);
        assert_eq!(store.write(|tx| raise(tx, 0)).await.expect("a count"), 1);
    });
}

#[test]
fn a_folder_is_free_as_soon_as_its_store_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Store::open(folder.path(), &Options { map_bytes: 1 << 26 });
    block_on(async {
        for round in 1..=150 {
            let store = open().unwrap_or_else(|error| panic!("round {round}: {error}"));
            assert!(matches!(open(), Err(StoreError::InUse(path)) if path == folder.path()));
            assert_eq!(store.write(|tx| raise(tx, 0)).await.expect("a count"), round);
            if round % 3 == 0 {
                let missing = store.write(|tx| COUNTS.get(tx, &(9u8,))).await;
                assert_eq!(missing.expect("an answer"), None);
            }
            if round % 2 == 0 {
                let count = store.read(|tx| COUNTS.get(tx, &(0u8,))).await;
                assert_eq!(count.expect("an answer"), Some(Count(round)));
            }
        }
    });
}

/// How often the closures of twenty transactions ran, and what the crash kept.
fn simulate(seed: u64) -> (Vec<u32>, u64) {
    let memory = Memory::seeded(seed);
    let store = Store::memory(&memory).expect("a store");
    memory.crash_within(20);
    let mut runs = Vec::new();
    loop {
        let ran = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&ran);
        let outcome = store.write_blocking(move |tx| {
            counted.fetch_add(1, Ordering::Relaxed);
            raise(tx, 0)
        });
        runs.push(ran.load(Ordering::Relaxed));
        if outcome.is_err() {
            break;
        }
    }
    assert!(memory.has_crashed());
    memory.restart();
    let again = Store::memory(&memory).expect("a store");
    let kept =
        again.read_blocking(|tx| COUNTS.get(tx, &(0u8,))).expect("an answer").map_or(0, |count| count.0);
    let acknowledged = runs.len() as u64 - 1;
    assert!(kept == acknowledged || kept == acknowledged + 1, "{kept} of {acknowledged}");
    // What was opened before the crash must not write into the life after it.
    assert!(matches!(store.write_blocking(|tx| raise(tx, 0)), Err(StoreError::Stopped)));
    assert!(matches!(store.read_blocking(|tx| COUNTS.get(tx, &(0u8,))), Err(StoreError::Stopped)));
    (runs, kept)
}

#[test]
fn a_simulation_replays_by_its_seed() {
    let outcomes: Vec<_> = (0..40).map(simulate).collect();
    assert_eq!(outcomes, (0..40).map(simulate).collect::<Vec<_>>());
    let some_lost = outcomes.iter().any(|(runs, _)| runs.iter().any(|count| *count > 1));
    let kept_last = |outcome: &&(Vec<u32>, u64)| outcome.1 == outcome.0.len() as u64;
    let kept = outcomes.iter().filter(kept_last).count();
    assert!(some_lost && kept > 0 && kept < 40, "seeds differ: {outcomes:?}");
}
