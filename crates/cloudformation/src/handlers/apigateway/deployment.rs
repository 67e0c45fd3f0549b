//! Deployments, some with a stage of their own.

use serde_json::{Map, Value as Json, json};

use crate::handlers::apigateway::patches::{Gone, Patches};
use crate::handlers::apigateway::stage::{Settings, access_log, method_settings, of_method, of_methods};
use crate::handlers::apigateway::{SERVICE, api_of};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::ApiGateway::Deployment`.
pub(super) struct Deployment;

impl Deployment {
    fn made(id: &str) -> Made {
        Made::of(id).with("DeploymentId", id)
    }

    fn stage(task: &Task<'_>) -> Option<String> {
        task.text("StageName").filter(|name| !name.is_empty())
    }

    fn require_known(task: &Task<'_>) -> Result<(), Failure> {
        let of_stage = task.get("StageDescription").and_then(|stage| stage.get("CanarySetting"));
        if task.get("DeploymentCanarySettings").or(of_stage).is_some() {
            return Err(Failure::new(
                "Canaries of AWS::ApiGateway::Deployment are not implemented by this version of Weft",
            ));
        }
        Ok(())
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let stage = task.get("StageDescription");
        let of_stage = |name: &str| stage.and_then(|stage| stage.get(name));
        let input = json!({
            "RestApiId": api_of(task),
            "Description": task.get("Description"),
            "StageName": Self::stage(task),
            "StageDescription": of_stage("Description"),
            "Variables": of_stage("Variables"),
            "TracingEnabled": of_stage("TracingEnabled"),
            "CacheClusterEnabled": of_stage("CacheClusterEnabled"),
            "CacheClusterSize": of_stage("CacheClusterSize"),
        });
        let answer = task.make(SERVICE, "CreateDeployment", input).await?;
        let id = crate::convert::text(&answer["id"]);
        Self::describe_stage(task).await.map_err(|failure| failure.leaving(&id))?;
        Ok(Self::made(&id))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let id = task.physical();
        let mut patches = Patches::default();
        patches.value(task, "Description", "/description", Gone::Removed);
        if let Some(patches) = patches.some() {
            let input = json!({"RestApiId": api_of(task), "DeploymentId": id, "PatchOperations": patches});
            task.make(SERVICE, "UpdateDeployment", input).await?;
        }
        if task.changed("StageName")
            && let Some(stage) = Self::stage(task)
        {
            let input = json!({"RestApiId": api_of(task), "StageName": stage, "DeploymentId": id});
            task.make(SERVICE, "CreateStage", input).await?;
        }
        if task.changed("StageDescription") {
            Self::describe_stage(task).await?;
        }
        Ok(Self::made(id))
    }

    /// Sets what the stage is to have and `CreateDeployment` does not take.
    async fn describe_stage(task: &Task<'_>) -> Result<(), Failure> {
        let (Some(stage), Some(Json::Object(wanted))) = (Self::stage(task), task.get("StageDescription"))
        else {
            return Ok(());
        };
        let before =
            task.previous.and_then(|previous| previous.get("StageDescription")).and_then(Json::as_object);
        let mut patches = Patches::default();
        if let Some(log) = wanted.get("AccessLogSetting") {
            access_log(log, &mut patches);
        }
        if task.previous.is_some() {
            for (property, path) in [("Description", "/description"), ("TracingEnabled", "/tracingEnabled")] {
                if let Some(value) = wanted.get(property) {
                    patches.replace(path, crate::convert::text(value));
                }
            }
            for (key, value) in wanted.get("Variables").and_then(Json::as_object).into_iter().flatten() {
                patches.replace(format!("/variables/{key}"), crate::convert::text(value));
            }
        }
        method_settings(&before.map(settings).unwrap_or_default(), &settings(wanted), &mut patches);
        let Some(patches) = patches.some() else { return Ok(()) };
        let input = json!({"RestApiId": api_of(task), "StageName": stage, "PatchOperations": patches});
        task.make(SERVICE, "UpdateStage", input).await.map(drop)
    }

    /// A stage that the deployment made and that nobody moved on goes with it.
    async fn delete(task: &Task<'_>) -> Result<(), Failure> {
        let (api, id) = (api_of(task), task.physical());
        if let Some(stage) = Self::stage(task) {
            let input = json!({"RestApiId": api, "StageName": stage});
            let found = task.call(SERVICE, "GetStage", input.clone()).await;
            if found.is_ok_and(|found| found["deploymentId"].as_str() == Some(id)) {
                task.remove(SERVICE, "DeleteStage", input).await?;
            }
        }
        task.remove(SERVICE, "DeleteDeployment", json!({"RestApiId": api, "DeploymentId": id})).await
    }
}

/// Settings for all methods stand in the stage's description itself, others in its list.
fn settings(stage: &Map<String, Json>) -> Settings {
    let mut all = of_methods(stage.get("MethodSettings"));
    let own = of_method(stage);
    if !own.is_empty() {
        let of_all = all.entry("*/*".to_owned()).or_default();
        for (setting, value) in own {
            of_all.entry(setting).or_insert(value);
        }
    }
    all
}

impl Handler for Deployment {
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
