//! Methods, each with its responses and its integration.

use serde_json::{Value as Json, json};

use crate::convert;
use crate::handlers::apigateway::patches::{Gone, Patches};
use crate::handlers::apigateway::{SERVICE, api_of, with};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::ApiGateway::Method`.
pub(super) struct Method;

impl Method {
    /// What every call on the method has.
    fn place(task: &Task<'_>) -> Json {
        json!({
            "RestApiId": api_of(task),
            "ResourceId": task.get("ResourceId"),
            "HttpMethod": task.get("HttpMethod"),
        })
    }

    fn made(task: &Task<'_>) -> Made {
        let text = |name: &str| task.text(name).unwrap_or_default();
        Made::of(format!("{}|{}|{}", api_of(task), text("ResourceId"), text("HttpMethod")))
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let mut input = Json::Object(task.but(&["Integration", "MethodResponses"]));
        if task.get("AuthorizationType").is_none() {
            input["AuthorizationType"] = "NONE".into();
        }
        task.make(SERVICE, "PutMethod", input).await?;
        let made = Self::made(task);
        let rest = async {
            Self::responses(task).await?;
            Self::integration(task).await
        };
        rest.await.map_err(|failure: Failure| failure.leaving(&made.physical_id))?;
        Ok(made)
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let mut patches = Patches::default();
        patches.value(task, "AuthorizationType", "/authorizationType", Gone::Is("NONE"));
        patches.value(task, "AuthorizerId", "/authorizerId", Gone::Removed);
        patches.value(task, "ApiKeyRequired", "/apiKeyRequired", Gone::Is("false"));
        patches.value(task, "OperationName", "/operationName", Gone::Removed);
        patches.value(task, "RequestValidatorId", "/requestValidatorId", Gone::Removed);
        patches.list(task, "AuthorizationScopes", "/authorizationScopes");
        patches.entries(task, "RequestParameters", "/requestParameters");
        patches.entries(task, "RequestModels", "/requestModels");
        if let Some(patches) = patches.some() {
            let input = with(Self::place(task), &json!({"PatchOperations": patches}));
            task.make(SERVICE, "UpdateMethod", input).await?;
        }
        Self::responses(task).await?;
        if task.changed("Integration") {
            Self::integration(task).await?;
        }
        Ok(Self::made(task))
    }

    /// Makes the method's responses anew that are not as they were.
    async fn responses(task: &Task<'_>) -> Result<(), Failure> {
        let before = list(task.previous.and_then(|previous| previous.get("MethodResponses")));
        let now = list(task.get("MethodResponses"));
        for old in before.iter().filter(|old| !now.contains(old)) {
            let input = with(Self::place(task), &json!({"StatusCode": old["StatusCode"]}));
            task.remove(SERVICE, "DeleteMethodResponse", input).await?;
        }
        for new in now.iter().filter(|new| !before.contains(new)) {
            task.make(SERVICE, "PutMethodResponse", with(new.clone(), &Self::place(task))).await?;
        }
        Ok(())
    }

    /// Puts the integration, which takes the place of the one that was there, and its responses.
    async fn integration(task: &Task<'_>) -> Result<(), Failure> {
        let Some(integration) = task.get("Integration") else {
            if task.previous.is_some_and(|previous| previous.contains_key("Integration")) {
                task.remove(SERVICE, "DeleteIntegration", Self::place(task)).await?;
            }
            return Ok(());
        };
        let mut input = with(integration.clone(), &Self::place(task));
        let responses = input.as_object_mut().and_then(|fields| fields.remove("IntegrationResponses"));
        task.make(SERVICE, "PutIntegration", input).await?;
        for response in list(responses.as_ref()) {
            task.make(SERVICE, "PutIntegrationResponse", with(response, &Self::place(task))).await?;
        }
        Ok(())
    }
}

fn list(value: Option<&Json>) -> Vec<Json> {
    let items = value.and_then(Json::as_array).into_iter().flatten();
    // Codes may be numbers in one template and texts in the next.
    items.map(|item| with(item.clone(), &json!({"StatusCode": convert::text(&item["StatusCode"])}))).collect()
}

impl Handler for Method {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { task.remove(SERVICE, "DeleteMethod", Self::place(task)).await })
    }
}
