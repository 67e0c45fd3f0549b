//! What workers print becomes events.

use weft_service::workload::LogSink as _;
use weft_store::Crash;
use weft_types::Timestamp;

use super::world::{START, World, get_request, place};

fn lines(list: &[(i64, &str)]) -> Vec<(Timestamp, String)> {
    list.iter().map(|(at, line)| (Timestamp::from_millis(START + at), (*line).to_owned())).collect()
}

#[tokio::test]
async fn lines_are_durable_after_a_flush_in_groups_that_come_by_themselves() {
    let world = World::new();
    let hello = place("/aws/lambda/hello", "2026/11/24/[$LATEST]ab");
    world.logs.append(&hello, lines(&[(0, "START"), (1, "line"), (2, "END")]));
    world.logs.append(&place("/aws/lambda/other", "s"), lines(&[(0, "one")]));
    world.logs.flush().await.unwrap();
    assert_eq!(world.texts("/aws/lambda/hello", "2026/11/24/[$LATEST]ab").await, ["START", "line", "END"]);
    assert_eq!(world.texts("/aws/lambda/other", "s").await, ["one"]);
    assert_eq!(world.group("/aws/lambda/hello").await.unwrap().retention_in_days, Some(30));
    world.logs.append(&hello, lines(&[(3, "more")]));
    world.logs.flush().await.unwrap();
    assert_eq!(world.texts("/aws/lambda/hello", "2026/11/24/[$LATEST]ab").await.len(), 4);
}

#[tokio::test]
async fn a_follower_sees_every_line_even_when_clocks_differ() {
    let world = World::new();
    let mut seen = Vec::new();
    let mut token = None;
    for (at, line) in [(10, "a"), (5, "b"), (10, "c"), (7, "d"), (20, "e")] {
        world.logs.append(&place("/g", "s"), lines(&[(at, line)]));
        world.logs.flush().await.unwrap();
        let page = world
            .get(weft_model::logs::GetLogEventsRequest { next_token: token, ..get_request("/g", "s") })
            .await;
        seen.extend(page.events.unwrap().into_iter().filter_map(|event| event.message));
        token = page.next_forward_token;
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_flood_is_bounded_and_says_what_it_lost() {
    let world = World::new();
    let line = "x".repeat(100_000);
    for _ in 0..50 {
        world.logs.append(&place("/g", "s"), lines(&[(0, &line)]));
    }
    world.logs.append(&place("/g", "calm"), lines(&[(0, "quiet")]));
    world.logs.flush().await.unwrap();
    let mut texts = Vec::new();
    let mut token = None;
    loop {
        let input = weft_model::logs::GetLogEventsRequest { next_token: token, ..get_request("/g", "s") };
        let page = world.get(input).await;
        let events = page.events.unwrap();
        if events.is_empty() {
            break;
        }
        texts.extend(events.into_iter().filter_map(|event| event.message));
        token = page.next_forward_token;
    }
    let last = texts.pop().unwrap();
    assert_eq!(texts.len(), 41);
    assert_eq!(last, "[weft] 9 lines were dropped: more was printed than could be stored");
    assert_eq!(world.texts("/g", "calm").await, ["quiet"]);
}

#[tokio::test]
async fn a_long_line_becomes_several_events() {
    let world = World::new();
    world.logs.append(&place("/g", "s"), lines(&[(0, &"x".repeat(600_000))]));
    world.logs.flush().await.unwrap();
    let lengths: Vec<usize> = world.texts("/g", "s").await.iter().map(String::len).collect();
    assert_eq!(lengths, [262_144, 262_144, 75_712]);
}

#[tokio::test]
async fn a_group_that_was_deleted_comes_back_with_the_next_line() {
    let world = World::new();
    world.logs.append(&place("/g", "s"), lines(&[(0, "before")]));
    world.logs.flush().await.unwrap();
    let input = weft_model::logs::DeleteLogGroupRequest { log_group_name: "/g".to_owned() };
    world.call::<_, ()>("DeleteLogGroup", input).await.unwrap();
    world.logs.append(&place("/g", "s"), lines(&[(1, "after")]));
    world.logs.flush().await.unwrap();
    assert_eq!(world.texts("/g", "s").await, ["after"]);
}

#[tokio::test]
async fn a_store_that_fails_is_reported() {
    let world = World::new();
    world.memory.crash_at(Crash { at_commit: 0, kept: false });
    world.logs.append(&place("/g", "s"), lines(&[(0, "lost")]));
    assert!(world.logs.flush().await.is_err());
}

#[tokio::test]
async fn lines_are_stored_soon_without_being_asked() {
    let world = World::new();
    let logs = std::sync::Arc::clone(&world.logs);
    let running = tokio::spawn(async move { logs.run().await });
    let mut changes = world.store.changes();
    world.logs.append(&place("/g", "s"), lines(&[(0, "soon")]));
    changes.changed().await.unwrap();
    assert_eq!(world.texts("/g", "s").await, ["soon"]);
    running.abort();
}
