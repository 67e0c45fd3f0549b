//! Event source mappings, on a source in this process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use weft_model::lambda as model;
use weft_service::{BoxFuture, Error};
use weft_types::Arn;

use super::world::{World, refusal};
use crate::{EventSource, EventSources, Polled, Position, SourceRecord};

pub(super) const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:orders";
pub(super) const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

/// A queue and a stream with the same records.
#[derive(Default)]
pub(super) struct Source {
    records: Mutex<Vec<SourceRecord>>,
    /// What a queue has given out.
    pub(super) hidden: Mutex<Vec<String>>,
    /// Reading the queue never ends.
    pub(super) hangs: AtomicBool,
    /// The stream's part has ended.
    pub(super) is_closed: AtomicBool,
}

impl Source {
    pub(super) fn add(&self, world: &World, ids: std::ops::Range<u32>) {
        let record = |id: u32| {
            let event = json!({ "messageId": format!("{id:04}"), "body": format!("{{\"n\":{id}}}") });
            let filtered = json!({ "messageId": format!("{id:04}"), "body": { "n": id } });
            let arrived = world.client.dispatch.clock().now();
            // Every third record has the same key.
            SourceRecord {
                id: format!("{id:04}"),
                key: Some(format!("key-{}", id % 3)),
                arrived,
                event,
                filtered,
            }
        };
        self.records.lock().unwrap().extend(ids.map(record));
    }

    pub(super) fn left(&self) -> usize {
        self.records.lock().unwrap().len()
    }
}

/// One source as a queue or as a stream.
struct Face(Arc<Source>, bool);

impl EventSource for Face {
    fn shards(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        let shards =
            if self.0.is_closed.load(Ordering::SeqCst) { Vec::new() } else { vec!["shard-0".to_owned()] };
        Box::pin(std::future::ready(Ok(shards)))
    }

    fn poll<'a>(
        &'a self,
        _: &'a str,
        from: &'a Position,
        records: usize,
    ) -> BoxFuture<'a, Result<Polled, Error>> {
        let Self(source, is_queue) = self;
        if *is_queue && source.hangs.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        let mut hidden = source.hidden.lock().unwrap();
        let after = match from {
            Position::After(id) if !is_queue => id.clone(),
            _ => String::new(),
        };
        let all = source.records.lock().unwrap();
        let open = all.iter().filter(|one| one.id > after && !(*is_queue && hidden.contains(&one.id)));
        let records: Vec<SourceRecord> = open.take(records).cloned().collect();
        if *is_queue {
            hidden.extend(records.iter().map(|one| one.id.clone()));
        }
        Box::pin(std::future::ready(Ok(Polled { records, next: None })))
    }

    fn acknowledge<'a>(&'a self, _: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<(), Error>> {
        self.0.records.lock().unwrap().retain(|one| !ids.contains(&one.id));
        Box::pin(std::future::ready(Ok(())))
    }

    fn release<'a>(&'a self, _: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<(), Error>> {
        self.0.hidden.lock().unwrap().retain(|one| !ids.contains(one));
        Box::pin(std::future::ready(Ok(())))
    }
}

pub(super) struct Sources(pub(super) Arc<Source>);

impl EventSources for Sources {
    fn find<'a>(
        &'a self,
        arn: &'a Arn,
        _: &'a Arn,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn EventSource>>, Error>> {
        let known = [QUEUE, STREAM].contains(&arn.as_str());
        let face = Face(Arc::clone(&self.0), arn.service() == "sqs");
        Box::pin(std::future::ready(Ok(known.then(|| Arc::new(face) as Arc<dyn EventSource>))))
    }
}

pub(super) async fn world() -> (World, Arc<Source>) {
    let (world, source) = (World::new(), Arc::new(Source::default()));
    world.lambda.connect_sources(Arc::new(Sources(Arc::clone(&source))));
    world.create("hello").await;
    (world, source)
}

pub(super) fn request(source: &str) -> model::CreateEventSourceMappingRequest {
    model::CreateEventSourceMappingRequest {
        function_name: "hello".to_owned(),
        event_source_arn: Some(source.to_owned()),
        starting_position: (source == STREAM).then(|| "TRIM_HORIZON".to_owned()),
        ..Default::default()
    }
}

pub(super) async fn create(
    world: &World,
    request: model::CreateEventSourceMappingRequest,
) -> model::EventSourceMappingConfiguration {
    world.call("CreateEventSourceMapping", request).await.unwrap()
}

pub(super) async fn get(world: &World, uuid: &str) -> model::EventSourceMappingConfiguration {
    let input = model::GetEventSourceMappingRequest { uuid: uuid.to_owned() };
    world.call("GetEventSourceMapping", input).await.unwrap()
}

