//! Import from and export to `OpenAPI` 3.

use weft_model::apigatewayv2 as model;
use weft_service::Error;
use weft_store::WriteTx;

use super::apis::{Told, complete};
use crate::control::bridge::shape_of;
use crate::control::operation::operation;
use crate::control::{access, errors, ids};
use crate::http_api::import::{export, import};
use crate::http_api::records::{APIS, Api, SNAPSHOTS, STAGES, Snapshot, TREES};
use crate::http_api::state::{auto_deploy, require_api, require_tree};
use crate::openapi::{Document, written};
use crate::rest::state::{api_key, part_key};

operation! {
    /// `ImportApi`.
    ImportApi(model::ImportApiRequest) -> model::ImportApiResponse;
    access |_asked, scope| [access::put(scope, &["apis"])];
    run |given, service, cx| {
        let document = Document::parse(given.body.as_bytes()).map_err(errors::bad_request)?;
        let Snapshot { mut api, tree } = import(&document, given.basepath.as_deref(), Api::default())?;
        fail_on_warnings(&api, given.fail_on_warnings)?;
        api.api_id = ids::api();
        shape_of(&Told(service, cx).api(&service.create_http(cx, api, tree, None).await?)?)
    }
}

operation! {
    /// `ReimportApi`: makes the API what the document says.
    ReimportApi(model::ReimportApiRequest) -> model::ReimportApiResponse;
    access |asked, scope| [access::put(scope, &["apis", &asked.api_id])];
    run |given, service, cx| {
        let document = Document::parse(given.body.as_bytes()).map_err(errors::bad_request)?;
        let (key, now, deployment) = (api_key(&cx.scope, &given.api_id), cx.scope.now, ids::http_part());
        let (mode, fail) = (given.basepath, given.fail_on_warnings);
        let work = move |tx: &mut WriteTx<'_>| {
            let before = require_api(tx, &key)?;
            let Snapshot { mut api, tree } = import(&document, mode.as_deref(), before)?;
            fail_on_warnings(&api, fail)?;
            complete(&mut api)?;
            APIS.insert(tx, &key, &Api { warnings: None, ..api.clone() })?;
            TREES.insert(tx, &key, &tree)?;
            auto_deploy(tx, &key, &deployment, now)?;
            Ok::<_, Error>(api)
        };
        let api = service.store.write(work).await?;
        service.refresh(&given.api_id).await?;
        shape_of(&Told(service, cx).api(&api)?)
    }
}

operation! {
    /// `ExportApi`: what a stage shows, or the API as it is now.
    ExportApi(model::ExportApiRequest) -> model::ExportApiResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "exports", &asked.specification])];
    run |given, service, cx| {
        if given.specification != "OAS30" {
            return Err(errors::bad_request("Invalid specification: OAS30 is the one that there is"));
        }
        let as_yaml = match given.output_type.as_str() {
            "YAML" => true,
            "JSON" => false,
            other => return Err(errors::bad_request(format!("Invalid output type: {other}"))),
        };
        let (key, stage) = (api_key(&cx.scope, &given.api_id), given.stage_name);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            let Some(name) = &stage else {
                return Ok(Snapshot { api: require_api(tx, &key)?, tree: require_tree(tx, &key)? });
            };
            require_api(tx, &key)?;
            let stage = STAGES.get(tx, &part_key(&key, name))?.ok_or_else(errors::no_stage)?;
            let id = stage.deployment_id.ok_or_else(errors::no_deployment)?;
            SNAPSHOTS.get(tx, &part_key(&key, &id))?.ok_or_else(errors::no_deployment)
        };
        let snapshot = service.store.read(read).await?;
        let (_, text) = written(&export(&snapshot, given.include_extensions.unwrap_or(true)), as_yaml)?;
        Ok(model::ExportApiResponse { body: Some(text.into()) })
    }
}

fn fail_on_warnings(api: &Api, fail: Option<bool>) -> Result<(), Error> {
    match &api.warnings {
        Some(warnings) if fail == Some(true) && !warnings.is_empty() => {
            Err(errors::bad_request(format!("Warnings found during import:\n\t{}", warnings.join("\n\t"))))
        }
        _ => Ok(()),
    }
}
