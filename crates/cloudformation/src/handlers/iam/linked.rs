//! Roles of services.

use std::time::Duration;

use serde_json::json;

use crate::handlers::parts::answered;
use crate::task::{Failure, Handler, Made, Outcome, Task, failure, is_missing};

/// Times that a deletion is asked for, and the pause in between: a minute in all.
const ASKED: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);

/// `AWS::IAM::ServiceLinkedRole`: `Ref` is its name.
pub(super) struct ServiceLinkedRole;

/// Waits until a deletion ended.
async fn wait(task: &Task<'_>, deletion: &str) -> Result<(), Failure> {
    for _ in 0..ASKED {
        let input = json!({"DeletionTaskId": deletion});
        let answer = task.make("iam", "GetServiceLinkedRoleDeletionStatus", input).await?;
        match answered(&answer, "/Status").as_str() {
            "SUCCEEDED" => return Ok(()),
            "FAILED" => return Err(Failure::new(answered(&answer, "/Reason/Reason"))),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(Failure::new("The role is still being deleted."))
}

impl Handler for ServiceLinkedRole {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let input = task.pick(&["AWSServiceName", "CustomSuffix", "Description"]);
            let made = task.make("iam", "CreateServiceLinkedRole", input).await?;
            let name = answered(&made, "/Role/RoleName");
            Ok(Made::of(&name).with("RoleName", name.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let description = task.text("Description").unwrap_or_default();
            let input = json!({"RoleName": task.physical(), "Description": description});
            task.make("iam", "UpdateRoleDescription", input).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"RoleName": task.physical()});
            match task.call("iam", "DeleteServiceLinkedRole", input).await {
                Ok(answer) => wait(task, &answered(&answer, "/DeletionTaskId")).await,
                Err(error) if is_missing(&error) => Ok(()),
                Err(error) => Err(failure("iam", &error)),
            }
        })
    }
}