/// The ids of each batch that the function got.
pub(super) fn batches(world: &World) -> Vec<String> {
    let ids = |text: String| {
        let event: Value = serde_json::from_str(&text).unwrap();
        let records = event["Records"].as_array().unwrap();
        records
            .iter()
            .map(|one| one["messageId"].as_str().unwrap().trim_start_matches('0').to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    world.delivered().into_iter().map(|(_, text)| ids(text)).collect()
}

pub(super) async fn poll(world: &World) {
    while world.lambda.poll_once().await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_queue_s_messages_come_in_batches_and_are_removed() {
    let (world, source) = world().await;
    let mapping = create(&world, request(QUEUE)).await;
    assert_eq!((mapping.state.as_deref(), mapping.batch_size), (Some("Creating"), Some(10)));
    source.add(&world, 1..13);
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2 3 4 5 6 7 8 9 10", "11 12"]);
    assert_eq!(source.left(), 0);
    let shown = get(&world, &mapping.uuid.unwrap()).await;
    assert_eq!(shown.state.as_deref(), Some("Enabled"));
    assert_eq!(shown.last_processing_result.as_deref(), Some("OK"));
}

#[tokio::test]
async fn a_batch_waits_for_its_window() {
    let (world, source) = world().await;
    let window = model::CreateEventSourceMappingRequest {
        maximum_batching_window_in_seconds: Some(5),
        ..request(QUEUE)
    };
    create(&world, window).await;
    source.add(&world, 1..3);
    poll(&world).await;
    assert!(batches(&world).is_empty());
    source.add(&world, 3..4);
    world.pass(Duration::from_secs(5));
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2 3"]);
}

#[tokio::test]
async fn what_no_filter_takes_is_removed_unseen() {
    let (world, source) = world().await;
    let filter = model::Filter { pattern: Some(r#"{"body":{"n":[{"numeric":[">",3]}]}}"#.to_owned()) };
    let filtered = model::CreateEventSourceMappingRequest {
        filter_criteria: Some(model::FilterCriteria { filters: Some(vec![filter]) }),
        ..request(QUEUE)
    };
    create(&world, filtered).await;
    source.add(&world, 1..6);
    poll(&world).await;
    assert_eq!(batches(&world), ["4 5"]);
    assert_eq!(source.left(), 0);
}

#[tokio::test]
async fn messages_of_a_batch_that_fails_are_given_back() {
    let (world, source) = world().await;
    create(&world, request(QUEUE)).await;
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    source.add(&world, 1..3);
    world.lambda.poll_once().await.unwrap();
    assert_eq!(batches(&world), ["1 2"]);
    assert_eq!(source.left(), 2);
    world.workers.failing.lock().unwrap().clear();
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2"]);
    assert_eq!(source.left(), 0);
}

#[tokio::test]
async fn a_stream_is_read_in_order_and_goes_on_after_a_restart() {
    let (world, source) = world().await;
    create(&world, model::CreateEventSourceMappingRequest { batch_size: Some(2), ..request(STREAM) }).await;
    source.add(&world, 1..6);
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2", "3 4", "5"]);
    let next = world.restart();
    next.lambda.connect_sources(Arc::new(Sources(Arc::clone(&source))));
    poll(&next).await;
    assert!(batches(&next).is_empty(), "what was handled is not handled again");
    source.add(&next, 6..8);
    poll(&next).await;
    assert_eq!(batches(&next), ["6 7"]);
}

#[tokio::test]
async fn how_far_a_stream_was_read_is_stored_once_the_full_disk_has_room_again() {
    let (world, source) = world().await;
    create(&world, request(STREAM)).await;
    poll(&world).await;
    source.add(&world, 1..3);
    world.memory.full_for(1);
    world.lambda.poll_once().await.unwrap();
    assert_eq!(batches(&world), ["1 2"]);
    poll(&world).await;
    let next = world.restart();
    next.lambda.connect_sources(Arc::new(Sources(Arc::clone(&source))));
    poll(&next).await;
    assert!(batches(&next).is_empty(), "what was handled is not handled again");
}

#[tokio::test]
async fn a_stream_s_batch_that_fails_holds_the_stream_until_it_is_given_up() {
    let (world, source) = world().await;
    let twice = model::CreateEventSourceMappingRequest { maximum_retry_attempts: Some(1), ..request(STREAM) };
    let uuid = create(&world, twice).await.uuid.unwrap();
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    source.add(&world, 1..3);
    poll(&world).await;
    source.add(&world, 3..5);
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2"], "the second try waits");
    assert_eq!(
        get(&world, &uuid).await.last_processing_result.as_deref(),
        Some("PROBLEM: Function call failed")
    );
    world.pass(Duration::from_secs(1));
    world.lambda.poll_once().await.unwrap();
    assert_eq!(batches(&world), ["1 2"]);
    world.workers.failing.lock().unwrap().clear();
    poll(&world).await;
    assert_eq!(batches(&world), ["3 4"], "the first two are given up");
}

#[tokio::test]
async fn a_mapping_is_turned_off_and_on_and_removed() {
    let (world, source) = world().await;
    let uuid = create(&world, request(QUEUE)).await.uuid.unwrap();
    poll(&world).await;
    let enable = |enabled| model::UpdateEventSourceMappingRequest {
        uuid: uuid.clone(),
        enabled: Some(enabled),
        ..Default::default()
    };
    let state = |shown: model::EventSourceMappingConfiguration| shown.state.unwrap();
    assert_eq!(state(world.call("UpdateEventSourceMapping", enable(false)).await.unwrap()), "Disabling");
    source.add(&world, 1..2);
    poll(&world).await;
    assert_eq!(state(get(&world, &uuid).await), "Disabled");
    assert!(batches(&world).is_empty());
    assert_eq!(state(world.call("UpdateEventSourceMapping", enable(true)).await.unwrap()), "Enabling");
    poll(&world).await;
    assert_eq!(batches(&world), ["1"]);
    let gone = model::DeleteEventSourceMappingRequest { uuid: uuid.clone() };
    assert_eq!(state(world.call("DeleteEventSourceMapping", gone).await.unwrap()), "Deleting");
    let (code, status, _) = refusal(
        world
            .call::<_, model::EventSourceMappingConfiguration>("UpdateEventSourceMapping", enable(true))
            .await,
    );
    assert_eq!((code.as_str(), status), ("ResourceInUseException", 400));
    poll(&world).await;
    let input = model::GetEventSourceMappingRequest { uuid };
    let missing =
        world.call::<_, model::EventSourceMappingConfiguration>("GetEventSourceMapping", input).await;
    assert_eq!(refusal(missing).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn mappings_are_listed_by_function_and_source() {
    let (world, _) = world().await;
    world.create("other").await;
    create(&world, request(QUEUE)).await;
    create(&world, request(STREAM)).await;
    create(
        &world,
        model::CreateEventSourceMappingRequest { function_name: "other".to_owned(), ..request(QUEUE) },
    )
    .await;
    let count = async |function: Option<&str>, source: Option<&str>, max_items: Option<i32>| {
        let input = model::ListEventSourceMappingsRequest {
            function_name: function.map(str::to_owned),
            event_source_arn: source.map(str::to_owned),
            max_items,
            ..Default::default()
        };
        let list: model::ListEventSourceMappingsResponse =
            world.call("ListEventSourceMappings", input).await.unwrap();
        (list.event_source_mappings.unwrap().len(), list.next_marker.is_some())
    };
    assert_eq!(count(None, None, None).await, (3, false));
    assert_eq!(count(None, None, Some(2)).await, (2, true));
    assert_eq!(count(Some("hello"), None, None).await, (2, false));
    assert_eq!(count(Some("hello"), Some(QUEUE), None).await, (1, false));
    assert_eq!(count(Some("nobody"), None, None).await, (0, false));
}

#[tokio::test]
async fn what_cannot_be_mapped_is_refused() {
    let (world, _) = world().await;
    create(&world, request(QUEUE)).await;
    let refused = async |request: model::CreateEventSourceMappingRequest, code: &str, words: &str| {
        let found =
            world.call::<_, model::EventSourceMappingConfiguration>("CreateEventSourceMapping", request);
        let (found, _, message) = refusal(found.await);
        assert!(found == code && message.contains(words), "{found}: {message}");
    };
    let bad = "InvalidParameterValueException";
    refused(request(QUEUE), "ResourceConflictException", "already exists").await;
    refused(request("arn:aws:sqs:us-east-1:000000000000:nobody"), bad, "does not exist").await;
    refused(request("arn:aws:s3:::bucket"), bad, "Unrecognized event source").await;
    let stream = model::CreateEventSourceMappingRequest { starting_position: None, ..request(STREAM) };
    refused(stream, "ValidationException", "startingPosition").await;
    let window =
        model::CreateEventSourceMappingRequest { tumbling_window_in_seconds: Some(5), ..request(QUEUE) };
    refused(window, bad, "TumblingWindowInSeconds").await;
    let nobody =
        model::CreateEventSourceMappingRequest { function_name: "nobody".to_owned(), ..request(QUEUE) };
    refused(nobody, "ResourceNotFoundException", "Function not found").await;
}

#[tokio::test]
async fn without_any_source_aws_s_error_says_that_it_is_not_there() {
    let world = World::new();
    world.create("hello").await;
    let found =
        world.call::<_, model::EventSourceMappingConfiguration>("CreateEventSourceMapping", request(STREAM));
    assert_eq!(refusal(found.await).2, format!("Stream not found: {STREAM}"));
}
