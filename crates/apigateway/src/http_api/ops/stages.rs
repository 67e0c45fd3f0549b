//! Stages of HTTP APIs.

use weft_model::apigatewayv2 as model;
use weft_service::{Context, Error, Once};
use weft_store::WriteTx;
use weft_types::Timestamp;

use crate::ApiGateway;
use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids, tags};
use crate::data::log::{Format, group_of};
use crate::http_api::records::{DEPLOYMENTS, STAGES, Stage};
use crate::http_api::state::{auto_deploy, merged, new_record, require_api};
use crate::rest::state::{api_key, part_key};

/// Stages of an API.
const STAGES_MAX: usize = 10;

operation! {
    /// `CreateStage`.
    CreateStage(model::CreateStageRequest) -> model::CreateStageResponse;
    access |asked, scope| {
        let tags = asked.tags.clone().unwrap_or_default();
        [access::post(scope, &["apis", &asked.api_id, "stages"]).with_request_tags(&tags)]
    };
    run |given, service, cx| {
        let (api, now) = (given.api_id.clone(), cx.scope.now);
        let mut stage: Stage = new_record(given)?;
        (stage.created_date, stage.last_updated_date) = (now, now);
        check(&stage)?;
        let (key, deployment, once) = (api_key(&cx.scope, &api), ids::http_part(), Once::of(cx));
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &stage.stage_name);
            once.make(tx, |tx, _| Ok::<_, Error>(STAGES.get(tx, &own)?), |tx| {
            if STAGES.get(tx, &own)?.is_some() {
                return Err(errors::conflict("Stage already exists"));
            }
            if STAGES.query(&key).rows(tx)?.len() >= STAGES_MAX {
                return Err(Error::new("TooManyRequestsException", "Maximum number of stages for this API has been reached"));
            }
            check_deployment(tx, &key, &stage)?;
            STAGES.insert(tx, &own, &stage)?;
            if stage.auto_deploy {
                auto_deploy(tx, &key, &deployment, now)?;
            }
            let made = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            Ok((made.stage_name.clone(), made))
            })
        };
        let stage = service.store.write(work).await?;
        service.refresh(&api).await?;
        shape_of(&stage)
    }
}

operation! {
    /// `GetStage`.
    GetStage(model::GetStageRequest) -> model::GetStageResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.api_id), &given.stage_name);
        let read = move |tx: &weft_store::ReadTx<'_>| STAGES.get(tx, &key)?.ok_or_else(errors::no_stage);
        shape_of(&service.store.read(read).await?)
    }
}

operation! {
    /// `GetStages`.
    GetStages(model::GetStagesRequest) -> model::GetStagesResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "stages"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let key = api_key(&cx.scope, &given.api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            Ok::<_, Error>(STAGES.query(&key).rows(tx)?)
        };
        let all = service.store.read(read).await?.into_iter().map(|(_, stage)| stage);
        let (items, next_token) = page.cut(all, |stage| stage.stage_name.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GetStagesResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateStage`: the members that the request has.
    UpdateStage(model::UpdateStageRequest) -> model::UpdateStageResponse;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let (api, name) = (given.api_id.clone(), given.stage_name.clone());
        let changes = body_of(given);
        let change = move |stage: &mut Stage| {
            *stage = merged(stage, &changes)?;
            Ok(())
        };
        shape_of(&service.change_http_stage(cx, &api, &name, change).await?)
    }
}

operation! {
    /// `DeleteStage`.
    DeleteStage(model::DeleteStageRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "stages", &asked.stage_name])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.api_id), &given.stage_name);
        let work = move |tx: &mut WriteTx<'_>| {
            STAGES.get(tx, &key)?.ok_or_else(errors::no_stage)?;
            Ok::<_, Error>(STAGES.remove(tx, &key)?)
        };
        service.store.write(work).await?;
        service.refresh(&given.api_id).await
    }
}

operation! {
    /// `DeleteAccessLogSettings`.
    DeleteAccessLogSettings(model::DeleteAccessLogSettingsRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "stages", &asked.stage_name, "accesslogsettings"])];
    run |given, service, cx| {
        let change = |stage: &mut Stage| {
            stage.access_log_settings = None;
            Ok(())
        };
        service.change_http_stage(cx, &given.api_id, &given.stage_name, change).await.map(drop)
    }
}

operation! {
    /// `ResetAuthorizersCache`: what authorizers have said is asked anew.
    ResetAuthorizersCache(model::ResetAuthorizersCacheRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "stages", &asked.stage_name, "cache", "authorizers"])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.api_id), &given.stage_name);
        let read = move |tx: &weft_store::ReadTx<'_>| STAGES.get(tx, &key)?.ok_or_else(errors::no_stage);
        service.store.read(read).await?;
        service.refresh(&given.api_id).await
    }
}

impl ApiGateway {
    /// Changes a stage, in one transaction.
    pub(crate) async fn change_http_stage(
        &self,
        cx: &Context,
        api: &str,
        name: &str,
        change: impl Fn(&mut Stage) -> Result<(), Error> + Send + 'static,
    ) -> Result<Stage, Error> {
        let (key, now, deployment) = (api_key(&cx.scope, api), cx.scope.now, ids::http_part());
        let name = name.to_owned();
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &name);
            let mut stage = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            let before = stage.auto_deploy;
            change(&mut stage)?;
            check(&stage)?;
            check_deployment(tx, &key, &stage)?;
            stage.last_updated_date = now;
            STAGES.insert(tx, &own, &stage)?;
            if stage.auto_deploy && !before {
                auto_deploy(tx, &key, &deployment, now)?;
            }
            STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)
        };
        let stage = self.store.write(work).await?;
        self.refresh(api).await?;
        Ok(stage)
    }
}

fn check_deployment(
    tx: &WriteTx<'_>,
    key: &crate::rest::records::ApiKey,
    stage: &Stage,
) -> Result<(), Error> {
    match &stage.deployment_id {
        Some(id) if DEPLOYMENTS.get(tx, &part_key(key, id))?.is_none() => {
            Err(errors::not_found(format!("Invalid Deployment identifier specified {id}")))
        }
        _ => Ok(()),
    }
}

/// A stage with nothing set.
pub(crate) fn new(name: &str, now: Timestamp) -> Stage {
    Stage { stage_name: name.to_owned(), created_date: now, last_updated_date: now, ..Stage::default() }
}

/// Checks a stage by itself.
pub(crate) fn check(stage: &Stage) -> Result<(), Error> {
    let name = &stage.stage_name;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name != "$default" && (name.is_empty() || name.len() > 128 || !name.bytes().all(is_plain)) {
        return Err(errors::bad_request(
            "Invalid stage name specified: only a-zA-Z0-9_- and $default are allowed",
        ));
    }
    if let Some(log) = &stage.access_log_settings {
        if let Some(format) = &log.format {
            Format::parse(format).map_err(errors::bad_request)?;
        }
        if log.destination_arn.as_deref().is_some_and(|arn| group_of(arn).is_none()) {
            return Err(errors::bad_request(
                "Invalid destination ARN of access logs: it has to name a log group",
            ));
        }
    }
    tags::check(&stage.tags)
}
