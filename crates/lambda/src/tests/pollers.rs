//! Event source mappings side by side: each has a poller of its own, for as long as it is on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use weft_model::lambda as model;

use super::mappings::{QUEUE, STREAM, Sources, batches, create, get, poll, request, world};
use super::world::{World, refusal};

/// Waits until something is so, while pollers run.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// How often a function was invoked.
fn calls(world: &World, name: &str) -> usize {
    let all = world.workers.invocations.lock().unwrap();
    all.iter().filter(|one| one.invoked_arn.resource() == format!("function:{name}")).count()
}

async fn delete(world: &World, uuid: &str) {
    let gone = model::DeleteEventSourceMappingRequest { uuid: uuid.to_owned() };
    let _: model::EventSourceMappingConfiguration =
        world.call("DeleteEventSourceMapping", gone).await.unwrap();
}

#[tokio::test]
async fn a_slow_mapping_holds_up_no_other() {
    let (world, source) = world().await;
    world.create("other").await;
    let gate = world.gate("hello");
    create(&world, request(QUEUE)).await;
    let quick = model::CreateEventSourceMappingRequest {
        function_name: "other".to_owned(),
        batch_size: Some(1),
        ..request(STREAM)
    };
    source.add(&world, 1..6);
    let polling = tokio::spawn(Arc::clone(&world.lambda).poll());
    until("the slow one runs", async || calls(&world, "hello") == 1).await;
    create(&world, quick).await;
    until("the quick one goes on", async || calls(&world, "other") == 5).await;
    assert_eq!((calls(&world, "hello"), source.left()), (1, 5));
    gate.add_permits(1);
    until("the slow one ends", async || source.left() == 0).await;
    polling.abort();
}

#[tokio::test]
async fn a_source_that_hangs_holds_up_no_other() {
    let (world, source) = world().await;
    world.create("other").await;
    source.hangs.store(true, Ordering::SeqCst);
    source.add(&world, 1..3);
    // One place is left for all reads.
    let reads = Arc::clone(&world.lambda.pollers.reads);
    let places = u32::try_from(reads.available_permits() - 1).unwrap();
    let _taken = reads.acquire_many(places).await.unwrap();
    create(&world, request(QUEUE)).await;
    let polling = tokio::spawn(Arc::clone(&world.lambda).poll());
    until("the one that hangs has the place", async || reads.available_permits() == 0).await;
    let other =
        model::CreateEventSourceMappingRequest { function_name: "other".to_owned(), ..request(STREAM) };
    create(&world, other).await;
    until("the other is read", async || calls(&world, "other") == 1).await;
    polling.abort();
}

#[tokio::test]
async fn a_mapping_goes_once_what_its_function_has_is_done_with_and_nothing_of_it_stays() {
    let (world, source) = world().await;
    let gate = world.gate("hello");
    let uuid = create(&world, request(QUEUE)).await.uuid.unwrap();
    source.add(&world, 1..3);
    let polling = tokio::spawn(Arc::clone(&world.lambda).poll());
    until("it runs", async || calls(&world, "hello") == 1).await;
    delete(&world, &uuid).await;
    assert_eq!(get(&world, &uuid).await.state.as_deref(), Some("Deleting"));
    gate.add_permits(1);
    let is_gone = async || {
        let input = model::GetEventSourceMappingRequest { uuid: uuid.clone() };
        let found =
            world.call::<_, model::EventSourceMappingConfiguration>("GetEventSourceMapping", input).await;
        found.is_err() && refusal(found).0 == "ResourceNotFoundException"
    };
    until("it is gone", is_gone).await;
    assert_eq!(source.left(), 0, "the batch under way was done with");
    until("nothing is kept", async || world.lambda.pollers.known().await == (0, 0)).await;
    polling.abort();
}

#[tokio::test]
async fn what_a_queue_s_poller_had_read_is_given_back_when_the_mapping_is_turned_off() {
    let (world, source) = world().await;
    let window = model::CreateEventSourceMappingRequest {
        maximum_batching_window_in_seconds: Some(60),
        ..request(QUEUE)
    };
    let uuid = create(&world, window).await.uuid.unwrap();
    source.add(&world, 1..3);
    poll(&world).await;
    assert_eq!(source.hidden.lock().unwrap().len(), 2);
    let off = model::UpdateEventSourceMappingRequest { uuid, enabled: Some(false), ..Default::default() };
    let _: model::EventSourceMappingConfiguration =
        world.call("UpdateEventSourceMapping", off).await.unwrap();
    poll(&world).await;
    assert!(source.hidden.lock().unwrap().is_empty());
    assert_eq!(source.left(), 2);
}

