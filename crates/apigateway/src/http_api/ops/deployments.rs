//! Deployments of HTTP APIs.

use weft_model::apigatewayv2 as model;
use weft_service::{Error, Once};
use weft_store::WriteTx;

use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids};
use crate::http_api::records::{DEPLOYMENTS, Deployment, SNAPSHOTS, STAGES};
use crate::http_api::state::{deploy, merged, require_api};
use crate::rest::state::{api_key, part_key};

operation! {
    /// `CreateDeployment`, and the stage that it names shows it.
    CreateDeployment(model::CreateDeploymentRequest) -> model::CreateDeploymentResponse;
    access |asked, scope| [access::post(scope, &["apis", &asked.api_id, "deployments"])];
    run |given, service, cx| {
        let (key, now, id) = (api_key(&cx.scope, &given.api_id), cx.scope.now, ids::http_part());
        let (description, stage, once) = (given.description, given.stage_name, Once::of(cx));
        let work = move |tx: &mut WriteTx<'_>| {
            let known = |tx: &WriteTx<'_>, id: &str| Ok::<_, Error>(DEPLOYMENTS.get(tx, &part_key(&key, id))?);
            once.make(tx, known, |tx| {
            let deployment = deploy(tx, &key, &id, description.clone(), false, now)?;
            if let Some(name) = &stage {
                let own = part_key(&key, name);
                let mut stage = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
                if stage.auto_deploy {
                    return Err(errors::bad_request("Deployment ID cannot be set on stage with AutoDeploy enabled"));
                }
                stage.deployment_id = Some(id.clone());
                stage.last_updated_date = now;
                STAGES.insert(tx, &own, &stage)?;
            }
            Ok((id.clone(), deployment))
            })
        };
        let deployment = service.store.write(work).await?;
        service.refresh(&given.api_id).await?;
        shape_of(&deployment)
    }
}

operation! {
    /// `GetDeployment`.
    GetDeployment(model::GetDeploymentRequest) -> model::GetDeploymentResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.api_id), &given.deployment_id);
        let read = move |tx: &weft_store::ReadTx<'_>| DEPLOYMENTS.get(tx, &key)?.ok_or_else(errors::no_deployment);
        shape_of(&service.store.read(read).await?)
    }
}

operation! {
    /// `GetDeployments`.
    GetDeployments(model::GetDeploymentsRequest) -> model::GetDeploymentsResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "deployments"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let key = api_key(&cx.scope, &given.api_id);
        let read = move |tx: &weft_store::ReadTx<'_>| {
            require_api(tx, &key)?;
            Ok::<_, Error>(DEPLOYMENTS.query(&key).rows(tx)?)
        };
        let all = service.store.read(read).await?.into_iter().map(|(_, one)| one);
        let (items, next_token) = page.cut(all, |one| one.deployment_id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GetDeploymentsResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateDeployment`: its description.
    UpdateDeployment(model::UpdateDeploymentRequest) -> model::UpdateDeploymentResponse;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let key = part_key(&api_key(&cx.scope, &given.api_id), &given.deployment_id);
        let changes = body_of(given);
        let work = move |tx: &mut WriteTx<'_>| {
            let known = DEPLOYMENTS.get(tx, &key)?.ok_or_else(errors::no_deployment)?;
            let new: Deployment = merged(&known, &changes)?;
            DEPLOYMENTS.insert(tx, &key, &new)?;
            Ok::<_, Error>(new)
        };
        shape_of(&service.store.write(work).await?)
    }
}

operation! {
    /// `DeleteDeployment`: where no stage shows it.
    DeleteDeployment(model::DeleteDeploymentRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "deployments", &asked.deployment_id])];
    run |given, service, cx| {
        let (key, id) = (api_key(&cx.scope, &given.api_id), given.deployment_id);
        let work = move |tx: &mut WriteTx<'_>| {
            let own = part_key(&key, &id);
            DEPLOYMENTS.get(tx, &own)?.ok_or_else(errors::no_deployment)?;
            if STAGES.query(&key).rows(tx)?.iter().any(|(_, stage)| stage.deployment_id.as_ref() == Some(&id)) {
                return Err(errors::bad_request("Active stages pointing to this deployment must be moved or deleted"));
            }
            DEPLOYMENTS.remove(tx, &own)?;
            SNAPSHOTS.remove(tx, &own)?;
            Ok(())
        };
        service.store.write(work).await
    }
}
