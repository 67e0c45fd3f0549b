//! Tests of the operations through dispatch, with signed requests, on a store in memory.

mod bounds;
mod crash;
mod events;
mod functions;
mod groups;
mod paging;
mod policies;
mod sink;
mod subscriptions;
mod tags;
mod tails;
mod world;

use weft_service::testing::not_refused;

use world::World;

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let without = world.client.dispatch.registry().unsupported("logs");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new();
    let text = |text: &str| Some(weft_model::Value::Text(text.to_owned()));
    let given = |operation: &str, member: &str| match (operation, member) {
        (_, "resourceArn") => text("arn:aws:logs:us-east-1:000000000000:log-group:/app"),
        ("DescribeLogStreams" | "FilterLogEvents" | "GetLogEvents", "logGroupName") => text("/app"),
        ("PutResourcePolicy" | "DeleteResourcePolicy", "policyName") => text("p"),
        ("PutResourcePolicy", "policyDocument") => text(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"logs:*","Resource":"*"}}"#,
        ),
        ("TagResource" | "TagLogGroup", "tags") => {
            Some(weft_model::Value::Map(vec![("a".to_owned(), weft_model::Value::Text("b".to_owned()))]))
        }
        ("PutSubscriptionFilter", "destinationArn") => {
            text("arn:aws:lambda:us-east-1:000000000000:function:f")
        }
        ("StartLiveTail", "logGroupIdentifiers") => {
            Some(weft_model::Value::List(vec![weft_model::Value::Text("/app".to_owned())]))
        }
        ("PutRetentionPolicy", "retentionInDays") => Some(weft_model::Value::Integer(1)),
        _ => None,
    };
    let open = not_refused(&world.stranger, &weft_model::logs::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
