//! Live tails show what arrives.

use futures::StreamExt as _;
use weft_model::logs as model;
use weft_service::workload::LogSink as _;
use weft_service::{Error, Events, StreamingOperation as _};
use weft_types::{AccountId, Region, Timestamp};

use super::world::{START, World, place, refusal};
use crate::ops::start_live_tail::StartLiveTail;

type Tail = Events<model::StartLiveTailResponseStream>;

fn input(groups: &[&str]) -> model::StartLiveTailRequest {
    let arn = |name: &&str| format!("arn:aws:logs:us-east-1:000000000000:log-group:{name}");
    model::StartLiveTailRequest {
        log_group_identifiers: groups.iter().map(arn).collect(),
        ..Default::default()
    }
}

async fn start(world: &World, input: model::StartLiveTailRequest) -> Result<Tail, Error> {
    let (account, region) = (AccountId::DEFAULT, Region::default());
    let cx = world.client.dispatch.context_for_service("logs.amazonaws.com", account, region);
    let (_, events) = StartLiveTail::parse(input, &cx.scope)?.run(&world.logs, &cx).await?;
    Ok(events)
}

/// The texts of the next update that has some.
async fn next_texts(tail: &mut Tail) -> Vec<String> {
    loop {
        let update = tail.next().await.unwrap().unwrap().session_update.unwrap();
        assert_eq!(update.session_metadata.unwrap().sampled, Some(false));
        let texts: Vec<String> =
            update.session_results.unwrap().into_iter().filter_map(|e| e.message).collect();
        if !texts.is_empty() {
            return texts;
        }
    }
}

async fn with_groups() -> World {
    let world = World::new();
    for group in ["/a", "/b", "/c"] {
        world.create_group(group).await.unwrap();
        for stream in ["s", "t1"] {
            world.create_stream(group, stream).await.unwrap();
        }
    }
    world
}

#[tokio::test]
async fn a_session_begins_and_shows_events_of_its_groups() {
    let world = with_groups().await;
    world.put("/a", "s", &[0]).await.unwrap();
    let mut tail = start(&world, input(&["/a", "/b"])).await.unwrap();
    let begun = tail.next().await.unwrap().unwrap().session_start.unwrap();
    assert_eq!(begun.log_group_identifiers, Some(input(&["/a", "/b"]).log_group_identifiers));
    assert!(begun.session_id.is_some() && begun.request_id.is_some());
    world.put("/c", "s", &[1]).await.unwrap();
    world.put("/b", "s", &[2]).await.unwrap();
    assert_eq!(next_texts(&mut tail).await, ["s 2"]);
    world.logs.append(&place("/a", "worker"), vec![(Timestamp::from_millis(START), "printed".to_owned())]);
    world.logs.flush().await.unwrap();
    assert_eq!(next_texts(&mut tail).await, ["printed"]);
}

#[tokio::test]
async fn a_session_shows_what_streams_and_patterns_say() {
    let world = with_groups().await;
    let by_name =
        model::StartLiveTailRequest { log_stream_names: Some(vec!["s".to_owned()]), ..input(&["/a"]) };
    let by_prefix = model::StartLiveTailRequest {
        log_stream_name_prefixes: Some(vec!["t".to_owned()]),
        ..input(&["/a"])
    };
    let by_pattern =
        model::StartLiveTailRequest { log_event_filter_pattern: Some("%7$%".to_owned()), ..input(&["/a"]) };
    let mut tails = Vec::new();
    for input in [by_name, by_prefix, by_pattern] {
        let mut tail = start(&world, input).await.unwrap();
        assert!(tail.next().await.unwrap().unwrap().session_start.is_some());
        tails.push(tail);
    }
    world.put("/a", "s", &[5]).await.unwrap();
    world.put("/a", "t1", &[7]).await.unwrap();
    let mut found = Vec::new();
    for tail in &mut tails {
        found.push(next_texts(tail).await);
    }
    assert_eq!(found, [["s 5"], ["t1 7"], ["t1 7"]]);
}

#[tokio::test]
async fn an_account_has_fifteen_sessions_until_one_ends() {
    let world = with_groups().await;
    let mut tails = Vec::new();
    for _ in 0..15 {
        tails.push(start(&world, input(&["/a"])).await.unwrap());
    }
    assert_eq!(start(&world, input(&["/a"])).await.err().unwrap().code(), "LimitExceededException");
    drop(tails.pop());
    assert!(start(&world, input(&["/a"])).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_watched_says_why() {
    let world = with_groups().await;
    let streams = Some(vec!["s".to_owned()]);
    for (input, code) in [
        (input(&["/none"]), "ResourceNotFoundException"),
        (
            model::StartLiveTailRequest { log_stream_names: streams.clone(), ..input(&["/a", "/b"]) },
            "InvalidParameterException",
        ),
        (
            model::StartLiveTailRequest {
                log_stream_names: streams.clone(),
                log_stream_name_prefixes: streams,
                ..input(&["/a"])
            },
            "InvalidParameterException",
        ),
        (
            model::StartLiveTailRequest { log_event_filter_pattern: Some("[".to_owned()), ..input(&["/a"]) },
            "InvalidParameterException",
        ),
    ] {
        let refused = world.call::<_, model::StartLiveTailResponse>("StartLiveTail", input).await;
        assert_eq!(refusal(refused).0, code);
    }
}
