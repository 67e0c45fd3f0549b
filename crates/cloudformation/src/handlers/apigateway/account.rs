//! The role with which API Gateway writes its logs, one for a region.

use serde_json::json;

use crate::handlers::apigateway::SERVICE;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::ApiGateway::Account`.
pub(super) struct Account;

impl Account {
    async fn set(task: &Task<'_>) -> Result<Made, Failure> {
        let id = task.physical_id.map_or_else(|| task.generated(64), str::to_owned);
        let patch = match task.text("CloudWatchRoleArn") {
            Some(role) => json!({"Op": "replace", "Path": "/cloudwatchRoleArn", "Value": role}),
            None if task.previous.is_some() => json!({"Op": "remove", "Path": "/cloudwatchRoleArn"}),
            None => return Ok(Made::of(id.clone()).with("Id", id)),
        };
        task.make(SERVICE, "UpdateAccount", json!({"PatchOperations": [patch]})).await?;
        Ok(Made::of(id.clone()).with("Id", id))
    }

    /// Another stack may have set another role since: that one stays.
    async fn reset(task: &Task<'_>) -> Result<(), Failure> {
        let Some(role) = task.text("CloudWatchRoleArn") else { return Ok(()) };
        let account = task.make(SERVICE, "GetAccount", json!({})).await?;
        if account["cloudwatchRoleArn"].as_str() == Some(&role) {
            let patch = json!({"Op": "remove", "Path": "/cloudwatchRoleArn"});
            task.make(SERVICE, "UpdateAccount", json!({"PatchOperations": [patch]})).await?;
        }
        Ok(())
    }
}

impl Handler for Account {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::set(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::set(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(Self::reset(task))
    }
}
