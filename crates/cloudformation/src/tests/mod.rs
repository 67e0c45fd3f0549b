//! Stacks in a world whose other services are stand-ins.

mod custom;
mod handlers;
mod nested;
mod review;
mod world;

use std::sync::Arc;

use weft_model::Value;
use weft_service::testing::not_refused;
use weft_store::Memory;

use world::World;

/// Values for members whose samples an operation does not accept.
fn given(operation: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match (operation, member) {
        (_, "StackName") => text("shop"),
        (_, "ChangeSetName") => text("first"),
        ("SetStackPolicy", "StackPolicyBody") => text("{}"),
        // Beside a stack's name it would be one source too many.
        (operation, "TemplateBody") if operation != "GetTemplateSummary" => text("{}"),
        _ => None,
    }
}

#[tokio::test]
async fn every_operation_without_code_is_on_the_list() {
    let world = World::on(&Memory::seeded(1), Arc::new(world::nothing));
    let without = world.client.dispatch.registry().unsupported("cloudformation");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::on(&Memory::seeded(1), Arc::new(world::nothing));
    let open = not_refused(&world.stranger, &weft_model::cloudformation::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
