//! What waits for subscription filters: whose turn it is, and how much of it there is.

use std::sync::Arc;

use weft_store::{Memory, Store};
use weft_types::Timestamp;

use super::subscriptions::{deliver, subscribe};
use super::world::{START, World, get_request};
use crate::LogsOptions;
use crate::backlog::STREAM;
use crate::subscriptions::{FilterId, PENDING, Pending};

/// The filters of the test have numbers below all others.
const PAUSED: FilterId = 12_000;

#[tokio::test]
async fn however_many_filters_are_paused_the_others_are_served() {
    let world = with_group(LogsOptions::default()).await;
    subscribe(&world, "f", "", "collect").await.unwrap();
    let row = Pending { group: 1, stream: "s".to_owned(), last: 0, count: 1, bytes: 1 };
    let add = move |tx: &mut weft_store::WriteTx<'_>| {
        (1..=PAUSED).try_for_each(|filter| PENDING.insert(tx, &(filter, 0, 1, 0, 0), &row))
    };
    world.store.write(add).await.unwrap();
    (1..=PAUSED).for_each(|filter| world.logs.delivery.rounds.pause(filter));
    world.put("/app", "s", &[1]).await.unwrap();
    deliver(&world).await;
    assert_eq!(world.functions.texts("collect"), [["s 1"]]);
    world.put("/app", "s", &[2]).await.unwrap();
    deliver(&world).await;
    assert_eq!(world.functions.texts("collect").len(), 2, "the rounds begin anew");
}

async fn with_group(options: LogsOptions) -> World {
    let memory = Memory::new();
    let world = World::with(Store::memory(&memory).unwrap(), memory, options);
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    world
}

/// Puts 200 events one by one, a millisecond apart, while the function takes none, and gives those that it gets in the end, and the lines that
/// say how many it does not get.
async fn left(options: LogsOptions) -> (Vec<String>, Vec<String>) {
    let world = with_group(options).await;
    subscribe(&world, "f", "-weft", "collect").await.unwrap();
    for at in 0..200 {
        world.clock.set(Timestamp::from_millis(START + at));
        world.put("/app", "s", &[at]).await.unwrap();
        world.logs.bound().await.unwrap();
    }
    let has_stream = world.newest("/app").await.iter().any(|name| name == STREAM);
    let lines = if has_stream { world.get(get_request("/app", STREAM)).await.events } else { None };
    let lines = lines.unwrap_or_default().into_iter().filter_map(|event| event.message);
    deliver(&world).await;
    (world.functions.texts("collect").concat(), lines.collect())
}

fn dropped(lines: &[String]) -> usize {
    let count = |line: &String| {
        let rest = line.strip_prefix("[weft] ").unwrap();
        let (count, rest) = rest.split_once(' ').unwrap();
        assert_eq!(rest, "log events were not sent for the subscription filter f: more waited than may");
        count.parse::<usize>().unwrap()
    };
    lines.iter().map(count).sum()
}

#[tokio::test]
async fn the_oldest_of_what_waits_for_a_filter_goes_and_is_counted_in_its_group() {
    let few = LogsOptions { subscription_rows_max: 50, ..LogsOptions::default() };
    let small = LogsOptions { subscription_bytes_max: 2000, ..LogsOptions::default() };
    for (options, max) in [(few, 55), (small, 75)] {
        let (events, lines) = left(options).await;
        assert!((20..=max).contains(&events.len()), "{events:?}");
        assert_eq!(events.last().map(String::as_str), Some("s 199"), "the newest stay");
        let first = 200 - events.len();
        let newest: Vec<String> = (first..200).map(|at| format!("s {at}")).collect();
        assert_eq!(events, newest, "what stays has no gap");
        // The lines themselves wait for the filter too, and are counted where they go.
        assert!((first..first + lines.len()).contains(&dropped(&lines)), "{lines:?}");
    }
    let (events, lines) = left(LogsOptions::default()).await;
    assert_eq!((events.len(), lines.len()), (200, 0));
}

#[tokio::test]
async fn what_waits_is_bounded_while_the_service_runs() {
    let options = LogsOptions { subscription_rows_max: 10, ..LogsOptions::default() };
    let world = with_group(options).await;
    subscribe(&world, "f", "", "collect").await.unwrap();
    world.functions.refusals.lock().unwrap().extend(["ServiceException"; 100]);
    let logs = Arc::clone(&world.logs);
    let running = tokio::spawn(async move { logs.run().await });
    let mut at = 0;
    // Ends as soon as it was told; who never tells never ends.
    while !world.newest("/app").await.iter().any(|name| name == STREAM) {
        world.put("/app", "s", &[at]).await.unwrap();
        at += 1;
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(at > 10, "{at}");
}
