//! Users that are put into a group.

use serde_json::json;

use crate::handlers::parts::texts;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::IAM::UserToGroupAddition`.
pub(super) struct UserToGroupAddition;

type Pairs = Vec<(String, String)>;

/// Groups and users of the properties.
fn pairs(task: &Task<'_>, before: bool) -> Pairs {
    let properties = if before { task.previous } else { Some(task.properties) };
    let group = texts(properties, "GroupName").pop().unwrap_or_default();
    texts(properties, "Users").into_iter().map(|user| (group.clone(), user)).collect()
}

async fn put(task: &Task<'_>, pairs: impl Iterator<Item = &(String, String)>) -> Result<(), Failure> {
    for (group, user) in pairs {
        task.make("iam", "AddUserToGroup", json!({"GroupName": group, "UserName": user})).await?;
    }
    Ok(())
}

async fn take(task: &Task<'_>, pairs: impl Iterator<Item = &(String, String)>) -> Result<(), Failure> {
    for (group, user) in pairs {
        task.remove("iam", "RemoveUserFromGroup", json!({"GroupName": group, "UserName": user})).await?;
    }
    Ok(())
}

impl Handler for UserToGroupAddition {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let id = task.generated(128);
            put(task, pairs(task, false).iter()).await.map_err(|failure| failure.leaving(&id))?;
            Ok(Made::of(&id).with("Id", id.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let (before, after) = (pairs(task, true), pairs(task, false));
            take(task, before.iter().filter(|pair| !after.contains(pair))).await?;
            put(task, after.iter().filter(|pair| !before.contains(pair))).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { take(task, pairs(task, false).iter()).await })
    }
}
