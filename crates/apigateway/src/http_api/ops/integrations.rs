//! What stands behind routes.

use weft_model::apigatewayv2 as model;
use weft_service::Error;

use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids};
use crate::data::target::Target;
use crate::http_api::parameters;
use crate::http_api::records::{Api, Integration, Tree};
use crate::http_api::state::{merged, new_record};

operation! {
    /// `CreateIntegration`.
    CreateIntegration(model::CreateIntegrationRequest) -> model::CreateIntegrationResult;
    access |asked, scope| [access::post(scope, &["apis", &asked.api_id, "integrations"])];
    run |given, service, cx| {
        let id = given.api_id.clone();
        if let Some(role) = &given.credentials_arn {
            pass_role(role, cx).await?;
        }
        let mut new: Integration = new_record(given)?;
        new.integration_id = ids::http_part();
        complete(&mut new);
        let make = move |tree: &mut Tree| {
            check(&new)?;
            if tree.integrations.len() >= 300 {
                return Err(Error::new("TooManyRequestsException", "Maximum number of integrations for this API has been reached"));
            }
            tree.integrations.insert(new.integration_id.clone(), new.clone());
            Ok((new.integration_id.clone(), new.clone()))
        };
        let find = |tree: &mut Tree, id: &str| tree.integrations.remove(id);
        shape_of(&service.make_in_http(cx, &id, find, make).await?)
    }
}

operation! {
    /// `GetIntegration`.
    GetIntegration(model::GetIntegrationRequest) -> model::GetIntegrationResult;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "integrations", &asked.integration_id])];
    run |given, service, cx| {
        let id = given.integration_id;
        let read = move |mut tree: Tree| tree.integrations.remove(&id).ok_or_else(|| none(&id));
        shape_of(&service.http_tree(cx, &given.api_id, read).await?)
    }
}

operation! {
    /// `GetIntegrations`.
    GetIntegrations(model::GetIntegrationsRequest) -> model::GetIntegrationsResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "integrations"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let all = service.http_tree(cx, &given.api_id, |tree| Ok(tree.integrations)).await?;
        let (items, next_token) = page.cut(all.into_values(), |one| one.integration_id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GetIntegrationsResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateIntegration`: the members that the request has.
    UpdateIntegration(model::UpdateIntegrationRequest) -> model::UpdateIntegrationResult;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id, "integrations", &asked.integration_id])];
    run |given, service, cx| {
        let (api, id) = (given.api_id.clone(), given.integration_id.clone());
        if let Some(role) = &given.credentials_arn {
            pass_role(role, cx).await?;
        }
        let changes = body_of(given);
        let change = move |_: &mut Api, tree: &mut Tree| {
            let known = tree.integrations.get(&id).ok_or_else(|| none(&id))?;
            let mut new: Integration = merged(known, &changes)?;
            complete(&mut new);
            check(&new)?;
            tree.integrations.insert(id.clone(), new.clone());
            Ok(new)
        };
        shape_of(&service.change_http(cx, &api, change).await?)
    }
}

operation! {
    /// `DeleteIntegration`.
    DeleteIntegration(model::DeleteIntegrationRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "integrations", &asked.integration_id])];
    run |given, service, cx| {
        let id = given.integration_id;
        let change = move |_: &mut Api, tree: &mut Tree| {
            let target = format!("integrations/{id}");
            if tree.routes.values().any(|route| route.target.as_ref() == Some(&target)) {
                return Err(errors::conflict("Cannot delete Integration because it is referenced by one or more Routes"));
            }
            tree.integrations.remove(&id).map(drop).ok_or_else(|| none(&id))
        };
        service.change_http(cx, &given.api_id, change).await
    }
}

fn none(id: &str) -> Error {
    errors::not_found(format!("Invalid Integration identifier specified {id}"))
}

/// Whoever names a role has to be allowed to hand it on.
pub(crate) async fn pass_role(role: &str, cx: &weft_service::Context) -> Result<(), Error> {
    if !role.contains(":role/") {
        return Ok(());
    }
    let access = weft_service::Access::to("iam:PassRole", role).with("iam:PassedToService", crate::SERVICE);
    cx.authorize(&access).await
}

/// Fills in what nobody said.
pub(crate) fn complete(integration: &mut Integration) {
    let default = |text: &mut String, value: &str| {
        if text.is_empty() {
            value.clone_into(text);
        }
    };
    default(&mut integration.connection_type, "INTERNET");
    default(&mut integration.payload_format_version, "1.0");
    if integration.timeout_in_millis == 0 {
        integration.timeout_in_millis = 30_000;
    }
    if integration.integration_type == "AWS_PROXY" && integration.integration_method.is_none() {
        integration.integration_method = Some("POST".to_owned());
    }
}

/// Checks an integration by itself.
pub(crate) fn check(integration: &Integration) -> Result<(), Error> {
    if integration.integration_subtype.is_some() {
        return Err(errors::unsupported("integrationSubtype (integrations of other services)"));
    }
    if integration.connection_type == "VPC_LINK" {
        return Err(errors::unsupported("The connection type VPC_LINK"));
    }
    if !(50..=30_000).contains(&integration.timeout_in_millis) {
        return Err(errors::bad_request("Timeout should be between 50 ms and 30000 ms"));
    }
    for (key, value) in integration.request_parameters.iter().flatten() {
        parameters::check(key, value).map_err(errors::bad_request)?;
    }
    for (status, changes) in integration.response_parameters.iter().flatten() {
        if !status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status)) {
            return Err(errors::bad_request(format!("Invalid status code specified: {status}")));
        }
        for (key, value) in changes {
            parameters::check(key, value).map_err(errors::bad_request)?;
        }
    }
    let uri = integration.integration_uri.as_deref().unwrap_or_default();
    match integration.integration_type.as_str() {
        "AWS_PROXY" => {
            if !matches!(integration.payload_format_version.as_str(), "1.0" | "2.0") {
                return Err(errors::bad_request(
                    "Invalid payload format version specified: it must be 1.0 or 2.0",
                ));
            }
            match Target::of_http(uri) {
                Ok(Target::Lambda(_)) => Ok(()),
                Ok(Target::Service(service)) => {
                    Err(errors::unsupported(&format!("An integration of {service}")))
                }
                Err(message) => Err(errors::bad_request(message)),
            }
        }
        "HTTP_PROXY" => {
            if integration.integration_method.as_deref().unwrap_or_default().is_empty() {
                return Err(errors::bad_request("HttpMethod must be specified for HTTP_PROXY"));
            }
            if uri.starts_with("http://")
                || uri.starts_with("https://")
                || uri.starts_with("${stageVariables.")
            {
                return Ok(());
            }
            Err(errors::bad_request(format!("Invalid HTTP endpoint specified for URI: {uri}")))
        }
        other => {
            Err(errors::bad_request(format!("Invalid integration type specified for an HTTP API: {other}")))
        }
    }
}
