//! Stacks that only a change set has named.

use std::sync::Arc;

use serde_json::json;
use weft_model::cloudformation as model;
use weft_store::Memory;

use super::world::{World, nothing};

#[tokio::test]
async fn a_stack_in_review_that_nothing_was_made_of_can_be_deleted() {
    let world = World::on(&Memory::seeded(1), Arc::new(nothing));
    let template = json!({"Resources": {"Lines": {"Type": "AWS::Logs::LogGroup"}}});
    let input = model::CreateChangeSetInput {
        stack_name: "shop".to_owned(),
        change_set_name: "first".to_owned(),
        change_set_type: Some("CREATE".to_owned()),
        template_body: Some(template.to_string()),
        ..Default::default()
    };
    let made: model::CreateChangeSetOutput = world.call("CreateChangeSet", input).await.expect("it is made");
    let id = made.stack_id.unwrap_or_default();
    assert_eq!(world.stack(&id).await.stack_status, "REVIEW_IN_PROGRESS");
    world.delete("shop").await;
    assert_eq!(world.ended(&id).await.stack_status, "DELETE_COMPLETE");
}
