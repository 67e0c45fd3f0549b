//! Events are put, filtered, and there after a restart.

use weft_model::logs as model;
use weft_store::Store;

use super::world::{START, World, get_request, refusal};

#[tokio::test]
async fn acknowledged_events_are_there_after_a_crash() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    let put = world.put("/app", "s", &[1, 2, 3]).await.unwrap();
    assert!(put.next_sequence_token.is_some());
    assert_eq!(put.rejected_log_events_info, None);
    let later = World::open(Store::memory(&world.memory).unwrap(), world.memory.clone());
    assert_eq!(later.texts("/app", "s").await, ["s 1", "s 2", "s 3"]);
    let input =
        model::DescribeLogStreamsRequest { log_group_name: Some("/app".to_owned()), ..Default::default() };
    let found: model::DescribeLogStreamsResponse = later.call("DescribeLogStreams", input).await.unwrap();
    let stream = found.log_streams.unwrap().remove(0);
    assert_eq!(stream.first_event_timestamp, Some(START + 1));
    assert_eq!(stream.last_event_timestamp, Some(START + 3));
    assert_eq!(stream.last_ingestion_time, Some(START));
    assert_eq!(later.group("/app").await.unwrap().stored_bytes, Some(3 * (26 + 3)));
}

#[tokio::test]
async fn a_stream_is_in_the_order_of_time_whatever_the_order_of_arrival() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    world.put("/app", "s", &[1, 50_000, 100_000, 4_000_000]).await.unwrap();
    world.put("/app", "s", &[0, 60_000, 70_000]).await.unwrap();
    let texts = world.texts("/app", "s").await;
    assert_eq!(texts, ["s 0", "s 1", "s 50000", "s 60000", "s 70000", "s 100000", "s 4000000"]);
    let between = model::GetLogEventsRequest {
        start_time: Some(START + 1),
        end_time: Some(START + 70_000),
        ..get_request("/app", "s")
    };
    let page = world.get(between).await;
    let texts: Vec<String> = page.events.unwrap().into_iter().filter_map(|event| event.message).collect();
    assert_eq!(texts, ["s 1", "s 50000", "s 60000"]);
}

async fn filter(world: &World, change: impl Fn(&mut model::FilterLogEventsRequest)) -> Vec<String> {
    let (mut texts, mut next_token) = (Vec::new(), None);
    loop {
        let mut input = model::FilterLogEventsRequest {
            log_group_name: Some("/app".to_owned()),
            next_token,
            ..Default::default()
        };
        change(&mut input);
        let page: model::FilterLogEventsResponse = world.call("FilterLogEvents", input).await.unwrap();
        texts.extend(page.events.unwrap().into_iter().filter_map(|event| event.message));
        next_token = page.next_token;
        if next_token.is_none() {
            return texts;
        }
    }
}

#[tokio::test]
async fn a_group_is_filtered_in_the_order_of_time() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    for name in ["a", "b", "c1", "c2"] {
        world.create_stream("/app", name).await.unwrap();
    }
    world.put("/app", "a", &[1, 4, 90_000]).await.unwrap();
    world.put("/app", "b", &[2, 50_000]).await.unwrap();
    world.put("/app", "c1", &[3]).await.unwrap();
    world.put("/app", "c2", &[5]).await.unwrap();
    let all = ["a 1", "b 2", "c1 3", "a 4", "c2 5", "b 50000", "a 90000"];
    for limit in [1, 2, 3, 7, 10_000] {
        assert_eq!(filter(&world, |input| input.limit = Some(limit)).await, all, "limit {limit}");
    }
    let prefix = filter(&world, |input| input.log_stream_name_prefix = Some("c".to_owned())).await;
    assert_eq!(prefix, ["c1 3", "c2 5"]);
    let names = |input: &mut model::FilterLogEventsRequest| {
        input.log_stream_names = Some(vec!["b".to_owned(), "c1".to_owned()]);
        input.limit = Some(1);
    };
    assert_eq!(filter(&world, names).await, ["b 2", "c1 3", "b 50000"]);
    let pattern = |input: &mut model::FilterLogEventsRequest| {
        input.filter_pattern = Some("?a ?c2".to_owned());
        input.limit = Some(1);
    };
    assert_eq!(filter(&world, pattern).await, ["a 1", "a 4", "c2 5", "a 90000"]);
    let times = |input: &mut model::FilterLogEventsRequest| {
        input.start_time = Some(START + 3);
        input.end_time = Some(START + 50_000);
    };
    assert_eq!(filter(&world, times).await, ["c1 3", "a 4", "c2 5"]);
}

#[tokio::test]
async fn a_long_search_answers_page_by_page() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    for i in 0..20 {
        let message = "x".repeat(1_000_000);
        let input = model::PutLogEventsRequest {
            log_group_name: "/app".to_owned(),
            log_stream_name: "s".to_owned(),
            log_events: vec![model::InputLogEvent { timestamp: START + i * 100_000, message }],
            ..Default::default()
        };
        world.call::<_, model::PutLogEventsResponse>("PutLogEvents", input).await.unwrap();
    }
    world.put("/app", "s", &[3_000_000]).await.unwrap();
    let input = |next_token| model::FilterLogEventsRequest {
        log_group_name: Some("/app".to_owned()),
        filter_pattern: Some("3000000".to_owned()),
        next_token,
        ..Default::default()
    };
    let first: model::FilterLogEventsResponse = world.call("FilterLogEvents", input(None)).await.unwrap();
    assert_eq!(first.events, Some(vec![]));
    let second: model::FilterLogEventsResponse =
        world.call("FilterLogEvents", input(first.next_token)).await.unwrap();
    assert_eq!((second.events.unwrap().len(), second.next_token), (1, None));
}

#[tokio::test]
async fn what_cannot_be_filtered_or_read_says_why() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    let filter = |pattern: &str| {
        let input = model::FilterLogEventsRequest {
            log_group_name: Some("/app".to_owned()),
            filter_pattern: Some(pattern.to_owned()),
            ..Default::default()
        };
        world.call::<_, model::FilterLogEventsResponse>("FilterLogEvents", input)
    };
    let (code, _, message) = refusal(filter("{ $.level = \"x\" }").await);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("not supported by Weft yet"), "{message}");
    let token = model::GetLogEventsRequest { next_token: Some("f/1".to_owned()), ..get_request("/app", "s") };
    let refused = world.call::<_, model::GetLogEventsResponse>("GetLogEvents", token).await;
    assert_eq!(
        refusal(refused),
        ("InvalidParameterException".to_owned(), 400, "The specified nextToken is invalid.".to_owned())
    );
}
