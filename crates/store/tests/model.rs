//! The store against a model: one map for what one client does, serializability for what many do at once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weft_store::{Crash, Feed, Memory, Options, Record, Store, StoreError, Table};

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Text(String);
impl Record for Text {}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Amount(i64);
impl Record for Amount {}

const TEXTS: Table<(String, u64), Text> = Table::new("texts");
const ACCOUNTS: Table<(u64,), Amount> = Table::new("accounts");
const EVENTS: Feed<Amount> = Feed::new("events", "events-ends");

#[derive(Debug, Clone)]
enum Act {
    Insert(String, u64, String),
    Remove(String, u64),
    Get(String, u64),
    Scan { prefix: Option<String>, after: Option<u64>, backward: bool, limit: usize },
}

/// Few names, so that acts meet; one is longer than the engine's keys may be, with siblings that share its stem.
fn name() -> impl Strategy<Value = String> {
    let long = "l".repeat(1890);
    prop_oneof![
        Just("a".to_owned()),
        Just("b\0".to_owned()),
        Just(String::new()),
        Just(long.clone()),
        Just(format!("{long}m")),
        Just(format!("{long}{}", "x".repeat(300))),
        Just(format!("{long}{}", "y".repeat(10))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (name(), 0..4u64, "[a-z]{0,8}").prop_map(|(n, i, t)| Act::Insert(n, i, t)),
        (name(), 0..4u64).prop_map(|(n, i)| Act::Remove(n, i)),
        (name(), 0..4u64).prop_map(|(n, i)| Act::Get(n, i)),
        (proptest::option::of(name()), proptest::option::of(0..4u64), any::<bool>(), 0..6usize)
            .prop_map(|(prefix, after, backward, limit)| Act::Scan { prefix, after, backward, limit }),
    ]
}

type Model = BTreeMap<(String, u64), Text>;

/// Does the acts of one transaction on store and model at once, and compares every answer.
fn run(tx: &mut weft_store::WriteTx<'_>, model: &mut Model, acts: &[Act]) -> Result<(), StoreError> {
    for act in acts {
        match act.clone() {
            Act::Insert(name, number, text) => {
                TEXTS.insert(tx, &(name.clone(), number), &Text(text.clone()))?;
                model.insert((name, number), Text(text));
            }
            Act::Remove(name, number) => {
                TEXTS.remove(tx, &(name.as_str(), number))?;
                model.remove(&(name, number));
            }
            Act::Get(name, number) => {
                assert_eq!(TEXTS.get(tx, &(name.as_str(), number))?, model.get(&(name, number)).cloned());
            }
            Act::Scan { prefix, after, backward, limit } => {
                assert_eq!(
                    scan(tx, prefix.as_deref(), after, backward, limit)?,
                    scan_model(model, prefix.as_deref(), after, backward, limit)
                );
            }
        }
    }
    Ok(())
}

type Rows = Vec<((String, u64), Text)>;

fn scan(
    tx: &impl weft_store::Read,
    prefix: Option<&str>,
    after: Option<u64>,
    backward: bool,
    limit: usize,
) -> Result<Rows, StoreError> {
    let mut query = match prefix {
        Some(prefix) => TEXTS.query(&(prefix,)),
        None => TEXTS.query(&()),
    };
    if let (Some(prefix), Some(after)) = (prefix, after) {
        query = if backward { query.before(&(prefix, after)) } else { query.after(&(prefix, after)) };
    }
    if backward {
        query = query.backward();
    }
    query.limit(limit).rows(tx)
}

fn scan_model(model: &Model, prefix: Option<&str>, after: Option<u64>, backward: bool, limit: usize) -> Rows {
    let wanted = |(name, number): &(String, u64)| match (prefix, after) {
        (None, _) => true,
        (Some(prefix), None) => name == prefix,
        (Some(prefix), Some(after)) => {
            name == prefix && if backward { *number < after } else { *number > after }
        }
    };
    let mut rows: Rows =
        model.iter().filter(|(key, _)| wanted(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if backward {
        rows.reverse();
    }
    rows.truncate(limit);
    rows
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

fn check_against_model(store: &Store, transactions: &[(Vec<Act>, bool)]) {
    block_on(async {
        let mut model = Model::new();
        for (acts, aborts) in transactions.iter().cloned() {
            let before = model.clone();
            let outcome = store
                .write(move |tx| {
                    let mut model = before.clone();
                    run(tx, &mut model, &acts)?;
                    if aborts { Err(StoreError::Full) } else { Ok(model) }
                })
                .await;
            model = outcome.unwrap_or(model);
            let rows = store.read(|tx| scan(tx, None, None, false, usize::MAX)).await.expect("rows");
            assert_eq!(rows, scan_model(&model, None, None, false, usize::MAX));
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_client_sees_what_a_map_would_show(transactions in proptest::collection::vec((proptest::collection::vec(act(), 1..12), proptest::bool::weighted(0.2)), 1..8)) {
        check_against_model(&Store::memory(&Memory::new()).expect("a store"), &transactions);
        let folder = tempfile::tempdir().expect("a folder");
        check_against_model(&Store::open(folder.path(), &Options { map_bytes: 1 << 26 }).expect("a store"), &transactions);
    }

    #[test]
    fn a_crash_keeps_what_was_acknowledged_and_all_or_nothing_of_the_rest(at_commit in 0..20u64, kept in any::<bool>()) {
        block_on(async {
            let memory = Memory::new();
            memory.crash_at(Crash { at_commit, kept });
            let store = Store::memory(&memory).expect("a store");
            let mut acknowledged = 0;
            while store.write(move |tx| move_between(tx, 0, 1, 1)).await.is_ok() {
                acknowledged += 1;
            }
            assert_eq!(acknowledged, i64::try_from(at_commit).expect("small"));
            drop(store);
            memory.restart();
            let store = Store::memory(&memory).expect("a store");
            let (from, to) = store.read(|tx| Ok::<_, StoreError>((balance(tx, 0)?, balance(tx, 1)?))).await.expect("balances");
            assert_eq!((from, to), (-acknowledged - i64::from(kept), acknowledged + i64::from(kept)));
        });
    }
}

fn balance(tx: &impl weft_store::Read, account: u64) -> Result<i64, StoreError> {
    Ok(ACCOUNTS.get(tx, &(account,))?.map_or(0, |amount| amount.0))
}

fn move_between(tx: &mut weft_store::WriteTx<'_>, from: u64, to: u64, amount: i64) -> Result<(), StoreError> {
    let (a, b) = (balance(tx, from)?, balance(tx, to)?);
    ACCOUNTS.insert(tx, &(from,), &Amount(a - amount))?;
    ACCOUNTS.insert(tx, &(to,), &Amount(b + amount))
}

/// Many clients move money, audit it by scans that decide what they write, and add to one feed.
async fn bank(store: Store) {
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..8u64 {
        let store = store.clone();
        clients.spawn(async move {
            for round in 0..40u64 {
                let (from, to) = ((client + round) % 5, (client * 3 + round * 7 + 1) % 5);
                let moved = store.write(move |tx| {
                    if from != to {
                        move_between(tx, from, to, 1)?;
                    }
                    // The sum is always 0 in a serializable history; what is written depends on what was scanned.
                    let rows = ACCOUNTS.query(&()).rows(tx)?;
                    let sum: i64 = rows.iter().map(|(_, amount)| amount.0).sum();
                    EVENTS.append(tx, 0, &Amount(sum)).map(drop)
                });
                moved.await.expect("a move");
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client");
    }
    let events = store.read(|tx| EVENTS.read(tx, 0, 0, 10_000)).await.expect("events");
    assert_eq!(events.len(), 8 * 40);
    assert!(events.iter().enumerate().all(|(at, (number, sum))| *number == at as u64 && sum.0 == 0));
    let trimmed = store.write(|tx| EVENTS.trim(tx, 0, 100, 1000)).await.expect("a trim");
    assert_eq!(trimmed, 100);
    let rest = store.read(|tx| EVENTS.read(tx, 0, 0, 10_000)).await.expect("events");
    assert_eq!(rest.first().map(|(number, _)| *number), Some(100));
}

#[test]
fn concurrent_clients_are_serializable_in_memory() {
    block_on(bank(Store::memory(&Memory::new()).expect("a store")));
}

#[test]
fn concurrent_clients_are_serializable_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    block_on(bank(Store::open(folder.path(), &Options { map_bytes: 1 << 28 }).expect("a store")));
}

#[test]
fn two_who_read_what_the_other_writes_do_not_both_win() {
    // Write skew: each may go only while the other is there.
    block_on(async {
        let store = Store::memory(&Memory::new()).expect("a store");
        for round in 0..200 {
            store
                .write(move |tx| {
                    ACCOUNTS.insert(tx, &(1,), &Amount(1))?;
                    ACCOUNTS.insert(tx, &(2,), &Amount(1))
                })
                .await
                .expect("a reset");
            let leave = |own: u64, other: u64| {
                let store = store.clone();
                async move {
                    store
                        .write(move |tx| {
                            if balance(tx, other)? == 1 {
                                ACCOUNTS.insert(tx, &(own,), &Amount(0))
                            } else {
                                Ok(())
                            }
                        })
                        .await
                }
            };
            let (a, b) = tokio::join!(tokio::spawn(leave(1, 2)), tokio::spawn(leave(2, 1)));
            a.expect("a task").expect("a write");
            b.expect("a task").expect("a write");
            let left = store
                .read(|tx| Ok::<_, StoreError>(balance(tx, 1)? + balance(tx, 2)?))
                .await
                .expect("balances");
            assert_eq!(left, 1, "round {round}");
        }
    });
}
