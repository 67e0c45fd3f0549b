//! Tests of the operations through dispatch, with signed requests, on a store in memory and workers that only listen.

mod aliases;
mod code;
mod concurrency;
mod configs;
mod dead_letters;
mod downloads;
mod events;
mod functions;
mod invoke;
mod layers;
mod mappings;
mod objects;
mod permissions;
mod pollers;
mod settings;
mod steps;
mod tags;
mod tumbling;
mod url_calls;
mod versions;
mod world;

use weft_model::Value;
use weft_service::testing::not_refused;

use world::World;

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let without = world.client.dispatch.registry().unsupported("lambda");
    assert_eq!(without, include_str!("../../unsupported.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new();
    let open = not_refused(&world.stranger, &weft_model::lambda::SERVICE, &given, &[]).await;
    assert_eq!(open, Vec::<String>::new());
}

/// Values for members whose samples an operation does not accept.
fn given(operation: &str, member: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match (operation, member) {
        ("CreateFunction", "Code") => {
            let from = [None, text("weft-builds"), text("build-1"), None, None, None];
            Some(Value::Struct(from.into()))
        }
        ("PublishLayerVersion", "Content") => {
            Some(Value::Struct(vec![text("weft-builds"), text("build-1"), None, None]))
        }
        ("CreateFunction", "Runtime") => text("python3.12"),
        ("CreateFunction", "Handler") => text("app.main"),
        (_, "CodeSigningConfigArn") => {
            text("arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-aaaaaaaaaaaaaaaaa")
        }
        ("CreateEventSourceMapping", "EventSourceArn") => {
            text("arn:aws:kinesis:us-east-1:000000000000:stream/aaaa")
        }
        ("CreateEventSourceMapping", "StartingPosition") => text("LATEST"),
        ("InvokeAsync", "InvokeArgs") => Some(Value::Blob("1".into())),
        (_, "MaximumRetryAttempts") => Some(Value::Integer(1)),
        ("AddLayerVersionPermission", "Action") => text("lambda:GetLayerVersion"),
        ("AddLayerVersionPermission", "Principal") => text("*"),
        ("GetLayerVersionByArn", "Arn") => text("arn:aws:lambda:us-east-1:000000000000:layer:libs:1"),
        (_, "Action") => text("lambda:InvokeFunction"),
        ("UpdateFunctionCode", "S3Bucket") => text("weft-builds"),
        ("UpdateFunctionCode", "S3Key") => text("build-1"),
        ("ListTags" | "TagResource" | "UntagResource", "Resource") => {
            text("arn:aws:lambda:us-east-1:000000000000:function:hello")
        }
        _ => None,
    }
}
