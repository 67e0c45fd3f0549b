//! Events are put, filtered, and there after a restart.

use weft_model::logs as model;
use weft_store::Store;
use weft_types::Timestamp;

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
        input.end_time = Some(START + 49_999);
    };
    assert_eq!(filter(&world, times).await, ["c1 3", "a 4", "c2 5"]);
    let until = |input: &mut model::FilterLogEventsRequest| input.end_time = Some(START + 2);
    assert_eq!(filter(&world, until).await, ["a 1", "b 2"], "the end is within");
    let missing = model::FilterLogEventsRequest {
        log_group_name: Some("/app".to_owned()),
        log_stream_names: Some(vec!["a".to_owned(), "none".to_owned()]),
        ..Default::default()
    };
    let refused = world.call::<_, model::FilterLogEventsResponse>("FilterLogEvents", missing).await;
    assert_eq!(refusal(refused).2, "The specified log stream does not exist.");
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
    let search = async |pattern: &str, next_token| {
        let input = model::FilterLogEventsRequest {
            log_group_name: Some("/app".to_owned()),
            filter_pattern: Some(pattern.to_owned()),
            next_token,
            ..Default::default()
        };
        let page: model::FilterLogEventsResponse = world.call("FilterLogEvents", input).await.unwrap();
        (page.events.unwrap().len(), page.next_token)
    };
    let (found, token) = search("%[34][01][01]+%", None).await;
    assert!(found == 0 && token.is_some());
    assert_eq!(search("%[34][01][01]+%", token).await, (1, None));
    for pattern in ["3000000", "%300+%"] {
        assert_eq!(
            search(pattern, None).await,
            (1, None),
            "segments without the term are not opened: {pattern}"
        );
    }
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
    let (code, _, message) = refusal(filter("{ $.level = }").await);
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(message, "Invalid filter pattern: a value is missing");
    let token = model::GetLogEventsRequest { next_token: Some("f/1".to_owned()), ..get_request("/app", "s") };
    let refused = world.call::<_, model::GetLogEventsResponse>("GetLogEvents", token).await;
    assert_eq!(
        refusal(refused),
        ("InvalidParameterException".to_owned(), 400, "The specified nextToken is invalid.".to_owned())
    );
}

#[tokio::test]
async fn a_pattern_is_tried_on_messages_that_are_not_stored() {
    let world = World::new();
    let input = model::TestMetricFilterRequest {
        filter_pattern: "[ip, status = 4*, ...]".to_owned(),
        log_event_messages: ["10.0.0.1 404 x y", "10.0.0.2 200 x", "10.0.0.3 401"]
            .map(str::to_owned)
            .to_vec(),
    };
    let found: model::TestMetricFilterResponse = world.call("TestMetricFilter", input).await.unwrap();
    let matches = found.matches.unwrap();
    let numbers: Vec<Option<i64>> = matches.iter().map(|found| found.event_number).collect();
    assert_eq!(numbers, [Some(1), Some(3)]);
    let values = matches[0].extracted_values.as_ref().unwrap();
    let expected = [("$3", "x"), ("$4", "y"), ("$ip", "10.0.0.1"), ("$status", "404")];
    assert!(values.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected), "{values:?}");
}

#[tokio::test]
async fn events_that_come_one_by_one_share_segments_and_keep_their_arrival() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    for at in 0..100 {
        world.clock.set(Timestamp::from_millis(START + at));
        world.put("/app", "s", &[at]).await.unwrap();
    }
    // Earlier than what is there, and more than a minute later: segments of their own.
    world.put("/app", "s", &[-5]).await.unwrap();
    world.put("/app", "s", &[60_001]).await.unwrap();
    let segments = world.store.read(|tx| crate::tables::SEGMENTS.query(&()).rows(tx)).await.unwrap();
    assert_eq!(segments.len(), 3);
    let events = world.get(get_request("/app", "s")).await.events.unwrap();
    assert_eq!(events.len(), 102);
    for (at, event) in (0..100).zip(&events[1..]) {
        assert_eq!((event.timestamp, event.ingestion_time), (Some(START + at), Some(START + at)));
    }
    assert_eq!(world.group("/app").await.unwrap().stored_bytes, Some(events.iter().map(size).sum::<i64>()));
}

fn size(event: &model::OutputLogEvent) -> i64 {
    26 + i64::try_from(event.message.as_ref().unwrap().len()).unwrap()
}
