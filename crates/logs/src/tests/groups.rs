//! Groups and streams come, are found, are tagged and go.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_types::Timestamp;

use super::world::{START, World, get_request, refusal};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn a_group_is_made_once_and_shown() {
    let world = World::new();
    world.create_group("/app/a").await.unwrap();
    let again = (
        "ResourceAlreadyExistsException".to_owned(),
        400,
        "The specified log group already exists".to_owned(),
    );
    assert_eq!(refusal(world.create_group("/app/a").await), again);
    let group = world.group("/app/a").await.unwrap();
    assert_eq!(group.arn.as_deref(), Some("arn:aws:logs:us-east-1:000000000000:log-group:/app/a:*"));
    assert_eq!(group.log_group_arn.as_deref(), Some("arn:aws:logs:us-east-1:000000000000:log-group:/app/a"));
    assert_eq!(group.creation_time, Some(START));
    assert_eq!(group.stored_bytes, Some(0));
    assert_eq!(group.retention_in_days, None);
    assert_eq!(group.log_group_class.as_deref(), Some("STANDARD"));
    assert!(world.create_group("no spaces").await.is_err());
}

#[tokio::test]
async fn groups_are_listed_by_name_prefix_or_pattern() {
    let world = World::new();
    for i in 0..60 {
        world.create_group(&format!("/app/g{i:02}")).await.unwrap();
    }
    world.create_group("/other").await.unwrap();
    let list = async |prefix: Option<&str>, pattern: Option<&str>, limit: Option<i32>| {
        let (mut names, mut next_token) = (Vec::new(), None);
        loop {
            let input = model::DescribeLogGroupsRequest {
                log_group_name_prefix: prefix.map(str::to_owned),
                log_group_name_pattern: pattern.map(str::to_owned),
                limit,
                next_token,
                ..Default::default()
            };
            let page: model::DescribeLogGroupsResponse = world.call("DescribeLogGroups", input).await?;
            let groups = page.log_groups.unwrap();
            assert!(groups.len() <= usize::try_from(limit.unwrap_or(50)).unwrap());
            names.extend(groups.into_iter().filter_map(|group| group.log_group_name));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok::<_, weft_wire::ServiceFault>(names);
            }
        }
    };
    assert_eq!(list(None, None, None).await.unwrap().len(), 61);
    assert_eq!(list(None, None, Some(7)).await.unwrap().len(), 61);
    assert_eq!(list(Some("/app/"), None, Some(7)).await.unwrap().len(), 60);
    assert_eq!(list(Some("/app/g5"), None, None).await.unwrap().len(), 10);
    assert_eq!(list(None, Some("g1"), Some(3)).await.unwrap().len(), 10);
    assert_eq!(list(None, Some("G1"), None).await.unwrap().len(), 0);
    assert_eq!(list(Some("/zzz"), None, None).await.unwrap().len(), 0);
    let both = list(Some("/a"), Some("b"), None).await;
    assert_eq!(refusal(both).0, "InvalidParameterException");
}

#[tokio::test]
async fn streams_are_listed_by_name_or_newest_first() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    for name in ["b", "a", "c", "ab"] {
        world.create_stream("/app", name).await.unwrap();
    }
    let again = refusal(world.create_stream("/app", "a").await);
    assert_eq!(again.2, "The specified log stream already exists");
    assert_eq!(refusal(world.create_stream("/none", "a").await).2, "The specified log group does not exist.");
    let list = async |prefix: Option<&str>, descending, limit| {
        let (mut names, mut next_token) = (Vec::new(), None);
        loop {
            let input = model::DescribeLogStreamsRequest {
                log_group_name: Some("/app".to_owned()),
                log_stream_name_prefix: prefix.map(str::to_owned),
                descending: Some(descending),
                limit: Some(limit),
                next_token,
                ..Default::default()
            };
            let page: model::DescribeLogStreamsResponse =
                world.call("DescribeLogStreams", input).await.unwrap();
            names.extend(page.log_streams.unwrap().into_iter().filter_map(|stream| stream.log_stream_name));
            next_token = page.next_token;
            if next_token.is_none() {
                return names;
            }
        }
    };
    for limit in [1, 3, 4, 50] {
        assert_eq!(list(None, false, limit).await, ["a", "ab", "b", "c"]);
        assert_eq!(list(None, true, limit).await, ["c", "b", "ab", "a"]);
        assert_eq!(list(Some("a"), false, limit).await, ["a", "ab"]);
        assert_eq!(list(Some("a"), true, limit).await, ["ab", "a"]);
    }
    world.put("/app", "a", &[5]).await.unwrap();
    world.put("/app", "c", &[1, 3]).await.unwrap();
    assert_eq!(world.newest("/app").await[..2], ["a", "c"]);
    world.put("/app", "c", &[6]).await.unwrap();
    assert_eq!(world.newest("/app").await[..2], ["c", "a"]);
    assert_eq!(world.newest("/app").await.len(), 4);
    let input = model::DescribeLogStreamsRequest {
        log_group_name: Some("/app".to_owned()),
        order_by: Some("LastEventTime".to_owned()),
        log_stream_name_prefix: Some("a".to_owned()),
        ..Default::default()
    };
    let refused = world.call::<_, model::DescribeLogStreamsResponse>("DescribeLogStreams", input).await;
    assert_eq!(refusal(refused).0, "InvalidParameterException");
}

