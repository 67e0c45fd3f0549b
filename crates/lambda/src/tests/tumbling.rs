//! Tumbling windows, on a stream in this process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use weft_model::lambda as model;
use weft_service::Clock as _;

use super::mappings::{STREAM, Sources, create, poll, request, world};
use super::world::World;

/// A stream with windows of ten seconds, and the clock at the beginning of one.
async fn windows() -> (World, Arc<super::mappings::Source>, String) {
    let (world, source) = world().await;
    let tumbling = model::CreateEventSourceMappingRequest {
        tumbling_window_in_seconds: Some(10),
        batch_size: Some(2),
        ..request(STREAM)
    };
    let made = create(&world, tumbling).await;
    assert_eq!((made.tumbling_window_in_seconds, made.parallelization_factor), (Some(10), Some(1)));
    let into = world.clock.now().as_seconds() % 10;
    world.pass(Duration::from_secs(u64::try_from(10 - into).unwrap()));
    (world, source, made.uuid.unwrap())
}

fn answer(world: &World, answer: &Value) {
    world.workers.answers.lock().unwrap().insert("hello".to_owned(), answer.to_string());
}

/// The events that the function got.
fn events(world: &World) -> Vec<Value> {
    world.delivered().into_iter().map(|(_, text)| serde_json::from_str(&text).unwrap()).collect()
}

/// Records, state, whether it is the end of a window and whether it came early.
fn shown(world: &World) -> Vec<(usize, Value, bool, bool)> {
    let one = |event: Value| {
        let records = event["Records"].as_array().unwrap().len();
        let flag = |name: &str| event[name].as_bool().unwrap();
        let state = event["state"].clone();
        (records, state, flag("isFinalInvokeForWindow"), flag("isWindowTerminatedEarly"))
    };
    events(world).into_iter().map(one).collect()
}

#[tokio::test]
async fn a_state_goes_from_batch_to_batch_and_to_the_end_of_the_window() {
    let (world, source, _) = windows().await;
    let start = world.clock.now();
    answer(&world, &json!({ "state": { "n": 1 } }));
    source.add(&world, 1..4);
    poll(&world).await;
    let first = events(&world);
    assert_eq!(first.len(), 2);
    let [one, two] = [&first[0], &first[1]];
    assert_eq!((one["state"].clone(), two["state"].clone()), (json!({}), json!({ "n": 1 })));
    let (begin, end) = (start.iso8601_seconds(), start.plus(Duration::from_secs(10)).iso8601_seconds());
    assert_eq!(one["window"], json!({ "start": begin, "end": end }));
    assert_eq!((one["shardId"].as_str(), one["eventSourceARN"].as_str()), (Some("shard-0"), Some(STREAM)));
    world.pass(Duration::from_secs(9));
    poll(&world).await;
    assert!(events(&world).is_empty(), "the window is not over");
    world.pass(Duration::from_secs(1));
    poll(&world).await;
    assert_eq!(shown(&world), [(0, json!({ "n": 1 }), true, false)]);
    world.pass(Duration::from_mins(1));
    poll(&world).await;
    assert!(events(&world).is_empty(), "a window without records is none");
}

#[tokio::test]
async fn a_batch_has_records_of_one_window() {
    let (world, source, _) = windows().await;
    answer(&world, &json!({ "state": "s" }));
    source.add(&world, 1..2);
    world.pass(Duration::from_secs(10));
    source.add(&world, 2..3);
    poll(&world).await;
    let expected = [(1, json!({}), false, false), (0, json!("s"), true, false), (1, json!({}), false, false)];
    assert_eq!(shown(&world), expected);
}

#[tokio::test]
async fn a_state_above_one_megabyte_ends_the_window_early_and_it_goes_on_with_an_empty_one() {
    let (world, source, _) = windows().await;
    let large = "x".repeat(1 << 20);
    answer(&world, &json!({ "state": large }));
    source.add(&world, 1..3);
    poll(&world).await;
    assert_eq!(shown(&world), [(2, json!({}), false, false), (0, json!(large), true, true)]);
    answer(&world, &json!({ "state": 1 }));
    source.add(&world, 3..4);
    poll(&world).await;
    world.pass(Duration::from_secs(10));
    poll(&world).await;
    assert_eq!(shown(&world), [(1, json!({}), false, false), (0, json!(1), true, false)]);
}

#[tokio::test]
async fn an_answer_without_a_state_has_failed_and_so_has_an_end_that_fails() {
    let (world, source, _) = windows().await;
    answer(&world, &json!({ "batchItemFailures": [] }));
    source.add(&world, 1..2);
    poll(&world).await;
    answer(&world, &json!({ "state": 1 }));
    world.pass(Duration::from_secs(1));
    poll(&world).await;
    assert_eq!(shown(&world), [(1, json!({}), false, false), (1, json!({}), false, false)], "tried again");
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    world.pass(Duration::from_secs(10));
    source.add(&world, 2..3);
    poll(&world).await;
    assert_eq!(shown(&world), [(0, json!(1), true, false)]);
    world.workers.failing.lock().unwrap().clear();
    poll(&world).await;
    assert!(events(&world).is_empty(), "it waits, and all that comes after with it");
    world.pass(Duration::from_secs(1));
    poll(&world).await;
    assert_eq!(shown(&world), [(0, json!(1), true, false), (1, json!({}), false, false)]);
}

#[tokio::test]
async fn a_new_process_sums_up_again_what_the_old_one_had_not_finished() {
    let (world, source, _) = windows().await;
    answer(&world, &json!({ "state": 1 }));
    source.add(&world, 1..3);
    poll(&world).await;
    world.pass(Duration::from_secs(10));
    source.add(&world, 3..4);
    poll(&world).await;
    assert_eq!(events(&world).len(), 3, "a window and the beginning of the next");
    let next = world.restart();
    next.clock.set(world.clock.now());
    next.lambda.connect_sources(Arc::new(Sources(Arc::clone(&source))));
    answer(&next, &json!({ "state": 1 }));
    poll(&next).await;
    assert_eq!(shown(&next), [(1, json!({}), false, false)], "the first window is not summed up again");
}

#[tokio::test]
async fn a_part_that_ends_hands_on_what_was_read_ends_its_window_and_is_forgotten() {
    let (world, source, uuid) = windows().await;
    answer(&world, &json!({ "state": 1 }));
    source.add(&world, 1..4);
    world.lambda.poll_once().await.unwrap();
    assert_eq!(shown(&world), [(2, json!({}), false, false)]);
    world.lambda.poll_once().await.unwrap();
    assert_eq!(shown(&world), [(1, json!(1), false, false)]);
    source.is_closed.store(true, Ordering::SeqCst);
    poll(&world).await;
    assert_eq!(shown(&world), [(0, json!(1), true, false)], "though its time is not over");
    poll(&world).await;
    assert!(events(&world).is_empty());
    assert!(world.lambda.mappings.places(&uuid).await.unwrap().is_empty());
}
