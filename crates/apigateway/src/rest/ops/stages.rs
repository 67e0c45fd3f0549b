//! Stages: names under which deployments are reached.

use weft_model::apigateway as model;
use weft_model::apigateway::PatchOperation;
use weft_service::{Error, Once};
use weft_store::WriteTx;
use weft_types::Timestamp;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, tags};
use crate::data::log::Format;
use crate::rest::records::{DEPLOYMENTS, MethodSetting, STAGES, Stage};
use crate::rest::state::{api_key, part_key, require_api};

/// Stages of an API.
const STAGES_MAX: usize = 10;

const RULES: &[Rule] = &[
    ("/deploymentId", Kind::Needed),
    ("/description", Kind::Text),
    ("/variables", Kind::Entry),
    ("/accessLogSettings/destinationArn", Kind::Text),
    ("/accessLogSettings/format", Kind::Text),
    ("/cacheClusterEnabled", Kind::Bool),
    ("/cacheClusterSize", Kind::Text),
    ("/tracingEnabled", Kind::Bool),
    ("/documentationVersion", Kind::Text),
];

/// Settings of methods: how a path ends, and where the setting is.
const SETTINGS: &[(&str, &str, Kind)] = &[
    ("/metrics/enabled", "/metricsEnabled", Kind::Bool),
    ("/logging/loglevel", "/loggingLevel", Kind::Needed),
    ("/logging/dataTrace", "/dataTraceEnabled", Kind::Bool),
    ("/throttling/burstLimit", "/throttlingBurstLimit", Kind::Integer),
    ("/throttling/rateLimit", "/throttlingRateLimit", Kind::Number),
    ("/caching/enabled", "/cachingEnabled", Kind::Bool),
    ("/caching/ttlInSeconds", "/cacheTtlInSeconds", Kind::Integer),
    ("/caching/dataEncrypted", "/cacheDataEncrypted", Kind::Bool),
    ("/caching/requireAuthorizationForCacheControl", "/requireAuthorizationForCacheControl", Kind::Bool),
    (
        "/caching/unauthorizedCacheControlHeaderStrategy",
        "/unauthorizedCacheControlHeaderStrategy",
        Kind::Needed,
    ),
];

operation! {
    /// `CreateStage`.
    CreateStage(model::CreateStageRequest) -> model::Stage;
    access |asked, scope| {
        let tags = asked.tags.clone().unwrap_or_default();
        [access::post(scope, &["restapis", &asked.rest_api_id, "stages"]).with_request_tags(&tags)]
    };
    run |given, service, cx| {
        if given.canary_settings.is_some() {
            return Err(errors::unsupported("canarySettings"));
        }
        let api = given.rest_api_id.clone();
        let key = api_key(&cx.scope, &api);
        let mut stage: Stage = record_of(body_of(given))?;
        let base = new(&stage.stage_name, cx.scope.now);
        (stage.created_date, stage.last_updated_date) = (base.created_date, base.last_updated_date);
        stage.cache_cluster_status = base.cache_cluster_status;
        check(&stage)?;
        let once = Once::of(cx);
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &stage.stage_name);
            once.make(tx, |tx, _| Ok::<_, Error>(STAGES.get(tx, &own)?), |tx| {
            DEPLOYMENTS.get(tx, &part_key(&key, &stage.deployment_id))?.ok_or_else(no_such_deployment)?;
            if STAGES.get(tx, &own)?.is_some() {
                return Err(errors::conflict("Stage already exists"));
            }
            if STAGES.query(&key).rows(tx)?.len() >= STAGES_MAX {
                return Err(errors::too_many("Maximum number of stages for this API has been reached"));
            }
            STAGES.insert(tx, &own, &stage)?;
            Ok((stage.stage_name.clone(), stage.clone()))
            })
        };
        let stage = service.store.write(work).await?;
        service.refresh(&api).await?;
        shape_of(&stage)
    }
}

operation! {
    /// `GetStage`.
    GetStage(model::GetStageRequest) -> model::Stage;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            STAGES.get(tx, &part_key(&key, &given.stage_name))?.ok_or_else(errors::no_stage)
        };
        shape_of(&service.store.read(read).await?)
    }
}

