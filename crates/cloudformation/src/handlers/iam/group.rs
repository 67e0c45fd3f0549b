//! Groups.

use serde_json::json;

use super::grants::GROUP;
use super::with;
use crate::handlers::parts::answered;
use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::IAM::Group`: `Ref` is its name.
pub(super) struct Group;

impl Handler for Group {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("GroupName", 128);
            let input = with(task.pick(&["Path"]), "GroupName", name.as_str());
            let made = task.make("iam", "CreateGroup", input).await?;
            GROUP.policies(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            Ok(Made::of(name).with("Arn", answered(&made, "/Group/Arn")))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.physical();
            let mut made = task.same();
            if task.changed("Path") {
                let path = task.text("Path").unwrap_or_else(|| "/".to_owned());
                task.make("iam", "UpdateGroup", json!({"GroupName": name, "NewPath": path})).await?;
                let account = &task.stack.account;
                made = made.with("Arn", format!("arn:aws:iam::{account}:group{path}{name}"));
            }
            GROUP.policies(task, name).await?;
            Ok(made)
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            GROUP.strip(task, task.physical()).await?;
            task.remove("iam", "DeleteGroup", json!({"GroupName": task.physical()})).await
        })
    }
}
