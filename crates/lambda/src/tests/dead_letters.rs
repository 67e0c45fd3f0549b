//! Events and records that go to queues and topics: there are topics here, and no queues.

use serde_json::Value;
use weft_model::lambda as model;
use weft_service::Message;

use super::world::{ROLE, World, create_request, key, refusal};

fn topic(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:000000000000:{name}")
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:failed";
const BAD: &str = "InvalidParameterValueException";

/// Makes `hello`, which fails, with a dead-letter target.
async fn failing(dead_letters: &str) -> World {
    let world = World::new();
    let mut input = create_request("hello");
    input.dead_letter_config = Some(model::DeadLetterConfig { target_arn: Some(dead_letters.to_owned()) });
    let _: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    world
}

fn destinations(success: Option<&str>, failure: Option<&str>) -> model::PutFunctionEventInvokeConfigRequest {
    let config = model::DestinationConfig {
        on_success: success.map(|arn| model::OnSuccess { destination: Some(arn.to_owned()) }),
        on_failure: failure.map(|arn| model::OnFailure { destination: Some(arn.to_owned()) }),
    };
    model::PutFunctionEventInvokeConfigRequest {
        function_name: "hello".to_owned(),
        maximum_retry_attempts: Some(0),
        destination_config: Some(config),
        ..Default::default()
    }
}

async fn configure(world: &World, input: model::PutFunctionEventInvokeConfigRequest) {
    let _: model::FunctionEventInvokeConfig =
        world.call("PutFunctionEventInvokeConfig", input).await.unwrap();
}

/// Sends an event, and gives what topics got of it.
async fn sent(world: &World, payload: &str) -> Vec<(String, Message)> {
    world.send("hello", payload).await.unwrap();
    world.lambda.deliver_due().await.unwrap();
    assert_eq!(world.lambda.events_waiting(), 0);
    std::mem::take(&mut world.topics.0.lock().unwrap())
}

/// Lost dead letters and lost records.
fn lost(world: &World) -> (u64, u64) {
    let counts = world.lambda.metrics(&key("hello"));
    (counts.dead_letter_errors, counts.destination_delivery_failures)
}

#[tokio::test]
async fn an_event_that_fails_goes_to_its_dead_letter_topic_as_it_came() {
    let world = failing(&topic("failed")).await;
    configure(&world, destinations(None, None)).await;
    let got = sent(&world, r#"{"n":  1}"#).await;
    let [(name, message)] = &got[..] else { panic!("{got:?}") };
    assert_eq!((name.as_str(), &message.body[..]), ("failed", &br#"{"n":  1}"#[..]));
    let attributes: Vec<_> = message.attributes.iter().map(|one| (one.name, one.kind)).collect();
    assert_eq!(attributes, [("RequestID", "String"), ("ErrorCode", "Number"), ("ErrorMessage", "String")]);
    let values: Vec<_> = message.attributes.iter().map(|one| one.value.clone()).collect();
    let id = world.workers.invocations.lock().unwrap()[0].request_id.to_string();
    assert_eq!(values, [id, "200".to_owned(), "no".to_owned()]);
    assert_eq!(lost(&world), (0, 0));
    world.workers.failing.lock().unwrap().clear();
    assert_eq!(sent(&world, "2").await, [], "what succeeds is no dead letter");
}

#[tokio::test]
async fn a_record_of_an_event_goes_to_a_topic() {
    let world = World::new();
    world.create("hello").await;
    configure(&world, destinations(Some(&topic("good")), Some(&topic("bad")))).await;
    let check = |got: Vec<(String, Message)>, to: &str, condition: &str, kind: &str| {
        let [(name, message)] = &got[..] else { panic!("{got:?}") };
        let record: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!((name.as_str(), record["requestContext"]["condition"].as_str()), (to, Some(condition)));
        assert_eq!(message.detail_type, format!("Lambda Function Invocation Result - {kind}"));
        assert!(message.key.starts_with("aws/lambda/async/hello/20"), "{}", message.key);
    };
    check(sent(&world, "1").await, "good", "Success", "Success");
    world.workers.failing.lock().unwrap().push("hello".to_owned());
    check(sent(&world, "1").await, "bad", "RetriesExhausted", "Failure");
    assert_eq!(lost(&world), (0, 0));
}

#[tokio::test]
async fn what_no_queue_takes_is_counted_as_aws_counts_it() {
    let world = failing(QUEUE).await;
    configure(&world, destinations(Some(QUEUE), Some(QUEUE))).await;
    assert_eq!(sent(&world, "1").await, []);
    assert_eq!(lost(&world), (1, 1));
    world.workers.failing.lock().unwrap().clear();
    assert_eq!(sent(&world, "2").await, []);
    assert_eq!(lost(&world), (1, 2), "a record of a success is none of a dead letter");
}

#[tokio::test]
async fn a_dead_letter_target_is_taken_only_where_the_role_may_send_there_and_it_is_there() {
    let world = World::new();
    let create = async |name: &str, role: &str, target: &str| {
        let mut input = create_request(name);
        role.clone_into(&mut input.role);
        input.dead_letter_config = Some(model::DeadLetterConfig { target_arn: Some(target.to_owned()) });
        let made = world.call::<_, model::FunctionConfiguration>("CreateFunction", input).await;
        made.map(drop).map_err(|fault| (fault.code, fault.message))
    };
    let refused = |message: &str| Err((BAD.to_owned(), message.to_owned()));
    let alone = format!("{ROLE}-alone");
    let of_role = "The provided execution role does not have permissions to call";
    let check = |found: Result<(), (String, String)>, expected| assert_eq!(found, expected);
    check(create("a", &alone, QUEUE).await, refused(&format!("{of_role} SendMessage on SQS")));
    check(create("a", &alone, &topic("t")).await, refused(&format!("{of_role} Publish on SNS")));
    check(create("a", ROLE, &topic("missing")).await, refused("Topic does not exist"));
    check(create("a", ROLE, &topic("t")).await, Ok(()));
    check(create("b", ROLE, QUEUE).await, Ok(()));
    let change = |role: Option<&str>, target: Option<&str>| model::UpdateFunctionConfigurationRequest {
        function_name: "a".to_owned(),
        role: role.map(str::to_owned),
        dead_letter_config: target
            .map(|target| model::DeadLetterConfig { target_arn: Some(target.to_owned()) }),
        ..Default::default()
    };
    let update = async |input: model::UpdateFunctionConfigurationRequest| {
        let changed =
            world.call::<_, model::FunctionConfiguration>("UpdateFunctionConfiguration", input).await;
        changed.map(drop).map_err(|fault| (fault.code, fault.message))
    };
    let denied = refused(&format!("{of_role} Publish on SNS"));
    check(update(change(Some(&alone), None)).await, denied);
    check(update(change(None, Some(&topic("missing")))).await, refused("Topic does not exist"));
    check(update(change(Some(&alone), Some(""))).await, Ok(()));
}

#[tokio::test]
async fn a_destination_is_taken_only_where_the_role_may_send_there_and_it_is_there() {
    let world = World::new();
    let mut alone = create_request("hello");
    alone.role = format!("{ROLE}-alone");
    let _: model::FunctionConfiguration = world.call("CreateFunction", alone).await.unwrap();
    let put = async |arn: &str| {
        let input = destinations(None, Some(arn));
        let done =
            world.call::<_, model::FunctionEventInvokeConfig>("PutFunctionEventInvokeConfig", input).await;
        refusal(done)
    };
    let function = "arn:aws:lambda:us-east-1:000000000000:function:other";
    for (arn, verb) in [
        (QUEUE, "SendMessage"),
        ("arn:aws:events:us-east-1:000000000000:event-bus/b", "PutEvents"),
        ("arn:aws:s3:::bucket", "PutObject"),
        (function, "InvokeFunction"),
    ] {
        let words =
            format!("The function's execution role does not have permissions to call {verb} on {arn}");
        assert_eq!(put(arn).await, (BAD.to_owned(), 400, words));
    }
    let with_rights = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        role: Some(ROLE.to_owned()),
        ..Default::default()
    };
    let _: model::FunctionConfiguration =
        world.call("UpdateFunctionConfiguration", with_rights).await.unwrap();
    assert_eq!(put(&topic("missing")).await.2, "Topic does not exist");
    configure(&world, destinations(None, Some(QUEUE))).await;
}