operation! {
    /// `GetStages`, or those that show one deployment.
    GetStages(model::GetStagesRequest) -> model::Stages;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "stages"])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            Ok::<_, Error>(STAGES.query(&key).rows(tx)?)
        };
        let all = service.store.read(read).await?;
        let wanted = given.deployment_id;
        let stages = all.iter().map(|(_, stage)| stage);
        let stages = stages.filter(|stage| wanted.as_ref().is_none_or(|id| *id == stage.deployment_id));
        Ok(model::Stages { item: Some(stages.map(shape_of).collect::<Result<_, _>>()?) })
    }
}

operation! {
    /// `UpdateStage`.
    UpdateStage(model::UpdateStageRequest) -> model::Stage;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let (name, now) = (given.stage_name, cx.scope.now);
        let patches = given.patch_operations.unwrap_or_default();
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &name);
            let known = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            let mut stage = patched(known, &patches)?;
            check(&stage)?;
            DEPLOYMENTS.get(tx, &part_key(&key, &stage.deployment_id))?.ok_or_else(no_such_deployment)?;
            stage.last_updated_date = now;
            STAGES.insert(tx, &own, &stage)?;
            Ok::<_, Error>(stage)
        };
        let stage = service.store.write(work).await?;
        service.refresh(&given.rest_api_id).await?;
        shape_of(&stage)
    }
}

operation! {
    /// `DeleteStage`.
    DeleteStage(model::DeleteStageRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &given.stage_name);
            STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            Ok::<_, Error>(STAGES.remove(tx, &own)?)
        };
        service.store.write(work).await?;
        service.refresh(&given.rest_api_id).await
    }
}

operation! {
    /// `FlushStageAuthorizersCache`: what authorizers have said is asked anew.
    FlushStageAuthorizersCache(model::FlushStageAuthorizersCacheRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name, "cache", "authorizers"])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            STAGES.get(tx, &part_key(&key, &given.stage_name))?.ok_or_else(errors::no_stage)
        };
        service.store.read(read).await?;
        // What is compiled anew has an empty cache.
        service.refresh(&given.rest_api_id).await
    }
}

operation! {
    /// `FlushStageCache`. Answers are not cached, so that there is nothing to throw away beyond the check that the stage exists.
    FlushStageCache(model::FlushStageCacheRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name, "cache", "data"])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            STAGES.get(tx, &part_key(&key, &given.stage_name))?.ok_or_else(errors::no_stage)
        };
        service.store.read(read).await.map(drop)
    }
}

fn no_such_deployment() -> Error {
    errors::bad_request("Deployment id does not exist")
}

/// A stage with nothing set.
pub(crate) fn new(name: &str, now: Timestamp) -> Stage {
    Stage {
        stage_name: name.to_owned(),
        cache_cluster_status: "NOT_AVAILABLE".to_owned(),
        created_date: now,
        last_updated_date: now,
        ..Stage::default()
    }
}

/// Checks a stage by itself.
pub(crate) fn check(stage: &Stage) -> Result<(), Error> {
    let name = &stage.stage_name;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || name.len() > 128 || !name.bytes().all(is_plain) {
        return Err(errors::bad_request("Stage name only allows a-zA-Z0-9_-"));
    }
    if stage.cache_cluster_enabled || stage.method_settings.values().any(|setting| setting.caching_enabled) {
        return Err(errors::unsupported("Caching of answers (cacheClusterEnabled, caching/enabled)"));
    }
    for (key, value) in &stage.variables {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,$%@{}+*".contains(c);
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(errors::bad_request("Stage variable names only allow a-zA-Z0-9_"));
        }
        if value.len() > 2048 || !value.chars().all(allowed) {
            let message = format!(
                "Invalid stage variable value: {value}. Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            );
            return Err(errors::bad_request(message));
        }
    }
    for setting in stage.method_settings.values() {
        if !matches!(setting.logging_level.as_str(), "OFF" | "ERROR" | "INFO") {
            return Err(errors::bad_request(format!("Invalid loggingLevel: {}", setting.logging_level)));
        }
    }
    if let Some(log) = &stage.access_log_settings {
        if let Some(format) = &log.format {
            Format::parse(format).map_err(errors::bad_request)?;
        }
        if let Some(arn) = &log.destination_arn
            && crate::data::log::group_of(arn).is_none()
        {
            let message =
                "Invalid ARN specified in the request. ARN must refer to a CloudWatch Logs log group";
            return Err(errors::bad_request(message));
        }
    }
    tags::check(&stage.tags)
}

