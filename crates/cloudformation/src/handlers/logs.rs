//! Log groups.

use serde_json::json;

use crate::handlers::Handlers;
use crate::task::{Failure, Handler, Made, Outcome, Task};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::Logs::LogGroup", LogGroup);
}

/// `AWS::Logs::LogGroup`.
struct LogGroup;

impl LogGroup {
    fn made(task: &Task<'_>, name: &str) -> Made {
        let (region, account) = (&task.stack.region, &task.stack.account);
        Made::of(name).with("Arn", format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"))
    }

    async fn retention(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        match task.get("RetentionInDays") {
            Some(days) => {
                let input = json!({"LogGroupName": name, "RetentionInDays": days});
                task.make("logs", "PutRetentionPolicy", input).await?;
            }
            None if task.previous.is_some() => {
                task.remove("logs", "DeleteRetentionPolicy", json!({"LogGroupName": name})).await?;
            }
            None => {}
        }
        Ok(())
    }
}

impl Handler for LogGroup {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("LogGroupName", 512);
            let tags = task.tags();
            let mut input = json!({"LogGroupName": name, "LogGroupClass": task.get("LogGroupClass")});
            if !tags.is_empty() {
                input["Tags"] = task.tag_map();
            }
            task.make("logs", "CreateLogGroup", input).await?;
            Self::retention(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            Ok(Self::made(task, &name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.physical();
            if task.changed("RetentionInDays") {
                Self::retention(task, name).await?;
            }
            Ok(Self::made(task, name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            task.remove("logs", "DeleteLogGroup", json!({"LogGroupName": task.physical()})).await
        })
    }
}
