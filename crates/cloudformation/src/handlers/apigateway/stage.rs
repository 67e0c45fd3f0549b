//! Stages.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::convert;
use crate::handlers::apigateway::patches::{Gone, Patches, escaped};
use crate::handlers::apigateway::{SERVICE, api_of, retag};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Settings of methods: the property, and what it is called in paths.
const SETTINGS: [(&str, &str); 8] = [
    ("MetricsEnabled", "metrics/enabled"),
    ("LoggingLevel", "logging/loglevel"),
    ("DataTraceEnabled", "logging/dataTrace"),
    ("ThrottlingBurstLimit", "throttling/burstLimit"),
    ("ThrottlingRateLimit", "throttling/rateLimit"),
    ("CachingEnabled", "caching/enabled"),
    ("CacheTtlInSeconds", "caching/ttlInSeconds"),
    ("CacheDataEncrypted", "caching/dataEncrypted"),
];

/// `AWS::ApiGateway::Stage`.
pub(super) struct Stage;

impl Stage {
    fn require_known(task: &Task<'_>) -> Result<(), Failure> {
        if task.get("CanarySetting").is_some() {
            return Err(Failure::new(
                "CanarySetting of AWS::ApiGateway::Stage is not implemented by this version of Weft",
            ));
        }
        Ok(())
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let name = task.name("StageName", 128);
        let mut input = Json::Object(task.but(&[
            "StageName",
            "MethodSettings",
            "AccessLogSetting",
            "ClientCertificateId",
            "Tags",
        ]));
        input["StageName"] = name.clone().into();
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_map();
        }
        task.make(SERVICE, "CreateStage", input).await?;
        let mut patches = Patches::default();
        settings(task, &mut patches);
        Self::patch(task, &name, patches).await.map_err(|failure| failure.leaving(&name))?;
        Ok(Made::of(name))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let name = task.physical();
        let mut patches = Patches::default();
        patches.value(task, "DeploymentId", "/deploymentId", Gone::Removed);
        patches.value(task, "Description", "/description", Gone::Removed);
        patches.value(task, "TracingEnabled", "/tracingEnabled", Gone::Is("false"));
        patches.value(task, "CacheClusterEnabled", "/cacheClusterEnabled", Gone::Is("false"));
        patches.value(task, "CacheClusterSize", "/cacheClusterSize", Gone::Removed);
        patches.value(task, "DocumentationVersion", "/documentationVersion", Gone::Removed);
        patches.entries(task, "Variables", "/variables");
        settings(task, &mut patches);
        Self::patch(task, name, patches).await?;
        retag(task, SERVICE, &format!("/restapis/{}/stages/{name}", api_of(task))).await?;
        Ok(Made::of(name))
    }

    async fn patch(task: &Task<'_>, name: &str, patches: Patches) -> Result<(), Failure> {
        let Some(patches) = patches.some() else { return Ok(()) };
        let input = json!({"RestApiId": api_of(task), "StageName": name, "PatchOperations": patches});
        task.make(SERVICE, "UpdateStage", input).await.map(drop)
    }
}

/// Where the log goes, and the settings of methods: what only patches can set.
fn settings(task: &Task<'_>, patches: &mut Patches) {
    if task.changed("AccessLogSetting") {
        match task.get("AccessLogSetting") {
            Some(log) => access_log(log, patches),
            None if task.previous.is_some() => patches.remove("/accessLogSettings"),
            None => {}
        }
    }
    patches.value_if_there(task, "ClientCertificateId", "/clientCertificateId");
    let before = of_methods(task.previous.and_then(|previous| previous.get("MethodSettings")));
    method_settings(&before, &of_methods(task.get("MethodSettings")), patches);
}

pub(super) fn access_log(log: &Json, patches: &mut Patches) {
    for (property, name) in [("DestinationArn", "destinationArn"), ("Format", "format")] {
        if let Some(value) = log.get(property) {
            patches.replace(format!("/accessLogSettings/{name}"), convert::text(value));
        }
    }
}

/// Settings by the path of their methods.
pub(super) type Settings = BTreeMap<String, BTreeMap<&'static str, String>>;

/// The settings that a list has.
pub(super) fn of_methods(list: Option<&Json>) -> Settings {
    let mut all = Settings::new();
    for item in list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object) {
        let text = |name: &str| item.get(name).map(convert::text);
        let resource = text("ResourcePath").unwrap_or_else(|| "/*".to_owned());
        let resource = if resource == "/*" { "*".to_owned() } else { escaped(&resource) };
        let method = text("HttpMethod").unwrap_or_else(|| "*".to_owned());
        all.entry(format!("{resource}/{method}")).or_default().extend(of_method(item));
    }
    all
}

/// The settings that an object has.
pub(super) fn of_method(item: &Map<String, Json>) -> BTreeMap<&'static str, String> {
    SETTINGS
        .iter()
        .filter_map(|(property, path)| Some((*path, convert::text(item.get(*property)?))))
        .collect()
}

/// A method that has a setting less begins anew, as settings cannot be taken away alone.
pub(super) fn method_settings(before: &Settings, now: &Settings, patches: &mut Patches) {
    let empty = BTreeMap::new();
    for (method, old) in before {
        let new = now.get(method).unwrap_or(&empty);
        if old.keys().any(|setting| !new.contains_key(setting)) {
            patches.remove(format!("/methodSettings/{method}"));
        }
    }
    for (method, new) in now {
        let old = before.get(method).unwrap_or(&empty);
        let anew = old.keys().any(|setting| !new.contains_key(setting));
        for (setting, value) in new.iter().filter(|(setting, value)| anew || old.get(*setting) != Some(value))
        {
            patches.replace(format!("/{method}/{setting}"), value.as_str());
        }
    }
}

impl Handler for Stage {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"RestApiId": api_of(task), "StageName": task.physical()});
            task.remove(SERVICE, "DeleteStage", input).await
        })
    }
}
