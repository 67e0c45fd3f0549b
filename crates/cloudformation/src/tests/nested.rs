//! Nested stacks.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use weft_model::cloudformation as model;
use weft_service::Error;
use weft_service::testing::refusal;
use weft_store::Memory;

use super::world::{Answers, World, nothing};

/// A stack with another in it, which makes a log group of its parameters.
fn outer(names: &Json) -> Json {
    json!({
        "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
            "TemplateURL": "https://s3.us-east-1.localhost:4566/assets/inner.json", "Parameters": {"Names": names}}}},
        "Outputs": {
            "Id": {"Value": {"Ref": "Inner"}},
            "First": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.First"]}},
        },
    })
}

fn inner() -> Json {
    json!({
        "Parameters": {"Names": {"Type": "CommaDelimitedList"}},
        "Resources": {"Lines": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Select": [0, {"Ref": "Names"}]}}}},
        "Outputs": {"First": {"Value": {"Ref": "Lines"}}},
    })
}

fn world(memory: &Memory) -> World {
    let world = World::on(memory, Arc::new(nothing));
    world.put_object("assets/inner.json", &inner());
    world
}

fn output(stack: &model::Stack, key: &str) -> String {
    let outputs = stack.outputs.as_deref().unwrap_or_default();
    let found = outputs.iter().find(|output| output.output_key.as_deref() == Some(key));
    found.and_then(|output| output.output_value.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_stack_in_a_stack_is_made_changed_and_deleted_with_it() {
    let world = world(&Memory::seeded(1));
    let id = world.create("shop", &outer(&json!(["a", "b"]))).await;
    let stack = world.ended(&id).await;
    assert_eq!((stack.stack_status.as_str(), output(&stack, "First").as_str()), ("CREATE_COMPLETE", "a"));
    let nested = world.stack(&output(&stack, "Id")).await;
    assert_eq!(nested.stack_status, "CREATE_COMPLETE");
    assert!(nested.stack_name.starts_with("shop-Inner-"), "{}", nested.stack_name);
    assert_eq!(
        (nested.parent_id.as_deref(), nested.root_id.as_deref()),
        (Some(id.as_str()), Some(id.as_str()))
    );

    world.update("shop", &outer(&json!(["c"]))).await;
    let stack = world.ended(&id).await;
    assert_eq!((stack.stack_status.as_str(), output(&stack, "First").as_str()), ("UPDATE_COMPLETE", "c"));

    world.delete("shop").await;
    assert_eq!(world.ended(&id).await.stack_status, "DELETE_COMPLETE");
    assert_eq!(
        world.stack(nested.stack_id.as_deref().unwrap_or_default()).await.stack_status,
        "DELETE_COMPLETE"
    );
}

#[tokio::test]
async fn the_failure_of_a_stack_in_a_stack_is_told_and_rolled_back() {
    let failing = |_: &str, operation: &str, input: &Json| match (operation, input["logGroupName"].as_str()) {
        ("CreateLogGroup", Some("bad")) => {
            Err(Error::new("InvalidParameterException", "no such luck").with_status(400))
        }
        _ => Ok(json!({})),
    };
    let world = World::on(&Memory::seeded(1), Arc::new(failing));
    world.put_object("assets/inner.json", &inner());
    let id = world.create("shop", &outer(&json!("bad"))).await;
    assert_eq!(world.ended(&id).await.stack_status, "ROLLBACK_COMPLETE");
    let failures = world.failures(&id).await;
    let [(logical, nested, reason)] = failures.as_slice() else { panic!("one failure: {failures:?}") };
    let expected = format!(
        "Embedded stack {nested} was not successfully created: The following resource(s) failed to create: [Lines]."
    );
    assert_eq!((logical.as_str(), reason.as_str()), ("Inner", expected.as_str()));
    assert_eq!(world.stack(nested).await.stack_status, "DELETE_COMPLETE");

    let id = world.create("store", &outer(&json!("good"))).await;
    let nested = output(&world.ended(&id).await, "Id");
    world.update("store", &outer(&json!("bad"))).await;
    let stack = world.ended(&id).await;
    assert_eq!(
        (stack.stack_status.as_str(), output(&stack, "First").as_str()),
        ("UPDATE_ROLLBACK_COMPLETE", "good")
    );
    let (_, _, reason) = &world.failures(&id).await[0];
    let expected = format!(
        "Embedded stack {nested} was not successfully updated. Currently in UPDATE_ROLLBACK_COMPLETE with reason: The following \
         resource(s) failed to update: [Lines]."
    );
    assert_eq!(*reason, expected);
    assert_eq!(world.stack(&nested).await.stack_status, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_stack_in_a_stack_is_waited_for_by_the_next_process_and_not_made_twice() {
    let function = "arn:aws:lambda:us-east-1:000000000000:function:maker";
    let slow =
        json!({"Resources": {"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": function}}}});
    let outer = json!({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
        "TemplateURL": "https://s3.amazonaws.com/assets/slow.json"}}}});
    let memory = Memory::seeded(1);
    let first = World::on(&memory, Arc::new(nothing));
    first.put_object("assets/slow.json", &slow);
    let id = first.create("shop", &outer).await;
    let event = super::custom::asked(&first).await;
    let second = World::on(&memory, Arc::new(nothing));
    assert_eq!(second.service.resume().await.expect("it reads"), 2);
    assert_eq!(super::custom::put(&second, &event, &super::custom::success("one")).await, Ok(()));
    assert_eq!(second.ended(&id).await.stack_status, "CREATE_COMPLETE");
    let found: model::DescribeStacksOutput =
        second.call("DescribeStacks", model::DescribeStacksInput::default()).await.expect("they are there");
    assert_eq!(found.stacks.unwrap_or_default().len(), 2);
}

