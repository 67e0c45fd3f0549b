//! Tests of the operations through dispatch, with signed requests, on a store in memory.

mod backlog;
mod bounds;
mod crash;
mod events;
mod functions;
mod groups;
mod paging;
mod policies;
mod quotas;
mod sink;
mod steps;
mod subscriptions;
mod tags;
mod tails;
mod world;

use weft_model::Value;
use weft_service::testing::not_refused;

use world::World;

/// Values for members whose samples an operation does not accept, or that name the group, which is `/app`.
fn given(operation: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match (operation, member) {
        (_, "logGroupName") | ("PutLogGroupDeletionProtection", "logGroupIdentifier") => text("/app"),
        (_, "resourceArn") => text("arn:aws:logs:us-east-1:000000000000:log-group:/app"),
        ("PutResourcePolicy" | "DeleteResourcePolicy", "policyName") => text("p"),
        ("PutResourcePolicy", "policyDocument") => text(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"logs:*","Resource":"*"}}"#,
        ),
        ("TagResource" | "TagLogGroup", "tags") => {
            Some(Value::Map(vec![("a".to_owned(), Value::Text("b".to_owned()))]))
        }
        ("PutSubscriptionFilter", "destinationArn") => {
            text("arn:aws:lambda:us-east-1:000000000000:function:f")
        }
        ("StartLiveTail", "logGroupIdentifiers") => Some(Value::List(vec![Value::Text("/app".to_owned())])),
        ("PutRetentionPolicy", "retentionInDays") => Some(Value::Integer(1)),
        _ => None,
    }
}

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let without = world.client.dispatch.registry().unsupported("logs");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new();
    let open = not_refused(&world.stranger, &weft_model::logs::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
