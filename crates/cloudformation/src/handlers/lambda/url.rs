//! Function URLs.

use serde_json::{Value as Json, json};

use super::or;
use crate::handlers::parts::answered;
use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::Lambda::Url`: `Ref` is the ARN of its function or alias.
pub(super) struct Url;

fn named(task: &Task<'_>) -> Json {
    let mut input = Json::Object(task.pick(&["Qualifier"]));
    input["FunctionName"] = json!(task.get("TargetFunctionArn"));
    input
}

/// What it is; what the template does not say has its default, so that an update takes it back.
fn input(task: &Task<'_>) -> Json {
    let mut input = named(task);
    input["AuthType"] = json!(task.get("AuthType"));
    input["InvokeMode"] = or(task, "InvokeMode", json!("BUFFERED"));
    if task.get("Cors").is_some() || task.previous.is_some() {
        input["Cors"] = or(task, "Cors", json!({}));
    }
    input
}

impl Handler for Url {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let answer = task.make("lambda", "CreateFunctionUrlConfig", input(task)).await?;
            let arn = answered(&answer, "/FunctionArn");
            let url = answered(&answer, "/FunctionUrl");
            Ok(Made::of(&arn).with("FunctionArn", arn.as_str()).with("FunctionUrl", url))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let answer = task.make("lambda", "UpdateFunctionUrlConfig", input(task)).await?;
            Ok(task.same().with("FunctionUrl", answered(&answer, "/FunctionUrl")))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { task.remove("lambda", "DeleteFunctionUrlConfig", named(task)).await })
    }
}
