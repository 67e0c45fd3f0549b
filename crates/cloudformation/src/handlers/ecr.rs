//! Repositories of images.

use serde_json::{Value as Json, json};

use crate::convert;
use crate::handlers::{Handlers, removed_tags};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Letters of a repository's generated name.
const NAME_MAX: usize = 256;

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::ECR::Repository", Repository);
}

/// `AWS::ECR::Repository`.
struct Repository;

impl Repository {
    /// The policies, which have operations of their own.
    async fn policies(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if task.changed("LifecyclePolicy") {
            let policy = task.get("LifecyclePolicy").and_then(|policy| policy.get("LifecyclePolicyText"));
            match policy {
                Some(policy) => {
                    let input = json!({"RepositoryName": name, "LifecyclePolicyText": convert::text(policy)});
                    task.make("ecr", "PutLifecyclePolicy", input).await?;
                }
                None if task.previous.is_some() => {
                    task.remove("ecr", "DeleteLifecyclePolicy", json!({"RepositoryName": name})).await?;
                }
                None => {}
            }
        }
        if task.changed("RepositoryPolicyText") {
            match task.text("RepositoryPolicyText") {
                Some(policy) => {
                    let input = json!({"RepositoryName": name, "PolicyText": policy});
                    task.make("ecr", "SetRepositoryPolicy", input).await?;
                }
                None if task.previous.is_some() => {
                    task.remove("ecr", "DeleteRepositoryPolicy", json!({"RepositoryName": name})).await?;
                }
                None => {}
            }
        }
        Ok(())
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let name = match task.text("RepositoryName").filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => task.generated(NAME_MAX).to_ascii_lowercase(),
        };
        let mut input = Json::Object(task.pick(&["ImageScanningConfiguration", "EncryptionConfiguration"]));
        input["RepositoryName"] = name.clone().into();
        mutability(task, &mut input);
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_list();
        }
        let answer = task.make("ecr", "CreateRepository", input).await?;
        Self::policies(task, &name).await.map_err(|failure| failure.leaving(&name))?;
        let repository = &answer["repository"];
        Ok(Made::of(name)
            .with("Arn", repository["repositoryArn"].clone())
            .with("RepositoryUri", repository["repositoryUri"].clone()))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let name = task.physical();
        if task.changed("ImageTagMutability") || task.changed("ImageTagMutabilityExclusionFilters") {
            let mut input = json!({"RepositoryName": name, "ImageTagMutability": "MUTABLE"});
            mutability(task, &mut input);
            task.make("ecr", "PutImageTagMutability", input).await?;
        }
        if task.changed("ImageScanningConfiguration") {
            let scanning = task.get("ImageScanningConfiguration").cloned();
            let scanning = scanning.unwrap_or_else(|| json!({"ScanOnPush": false}));
            let input = json!({"RepositoryName": name, "ImageScanningConfiguration": scanning});
            task.make("ecr", "PutImageScanningConfiguration", input).await?;
        }
        Self::policies(task, name).await?;
        let arn = task.attribute("Arn").unwrap_or_default();
        if task.changed("Tags") {
            let gone = removed_tags(task);
            if !gone.is_empty() {
                task.make("ecr", "UntagResource", json!({"ResourceArn": arn, "TagKeys": gone})).await?;
            }
            if !task.tags().is_empty() {
                task.make("ecr", "TagResource", json!({"ResourceArn": arn, "Tags": task.tag_list()})).await?;
            }
        }
        let uri = task.attribute("RepositoryUri").unwrap_or_default();
        Ok(Made::of(name).with("Arn", arn).with("RepositoryUri", uri))
    }

    async fn delete(task: &Task<'_>) -> Result<(), Failure> {
        let input = json!({"RepositoryName": task.physical(), "Force": task.get("EmptyOnDelete")});
        task.remove("ecr", "DeleteRepository", input).await
    }
}

/// Whether tags can move, and which can in spite of it.
fn mutability(task: &Task<'_>, input: &mut Json) {
    if let Some(mutability) = task.get("ImageTagMutability") {
        input["ImageTagMutability"] = mutability.clone();
    }
    if let Some(Json::Array(filters)) = task.get("ImageTagMutabilityExclusionFilters") {
        let filter = |filter: &Json| {
            json!({
                "FilterType": filter["ImageTagMutabilityExclusionFilterType"],
                "Filter": filter["ImageTagMutabilityExclusionFilterValue"],
            })
        };
        input["ImageTagMutabilityExclusionFilters"] = filters.iter().map(filter).collect();
    }
}

impl Handler for Repository {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(Self::delete(task))
    }
}