#[tokio::test]
async fn stacks_in_stacks_need_no_place_of_their_own() {
    let world = World::with(
        &Memory::seeded(1),
        &(Arc::new(nothing) as Arc<Answers>),
        crate::Options { operations_max: 1, steps_max: 1 },
    );
    world.put_object("assets/inner.json", &inner());
    let id = world.create("shop", &outer(&json!("a"))).await;
    assert_eq!(world.ended(&id).await.stack_status, "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_change_set_of_a_stack_in_a_stack_says_that_it_may_change() {
    let world = world(&Memory::seeded(1));
    let id = world.create("shop", &outer(&json!("a"))).await;
    world.ended(&id).await;
    let input = model::CreateChangeSetInput {
        stack_name: "shop".to_owned(),
        change_set_name: "next".to_owned(),
        template_body: Some(outer(&json!("b")).to_string()),
        include_nested_stacks: Some(true),
        ..Default::default()
    };
    let made: model::CreateChangeSetOutput = world.call("CreateChangeSet", input).await.expect("it is made");
    let input =
        model::DescribeChangeSetInput { change_set_name: made.id.unwrap_or_default(), ..Default::default() };
    let found: model::DescribeChangeSetOutput =
        world.call("DescribeChangeSet", input).await.expect("it is there");
    assert_eq!(found.include_nested_stacks, Some(true));
    let change = found.changes.unwrap_or_default().remove(0).resource_change.expect("a resource");
    assert_eq!(
        (change.logical_resource_id.as_deref(), change.action.as_deref()),
        (Some("Inner"), Some("Modify"))
    );
}

#[tokio::test]
async fn the_outermost_stack_s_protection_counts_for_those_in_it() {
    let world = world(&Memory::seeded(1));
    let input = model::CreateStackInput {
        stack_name: "shop".to_owned(),
        template_body: Some(outer(&json!("a")).to_string()),
        enable_termination_protection: Some(true),
        ..Default::default()
    };
    let made: model::CreateStackOutput = world.call("CreateStack", input).await.expect("it is created");
    let nested = output(&world.ended(&made.stack_id.unwrap_or_default()).await, "Id");
    let input = model::DeleteStackInput { stack_name: nested, ..Default::default() };
    let (code, _, message) = refusal(world.call::<_, ()>("DeleteStack", input).await);
    let expected = "Stack [shop] cannot be deleted while TerminationProtection is enabled";
    assert_eq!((code.as_str(), message.as_str()), ("ValidationError", expected));
}
