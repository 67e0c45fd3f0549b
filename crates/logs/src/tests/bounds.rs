//! What a group and an account hold is bounded, and what is removed gives its space back.

use std::path::Path;

use weft_model::logs as model;
use weft_service::random_id;
use weft_store::{Memory, Options, Store};
use weft_types::Timestamp;

use super::world::{START, World};
use crate::LogsOptions;

const DAY: i64 = 86_400_000;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+/";

/// Puts ten events of `bytes` each, which do not compress well, a second apart from `at` on.
async fn fill(world: &World, group: &str, at: i64, bytes: usize) {
    let event = |second: i64| model::InputLogEvent {
        timestamp: START + at + second * 1000,
        message: random_id(bytes, LETTERS),
    };
    let input = model::PutLogEventsRequest {
        log_group_name: group.to_owned(),
        log_stream_name: "s".to_owned(),
        log_events: (0..10).map(event).collect(),
        ..Default::default()
    };
    world.call::<_, model::PutLogEventsResponse>("PutLogEvents", input).await.unwrap();
}

fn bounded(group_bytes_max: u64, account_bytes_max: u64) -> World {
    let memory = Memory::new();
    let options = LogsOptions { group_bytes_max, account_bytes_max, ..LogsOptions::default() };
    World::with(Store::memory(&memory).unwrap(), memory, options)
}

async fn make(world: &World, group: &str) {
    world.create_group(group).await.unwrap();
    world.create_stream(group, "s").await.unwrap();
}

async fn bytes(world: &World, group: &str) -> i64 {
    world.group(group).await.unwrap().stored_bytes.unwrap()
}

#[tokio::test]
async fn the_oldest_events_of_a_group_go_when_it_holds_too_much() {
    let world = bounded(500_000, 10_000_000);
    make(&world, "/app").await;
    make(&world, "/calm").await;
    fill(&world, "/calm", 0, 100).await;
    for minute in 0..20 {
        fill(&world, "/app", minute * 100_000, 10_000).await;
    }
    assert!(bytes(&world, "/app").await > 2_000_000);
    world.logs.sweep(Timestamp::from_millis(START)).await.unwrap();
    let left = bytes(&world, "/app").await;
    assert!((300_000..=500_000).contains(&left), "{left}");
    assert_eq!(bytes(&world, "/calm").await, 10 * 126);
    let events = world.get(super::world::get_request("/app", "s")).await.events.unwrap();
    assert_eq!(events.last().unwrap().timestamp, Some(START + 19 * 100_000 + 9_000), "the newest stay");
    let swept = world.logs.sweep(Timestamp::from_millis(START)).await.unwrap();
    assert_eq!(swept.segments, 0, "once is enough");
}

#[tokio::test]
async fn the_largest_group_of_an_account_makes_room() {
    let world = bounded(10_000_000, 1_000_000);
    make(&world, "/large").await;
    make(&world, "/small").await;
    fill(&world, "/small", 0, 10_000).await;
    for minute in 0..15 {
        fill(&world, "/large", minute * 100_000, 10_000).await;
    }
    world.logs.sweep(Timestamp::from_millis(START)).await.unwrap();
    assert_eq!(bytes(&world, "/small").await, 10 * 10_026);
    let total = bytes(&world, "/large").await + bytes(&world, "/small").await;
    assert!((800_000..=1_000_000).contains(&total), "{total}");
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn expired_events_give_their_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options { map_bytes: 1 << 30 }).unwrap();
    let world = World::open(store, Memory::new());
    make(&world, "/app").await;
    let retention =
        model::PutRetentionPolicyRequest { log_group_name: "/app".to_owned(), retention_in_days: 1 };
    world.call::<_, ()>("PutRetentionPolicy", retention).await.unwrap();
    let mut sizes = Vec::new();
    for day in (0..12).step_by(2) {
        world.clock.set(Timestamp::from_millis(START + day * DAY));
        world.logs.sweep(Timestamp::from_millis(START + day * DAY)).await.unwrap();
        if day > 0 {
            assert_eq!(bytes(&world, "/app").await, 0);
            world.create_stream("/app", "s").await.unwrap();
        }
        for minute in 0..20 {
            fill(&world, "/app", day * DAY + minute * 60_000, 20_000).await;
        }
        sizes.push(size(folder.path()));
    }
    assert!(sizes[5] < sizes[0] * 3 / 2, "{sizes:?}");
}
