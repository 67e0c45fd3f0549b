//! Managed policies.

use serde_json::{Value as Json, json};

use super::grants::{KINDS, Kind};
use super::{all_of, with};
use crate::handlers::parts::{answered, texts};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Versions that a policy may have.
const VERSIONS_MAX: usize = 5;

/// `AWS::IAM::ManagedPolicy`: `Ref` is its ARN.
pub(super) struct ManagedPolicy;

/// What `CreatePolicy` does not take, or takes by another name.
const OTHERS: [&str; 4] = ["ManagedPolicyName", "Roles", "Users", "Groups"];

/// What `GetAtt` gives besides the ARN.
const ATTRIBUTES: [&str; 6] = [
    "PolicyId",
    "DefaultVersionId",
    "IsAttachable",
    "CreateDate",
    "UpdateDate",
    "PermissionsBoundaryUsageCount",
];

fn holders(task: &Task<'_>, before: bool) -> Vec<(Kind, String)> {
    let properties = if before { task.previous } else { Some(task.properties) };
    let of = |kind: Kind| texts(properties, kind.several).into_iter().map(move |name| (kind, name));
    KINDS.into_iter().flat_map(of).collect()
}

/// Attaches the policy to whom the properties name, and detaches it from whom only `previous` names.
async fn attach(task: &Task<'_>, arn: &str) -> Result<(), Failure> {
    let (before, after) = (holders(task, true), holders(task, false));
    for (kind, name) in before.iter().filter(|holder| !after.contains(holder)) {
        kind.detach(task, name, arn).await?;
    }
    for (kind, name) in after.iter().filter(|holder| !before.contains(holder)) {
        kind.attach(task, name, arn).await?;
    }
    Ok(())
}

/// Adds a version that is in force at once; gives its id. Where there are as many as may be, the oldest that is not in force goes.
async fn add_version(task: &Task<'_>, arn: &str) -> Result<String, Failure> {
    let mut versions = versions(task, arn).await?;
    if versions.len() >= VERSIONS_MAX {
        versions.retain(|(_, in_force)| !in_force);
        versions.sort_by_key(|(id, _)| id.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX));
        if let Some((oldest, _)) = versions.first() {
            task.remove("iam", "DeletePolicyVersion", json!({"PolicyArn": arn, "VersionId": oldest})).await?;
        }
    }
    let document = task.get("PolicyDocument");
    let input = json!({"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true});
    let made = task.make_once("version", "iam", "CreatePolicyVersion", input).await?;
    Ok(answered(&made, "/PolicyVersion/VersionId"))
}

/// Ids of all versions, and whether each is in force.
async fn versions(task: &Task<'_>, arn: &str) -> Result<Vec<(String, bool)>, Failure> {
    let versions = all_of(task, "ListPolicyVersions", &json!({"PolicyArn": arn}), "Versions").await?;
    let fact = |version: &Json| (answered(version, "/VersionId"), version["IsDefaultVersion"] == json!(true));
    Ok(versions.iter().map(fact).collect())
}

/// Detaches the policy from all who have it, and deletes its versions but the one in force.
async fn strip(task: &Task<'_>, arn: &str) -> Result<(), Failure> {
    for kind in KINDS {
        let member = format!("Policy{}", kind.several);
        let input = json!({"PolicyArn": arn, "EntityFilter": kind.word});
        for holder in all_of(task, "ListEntitiesForPolicy", &input, &member).await? {
            kind.detach(task, &answered(&holder, &format!("/{}", kind.key)), arn).await?;
        }
    }
    for (version, in_force) in versions(task, arn).await? {
        if !in_force {
            task.remove("iam", "DeletePolicyVersion", json!({"PolicyArn": arn, "VersionId": version}))
                .await?;
        }
    }
    Ok(())
}

impl Handler for ManagedPolicy {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("ManagedPolicyName", 128);
            let input = with(task.but(&OTHERS), "PolicyName", name);
            let answer = task.make("iam", "CreatePolicy", input).await?;
            let policy = &answer["Policy"];
            let arn = answered(policy, "/Arn");
            attach(task, &arn).await.map_err(|failure| failure.leaving(&arn))?;
            let made = Made::of(&arn).with("PolicyArn", arn.as_str());
            let made = made.with("AttachmentCount", holders(task, false).len());
            Ok(ATTRIBUTES.iter().fold(made, |made, name| made.with(name, policy[*name].clone())))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let arn = task.physical();
            let mut made = task.same();
            if task.changed("PolicyDocument") {
                made = made.with("DefaultVersionId", add_version(task, arn).await?);
            }
            attach(task, arn).await?;
            Ok(made.with("AttachmentCount", holders(task, false).len()))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            strip(task, task.physical()).await?;
            task.remove("iam", "DeletePolicy", json!({"PolicyArn": task.physical()})).await
        })
    }
}
