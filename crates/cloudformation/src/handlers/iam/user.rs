//! Users.

use serde_json::json;

use super::grants::USER;
use super::{all_of, with};
use crate::handlers::parts::{answered, texts};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::IAM::User`: `Ref` is its name.
pub(super) struct User;

/// What `CreateUser` does not take, or takes in another form.
const OTHERS: [&str; 5] = ["UserName", "ManagedPolicyArns", "Policies", "Groups", "Tags"];

impl User {
    /// Passwords are not built.
    fn refuse_login(task: &Task<'_>) -> Result<(), Failure> {
        match task.get("LoginProfile") {
            Some(_) => Err(Failure::new("LoginProfile of AWS::IAM::User is not supported by Weft yet.")),
            None => Ok(()),
        }
    }

    async fn groups(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let (before, after) = (texts(task.previous, "Groups"), texts(Some(task.properties), "Groups"));
        for group in before.iter().filter(|group| !after.contains(group)) {
            let input = json!({"UserName": name, "GroupName": group});
            task.remove("iam", "RemoveUserFromGroup", input).await?;
        }
        for group in after.iter().filter(|group| !before.contains(group)) {
            task.make("iam", "AddUserToGroup", json!({"UserName": name, "GroupName": group})).await?;
        }
        Ok(())
    }

    async fn grants(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        USER.policies(task, name).await?;
        Self::groups(task, name).await
    }

    /// Takes away all that would keep a user from being deleted.
    async fn strip(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let input = json!({"UserName": name});
        USER.strip(task, name).await?;
        for group in all_of(task, "ListGroupsForUser", &input, "Groups").await? {
            let input = json!({"UserName": name, "GroupName": answered(&group, "/GroupName")});
            task.remove("iam", "RemoveUserFromGroup", input).await?;
        }
        for key in all_of(task, "ListAccessKeys", &input, "AccessKeyMetadata").await? {
            let input = json!({"UserName": name, "AccessKeyId": answered(&key, "/AccessKeyId")});
            task.remove("iam", "DeleteAccessKey", input).await?;
        }
        Ok(())
    }
}

impl Handler for User {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            Self::refuse_login(task)?;
            let name = task.name("UserName", 64);
            let input = with(task.but(&OTHERS), "UserName", name.as_str());
            let made = task.make("iam", "CreateUser", with(input, "Tags", task.tag_list())).await?;
            Self::grants(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            Ok(Made::of(name).with("Arn", answered(&made, "/User/Arn")))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            Self::refuse_login(task)?;
            let name = task.physical();
            let mut made = task.same();
            if task.changed("Path") {
                let path = task.text("Path").unwrap_or_else(|| "/".to_owned());
                task.make("iam", "UpdateUser", json!({"UserName": name, "NewPath": path})).await?;
                let account = &task.stack.account;
                made = made.with("Arn", format!("arn:aws:iam::{account}:user{path}{name}"));
            }
            USER.boundary(task, name).await?;
            Self::grants(task, name).await?;
            USER.tags(task, name).await?;
            Ok(made)
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            Self::strip(task, task.physical()).await?;
            task.remove("iam", "DeleteUser", json!({"UserName": task.physical()})).await
        })
    }
}
