//! Aliases.

use serde_json::{Map, Value as Json, json};

use super::or;
use super::provisioned::provide;
use crate::convert;
use crate::handlers::parts::answered;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::Lambda::Alias`: `Ref` is its ARN.
pub(super) struct Alias;

/// The versions that share requests, as the API has them: a map of weights instead of a list.
fn routing(task: &Task<'_>) -> Json {
    let weights = task.get("RoutingConfig").and_then(|config| config.get("AdditionalVersionWeights"));
    let weights = weights.and_then(Json::as_array).into_iter().flatten();
    let weight =
        |weight: &Json| (convert::text(&weight["FunctionVersion"]), weight["FunctionWeight"].clone());
    json!({"AdditionalVersionWeights": weights.map(weight).collect::<Map<_, _>>()})
}

fn input(task: &Task<'_>) -> Json {
    let mut input = Json::Object(task.pick(&["FunctionName", "Name", "FunctionVersion"]));
    input["Description"] = or(task, "Description", json!(""));
    input["RoutingConfig"] = routing(task);
    input
}

async fn provide_for(task: &Task<'_>) -> Result<(), Failure> {
    let function = task.text("FunctionName").unwrap_or_default();
    provide(task, &function, &task.text("Name").unwrap_or_default()).await
}

impl Handler for Alias {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let answer = task.make("lambda", "CreateAlias", input(task)).await?;
            let arn = answered(&answer, "/AliasArn");
            provide_for(task).await.map_err(|failure| failure.leaving(&arn))?;
            Ok(Made::of(&arn).with("AliasArn", arn.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            if ["FunctionVersion", "Description", "RoutingConfig"].iter().any(|name| task.changed(name)) {
                task.make("lambda", "UpdateAlias", input(task)).await?;
            }
            provide_for(task).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(
            async move { task.remove("lambda", "DeleteAlias", task.pick(&["FunctionName", "Name"])).await },
        )
    }
}
