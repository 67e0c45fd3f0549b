//! Tests of the operations through dispatch, with signed requests, on a store in memory.

mod events;
mod groups;
mod paging;
mod sink;
mod world;

use weft_service::testing::not_refused;

use world::World;

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let have = world.client.dispatch.registry().operations("logs");
    let have: Vec<&str> = have.iter().map(|operation| operation.name).collect();
    let service = &weft_model::logs::SERVICE;
    let mut without: Vec<&str> = service.missing.iter().map(|(name, _, _)| *name).collect();
    without.extend(
        service.operations.iter().map(|operation| operation.name).filter(|name| !have.contains(name)),
    );
    without.sort_unstable();
    let listed: Vec<&str> = include_str!("../../unsupported.txt").lines().collect();
    assert_eq!(listed, without, "unsupported.txt is not what has no code");
    assert_eq!(have.len() + without.len(), service.missing.len() + service.operations.len());
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new();
    let text = |text: &str| Some(weft_model::Value::Text(text.to_owned()));
    let given = |operation: &str, member: &str| match (operation, member) {
        (_, "resourceArn") => text("arn:aws:logs:us-east-1:000000000000:log-group:/app"),
        ("DescribeLogStreams" | "FilterLogEvents" | "GetLogEvents", "logGroupName") => text("/app"),
        ("TagResource", "tags") => {
            Some(weft_model::Value::Map(vec![("a".to_owned(), weft_model::Value::Text("b".to_owned()))]))
        }
        ("PutRetentionPolicy", "retentionInDays") => Some(weft_model::Value::Integer(1)),
        _ => None,
    };
    let open = not_refused(&world.stranger, &weft_model::logs::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
