//! Access keys.

use serde_json::json;

use crate::handlers::parts::answered;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::IAM::AccessKey`: `Ref` is its id. A higher `Serial` makes another.
pub(super) struct AccessKey;

async fn set_status(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let status = task.text("Status").unwrap_or_else(|| "Active".to_owned());
    let input = json!({"UserName": task.get("UserName"), "AccessKeyId": id, "Status": status});
    task.make("iam", "UpdateAccessKey", input).await.map(drop)
}

impl Handler for AccessKey {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let made = task.make("iam", "CreateAccessKey", task.pick(&["UserName"])).await?;
            let id = answered(&made, "/AccessKey/AccessKeyId");
            if task.text("Status").is_some_and(|status| status != "Active") {
                set_status(task, &id).await.map_err(|failure| failure.leaving(&id))?;
            }
            let secret = answered(&made, "/AccessKey/SecretAccessKey");
            Ok(Made::of(&id).with("Id", id.as_str()).with("SecretAccessKey", secret))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            if task.changed("Status") {
                set_status(task, task.physical()).await?;
            }
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"UserName": task.get("UserName"), "AccessKeyId": task.physical()});
            task.remove("iam", "DeleteAccessKey", input).await
        })
    }
}
