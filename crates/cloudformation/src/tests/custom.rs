//! Custom resources.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Uri;
use serde_json::{Value as Json, json};
use weft_service::{Clock as _, Error, ResponseRefused, StackResponses as _};
use weft_store::Memory;

use super::world::{World, nothing};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:maker";

fn template(size: &Json) -> Json {
    json!({
        "Resources": {"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": FUNCTION, "Size": size, "On": true}}},
        "Outputs": {
            "Id": {"Value": {"Ref": "Thing"}},
            "Colour": {"Value": {"Fn::GetAtt": ["Thing", "Colour"]}},
        },
    })
}

fn world(memory: &Memory) -> World {
    World::on(memory, Arc::new(nothing))
}

/// The next event that the function got.
pub(super) async fn asked(world: &World) -> Json {
    let mut changed = world.service.watch();
    loop {
        changed.mark_unchanged();
        if let Some((operation, input)) = world.calls().pop() {
            assert_eq!(operation, "lambda:Invoke");
            assert_eq!(
                (&input["FunctionName"], &input["InvocationType"]),
                (&FUNCTION.into(), &"Event".into())
            );
            let payload = STANDARD.decode(input["Payload"].as_str().expect("a payload")).expect("base64");
            return serde_json::from_slice(&payload).expect("JSON");
        }
        // What the function was asked is noted right after it was.
        changed.changed().await.expect("the service lives");
    }
}

pub(super) async fn put(world: &World, event: &Json, answer: &Json) -> Result<(), ResponseRefused> {
    let url: Uri = event["ResponseURL"].as_str().expect("an address").parse().expect("a URI");
    let body =
        if answer.is_string() { answer.as_str().unwrap_or_default().to_owned() } else { answer.to_string() };
    world.service.take(&url, Bytes::from(body)).await
}

pub(super) fn success(id: &str) -> Json {
    json!({"Status": "SUCCESS", "PhysicalResourceId": id, "Data": {"Colour": format!("red of {id}")}})
}

fn outputs(stack: &weft_model::cloudformation::Stack) -> Vec<(&str, &str)> {
    let outputs = stack.outputs.as_deref().unwrap_or_default().iter();
    outputs
        .map(|o| (o.output_key.as_deref().unwrap_or(""), o.output_value.as_deref().unwrap_or("")))
        .collect()
}

#[tokio::test]
async fn a_function_makes_changes_and_deletes_a_custom_resource() {
    let world = world(&Memory::seeded(1));
    let id = world.create("shop", &template(&json!(7))).await;
    let event = asked(&world).await;
    let url = event["ResponseURL"].as_str().expect("an address").to_owned();
    let host = "https://cloudformation-custom-resource-response-us-east-1.s3.localhost/arn%3Aaws%3Acloudformation%3A";
    assert!(url.starts_with(host), "{url}");
    let request = event["RequestId"].as_str().expect("an id");
    assert!(url.contains(&format!("%7CThing%7C{request}?X-Amz-")), "{url}");
    let properties = json!({"ServiceToken": FUNCTION, "Size": "7", "On": "true"});
    let expected = json!({
        "RequestType": "Create", "ServiceToken": FUNCTION, "ResponseURL": url, "StackId": id, "RequestId": request,
        "LogicalResourceId": "Thing", "ResourceType": "Custom::Thing", "ResourceProperties": properties,
    });
    assert_eq!(event, expected);
    assert_eq!(put(&world, &event, &success("one")).await, Ok(()));
    assert_eq!(put(&world, &event, &success("two")).await, Ok(()), "the same again is taken");
    let stack = world.ended(&id).await;
    assert_eq!(stack.stack_status, "CREATE_COMPLETE");
    assert_eq!(outputs(&stack), [("Id", "one"), ("Colour", "red of one")]);

    world.update("shop", &template(&json!("8"))).await;
    let event = asked(&world).await;
    assert_eq!((&event["RequestType"], &event["PhysicalResourceId"]), (&"Update".into(), &"one".into()));
    assert_eq!(event["ResourceProperties"]["Size"], "8");
    assert_eq!(event["OldResourceProperties"], properties);
    assert_eq!(put(&world, &event, &success("two")).await, Ok(()));
    let event = asked(&world).await;
    assert_eq!((&event["RequestType"], &event["PhysicalResourceId"]), (&"Delete".into(), &"one".into()));
    assert_eq!(event["ResourceProperties"], properties);
    assert_eq!(put(&world, &event, &json!({"Status": "SUCCESS"})).await, Ok(()));
    let stack = world.ended(&id).await;
    assert_eq!(stack.stack_status, "UPDATE_COMPLETE");
    assert_eq!(outputs(&stack), [("Id", "two"), ("Colour", "red of two")]);

    world.delete("shop").await;
    let event = asked(&world).await;
    assert_eq!((&event["RequestType"], &event["PhysicalResourceId"]), (&"Delete".into(), &"two".into()));
    assert_eq!(put(&world, &event, &success("two")).await, Ok(()));
    assert_eq!(world.ended(&id).await.stack_status, "DELETE_COMPLETE");
}