#[tokio::test]
async fn a_mapping_that_changes_is_read_on_with_its_new_settings() {
    let (world, source) = world().await;
    let uuid = create(&world, request(STREAM)).await.uuid.unwrap();
    let polling = tokio::spawn(Arc::clone(&world.lambda).poll());
    source.add(&world, 1..3);
    until("it runs", async || calls(&world, "hello") == 1).await;
    let smaller = model::UpdateEventSourceMappingRequest {
        uuid: uuid.clone(),
        batch_size: Some(1),
        ..Default::default()
    };
    let _: model::EventSourceMappingConfiguration =
        world.call("UpdateEventSourceMapping", smaller).await.unwrap();
    until("it is on again", async || get(&world, &uuid).await.state.as_deref() == Some("Enabled")).await;
    source.add(&world, 3..5);
    until("it goes on", async || calls(&world, "hello") == 3).await;
    polling.abort();
}

#[tokio::test]
async fn a_stream_s_part_has_as_many_batches_under_way_as_its_factor_and_keys_keep_their_order() {
    let (world, source) = world().await;
    let gate = world.gate("hello");
    let parallel = model::CreateEventSourceMappingRequest {
        parallelization_factor: Some(10),
        batch_size: Some(1),
        ..request(STREAM)
    };
    let made = create(&world, parallel).await;
    assert_eq!(made.parallelization_factor, Some(10));
    source.add(&world, 1..10);
    let polling = tokio::spawn(Arc::clone(&world.lambda).poll());
    until("two keys are under way", async || calls(&world, "hello") >= 2).await;
    gate.add_permits(100);
    until("all are done", async || calls(&world, "hello") == 9).await;
    let order: Vec<u32> = batches(&world).iter().map(|id| id.parse().unwrap()).collect();
    for key in 0..3 {
        let of_key: Vec<u32> = order.iter().copied().filter(|id| id % 3 == key).collect();
        assert!(of_key.is_sorted() && of_key.len() == 3, "{order:?}");
    }
    polling.abort();
    let _ = polling.await;
    let next = world.restart();
    next.lambda.connect_sources(Arc::new(Sources(Arc::clone(&source))));
    poll(&next).await;
    assert!(
        batches(&next).len() <= 1,
        "what was done with is not done again, but for what was not yet stored"
    );
}

#[tokio::test]
async fn a_mapping_s_tags_come_and_go_and_its_poller_stays() {
    let (world, source) = world().await;
    let tags = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let window = model::CreateEventSourceMappingRequest {
        maximum_batching_window_in_seconds: Some(5),
        tags: Some(tags(&[("a", "1"), ("b", "2")])),
        ..request(QUEUE)
    };
    let made = create(&world, window).await;
    let resource = made.event_source_mapping_arn.unwrap();
    source.add(&world, 1..3);
    poll(&world).await;
    let input = model::TagResourceRequest { resource: resource.clone(), tags: tags(&[("b", "3")]) };
    world.call::<_, ()>("TagResource", input).await.unwrap();
    let input = model::UntagResourceRequest { resource: resource.clone(), tag_keys: vec!["a".to_owned()] };
    world.call::<_, ()>("UntagResource", input).await.unwrap();
    let list = |resource: String| {
        world.call::<_, model::ListTagsResponse>("ListTags", model::ListTagsRequest { resource })
    };
    assert_eq!(list(resource.clone()).await.unwrap().tags, Some(tags(&[("b", "3")])));
    world.pass(Duration::from_secs(5));
    poll(&world).await;
    assert_eq!(batches(&world), ["1 2"], "what was read is not given back and read anew");
    assert_eq!(get(&world, &made.uuid.unwrap()).await.last_modified, made.last_modified);
    let (begin, end) = resource.split_at(resource.len() - 1);
    let unknown = format!("{begin}{}", if end == "0" { "1" } else { "0" });
    for other in [resource.replace("000000000000", "111111111111"), unknown] {
        assert_eq!(refusal(list(other).await).0, "ResourceNotFoundException");
    }
    let reserved =
        model::CreateEventSourceMappingRequest { tags: Some(tags(&[("aws:x", "1")])), ..request(STREAM) };
    let refused =
        world.call::<_, model::EventSourceMappingConfiguration>("CreateEventSourceMapping", reserved).await;
    assert_eq!(refusal(refused).0, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_mapping_is_guarded_by_its_own_tags() {
    let (world, _) = world().await;
    let tags = Some(BTreeMap::from([("team".to_owned(), "red".to_owned())]));
    let tagged = model::CreateEventSourceMappingRequest { tags, ..request(QUEUE) };
    let uuid = create(&world, tagged).await.uuid.unwrap();
    let get = async |user: &str| {
        let input = model::GetEventSourceMappingRequest { uuid: uuid.clone() };
        let client = world.client.as_user(user);
        let got = client.call::<_, model::EventSourceMappingConfiguration>(
            &model::SERVICE,
            "GetEventSourceMapping",
            input,
        );
        got.await.map(drop).map_err(|fault| fault.code)
    };
    assert_eq!(get("red").await, Ok(()));
    assert_eq!(get("not_red").await, Err("AccessDeniedException".to_owned()));
}
