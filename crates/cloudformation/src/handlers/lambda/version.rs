//! Versions.

use serde_json::json;

use super::provisioned::provide;
use crate::handlers::parts::{answered, refuse};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::Lambda::Version`: `Ref` is its ARN. It never changes.
pub(super) struct Version;

/// How the version gets newer runtimes.
async fn manage(task: &Task<'_>, function: &str, version: &str) -> Result<(), Failure> {
    let Some(policy) = task.get("RuntimePolicy") else { return Ok(()) };
    let mut input = policy.clone();
    input["FunctionName"] = json!(function);
    input["Qualifier"] = json!(version);
    task.make("lambda", "PutRuntimeManagementConfig", input).await.map(drop)
}

impl Handler for Version {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &["FunctionScalingConfig"])?;
            let function = task.text("FunctionName").unwrap_or_default();
            let input = task.pick(&["FunctionName", "CodeSha256", "Description"]);
            let answer = task.make("lambda", "PublishVersion", input).await?;
            let (arn, version) = (answered(&answer, "/FunctionArn"), answered(&answer, "/Version"));
            let rest = async {
                manage(task, &function, &version).await?;
                provide(task, &function, &version).await
            };
            rest.await.map_err(|failure| failure.leaving(&arn))?;
            Ok(Made::of(&arn).with("Version", version).with("FunctionArn", arn.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &["FunctionScalingConfig"])?;
            Ok(task.same())
        })
    }

    /// The version goes with its function, so it may be gone before.
    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            task.remove("lambda", "DeleteFunction", json!({"FunctionName": task.physical()})).await
        })
    }
}