#[tokio::test]
async fn what_is_deleted_does_not_come_back_with_its_name() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    world.create_stream("/app", "t").await.unwrap();
    world.put("/app", "s", &[1, 2]).await.unwrap();
    world.put("/app", "t", &[3]).await.unwrap();
    let stream =
        model::DeleteLogStreamRequest { log_group_name: "/app".to_owned(), log_stream_name: "s".to_owned() };
    world.call::<_, ()>("DeleteLogStream", stream.clone()).await.unwrap();
    assert_eq!(
        refusal(world.call::<_, ()>("DeleteLogStream", stream).await).2,
        "The specified log stream does not exist."
    );
    world.create_stream("/app", "s").await.unwrap();
    assert!(world.texts("/app", "s").await.is_empty());
    let filter = || async {
        let input =
            model::FilterLogEventsRequest { log_group_name: Some("/app".to_owned()), ..Default::default() };
        let page: model::FilterLogEventsResponse = world.call("FilterLogEvents", input).await.unwrap();
        page.events.unwrap().len()
    };
    assert_eq!(filter().await, 1);
    let swept = world.logs.sweep(Timestamp::from_millis(START)).await.unwrap();
    assert_eq!((swept.segments, swept.more), (1, false));
    assert_eq!(filter().await, 1);
    assert_eq!(world.group("/app").await.unwrap().stored_bytes, Some(26 + 3));
    let group = model::DeleteLogGroupRequest { log_group_name: "/app".to_owned() };
    world.call::<_, ()>("DeleteLogGroup", group).await.unwrap();
    assert!(world.group("/app").await.is_none());
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "t").await.unwrap();
    assert!(world.texts("/app", "t").await.is_empty());
    assert_eq!(world.logs.sweep(Timestamp::from_millis(START)).await.unwrap().segments, 1);
    assert_eq!(filter().await, 0);
    assert_eq!(world.logs.sweep(Timestamp::from_millis(START)).await.unwrap().segments, 0);
}

#[tokio::test]
async fn events_go_when_their_time_is_over() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    for name in ["old", "new", "empty"] {
        world.create_stream("/app", name).await.unwrap();
    }
    world.put("/app", "old", &[0]).await.unwrap();
    world.put("/app", "new", &[1]).await.unwrap();
    world.clock.set(Timestamp::from_millis(START + 2 * DAY));
    world.put("/app", "new", &[2 * DAY]).await.unwrap();
    let retention = |days| {
        let input =
            model::PutRetentionPolicyRequest { log_group_name: "/app".to_owned(), retention_in_days: days };
        world.call::<_, ()>("PutRetentionPolicy", input)
    };
    assert_eq!(refusal(retention(2).await).0, "InvalidParameterException");
    assert_eq!(world.logs.sweep(Timestamp::from_millis(START + 2 * DAY)).await.unwrap().segments, 0);
    retention(1).await.unwrap();
    assert_eq!(world.group("/app").await.unwrap().retention_in_days, Some(1));
    // Even before they are removed they are not shown.
    assert_eq!(world.texts("/app", "new").await.len(), 1);
    let swept = world.logs.sweep(Timestamp::from_millis(START + 2 * DAY)).await.unwrap();
    assert_eq!((swept.segments, swept.streams), (2, 1));
    assert_eq!(world.newest("/app").await, ["new", "empty"]);
    let rejected = world.put("/app", "new", &[0]).await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!(rejected.expired_log_event_end_index, Some(1));
    let input = model::DeleteRetentionPolicyRequest { log_group_name: "/app".to_owned() };
    world.call::<_, ()>("DeleteRetentionPolicy", input).await.unwrap();
    assert_eq!(world.group("/app").await.unwrap().retention_in_days, None);
}