/// Carries out patches: those of method settings, whose paths hold the method, and all others.
fn patched(mut stage: Stage, patches: &[PatchOperation]) -> Result<Stage, Error> {
    for patch in patches {
        let path = patch.path.as_deref().unwrap_or_default();
        if path.starts_with("/canarySettings") {
            return Err(errors::unsupported("canarySettings"));
        }
        if patch.op.as_deref() == Some("remove") && path == "/accessLogSettings" {
            stage.access_log_settings = None;
        } else if let Some((key, setting)) = setting_of(path) {
            set(&mut stage, &key, setting, patch)?;
        } else {
            stage = patch::apply(&stage, std::slice::from_ref(patch), RULES)?;
        }
    }
    Ok(stage)
}

type Setting = &'static (&'static str, &'static str, Kind);

/// The method's key and the setting that a path means; no setting where the path means all of the method's.
fn setting_of(path: &str) -> Option<(String, Option<Setting>)> {
    let key = |rest: &str| patch::unescape(rest.trim_start_matches('/')).trim_start_matches('/').to_owned();
    if let Some(setting) = SETTINGS.iter().find(|(end, ..)| path.ends_with(end)) {
        return Some((key(path.strip_suffix(setting.0)?), Some(setting)));
    }
    let rest = path.strip_prefix("/methodSettings/")?;
    Some((key(rest), None))
}

fn set(stage: &mut Stage, key: &str, setting: Option<Setting>, patch: &PatchOperation) -> Result<(), Error> {
    if patch.op.as_deref() == Some("remove") {
        let removed = stage.method_settings.remove(key);
        return removed.map(drop).ok_or_else(|| {
            errors::bad_request(format!(
                "Cannot remove method setting {key} because there is no method setting for this method"
            ))
        });
    }
    let Some((_, place, kind)) = setting else {
        return Err(errors::bad_request(format!("Invalid method setting path: /{key}")));
    };
    let known = stage.method_settings.get(key).cloned().unwrap_or_default();
    let patch = PatchOperation { path: Some((*place).to_owned()), ..patch.clone() };
    let new: MethodSetting = patch::apply(&known, &[patch], &[(*place, *kind)])?;
    stage.method_settings.insert(key.to_owned(), new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_patch(op: &str, path: &str, value: Option<&str>, expected: Result<(&str, i32), &str>) {
        let operation = PatchOperation {
            op: Some(op.to_owned()),
            path: Some(path.to_owned()),
            value: value.map(str::to_owned),
            from: None,
        };
        let found = patched(new("prod", Timestamp::default()), &[operation]);
        let found = found.as_ref().map_err(Error::code).map(|stage| {
            let (key, setting) = stage.method_settings.iter().next().unwrap();
            (key.as_str(), setting.throttling_burst_limit)
        });
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn settings_of_methods_are_patched_by_the_methods_path() {
        check_patch("replace", "/*/*/throttling/burstLimit", Some("7"), Ok(("*/*", 7)));
        check_patch(
            "replace",
            "/~1pets~1{id}/GET/throttling/burstLimit",
            Some("7"),
            Ok(("pets/{id}/GET", 7)),
        );
        check_patch("replace", "/pets/GET/metrics/enabled", Some("true"), Ok(("pets/GET", 5000)));
        check_patch("replace", "/pets/GET/throttling/burstLimit", Some("x"), Err("BadRequestException"));
        check_patch("remove", "/pets/GET/throttling/burstLimit", None, Err("BadRequestException"));
        check_patch("replace", "/canarySettings/percentTraffic", Some("1"), Err("NotImplemented"));
        check_patch("replace", "/unknown", Some("1"), Err("BadRequestException"));
    }
}
