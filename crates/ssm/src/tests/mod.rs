//! Tests of the operations through dispatch, with signed requests, on a store in memory.

mod listing;
mod parameters;
mod tags;
mod versions;
mod world;

use weft_model::Value;
use weft_service::testing::not_refused;

use world::World;

/// Values for members whose samples an operation does not accept.
fn given(_: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match member {
        "Path" => text("/app"),
        "ResourceType" => text("Parameter"),
        "ResourceId" | "Name" => text("/app/a"),
        _ => None,
    }
}

#[tokio::test]
async fn every_operation_without_code_is_on_the_list() {
    let world = World::new().await;
    let without = world.client.dispatch.registry().unsupported("ssm");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new().await;
    let open = not_refused(&world.stranger, &weft_model::ssm::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
