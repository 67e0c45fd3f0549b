//! What an API has beside methods and stages.

use serde_json::{Value as Json, json};

use crate::convert;
use crate::handlers::apigateway::patches::{Gone, Patches};
use crate::handlers::apigateway::{SERVICE, api_of};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Makes a part that gets an id.
async fn make(task: &Task<'_>, operation: &str, attribute: &str, input: Json) -> Result<Made, Failure> {
    let answer = task.make(SERVICE, operation, input).await?;
    let id = convert::text(&answer["id"]);
    Ok(Made::of(id.clone()).with(attribute, id))
}

/// Patches a part, which `id` names.
async fn patch(task: &Task<'_>, operation: &str, id: &str, patches: Patches) -> Result<(), Failure> {
    let Some(patches) = patches.some() else { return Ok(()) };
    let input = json!({"RestApiId": api_of(task), id: task.physical(), "PatchOperations": patches});
    task.make(SERVICE, operation, input).await.map(drop)
}

async fn delete(task: &Task<'_>, operation: &str, id: &str) -> Result<(), Failure> {
    task.remove(SERVICE, operation, json!({"RestApiId": api_of(task), id: task.physical()})).await
}

/// `AWS::ApiGateway::Resource`.
pub(super) struct Resource;

impl Handler for Resource {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(make(task, "CreateResource", "ResourceId", Json::Object(task.but(&[]))))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(Made::of(task.physical()).with("ResourceId", task.physical())) })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(delete(task, "DeleteResource", "ResourceId"))
    }
}

/// `AWS::ApiGateway::Authorizer`.
pub(super) struct Authorizer;

impl Handler for Authorizer {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(make(task, "CreateAuthorizer", "AuthorizerId", Json::Object(task.but(&[]))))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut patches = Patches::default();
            for (property, path) in [
                ("Name", "/name"),
                ("Type", "/type"),
                ("AuthType", "/authType"),
                ("AuthorizerUri", "/authorizerUri"),
                ("AuthorizerCredentials", "/authorizerCredentials"),
                ("IdentitySource", "/identitySource"),
                ("IdentityValidationExpression", "/identityValidationExpression"),
            ] {
                patches.value(task, property, path, Gone::Removed);
            }
            patches.value(
                task,
                "AuthorizerResultTtlInSeconds",
                "/authorizerResultTtlInSeconds",
                Gone::Is("300"),
            );
            patches.list(task, "ProviderARNs", "/providerARNs");
            patch(task, "UpdateAuthorizer", "AuthorizerId", patches).await?;
            Ok(Made::of(task.physical()).with("AuthorizerId", task.physical()))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(delete(task, "DeleteAuthorizer", "AuthorizerId"))
    }
}

/// `AWS::ApiGateway::Model`.
pub(super) struct Model;

impl Handler for Model {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            // Names of models are letters and digits alone.
            let generated = || task.generated(128).replace('-', "");
            let name = task.text("Name").filter(|name| !name.is_empty()).unwrap_or_else(generated);
            let mut input =
                json!({"RestApiId": api_of(task), "Name": name, "Description": task.get("Description")});
            input["ContentType"] =
                task.text("ContentType").unwrap_or_else(|| "application/json".to_owned()).into();
            input["Schema"] = task.text("Schema").unwrap_or_else(|| "{}".to_owned()).into();
            task.make(SERVICE, "CreateModel", input).await?;
            Ok(Made::of(name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut patches = Patches::default();
            patches.value(task, "Description", "/description", Gone::Removed);
            patches.value(task, "Schema", "/schema", Gone::Is("{}"));
            patch(task, "UpdateModel", "ModelName", patches).await?;
            Ok(Made::of(task.physical()))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(delete(task, "DeleteModel", "ModelName"))
    }
}

/// `AWS::ApiGateway::RequestValidator`.
pub(super) struct RequestValidator;

impl Handler for RequestValidator {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut input = Json::Object(task.but(&[]));
            input["Name"] = task.name("Name", 128).into();
            make(task, "CreateRequestValidator", "RequestValidatorId", input).await
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut patches = Patches::default();
            patches.value(task, "ValidateRequestBody", "/validateRequestBody", Gone::Is("false"));
            patches.value(task, "ValidateRequestParameters", "/validateRequestParameters", Gone::Is("false"));
            patch(task, "UpdateRequestValidator", "RequestValidatorId", patches).await?;
            Ok(Made::of(task.physical()).with("RequestValidatorId", task.physical()))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(delete(task, "DeleteRequestValidator", "RequestValidatorId"))
    }
}

/// `AWS::ApiGateway::GatewayResponse`.
pub(super) struct GatewayResponse;

impl GatewayResponse {
    /// Puts the response, which takes the place of the one that was there.
    async fn put(task: &Task<'_>) -> Result<Made, Failure> {
        let names = ["RestApiId", "ResponseType", "StatusCode", "ResponseParameters", "ResponseTemplates"];
        task.make(SERVICE, "PutGatewayResponse", Json::Object(task.pick(&names))).await?;
        let id = format!("{}|{}", api_of(task), task.text("ResponseType").unwrap_or_default());
        Ok(Made::of(id.clone()).with("Id", id))
    }
}

impl Handler for GatewayResponse {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = Json::Object(task.pick(&["RestApiId", "ResponseType"]));
            task.remove(SERVICE, "DeleteGatewayResponse", input).await
        })
    }
}
