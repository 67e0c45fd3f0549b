//! Roles.

use serde_json::{Value as Json, json};

use super::grants::ROLE;
use super::with;
use crate::handlers::parts::answered;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::IAM::Role`: `Ref` is its name.
pub(super) struct Role;

/// What `CreateRole` does not take, or takes in another form.
const OTHERS: [&str; 4] = ["RoleName", "ManagedPolicyArns", "Policies", "Tags"];

impl Role {
    async fn change(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if task.changed("AssumeRolePolicyDocument") {
            let document = task.get("AssumeRolePolicyDocument");
            let input = json!({"RoleName": name, "PolicyDocument": document});
            task.make("iam", "UpdateAssumeRolePolicy", input).await?;
        }
        if task.changed("Description") || task.changed("MaxSessionDuration") {
            let input = json!({
                "RoleName": name,
                "Description": task.text("Description").unwrap_or_default(),
                "MaxSessionDuration": task.get("MaxSessionDuration").cloned().unwrap_or_else(|| json!(3600)),
            });
            task.make("iam", "UpdateRole", input).await?;
        }
        ROLE.boundary(task, name).await?;
        ROLE.policies(task, name).await?;
        ROLE.tags(task, name).await
    }
}

impl Handler for Role {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("RoleName", 64);
            let input = with(task.but(&OTHERS), "RoleName", name.as_str());
            let made = task.make("iam", "CreateRole", with(input, "Tags", task.tag_list())).await?;
            ROLE.policies(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            let made: Json = made["Role"].clone();
            Ok(Made::of(name).with("Arn", answered(&made, "/Arn")).with("RoleId", answered(&made, "/RoleId")))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            Self::change(task, task.physical()).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            ROLE.strip(task, task.physical()).await?;
            task.remove("iam", "DeleteRole", json!({"RoleName": task.physical()})).await
        })
    }
}