#[tokio::test]
async fn deleted_streams_without_end_do_not_keep_retention_from_being_held() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "old").await.unwrap();
    world.put("/app", "old", &[0]).await.unwrap();
    let input = model::PutRetentionPolicyRequest { log_group_name: "/app".to_owned(), retention_in_days: 1 };
    world.call::<_, ()>("PutRetentionPolicy", input).await.unwrap();
    world.create_group("/busy").await.unwrap();
    for number in 0..250 {
        let name = format!("s{number}");
        world.create_stream("/busy", &name).await.unwrap();
        world.put("/busy", &name, &[0]).await.unwrap();
        let input =
            model::DeleteLogStreamRequest { log_group_name: "/busy".to_owned(), log_stream_name: name };
        world.call::<_, ()>("DeleteLogStream", input).await.unwrap();
    }
    world.clock.set(Timestamp::from_millis(START + 2 * DAY));
    let swept = world.logs.sweep(Timestamp::from_millis(START + 2 * DAY)).await.unwrap();
    assert_eq!((swept.streams, swept.more), (1, true), "the expired stream, and garbage for another time");
}

#[tokio::test]
async fn a_sweep_removes_more_than_one_transaction_may() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    let minutes = |from: i64| (0..900).map(|i| (from + i) * 61_000 - 13 * DAY).collect::<Vec<_>>();
    for batch in 0..2 {
        world.put("/app", "s", &minutes(batch * 900)).await.unwrap();
    }
    let input = model::DeleteLogGroupRequest { log_group_name: "/app".to_owned() };
    world.call::<_, ()>("DeleteLogGroup", input).await.unwrap();
    assert_eq!(world.logs.sweep(Timestamp::from_millis(START)).await.unwrap().segments, 1800);
}

#[tokio::test]
async fn groups_have_tags() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/app".to_owned();
    let tag = |tags: BTreeMap<String, String>| {
        world.call::<_, ()>("TagResource", model::TagResourceRequest { resource_arn: arn.clone(), tags })
    };
    tag([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into()).await.unwrap();
    let many = (0..49).map(|i| (format!("k{i}"), String::new())).collect();
    assert_eq!(refusal(tag(many).await).0, "TooManyTagsException");
    let untag = model::UntagResourceRequest { resource_arn: arn.clone(), tag_keys: vec!["a".to_owned()] };
    world.call::<_, ()>("UntagResource", untag).await.unwrap();
    let list = model::ListTagsForResourceRequest { resource_arn: arn.clone() };
    let found: model::ListTagsForResourceResponse = world.call("ListTagsForResource", list).await.unwrap();
    assert_eq!(found.tags.unwrap(), [("b".to_owned(), "2".to_owned())].into());
}

#[tokio::test]
async fn a_missing_group_or_stream_is_named() {
    let world = World::new();
    let get = || world.call::<_, model::GetLogEventsResponse>("GetLogEvents", get_request("/app", "s"));
    assert_eq!(refusal(get().await).2, "The specified log group does not exist.");
    world.create_group("/app").await.unwrap();
    assert_eq!(refusal(get().await).2, "The specified log stream does not exist.");
    assert_eq!(refusal(world.put("/app", "s", &[1]).await).2, "The specified log stream does not exist.");
}

