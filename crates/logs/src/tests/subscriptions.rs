//! Subscription filters send what matches to functions, at least once, whatever dies.

use serde_json::json;
use weft_model::logs as model;
use weft_service::workload::LogSink as _;
use weft_store::Store;
use weft_types::Timestamp;
use weft_wire::ServiceFault;

use super::world::{START, World, place, refusal};

fn arn(function: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{function}")
}

pub(super) async fn subscribe(
    world: &World,
    filter: &str,
    pattern: &str,
    function: &str,
) -> Result<(), ServiceFault> {
    world.call("PutSubscriptionFilter", request(filter, pattern, function)).await
}

fn request(filter: &str, pattern: &str, function: &str) -> model::PutSubscriptionFilterRequest {
    model::PutSubscriptionFilterRequest {
        log_group_name: "/app".to_owned(),
        filter_name: filter.to_owned(),
        filter_pattern: pattern.to_owned(),
        destination_arn: arn(function),
        ..Default::default()
    }
}

async fn list(world: &World) -> Vec<model::SubscriptionFilter> {
    let input =
        model::DescribeSubscriptionFiltersRequest { log_group_name: "/app".to_owned(), ..Default::default() };
    let found: model::DescribeSubscriptionFiltersResponse =
        world.call("DescribeSubscriptionFilters", input).await.unwrap();
    found.subscription_filters.unwrap()
}

async fn with_stream() -> World {
    let world = World::new();
    world.create_group("/app").await.unwrap();
    world.create_stream("/app", "s").await.unwrap();
    world
}

/// Sends all that can be sent now.
pub(super) async fn deliver(world: &World) {
    while world.logs.deliver().await.unwrap() {}
}

#[tokio::test]
async fn a_function_gets_what_matches_as_aws_sends_it() {
    let world = with_stream().await;
    world.put("/app", "s", &[0]).await.unwrap();
    subscribe(&world, "f", "?3 ?1", "collect").await.unwrap();
    world.put("/app", "s", &[1, 2]).await.unwrap();
    world.put("/app", "s", &[3]).await.unwrap();
    deliver(&world).await;
    let (function, message) = world.functions.taken.lock().unwrap().remove(0);
    assert_eq!(function, arn("collect"));
    let ids: Vec<String> = message["logEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.iter().all(|id| id.len() == 56) && ids[0] < ids[1]);
    let expected = json!({
        "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": "/app", "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"id": ids[0], "timestamp": START + 1, "message": "s 1"},
            {"id": ids[1], "timestamp": START + 3, "message": "s 3"},
        ],
    });
    assert_eq!(message, expected);
    deliver(&world).await;
    assert!(world.functions.taken.lock().unwrap().is_empty(), "nothing is sent twice");
}

#[tokio::test]
async fn what_workers_print_is_sent_too() {
    let world = with_stream().await;
    subscribe(&world, "f", "", "collect").await.unwrap();
    let line = |text: &str| vec![(Timestamp::from_millis(START), text.to_owned())];
    world.logs.append(&place("/app", "worker"), line("printed"));
    world.logs.append(&place("/other", "worker"), line("elsewhere"));
    world.logs.flush().await.unwrap();
    deliver(&world).await;
    assert_eq!(world.functions.texts("collect"), [["printed"]]);
}

#[tokio::test]
async fn what_was_not_taken_is_sent_after_a_crash() {
    let world = with_stream().await;
    subscribe(&world, "f", "", "collect").await.unwrap();
    world.put("/app", "s", &[1]).await.unwrap();
    world.functions.refusals.lock().unwrap().push("TooManyRequestsException");
    deliver(&world).await;
    world.put("/app", "s", &[2]).await.unwrap();
    deliver(&world).await;
    assert!(world.functions.texts("collect").is_empty(), "refused, then paused");
    let later = World::open(Store::memory(&world.memory).unwrap(), world.memory.clone());
    deliver(&later).await;
    assert_eq!(later.functions.texts("collect"), [["s 1", "s 2"]]);
    let again = World::open(Store::memory(&world.memory).unwrap(), world.memory.clone());
    deliver(&again).await;
    assert!(again.functions.texts("collect").is_empty(), "what was taken is not sent again");
}

#[tokio::test]
async fn one_functions_failure_does_not_keep_another_waiting() {
    let world = with_stream().await;
    subscribe(&world, "a", "", "first").await.unwrap();
    subscribe(&world, "b", "", "second").await.unwrap();
    world.functions.refusals.lock().unwrap().push("ServiceException");
    world.put("/app", "s", &[1]).await.unwrap();
    deliver(&world).await;
    let taken = [world.functions.texts("first"), world.functions.texts("second")].concat();
    assert_eq!(taken, [["s 1"]]);
}

