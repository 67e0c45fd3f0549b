//! How the gateway itself answers, by kind of failure.

use weft_model::apigateway as model;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors};
use crate::rest::records::{GatewayResponse, Tree};
use crate::rest::refuse::{Kind as Refusal, default_response};

const RULES: &[Rule] =
    &[("/statusCode", Kind::Text), ("/responseParameters", Kind::Entry), ("/responseTemplates", Kind::Entry)];

operation! {
    /// `PutGatewayResponse`.
    PutGatewayResponse(model::PutGatewayResponseRequest) -> model::GatewayResponse;
    access |asked, scope| [access::put(scope, &["restapis", &asked.rest_api_id, "gatewayresponses", &asked.response_type])];
    run |given, service, cx| {
        let (api, kind) = (given.rest_api_id.clone(), given.response_type.clone());
        let mut response: GatewayResponse = record_of(body_of(given))?;
        response.response_type.clone_from(&kind);
        complete(&mut response);
        let change = move |tree: &mut Tree| {
            tree.gateway_responses.insert(kind.clone(), response.clone());
            Ok(response.clone())
        };
        shape_of(&service.change_tree(cx, &api, change).await?)
    }
}

operation! {
    /// `GetGatewayResponse`: the default where nothing was put.
    GetGatewayResponse(model::GetGatewayResponseRequest) -> model::GatewayResponse;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "gatewayresponses", &asked.response_type])];
    run |given, service, cx| {
        let kind = given.response_type;
        let read = move |mut tree: Tree| {
            Ok(tree.gateway_responses.remove(&kind).unwrap_or_else(|| default_response(&kind)))
        };
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `GetGatewayResponses`: of all kinds.
    GetGatewayResponses(model::GetGatewayResponsesRequest) -> model::GatewayResponses;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "gatewayresponses"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let mut all = service.tree(cx, &given.rest_api_id, |tree| Ok(tree.gateway_responses)).await?;
        for kind in Refusal::NAMES {
            all.entry((*kind).to_owned()).or_insert_with(|| default_response(kind));
        }
        let (items, position) = page.cut(all.into_values(), |one| one.response_type.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GatewayResponses { position, items: Some(items) })
    }
}

operation! {
    /// `UpdateGatewayResponse`.
    UpdateGatewayResponse(model::UpdateGatewayResponseRequest) -> model::GatewayResponse;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "gatewayresponses", &asked.response_type])];
    run |given, service, cx| {
        let (kind, patches) = (given.response_type, given.patch_operations.unwrap_or_default());
        let change = move |tree: &mut Tree| {
            let known = tree.gateway_responses.get(&kind).cloned();
            let known = known.unwrap_or_else(|| default_response(&kind));
            let mut response: GatewayResponse = patch::apply(&known, &patches, RULES)?;
            response.default_response = false;
            tree.gateway_responses.insert(kind.clone(), response.clone());
            Ok(response)
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteGatewayResponse`: back to the default.
    DeleteGatewayResponse(model::DeleteGatewayResponseRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "gatewayresponses", &asked.response_type])];
    run |given, service, cx| {
        let kind = given.response_type;
        let change = move |tree: &mut Tree| {
            let removed = tree.gateway_responses.remove(&kind);
            removed.map(drop).ok_or_else(|| errors::not_found("Gateway response type not defined on api"))
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

/// Fills in what nobody said.
pub(crate) fn complete(response: &mut GatewayResponse) {
    let default = default_response(&response.response_type);
    if response.response_templates.is_empty() {
        response.response_templates = default.response_templates;
    }
    if response.status_code.is_none() {
        response.status_code = default.status_code;
    }
    response.default_response = false;
}
