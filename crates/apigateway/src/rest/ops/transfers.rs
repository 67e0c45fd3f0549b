//! Import from and export to `OpenAPI` 3 and Swagger 2.

use weft_model::apigateway as model;
use weft_service::Error;
use weft_store::WriteTx;

use super::apis;
use crate::control::bridge::shape_of;
use crate::control::operation::operation;
use crate::control::{access, errors, ids};
use crate::openapi::Document;
use crate::rest::records::{APIS, RestApi, SNAPSHOTS, STAGES, Snapshot, TREES};
use crate::rest::state::{api_key, part_key, require_api, require_tree};
use crate::rest::{export, import};

operation! {
    /// `ImportRestApi`.
    ImportRestApi(model::ImportRestApiRequest) -> model::RestApi;
    access |_asked, scope| [access::post(scope, &["restapis"])];
    run |given, service, cx| {
        let document = Document::parse(&given.body).map_err(errors::bad_request)?;
        let parameters = given.parameters.unwrap_or_default();
        let mut snapshot = import::import(&document, &parameters, Snapshot::default())?;
        fail_on_warnings(&snapshot.api, given.fail_on_warnings)?;
        snapshot.api.id = ids::api();
        snapshot.api.created_date = cx.scope.now;
        if let Some(types) = parameters.get("endpointConfigurationTypes") {
            snapshot.api.endpoint_configuration.types = types.split(',').map(str::to_owned).collect();
        }
        shape_of(&service.create_rest(cx, snapshot.api, snapshot.tree).await?)
    }
}

operation! {
    /// `PutRestApi`: takes a document into an API, or makes the API what the document says.
    PutRestApi(model::PutRestApiRequest) -> model::RestApi;
    access |asked, scope| [access::put(scope, &["restapis", &asked.rest_api_id])];
    run |given, service, cx| {
        let document = Document::parse(&given.body).map_err(errors::bad_request)?;
        let overwrite = given.mode.as_deref() == Some("overwrite");
        let (parameters, fail) = (given.parameters.unwrap_or_default(), given.fail_on_warnings);
        let key = api_key(&cx.scope, &given.rest_api_id);
        let work = move |tx: &mut WriteTx<'_>| {
            let (api, tree) = (require_api(tx, &key)?, require_tree(tx, &key)?);
            let root = tree.resources.get(&api.root_resource_id).cloned();
            let before = if overwrite { Snapshot::emptied(api, root) } else { Snapshot { api, tree } };
            let Snapshot { mut api, tree } = import::import(&document, &parameters, before)?;
            fail_on_warnings(&api, fail)?;
            apis::check(&mut api)?;
            TREES.insert(tx, &key, &tree)?;
            // Warnings are told once.
            APIS.insert(tx, &key, &RestApi { warnings: None, ..api.clone() })?;
            Ok::<_, Error>(api)
        };
        shape_of(&service.store.write(work).await?)
    }
}

operation! {
    /// `GetExport`: what a stage shows, as `oas30` or `swagger`, in JSON or YAML.
    GetExport(model::GetExportRequest) -> model::ExportResponse;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "stages", &asked.stage_name, "exports", &asked.export_type])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let name = given.stage_name.clone();
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            let stage = STAGES.get(tx, &part_key(&key, &name))?.ok_or_else(errors::no_stage)?;
            let snapshot = SNAPSHOTS.get(tx, &part_key(&key, &stage.deployment_id))?;
            snapshot.ok_or_else(errors::no_deployment)
        };
        let snapshot = service.store.read(read).await?;
        let yaml = given.accepts.as_deref().is_some_and(|kind| kind.contains("yaml"));
        let parameters = given.parameters.unwrap_or_default();
        let extensions = parameters.get("extensions").map(String::as_str).unwrap_or_default();
        let document = export::export(&snapshot, &given.stage_name, &given.export_type, extensions)?;
        let (kind, body) = crate::openapi::written(&document, yaml)?;
        let name = format!("{}_{}.{}", given.export_type, cx.scope.now.compact(), if yaml { "yaml" } else { "json" });
        Ok(model::ExportResponse {
            content_type: Some(kind.to_owned()),
            content_disposition: Some(format!("attachment; filename=\"{name}\"")),
            body: Some(body.into()),
        })
    }
}

fn fail_on_warnings(api: &RestApi, fail: Option<bool>) -> Result<(), Error> {
    match &api.warnings {
        Some(warnings) if fail == Some(true) && !warnings.is_empty() => {
            Err(errors::bad_request(format!("Warnings found during import:\n\t{}", warnings.join("\n\t"))))
        }
        _ => Ok(()),
    }
}
