//! Deployments: copies of an API that nothing changes.

use std::collections::BTreeMap;

use weft_model::apigateway as model;
use weft_service::{Error, Once};
use weft_store::WriteTx;

use super::stages;
use crate::control::bridge::shape_of;
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, ids};
use crate::rest::records::{DEPLOYMENTS, Deployment, SNAPSHOTS, STAGES, Snapshot, Stage, Tree};
use crate::rest::state::{api_key, part_key, require_api, require_tree};

const RULES: &[Rule] = &[("/description", Kind::Text)];

operation! {
    /// `CreateDeployment`, and the stage that it names: made, or moved to it.
    CreateDeployment(model::CreateDeploymentRequest) -> model::Deployment;
    access |asked, scope| [access::post(scope, &["restapis", &asked.rest_api_id, "deployments"])];
    run |given, service, cx| {
        if given.canary_settings.is_some() {
            return Err(errors::unsupported("canarySettings"));
        }
        let key = api_key(&cx.scope, &given.rest_api_id);
        let now = cx.scope.now;
        let deployment =
            Deployment { id: ids::part(), description: given.description.clone(), created_date: now };
        let stage = given.stage_name.clone().filter(|name| !name.is_empty());
        let (api_id, once) = (given.rest_api_id.clone(), Once::of(cx));
        let work = move |tx: &mut WriteTx<'_>| {
            let known = |tx: &WriteTx<'_>, id: &str| {
                let own = part_key(&key, id);
                let found = DEPLOYMENTS.get(tx, &own)?.zip(SNAPSHOTS.get(tx, &own)?);
                Ok::<_, Error>(found.map(|(deployment, snapshot)| (deployment, snapshot.tree)))
            };
            once.make(tx, known, |tx| {
            let snapshot = Snapshot { api: require_api(tx, &key)?, tree: require_tree(tx, &key)? };
            check(&snapshot.tree)?;
            let own = part_key(&key, &deployment.id);
            DEPLOYMENTS.insert(tx, &own, &deployment)?;
            SNAPSHOTS.insert(tx, &own, &snapshot)?;
            if let Some(name) = &stage {
                let at = part_key(&key, name);
                let known = STAGES.get(tx, &at)?;
                let mut stage = known.unwrap_or_else(|| stages::new(name, now));
                stage.deployment_id.clone_from(&deployment.id);
                stage.last_updated_date = now;
                if let Some(description) = &given.stage_description {
                    stage.description = Some(description.clone());
                }
                if let Some(variables) = &given.variables {
                    stage.variables.clone_from(variables);
                }
                stage.tracing_enabled = given.tracing_enabled.unwrap_or(stage.tracing_enabled);
                stages::check(&stage)?;
                STAGES.insert(tx, &at, &stage)?;
            }
            Ok((deployment.id.clone(), (deployment.clone(), snapshot.tree)))
            })
        };
        let (deployment, tree) = service.store.write(work).await?;
        service.refresh(&api_id).await?;
        Ok(model::Deployment { api_summary: Some(summary(&tree)), ..shape_of(&deployment)? })
    }
}

operation! {
    /// `GetDeployment`.
    GetDeployment(model::GetDeploymentRequest) -> model::Deployment;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let embed = given.embed.unwrap_or_default();
        let wanted = embed.iter().flat_map(|text| text.split(',')).any(|text| text.trim() == "apisummary");
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &given.deployment_id);
            let deployment = DEPLOYMENTS.get(tx, &own)?.ok_or_else(errors::no_deployment)?;
            let snapshot = if wanted { SNAPSHOTS.get(tx, &own)? } else { None };
            Ok::<_, Error>((deployment, snapshot))
        };
        let (deployment, snapshot) = service.store.read(read).await?;
        let api_summary = snapshot.map(|snapshot| summary(&snapshot.tree));
        Ok(model::Deployment { api_summary, ..shape_of(&deployment)? })
    }
}

operation! {
    /// `GetDeployments`.
    GetDeployments(model::GetDeploymentsRequest) -> model::Deployments;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "deployments"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let key = api_key(&cx.scope, &given.rest_api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            Ok::<_, Error>(DEPLOYMENTS.query(&key).rows(tx)?)
        };
        let all = service.store.read(read).await?.into_iter().map(|(_, deployment)| deployment);
        let (items, position) = page.cut(all, |one| one.id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::Deployments { position, items: Some(items) })
    }
}

operation! {
    /// `UpdateDeployment`: its description; what it is a copy of stays.
    UpdateDeployment(model::UpdateDeploymentRequest) -> model::Deployment;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.rest_api_id), &given.deployment_id);
        let patches = given.patch_operations.unwrap_or_default();
        let work = move |tx: &mut WriteTx<'_>| {
            let known = DEPLOYMENTS.get(tx, &key)?.ok_or_else(errors::no_deployment)?;
            let deployment: Deployment = patch::apply(&known, &patches, RULES)?;
            DEPLOYMENTS.insert(tx, &key, &deployment)?;
            Ok::<_, Error>(deployment)
        };
        shape_of(&service.store.write(work).await?)
    }
}

operation! {
    /// `DeleteDeployment`: where no stage shows it.
    DeleteDeployment(model::DeleteDeploymentRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let id = given.deployment_id;
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            let own = part_key(&key, &id);
            DEPLOYMENTS.get(tx, &own)?.ok_or_else(errors::no_deployment)?;
            let is_shown = |stage: &Stage| stage.deployment_id == id;
            if STAGES.query(&key).rows(tx)?.iter().any(|(_, stage)| is_shown(stage)) {
                let message = "Active stages pointing to this deployment must be moved or deleted";
                return Err(errors::bad_request(message));
            }
            DEPLOYMENTS.remove(tx, &own)?;
            SNAPSHOTS.remove(tx, &own)?;
            Ok(())
        };
        service.store.write(work).await
    }
}

/// An API without methods, or with one that leads nowhere, cannot be deployed.
fn check(tree: &Tree) -> Result<(), Error> {
    let mut methods = tree.resources.values().flat_map(|one| one.resource_methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(errors::bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|method| method.method_integration.is_none()) {
        return Err(errors::bad_request("No integration defined for method"));
    }
    Ok(())
}

fn summary(tree: &Tree) -> BTreeMap<String, BTreeMap<String, model::MethodSnapshot>> {
    let with_methods = tree.resources.values().filter(|one| !one.resource_methods.is_empty());
    let of_resource = |methods: &BTreeMap<String, crate::rest::records::Method>| {
        let snapshot = |(name, method): (&String, &crate::rest::records::Method)| {
            let snapshot = model::MethodSnapshot {
                authorization_type: Some(method.authorization_type.clone()),
                api_key_required: Some(method.api_key_required),
            };
            (name.clone(), snapshot)
        };
        methods.iter().map(snapshot).collect()
    };
    with_methods.map(|one| (one.path.clone(), of_resource(&one.resource_methods))).collect()
}