#[tokio::test]
async fn a_protected_group_is_not_deleted() {
    let world = World::new();
    let input = model::CreateLogGroupRequest {
        log_group_name: "/app".to_owned(),
        deletion_protection_enabled: Some(true),
        ..Default::default()
    };
    world.call::<_, ()>("CreateLogGroup", input).await.unwrap();
    assert_eq!(world.group("/app").await.unwrap().deletion_protection_enabled, Some(true));
    let delete = || {
        let input = model::DeleteLogGroupRequest { log_group_name: "/app".to_owned() };
        world.call::<_, ()>("DeleteLogGroup", input)
    };
    let (code, _, message) = refusal(delete().await);
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("Cannot delete log group with deletion protection enabled."), "{message}");
    let protect = model::PutLogGroupDeletionProtectionRequest {
        log_group_identifier: "arn:aws:logs:us-east-1:000000000000:log-group:/app".to_owned(),
        deletion_protection_enabled: false,
    };
    world.call::<_, ()>("PutLogGroupDeletionProtection", protect).await.unwrap();
    delete().await.unwrap();
}

#[tokio::test]
async fn the_older_forms_of_tagging_change_the_same_tags() {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    let name = || "/app".to_owned();
    let tags = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    let tag = model::TagLogGroupRequest { log_group_name: name(), tags };
    world.call::<_, ()>("TagLogGroup", tag).await.unwrap();
    let untag = model::UntagLogGroupRequest { log_group_name: name(), tags: vec!["a".to_owned()] };
    world.call::<_, ()>("UntagLogGroup", untag).await.unwrap();
    let old = model::ListTagsLogGroupRequest { log_group_name: name() };
    let old: model::ListTagsLogGroupResponse = world.call("ListTagsLogGroup", old).await.unwrap();
    let new = model::ListTagsForResourceRequest {
        resource_arn: "arn:aws:logs:us-east-1:000000000000:log-group:/app".to_owned(),
    };
    let new: model::ListTagsForResourceResponse = world.call("ListTagsForResource", new).await.unwrap();
    assert_eq!(old.tags, Some(BTreeMap::from([("b".to_owned(), "2".to_owned())])));
    assert_eq!(old.tags, new.tags);
}

#[tokio::test]
async fn groups_are_listed_by_patterns_classes_and_tags() {
    let world = World::new();
    for (name, class, stage) in [
        ("/app/a", "STANDARD", "test"),
        ("/app/b", "INFREQUENT_ACCESS", "production"),
        ("/other/app", "STANDARD", "production"),
    ] {
        let input = model::CreateLogGroupRequest {
            log_group_name: name.to_owned(),
            log_group_class: Some(class.to_owned()),
            tags: Some(BTreeMap::from([("stage".to_owned(), stage.to_owned())])),
            ..Default::default()
        };
        world.call::<_, ()>("CreateLogGroup", input).await.unwrap();
    }
    let list = async |change: fn(&mut model::ListLogGroupsRequest)| {
        let (mut names, mut next_token) = (Vec::new(), None);
        loop {
            let mut input = model::ListLogGroupsRequest { limit: Some(1), next_token, ..Default::default() };
            change(&mut input);
            let page: model::ListLogGroupsResponse = world.call("ListLogGroups", input).await.unwrap();
            names.extend(page.log_groups.unwrap().into_iter().filter_map(|group| group.log_group_name));
            next_token = page.next_token;
            if next_token.is_none() {
                return names;
            }
        }
    };
    assert_eq!(list(|_| {}).await, ["/app/a", "/app/b", "/other/app"]);
    assert_eq!(
        list(|input| input.log_group_name_pattern = Some("^/app".to_owned())).await,
        ["/app/a", "/app/b"]
    );
    assert_eq!(
        list(|input| input.log_group_name_pattern = Some("app/b|other".to_owned())).await,
        ["/app/b", "/other/app"]
    );
    assert_eq!(list(|input| input.log_group_class = Some("INFREQUENT_ACCESS".to_owned())).await, ["/app/b"]);
    let tagged = |input: &mut model::ListLogGroupsRequest| {
        let values = Some(vec!["prod*".to_owned()]);
        input.log_group_tags = Some(vec![model::TagFilter { key: "stage".to_owned(), values }]);
    };
    assert_eq!(list(tagged).await, ["/app/b", "/other/app"]);
    assert!(list(|input| input.account_identifiers = Some(vec!["111111111111".to_owned()])).await.is_empty());
    assert!(list(|input| input.field_index_names = Some(vec!["x".to_owned()])).await.is_empty());
}
