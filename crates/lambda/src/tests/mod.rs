//! Tests of the operations through dispatch, with signed requests, on a store in memory and workers that only listen.

mod code;
mod functions;
mod invoke;
mod settings;
mod world;

use weft_service::testing::not_refused;

use world::World;

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let have = world.client.dispatch.registry().operations("lambda");
    let have: Vec<&str> = have.iter().map(|operation| operation.name).collect();
    let service = &weft_model::lambda::SERVICE;
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
    let code = weft_model::Value::Struct(vec![
        None,
        Some(weft_model::Value::Text("weft-builds".to_owned())),
        Some(weft_model::Value::Text("build-1".to_owned())),
        None,
        None,
        None,
    ]);
    let text = |text: &str| Some(weft_model::Value::Text(text.to_owned()));
    let given = |operation: &str, member: &str| match (operation, member) {
        ("CreateFunction", "Code") => Some(code.clone()),
        ("CreateFunction", "Runtime") => text("python3.12"),
        ("CreateFunction", "Handler") => text("app.main"),
        ("UpdateFunctionCode", "S3Bucket") => text("weft-builds"),
        ("UpdateFunctionCode", "S3Key") => text("build-1"),
        ("ListTags" | "TagResource" | "UntagResource", "Resource") => {
            text("arn:aws:lambda:us-east-1:000000000000:function:hello")
        }
        _ => None,
    };
    let open = not_refused(&world.stranger, &weft_model::lambda::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}