#[tokio::test]
async fn a_creation_that_failed_is_deleted_by_its_function() {
    for (answer, reason, deleted) in [
        (
            json!({"Status": "FAILED", "Reason": "no room", "PhysicalResourceId": "half"}),
            "Received response status [FAILED] from custom resource. Message returned: no room (RequestId: ",
            Some("half"),
        ),
        (json!({"Status": "SUCCESS"}), "Invalid PhysicalResourceId", None),
        (json!("x".repeat(4097)), "Response object is too long.", None),
    ] {
        let world = world(&Memory::seeded(1));
        let id = world.create("shop", &template(&json!(7))).await;
        let event = asked(&world).await;
        assert_eq!(put(&world, &event, &answer).await, Ok(()));
        let event = asked(&world).await;
        assert_eq!(event["RequestType"], "Delete");
        let physical_id = event["PhysicalResourceId"].as_str().expect("an id").to_owned();
        match deleted {
            Some(deleted) => assert_eq!(physical_id, deleted),
            None => assert!(physical_id.starts_with("shop-Thing-"), "{physical_id}"),
        }
        assert_eq!(put(&world, &event, &success("x")).await, Ok(()));
        assert_eq!(world.ended(&id).await.stack_status, "ROLLBACK_COMPLETE");
        let failures = world.failures(&id).await;
        let [(_, shown, told)] = failures.as_slice() else { panic!("one failure: {failures:?}") };
        assert_eq!(*shown, physical_id);
        assert!(told.starts_with(reason), "{told}");
    }
}

#[tokio::test]
async fn a_function_that_cannot_be_asked_has_nothing_to_delete() {
    let missing = |_: &str, _: &str, _: &Json| {
        Err(Error::new("ResourceNotFoundException", "Function not found: maker").with_status(404))
    };
    let world = World::on(&Memory::seeded(1), Arc::new(missing));
    let id = world.create("shop", &template(&json!(7))).await;
    assert_eq!(world.ended(&id).await.stack_status, "ROLLBACK_COMPLETE");
    assert_eq!(world.calls().len(), 1);
    let failures = world.failures(&id).await;
    assert!(failures[0].2.starts_with("Function not found: maker (Service: lambda"), "{failures:?}");
}

#[tokio::test]
async fn no_answer_in_an_hour_is_a_failure_and_a_late_one_is_no_error() {
    let world = world(&Memory::seeded(1));
    let id = world.create("shop", &template(&json!(7))).await;
    let created = asked(&world).await;
    world.clock.set(world.clock.now().plus(Duration::from_hours(1)));
    world.service.tell();
    let event = asked(&world).await;
    assert_eq!(event["RequestType"], "Delete");
    assert_eq!(put(&world, &event, &success("x")).await, Ok(()));
    assert_eq!(world.ended(&id).await.stack_status, "ROLLBACK_COMPLETE");
    let (_, _, reason) = &world.failures(&id).await[0];
    assert!(
        reason.starts_with("CloudFormation did not receive a response from your Custom Resource."),
        "{reason}"
    );
    assert_eq!(put(&world, &created, &success("late")).await, Ok(()));
    world.clock.set(world.clock.now().plus(Duration::from_hours(2)));
    assert_eq!(put(&world, &created, &success("late")).await, Err(ResponseRefused::Expired));
}

#[tokio::test]
async fn a_wait_goes_on_in_the_next_process_without_asking_again() {
    let memory = Memory::seeded(1);
    let first = world(&memory);
    let id = first.create("shop", &template(&json!(7))).await;
    let event = asked(&first).await;
    while !first.service.was_asked(event["RequestId"].as_str().unwrap_or_default()).await {
        first.service.watch().changed().await.expect("the service lives");
    }
    let second = world(&memory);
    assert_eq!(second.service.resume().await.expect("it reads"), 1);
    assert_eq!(put(&second, &event, &success("one")).await, Ok(()));
    assert_eq!(second.ended(&id).await.stack_status, "CREATE_COMPLETE");
    assert_eq!(second.calls(), []);
}

#[tokio::test]
async fn an_unsigned_answer_and_one_for_nobody_are_refused() {
    let world = world(&Memory::seeded(1));
    let forged = json!({"ResponseURL": "https://x/a%7Cb%7Cc?X-Amz-Signature=00"});
    assert_eq!(put(&world, &forged, &success("x")).await, Err(ResponseRefused::Forged));
    let url = world.service.response_url("us-east-1", ["arn", "Thing"], "none", world.clock.now()).await;
    let unknown = json!({"ResponseURL": url.expect("an address")});
    assert_eq!(put(&world, &unknown, &success("x")).await, Err(ResponseRefused::Unknown));
}
