//! Instance profiles.

use serde_json::{Value as Json, json};

use super::with;
use crate::handlers::parts::{answered, texts};
use crate::task::{Failure, Handler, Made, Outcome, Task, failure, is_missing};

/// `AWS::IAM::InstanceProfile`: `Ref` is its name.
pub(super) struct InstanceProfile;

async fn put(task: &Task<'_>, name: &str, role: &str) -> Result<(), Failure> {
    let input = json!({"InstanceProfileName": name, "RoleName": role});
    task.make("iam", "AddRoleToInstanceProfile", input).await.map(drop)
}

async fn take(task: &Task<'_>, name: &str, role: &str) -> Result<(), Failure> {
    let input = json!({"InstanceProfileName": name, "RoleName": role});
    task.remove("iam", "RemoveRoleFromInstanceProfile", input).await
}

/// The roles that it has; none where it is not there.
async fn roles(task: &Task<'_>, name: &str) -> Result<Vec<String>, Failure> {
    match task.call("iam", "GetInstanceProfile", json!({"InstanceProfileName": name})).await {
        Ok(answer) => {
            let roles = answer.pointer("/InstanceProfile/Roles").and_then(Json::as_array);
            Ok(roles.into_iter().flatten().map(|role| answered(role, "/RoleName")).collect())
        }
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        Err(error) => Err(failure("iam", &error)),
    }
}

/// Brings its roles to what the properties say.
async fn set_roles(task: &Task<'_>, name: &str) -> Result<(), Failure> {
    let wanted = texts(Some(task.properties), "Roles");
    let there = roles(task, name).await?;
    for role in there.iter().filter(|role| !wanted.contains(role)) {
        take(task, name, role).await?;
    }
    for role in wanted.iter().filter(|role| !there.contains(role)) {
        put(task, name, role).await?;
    }
    Ok(())
}

impl Handler for InstanceProfile {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("InstanceProfileName", 128);
            let input = with(task.pick(&["Path"]), "InstanceProfileName", name.as_str());
            let made = task.make("iam", "CreateInstanceProfile", input).await?;
            set_roles(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            Ok(Made::of(name).with("Arn", answered(&made, "/InstanceProfile/Arn")))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            set_roles(task, task.physical()).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let name = task.physical();
            for role in roles(task, name).await? {
                take(task, name, &role).await?;
            }
            task.remove("iam", "DeleteInstanceProfile", json!({"InstanceProfileName": name})).await
        })
    }
}
