//! REST APIs of API Gateway and what belongs to them.
//!
//! Updates go by patch operations, from the properties that a resource has to those that it shall have.

mod account;
mod api;
mod deployment;
mod method;
mod parts;
mod patches;
mod stage;

use serde_json::{Value as Json, json};

use crate::handlers::{Handlers, removed_tags};
use crate::task::{Failure, Task};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::ApiGateway::Account", account::Account);
    all.add("AWS::ApiGateway::RestApi", api::RestApi);
    all.add("AWS::ApiGateway::Resource", parts::Resource);
    all.add("AWS::ApiGateway::Method", method::Method);
    all.add("AWS::ApiGateway::Deployment", deployment::Deployment);
    all.add("AWS::ApiGateway::Stage", stage::Stage);
    all.add("AWS::ApiGateway::Authorizer", parts::Authorizer);
    all.add("AWS::ApiGateway::Model", parts::Model);
    all.add("AWS::ApiGateway::RequestValidator", parts::RequestValidator);
    all.add("AWS::ApiGateway::GatewayResponse", parts::GatewayResponse);
}

/// The service's id in the registry.
const SERVICE: &str = "apigateway";

/// The API that a resource belongs to.
fn api_of(task: &Task<'_>) -> String {
    task.text("RestApiId").unwrap_or_default()
}

/// Brings tags to what the template says. `path` is what the ARN has after its colons.
pub(super) async fn retag(task: &Task<'_>, service: &str, path: &str) -> Result<(), Failure> {
    if !task.changed("Tags") {
        return Ok(());
    }
    let arn = format!("arn:aws:apigateway:{}::{path}", task.stack.region);
    let gone = removed_tags(task);
    if !gone.is_empty() {
        task.make(service, "UntagResource", json!({"ResourceArn": arn, "TagKeys": gone})).await?;
    }
    if !task.tags().is_empty() {
        task.make(service, "TagResource", json!({"ResourceArn": arn, "Tags": task.tag_map()})).await?;
    }
    Ok(())
}

/// Adds what every call on a part of an API has, and the tags where there are any.
fn with(mut input: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}
