//! Code signing configurations.

use serde_json::{Value as Json, json};

use super::{or, tag};
use crate::handlers::parts::answered;
use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::Lambda::CodeSigningConfig`: `Ref` is its ARN.
pub(super) struct CodeSigningConfig;

fn input(task: &Task<'_>) -> Json {
    let mut input = Json::Object(task.pick(&["AllowedPublishers"]));
    input["Description"] = or(task, "Description", json!(""));
    input["CodeSigningPolicies"] =
        or(task, "CodeSigningPolicies", json!({"UntrustedArtifactOnDeployment": "Warn"}));
    input
}

impl Handler for CodeSigningConfig {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut input = input(task);
            input["Tags"] = task.tag_map();
            let answer = task.make("lambda", "CreateCodeSigningConfig", input).await?;
            let arn = answered(&answer, "/CodeSigningConfig/CodeSigningConfigArn");
            let id = answered(&answer, "/CodeSigningConfig/CodeSigningConfigId");
            Ok(Made::of(&arn).with("CodeSigningConfigArn", arn.as_str()).with("CodeSigningConfigId", id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut input = input(task);
            input["CodeSigningConfigArn"] = json!(task.physical());
            task.make("lambda", "UpdateCodeSigningConfig", input).await?;
            tag(task, task.physical()).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"CodeSigningConfigArn": task.physical()});
            task.remove("lambda", "DeleteCodeSigningConfig", input).await
        })
    }
}
