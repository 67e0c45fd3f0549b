//! How many groups and streams there may be.

use weft_model::logs as model;
use weft_service::workload::LogSink as _;
use weft_store::{Memory, Store};
use weft_types::Timestamp;

use super::world::{START, World, place, refusal};
use crate::LogsOptions;
use crate::quotas::{GROUP_COUNTS, STREAM_COUNTS, stream_count};
use crate::tables::GROUPS;

fn bounded() -> World {
    let memory = Memory::new();
    let options = LogsOptions { groups_max: 3, streams_max: 2, ..LogsOptions::default() };
    World::with(Store::memory(&memory).unwrap(), memory, options)
}

async fn delete_group(world: &World, name: &str) {
    let input = model::DeleteLogGroupRequest { log_group_name: name.to_owned() };
    world.call::<_, ()>("DeleteLogGroup", input).await.unwrap();
}

async fn delete_stream(world: &World, group: &str, name: &str) {
    let input =
        model::DeleteLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: name.to_owned() };
    world.call::<_, ()>("DeleteLogStream", input).await.unwrap();
}

async fn print(world: &World, group: &str, stream: &str, at: i64) {
    world
        .logs
        .append(&place(group, stream), vec![(Timestamp::from_millis(START + at), "printed".to_owned())]);
    world.logs.flush().await.unwrap();
}

const FULL: &str = "LimitExceededException";

#[tokio::test]
async fn an_account_has_so_many_groups_and_no_more() {
    let world = bounded();
    print(&world, "/printed", "w", 0).await;
    world.create_group("/a").await.unwrap();
    world.create_group("/b").await.unwrap();
    let full = (FULL.to_owned(), 400, "Resource limit exceeded.".to_owned());
    assert_eq!(refusal(world.create_group("/c").await), full);
    assert_eq!(refusal(world.create_group("/a").await).0, "ResourceAlreadyExistsException");
    print(&world, "/more", "w", 1).await;
    assert!(world.group("/more").await.is_none());
    print(&world, "/printed", "w", 2).await;
    assert_eq!(world.texts("/printed", "w").await.len(), 2, "what is there takes lines");
    delete_group(&world, "/b").await;
    world.create_group("/c").await.unwrap();
    assert_eq!(refusal(world.create_group("/b").await).0, FULL);
}

#[tokio::test]
async fn a_group_has_so_many_streams_and_no_more() {
    let world = bounded();
    world.create_group("/a").await.unwrap();
    world.create_group("/b").await.unwrap();
    world.create_stream("/a", "s").await.unwrap();
    world.create_stream("/a", "t").await.unwrap();
    assert_eq!(refusal(world.create_stream("/a", "u").await).0, FULL);
    assert_eq!(refusal(world.create_stream("/a", "t").await).0, "ResourceAlreadyExistsException");
    world.create_stream("/b", "u").await.unwrap();
    delete_stream(&world, "/a", "s").await;
    world.create_stream("/a", "u").await.unwrap();
    assert_eq!(refusal(world.create_stream("/a", "s").await).0, FULL);
    delete_group(&world, "/a").await;
    world.create_group("/a").await.unwrap();
    world.create_stream("/a", "s").await.unwrap();
}

#[tokio::test]
async fn a_worker_that_prints_into_a_full_group_takes_the_place_of_the_oldest_stream() {
    let world = bounded();
    for (at, stream) in (0..).zip(["first", "second", "third"]) {
        print(&world, "/app", stream, at).await;
    }
    assert_eq!(world.newest("/app").await, ["third", "second"]);
    assert_eq!(refusal(world.create_stream("/app", "s").await).0, FULL);
}

#[tokio::test]
async fn what_is_from_before_it_was_counted_is_counted() {
    let world = bounded();
    world.create_group("/a").await.unwrap();
    world.create_group("/b").await.unwrap();
    world.create_stream("/a", "s").await.unwrap();
    let key = super::world::group_key("/a");
    let group = world.store.read(move |tx| GROUPS.get(tx, &key)).await.unwrap().unwrap().id;
    let forget = move |tx: &mut weft_store::WriteTx<'_>| {
        GROUP_COUNTS.remove(tx, &(super::world::group_key("/a").0, "us-east-1"))?;
        STREAM_COUNTS.remove(tx, &(group,))
    };
    world.store.write(forget).await.unwrap();
    assert_eq!(world.store.read(move |tx| stream_count(tx, group)).await.unwrap(), 1);
    world.create_group("/c").await.unwrap();
    assert_eq!(refusal(world.create_group("/d").await).0, FULL);
    world.create_stream("/a", "t").await.unwrap();
    assert_eq!(refusal(world.create_stream("/a", "u").await).0, FULL);
}
