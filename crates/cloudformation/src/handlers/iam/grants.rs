//! What roles, users and groups have in common: policies, a boundary, tags.

use serde_json::{Map, Value as Json, json};

use super::all_of;
use crate::handlers::parts::{answered, tags_gone, texts};
use crate::task::{Failure, Task};

/// A kind of what has policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// As in the names of operations: `Role`.
    pub(super) word: &'static str,
    /// The property that names one: `RoleName`.
    pub(super) key: &'static str,
    /// The property that names several: `Roles`.
    pub(super) several: &'static str,
}

pub(super) const ROLE: Kind = Kind { word: "Role", key: "RoleName", several: "Roles" };
pub(super) const USER: Kind = Kind { word: "User", key: "UserName", several: "Users" };
pub(super) const GROUP: Kind = Kind { word: "Group", key: "GroupName", several: "Groups" };

/// All kinds.
pub(super) const KINDS: [Kind; 3] = [ROLE, USER, GROUP];

impl Kind {
    /// The input of an operation on one of them.
    fn named(self, name: &str) -> Json {
        json!({ self.key: name })
    }

    fn with(self, name: &str, field: &str, value: impl Into<Json>) -> Json {
        let mut input = self.named(name);
        input[field] = value.into();
        input
    }

    /// Attaches a managed policy.
    pub(super) async fn attach(self, task: &Task<'_>, name: &str, arn: &str) -> Result<(), Failure> {
        let operation = format!("Attach{}Policy", self.word);
        task.make("iam", &operation, self.with(name, "PolicyArn", arn)).await.map(drop)
    }

    /// Detaches a managed policy; one that is not attached counts as detached.
    pub(super) async fn detach(self, task: &Task<'_>, name: &str, arn: &str) -> Result<(), Failure> {
        task.remove("iam", &format!("Detach{}Policy", self.word), self.with(name, "PolicyArn", arn)).await
    }

    /// Sets an inline policy.
    pub(super) async fn put(
        self,
        task: &Task<'_>,
        name: &str,
        policy: &str,
        document: &Json,
    ) -> Result<(), Failure> {
        let mut input = self.with(name, "PolicyName", policy);
        input["PolicyDocument"] = document.clone();
        task.make("iam", &format!("Put{}Policy", self.word), input).await.map(drop)
    }

    /// Deletes an inline policy; one that is not there counts as deleted.
    pub(super) async fn delete_inline(
        self,
        task: &Task<'_>,
        name: &str,
        policy: &str,
    ) -> Result<(), Failure> {
        task.remove("iam", &format!("Delete{}Policy", self.word), self.with(name, "PolicyName", policy)).await
    }

    /// Brings managed and inline policies from what `previous` says to what the properties say. What goes, goes first, so that
    /// quotas hold.
    pub(super) async fn policies(self, task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let (before, after) = (inline(task.previous), inline(Some(task.properties)));
        let attached = texts(task.previous, "ManagedPolicyArns");
        let wanted = texts(Some(task.properties), "ManagedPolicyArns");
        for arn in attached.iter().filter(|arn| !wanted.contains(arn)) {
            self.detach(task, name, arn).await?;
        }
        for (policy, _) in before.iter().filter(|(policy, _)| !after.iter().any(|(other, _)| other == policy))
        {
            self.delete_inline(task, name, policy).await?;
        }
        for arn in wanted.iter().filter(|arn| !attached.contains(arn)) {
            self.attach(task, name, arn).await?;
        }
        for (policy, document) in after.iter().filter(|policy| !before.contains(policy)) {
            self.put(task, name, policy, document).await?;
        }
        Ok(())
    }

    /// Takes away all policies, also those that somebody else gave.
    pub(super) async fn strip(self, task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let (word, input) = (self.word, self.named(name));
        let attached =
            all_of(task, &format!("ListAttached{word}Policies"), &input, "AttachedPolicies").await?;
        for policy in attached {
            self.detach(task, name, &answered(&policy, "/PolicyArn")).await?;
        }
        for policy in all_of(task, &format!("List{word}Policies"), &input, "PolicyNames").await? {
            self.delete_inline(task, name, policy.as_str().unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Sets or takes away the permissions boundary, where an update changes it.
    pub(super) async fn boundary(self, task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if !task.changed("PermissionsBoundary") {
            return Ok(());
        }
        match task.get("PermissionsBoundary") {
            Some(arn) => {
                let input = self.with(name, "PermissionsBoundary", arn.clone());
                task.make("iam", &format!("Put{}PermissionsBoundary", self.word), input).await.map(drop)
            }
            None => {
                let operation = format!("Delete{}PermissionsBoundary", self.word);
                task.remove("iam", &operation, self.named(name)).await
            }
        }
    }

    /// Brings the tags to what the properties say, where an update changes them.
    pub(super) async fn tags(self, task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if !task.changed("Tags") {
            return Ok(());
        }
        let gone = tags_gone(task);
        if !gone.is_empty() {
            task.make("iam", &format!("Untag{}", self.word), self.with(name, "TagKeys", gone)).await?;
        }
        if !task.tags().is_empty() {
            task.make("iam", &format!("Tag{}", self.word), self.with(name, "Tags", task.tag_list())).await?;
        }
        Ok(())
    }
}

/// Names and documents of the property `Policies`.
fn inline(properties: Option<&Map<String, Json>>) -> Vec<(String, Json)> {
    let policies = properties.and_then(|properties| properties.get("Policies")).and_then(Json::as_array);
    let pair = |policy: &Json| (answered(policy, "/PolicyName"), policy["PolicyDocument"].clone());
    policies.into_iter().flatten().map(pair).collect()
}
