//! Each event of a stream is on exactly one page, both ways, while others write.

use proptest::prelude::*;
use weft_model::logs as model;

use super::world::{World, get_request};

/// Appends of events in the order of time: gaps between them, per batch.
fn batches() -> impl Strategy<Value = Vec<Vec<i64>>> {
    prop::collection::vec(prop::collection::vec(0i64..40_000, 1..6), 1..6)
}

fn times(gaps: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let mut at = 0;
    let mut next = |gap: &i64| {
        at += gap;
        at
    };
    gaps.iter().map(|batch| batch.iter().map(&mut next).collect()).collect()
}

async fn page(world: &World, limit: i32, token: Option<String>, head: bool) -> (Vec<i64>, String, String) {
    let input = model::GetLogEventsRequest {
        limit: Some(limit),
        next_token: token,
        start_from_head: Some(head),
        ..get_request("/app", "s")
    };
    let page = world.get(input).await;
    let number = |event: model::OutputLogEvent| event.message.unwrap()[2..].parse().unwrap();
    let events = page.events.unwrap().into_iter().map(number).collect();
    (events, page.next_forward_token.unwrap(), page.next_backward_token.unwrap())
}

async fn check(before: Vec<Vec<i64>>, during: Vec<Vec<i64>>, limit: i32) {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    for batch in &before {
        world.put("/app", "s", batch).await.unwrap();
    }
    let old: Vec<i64> = before.concat();
    let all: Vec<i64> = [old.clone(), during.concat()].concat();
    let mut arriving = during.iter();

    // From the end backwards; what arrives meanwhile is not seen.
    let (events, tail, mut token) = page(&world, limit, None, false).await;
    let mut backward = events;
    loop {
        let (events, _, next) = page(&world, limit, Some(token.clone()), false).await;
        if events.is_empty() {
            assert_eq!(next, token, "the same token at the end");
            break;
        }
        backward = [events, backward].concat();
        token = next;
    }
    assert_eq!(backward, old);

    // From the head forwards, with an append between pages; then from the end that was seen first.
    for start in [None, Some(tail)] {
        let already = if start.is_some() { old.len() } else { 0 };
        let (mut forward, mut token) = (Vec::new(), start);
        loop {
            let (events, next, _) = page(&world, limit, token.clone(), true).await;
            let more = match arriving.next() {
                Some(batch) => world.put("/app", "s", batch).await.is_ok(),
                None => false,
            };
            if events.is_empty() && !more {
                assert!(token.is_none_or(|token| token == next), "the same token at the end");
                break;
            }
            forward.extend(events);
            token = Some(next);
        }
        assert_eq!(forward, all[already..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_event_is_on_exactly_one_page(before in batches(), during in batches(), limit in 1i32..6) {
        let all = times(&[before.clone(), during].concat());
        let (before, during) = all.split_at(before.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(before.to_vec(), during.to_vec(), limit));
    }
}

#[tokio::test]
async fn an_empty_stream_can_be_followed_from_its_first_event() {
    for head in [true, false] {
        let world = World::new();
        world.create_group("/app").await.unwrap();
        world.create_stream("/app", "s").await.unwrap();
        let (events, token, _) = page(&world, 10, None, head).await;
        assert!(events.is_empty());
        world.put("/app", "s", &[1, 2]).await.unwrap();
        let (events, next, _) = page(&world, 10, Some(token), head).await;
        assert_eq!(events, [1, 2]);
        assert_eq!(page(&world, 10, Some(next.clone()), head).await.1, next);
    }
}
