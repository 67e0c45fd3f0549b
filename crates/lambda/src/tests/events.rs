//! Events that are delivered later.

use std::time::Duration;

use serde_json::Value;
use weft_model::lambda as model;
use weft_service::workload::WorkError;

use super::world::{ROLE, World, key, refusal};
use crate::{LambdaOptions, QueueLimits};

const MINUTE: Duration = Duration::from_mins(1);

async fn configure(
    world: &World,
    name: &str,
    change: impl Fn(&mut model::PutFunctionEventInvokeConfigRequest),
) {
    let mut input =
        model::PutFunctionEventInvokeConfigRequest { function_name: name.to_owned(), ..Default::default() };
    change(&mut input);
    let _: model::FunctionEventInvokeConfig =
        world.call("PutFunctionEventInvokeConfig", input).await.unwrap();
}

fn arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

fn destinations(success: Option<&str>, failure: Option<&str>) -> model::DestinationConfig {
    model::DestinationConfig {
        on_success: success.map(|name| model::OnSuccess { destination: Some(arn(name)) }),
        on_failure: failure.map(|name| model::OnFailure { destination: Some(arn(name)) }),
    }
}

/// Destinations' records: who got one, its condition, and how often the function ran.
fn records(world: &World, name: &str) -> Vec<Value> {
    let delivered = world.delivered().into_iter().filter(|(to, _)| to == name);
    delivered.map(|(_, text)| serde_json::from_str(&text).unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_acknowledged_and_delivered_once() {
    let world = World::new();
    world.create("hello").await;
    let answer = world.send("hello", "{\"n\":1}").await.unwrap();
    assert_eq!((answer.status_code, answer.payload.unwrap_or_default().len()), (Some(202), 0));
    assert!(world.delivered().is_empty(), "nothing runs while the caller waits");
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 1);
    assert_eq!(world.delivered(), [("hello".to_owned(), "{\"n\":1}".to_owned())]);
    world.pass(Duration::from_hours(7));
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 0);
    assert_eq!(world.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn an_event_that_is_a_step_of_a_plan_is_delivered_once_however_often_it_is_sent() {
    let world = World::new();
    world.create("hello").await;
    let region = weft_types::Region::parse("us-east-1").unwrap();
    let cx = world.client.dispatch.context_for_key("cloudformation", "admin", None, region).await.unwrap();
    for step in ["stack/1", "stack/1", "stack/2"] {
        let input = model::InvocationRequest {
            function_name: "hello".to_owned(),
            invocation_type: Some("Event".to_owned()),
            payload: Some(format!("\"{step}\"").into()),
            ..Default::default()
        };
        let cx = cx.as_step(weft_service::StepToken::new(step));
        let answer: model::InvocationResponse = cx.call("lambda", "Invoke", input).await.unwrap();
        assert_eq!(answer.status_code, Some(202));
    }
    assert_eq!(world.lambda.events_waiting(), 2);
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 2);
    let mut delivered: Vec<String> = world.delivered().into_iter().map(|(_, payload)| payload).collect();
    delivered.sort();
    assert_eq!(delivered, ["\"stack/1\"", "\"stack/2\""]);
}

#[tokio::test]
async fn what_was_acknowledged_is_delivered_by_the_next_process() {
    let world = World::new();
    world.create("hello").await;
    for n in 0..10 {
        world.send("hello", &n.to_string()).await.unwrap();
    }
    let next = world.restart();
    assert_eq!(next.lambda.deliver_due().await.unwrap(), 10);
    let payloads: Vec<String> = next.delivered().into_iter().map(|(_, payload)| payload).collect();
    assert_eq!(payloads, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    let third = next.restart();
    assert_eq!(third.lambda.deliver_due().await.unwrap(), 0, "what was finished stays so");
    third.send("hello", "new").await.unwrap_err();
    third.send("hello", "11").await.unwrap();
    assert_eq!(third.lambda.deliver_due().await.unwrap(), 1);
}

#[tokio::test]
async fn a_crash_at_any_commit_loses_nothing_that_was_acknowledged() {
    for at_commit in 1..12 {
        let world = World::new();
        world.create("hello").await;
        world.send("hello", "0").await.unwrap();
        world.memory.crash_at(weft_store::Crash { at_commit, kept: false });
        let mut acknowledged = 1;
        for n in 1..5 {
            acknowledged += usize::from(world.send("hello", &n.to_string()).await.is_ok());
            let _ = tokio::time::timeout(Duration::from_secs(5), world.lambda.deliver_due()).await;
            if world.memory.has_crashed() {
                break;
            }
        }
        let before = world.delivered().len();
        world.memory.crash();
        world.memory.restart();
        let next = world.restart();
        let after = next.lambda.deliver_due().await.unwrap();
        assert!(
            before + after >= acknowledged,
            "crash at {at_commit}: {before} and {after} of {acknowledged}"
        );
    }
}

#[tokio::test]
async fn a_function_that_fails_is_tried_after_one_minute_and_two_more() {
    let world = World::new();
    world.create("hello").await;
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    world.send("hello", "1").await.unwrap();
    for (pass, attempts) in [(0, 1), (59, 0), (1, 1), (119, 0), (1, 1), (36_000, 0)] {
        world.pass(Duration::from_secs(pass));
        assert_eq!(world.lambda.deliver_due().await.unwrap(), attempts, "{pass}");
    }
    assert_eq!(world.lambda.events_waiting(), 0);
    let ids: Vec<_> =
        world.workers.invocations.lock().unwrap().iter().map(|one| one.request_id.clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "one id: {ids:?}");
}

#[tokio::test]
async fn retries_survive_a_restart() {
    let world = World::new();
    world.create("hello").await;
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    world.send("hello", "1").await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    let next = world.restart();
    next.workers.failing.lock().unwrap().push("hello".to_owned());
    assert_eq!(next.lambda.deliver_due().await.unwrap(), 0);
    next.pass(MINUTE);
    assert_eq!(next.lambda.deliver_due().await.unwrap(), 1);
    next.pass(MINUTE);
    assert_eq!(next.lambda.deliver_due().await.unwrap(), 0, "the second wait is longer");
    next.pass(MINUTE);
    assert_eq!(next.lambda.deliver_due().await.unwrap(), 1);
    assert_eq!(next.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn destinations_are_told_of_successes_and_failures() {
    let world = World::new();
    for name in ["hello", "good", "bad"] {
        world.create(name).await;
    }
    configure(&world, "hello", |input| {
        input.maximum_retry_attempts = Some(1);
        input.destination_config = Some(destinations(Some("good"), Some("bad")));
    })
    .await;
    world.send("hello", "{\"n\":1}").await.unwrap();
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 2);
    let told = records(&world, "good").remove(0);
    assert_eq!(told["requestContext"]["condition"], "Success");
    assert_eq!(told["requestContext"]["functionArn"], format!("{}:$LATEST", arn("hello")));
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!((&told["requestPayload"]["n"], &told["responsePayload"]["n"]), (&1.into(), &1.into()));
    assert_eq!(told["responseContext"]["executedVersion"], "$LATEST");

    world.workers.failing.lock().unwrap().push("hello".to_owned());
    world.send("hello", "2").await.unwrap();
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 1);
    world.pass(MINUTE);
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 2);
    let told = records(&world, "bad").remove(0);
    assert_eq!(told["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(told["responseContext"]["functionError"], "Unhandled");
    assert_eq!(told["responsePayload"]["errorMessage"], "no");
}

#[tokio::test]
async fn a_destination_that_the_function_s_role_may_not_invoke_is_not_told() {
    let world = World::new();
    world.create("hello").await;
    world.create("good").await;
    configure(&world, "hello", |input| input.destination_config = Some(destinations(Some("good"), None)))
        .await;
    let alone = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        role: Some(format!("{ROLE}-alone")),
        ..Default::default()
    };
    let _: model::FunctionConfiguration = world.call("UpdateFunctionConfiguration", alone).await.unwrap();
    world.send("hello", "1").await.unwrap();
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 1);
    assert!(records(&world, "good").is_empty());
    assert_eq!(world.lambda.events_waiting(), 0);
    assert_eq!(world.lambda.metrics(&key("hello")).destination_delivery_failures, 1);
}

#[tokio::test]
async fn an_event_that_is_too_old_is_not_run() {
    let world = World::new();
    world.create("hello").await;
    world.create("bad").await;
    configure(&world, "hello", |input| {
        input.maximum_event_age_in_seconds = Some(60);
        input.destination_config = Some(destinations(None, Some("bad")));
    })
    .await;
    world.send("hello", "1").await.unwrap();
    world.pass(Duration::from_secs(61));
    world.lambda.deliver_due().await.unwrap();
    let told = records(&world, "bad").remove(0);
    assert_eq!(told["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 0);
    assert!(told.get("responseContext").is_none());
}

#[tokio::test]
async fn throttled_events_wait_and_keep_their_retries() {
    let world = World::new();
    world.create("hello").await;
    *world.workers.error.lock().unwrap() = Some(WorkError::Overloaded { max: 1 });
    world.send("hello", "1").await.unwrap();
    for (pass, attempts) in [(0, 1), (1, 1), (1, 0), (1, 1), (4, 1), (8, 1)] {
        world.pass(Duration::from_secs(pass));
        assert_eq!(world.lambda.deliver_due().await.unwrap(), attempts, "{pass}");
    }
    *world.workers.error.lock().unwrap() = None;
    world.pass(Duration::from_secs(16));
    assert_eq!(world.lambda.deliver_due().await.unwrap(), 1);
    assert_eq!(world.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn a_function_without_concurrency_gets_its_events_when_it_has_some() {
    let world = World::new();
    world.create("hello").await;
    let reserve = |count| model::PutFunctionConcurrencyRequest {
        function_name: "hello".to_owned(),
        reserved_concurrent_executions: count,
    };
    let _: model::Concurrency = world.call("PutFunctionConcurrency", reserve(0)).await.unwrap();
    world.send("hello", "1").await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    assert!(world.delivered().is_empty());
    let _: model::Concurrency = world.call("PutFunctionConcurrency", reserve(1)).await.unwrap();
    world.pass(Duration::from_secs(1));
    world.lambda.deliver_due().await.unwrap();
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test]
async fn what_the_platform_could_not_run_waits_longer_each_time() {
    let world = World::new();
    world.create("hello").await;
    *world.workers.error.lock().unwrap() = Some(WorkError::StartFailed { reason: "no python".to_owned() });
    world.send("hello", "1").await.unwrap();
    for (pass, attempts) in [(0, 1), (1, 1), (1, 0), (1, 1), (4, 1), (300, 1)] {
        world.pass(Duration::from_secs(pass));
        assert_eq!(world.lambda.deliver_due().await.unwrap(), attempts, "{pass}");
    }
    world.pass(Duration::from_hours(6));
    world.delivered();
    world.lambda.deliver_due().await.unwrap();
    assert!(world.delivered().is_empty(), "too old by now");
    assert_eq!(world.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn the_queue_is_bounded_and_says_so() {
    let events = QueueLimits { function_events_max: 2, ..QueueLimits::default() };
    let world = World::with(LambdaOptions { events, ..LambdaOptions::default() });
    world.create("hello").await;
    world.send("hello", "1").await.unwrap();
    world.send("hello", "2").await.unwrap();
    let (code, status, _) = refusal(world.send("hello", "3").await);
    assert_eq!((code.as_str(), status), ("TooManyRequestsException", 429));
    world.lambda.deliver_due().await.unwrap();
    world.send("hello", "3").await.unwrap();
}

#[tokio::test]
async fn an_event_has_at_most_one_mebibyte() {
    let world = World::new();
    world.create("hello").await;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    world.send("hello", &text(1 << 20)).await.unwrap();
    let (code, status, message) = refusal(world.send("hello", &text((1 << 20) + 1)).await);
    assert_eq!((code.as_str(), status), ("RequestTooLargeException", 413));
    assert_eq!(message, "Request must be smaller than 1048576 bytes for the InvokeFunction operation");
    assert_eq!(refusal(world.send("nobody", "1").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn the_events_of_a_function_that_is_gone_go_too() {
    let world = World::new();
    world.create("hello").await;
    world.send("hello", "1").await.unwrap();
    let gone = model::DeleteFunctionRequest { function_name: "hello".to_owned(), qualifier: None };
    let _: model::DeleteFunctionResponse = world.call("DeleteFunction", gone).await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    assert!(world.delivered().is_empty());
    assert_eq!(world.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn destinations_that_go_in_circles_are_stopped_after_sixteen_rounds() {
    let world = World::new();
    world.create("ping").await;
    world.create("pong").await;
    configure(&world, "ping", |input| input.destination_config = Some(destinations(Some("pong"), None)))
        .await;
    configure(&world, "pong", |input| input.destination_config = Some(destinations(Some("ping"), None)))
        .await;
    world.send("ping", "1").await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    let delivered = world.delivered();
    let count = |name: &str| delivered.iter().filter(|(to, _)| to == name).count();
    assert_eq!((count("ping"), count("pong")), (16, 16));
    assert_eq!(world.lambda.events_waiting(), 0);
}

#[tokio::test]
async fn a_loop_that_was_found_ends_though_its_destinations_are_in_it() {
    let world = World::new();
    for (name, other) in [("ping", "pong"), ("pong", "ping")] {
        world.create(name).await;
        configure(&world, name, |input| {
            input.destination_config = Some(destinations(Some(other), Some(other)));
        })
        .await;
    }
    world.send("ping", "1").await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    assert_eq!((world.delivered().len(), world.lambda.events_waiting()), (32, 0));
}

#[tokio::test]
async fn an_event_waits_for_an_alias_that_is_not_there_for_a_while() {
    let world = World::new();
    world.create("hello").await;
    let alias = async || {
        let input = model::CreateAliasRequest {
            function_name: "hello".to_owned(),
            name: "live".to_owned(),
            function_version: "$LATEST".to_owned(),
            ..Default::default()
        };
        let _: model::AliasConfiguration = world.call("CreateAlias", input).await.unwrap();
    };
    alias().await;
    world.send("hello:live", "1").await.unwrap();
    let gone = model::DeleteAliasRequest { function_name: "hello".to_owned(), name: "live".to_owned() };
    world.call::<_, ()>("DeleteAlias", gone).await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    assert_eq!((world.delivered().len(), world.lambda.events_waiting()), (0, 1));
    alias().await;
    world.pass(MINUTE);
    world.lambda.deliver_due().await.unwrap();
    assert_eq!((world.delivered().len(), world.lambda.events_waiting()), (1, 0));
}

#[tokio::test]
async fn invoke_async_sends_an_event_too() {
    let world = World::new();
    world.create("hello").await;
    let input =
        model::InvokeAsyncRequest { function_name: "hello".to_owned(), invoke_args: "{\"n\":1}".into() };
    let answer: model::InvokeAsyncResponse = world.call("InvokeAsync", input).await.unwrap();
    assert_eq!(answer.status, Some(202));
    world.lambda.deliver_due().await.unwrap();
    assert_eq!(world.delivered(), [("hello".to_owned(), "{\"n\":1}".to_owned())]);
}

#[tokio::test]
async fn a_server_that_stops_waits_for_what_is_under_way_and_begins_nothing() {
    let world = World::new();
    world.create("hello").await;
    let delivering = tokio::spawn(std::sync::Arc::clone(&world.lambda).deliver());
    world.send("hello", "1").await.unwrap();
    while world.lambda.events_waiting() > 0 {
        tokio::task::yield_now().await;
    }
    world.lambda.stop_delivering(Duration::from_mins(1)).await;
    world.send("hello", "2").await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.lambda.events_waiting(), 1, "it is the next start's");
    assert_eq!(world.delivered(), [("hello".to_owned(), "1".to_owned())]);
    delivering.abort();
}