#[tokio::test]
async fn what_nobody_will_take_is_dropped() {
    let world = with_stream().await;
    subscribe(&world, "f", "", "collect").await.unwrap();
    world.functions.refusals.lock().unwrap().push("RequestTooLargeException");
    world.put("/app", "s", &[1]).await.unwrap();
    deliver(&world).await;
    world.put("/app", "s", &[2]).await.unwrap();
    world.clock.set(Timestamp::from_millis(START + 86_400_001));
    deliver(&world).await;
    assert!(world.functions.texts("collect").is_empty(), "one was refused for good, one waited for a day");
    world.put("/app", "s", &[86_400_000]).await.unwrap();
    deliver(&world).await;
    assert_eq!(world.functions.texts("collect"), [["s 86400000"]]);
}

#[tokio::test]
async fn a_group_has_two_filters_that_are_changed_and_removed_by_name() {
    let world = with_stream().await;
    subscribe(&world, "a", "x", "first").await.unwrap();
    subscribe(&world, "b", "y", "second").await.unwrap();
    assert_eq!(refusal(subscribe(&world, "c", "", "third").await).0, "LimitExceededException");
    world.put("/app", "s", &[1]).await.unwrap();
    subscribe(&world, "a", "s", "third").await.unwrap();
    let filters = list(&world).await;
    let shown: Vec<_> = filters
        .iter()
        .map(|filter| {
            [&filter.filter_name, &filter.filter_pattern, &filter.destination_arn].map(|t| t.clone().unwrap())
        })
        .collect();
    let expected =
        [["a", "s", &arn("third")].map(str::to_owned), ["b", "y", &arn("second")].map(str::to_owned)];
    assert_eq!(shown, expected);
    deliver(&world).await;
    assert_eq!(world.functions.texts("third"), [["s 1"]]);
    let remove = || {
        let (log_group_name, filter_name) = ("/app".to_owned(), "a".to_owned());
        world.call::<_, ()>(
            "DeleteSubscriptionFilter",
            model::DeleteSubscriptionFilterRequest { log_group_name, filter_name },
        )
    };
    world.put("/app", "s", &[2]).await.unwrap();
    remove().await.unwrap();
    let gone = "The specified subscription filter does not exist.";
    assert_eq!(refusal(remove().await).2, gone);
    deliver(&world).await;
    assert_eq!(world.functions.texts("third").len(), 1, "a removed filter sends no more");
    let group = model::DeleteLogGroupRequest { log_group_name: "/app".to_owned() };
    world.call::<_, ()>("DeleteLogGroup", group).await.unwrap();
    world.create_group("/app").await.unwrap();
    assert!(list(&world).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_subscribed_says_why() {
    let world = with_stream().await;
    let (code, _, message) = refusal(subscribe(&world, "f", "", "missing").await);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("Could not execute the lambda function."), "{message}");
    let (_, _, message) = refusal(subscribe(&world, "f", "{", "collect").await);
    assert!(message.starts_with("Invalid filter pattern"), "{message}");
    assert!(list(&world).await.is_empty());
}

/// Subscribes a function with selection criteria and system fields.
async fn select(world: &World, function: &str, criteria: &str, fields: &[&str]) -> Result<(), ServiceFault> {
    let input = model::PutSubscriptionFilterRequest {
        field_selection_criteria: Some(criteria.to_owned()),
        emit_system_fields: Some(fields.iter().map(|field| (*field).to_owned()).collect()),
        ..request(function, "", function)
    };
    world.call("PutSubscriptionFilter", input).await
}

#[tokio::test]
async fn system_fields_select_events_and_are_sent_with_them() {
    let world = with_stream().await;
    let here = r#"@aws.region = "us-east-1""#;
    select(&world, "here", here, &["@aws.account", "@aws.region"]).await.unwrap();
    select(&world, "there", r#"@aws.region != "us-east-1""#, &[]).await.unwrap();
    world.put("/app", "s", &[1]).await.unwrap();
    deliver(&world).await;
    assert!(world.functions.texts("there").is_empty());
    let (_, message) = world.functions.taken.lock().unwrap().remove(0);
    let fields = json!({"@aws.account": "000000000000", "@aws.region": "us-east-1"});
    assert_eq!(message["logEvents"][0]["extractedFields"], fields);
    let shown = list(&world).await.remove(0);
    assert_eq!(shown.field_selection_criteria.as_deref(), Some(here));
    assert_eq!(shown.emit_system_fields.unwrap(), ["@aws.account", "@aws.region"]);
    for (criteria, fields, expected) in [
        ("@aws.zone = \"a\"", [].as_slice(), "Invalid fieldSelectionCriteria: '@aws.zone' is neither"),
        ("", &["@aws.zone"], "'@aws.zone' in emitSystemFields is neither"),
        ("", &["@source.log"], "The system field @source.log is not supported by Weft yet."),
    ] {
        let (code, _, message) = refusal(select(&world, "here", criteria, fields).await);
        assert_eq!(code, "InvalidParameterException");
        assert!(message.starts_with(expected), "{message}");
    }
}
