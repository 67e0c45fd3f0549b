//! How answers of what stands behind a method become the method's.

use weft_model::apigateway as model;
use weft_service::Error;

use super::integrations::check_template;
use super::methods::path;
use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors};
use crate::rest::records::{IntegrationResponse, Tree};

const RULES: &[Rule] = &[
    ("/statusCode", Kind::Needed),
    ("/selectionPattern", Kind::Text),
    ("/responseParameters", Kind::Entry),
    ("/responseTemplates", Kind::Entry),
    ("/contentHandling", Kind::Text),
];

macro_rules! response_path {
    ($asked:ident) => {
        [
            &path(&$asked.rest_api_id, &$asked.resource_id, &$asked.http_method)[..],
            &["integration", "responses", &$asked.status_code],
        ]
        .concat()
    };
}

operation! {
    /// `PutIntegrationResponse`.
    PutIntegrationResponse(model::PutIntegrationResponseRequest) -> model::IntegrationResponse;
    access |asked, scope| [access::put(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (api, id, name) = (given.rest_api_id.clone(), given.resource_id.clone(), given.http_method.clone());
        let status = given.status_code.clone();
        let mut response: IntegrationResponse = record_of(body_of(given))?;
        response.status_code.clone_from(&status);
        check(&response)?;
        let change = move |tree: &mut Tree| {
            if !tree.method(&id, &name)?.method_responses.contains_key(&status) {
                return Err(errors::not_found("Invalid Response status code specified"));
            }
            check_parameters(&response, tree, &id, &name)?;
            let integration = tree.integration(&id, &name)?;
            integration.integration_responses.insert(status.clone(), response.clone());
            Ok(response.clone())
        };
        shape_of(&service.change_tree(cx, &api, change).await?)
    }
}

operation! {
    /// `GetIntegrationResponse`.
    GetIntegrationResponse(model::GetIntegrationResponseRequest) -> model::IntegrationResponse;
    access |asked, scope| [access::get(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (id, name, status) = (given.resource_id, given.http_method, given.status_code);
        let read = move |mut tree: Tree| response(&mut tree, &id, &name, &status).cloned();
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `UpdateIntegrationResponse`.
    UpdateIntegrationResponse(model::UpdateIntegrationResponseRequest) -> model::IntegrationResponse;
    access |asked, scope| [access::patch(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (id, name, status) = (given.resource_id, given.http_method, given.status_code);
        let patches = given.patch_operations.unwrap_or_default();
        let change = move |tree: &mut Tree| {
            let place = response(tree, &id, &name, &status)?;
            *place = patch::apply(place, &patches, RULES)?;
            check(place)?;
            Ok(place.clone())
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteIntegrationResponse`.
    DeleteIntegrationResponse(model::DeleteIntegrationResponseRequest) -> ();
    access |asked, scope| [access::delete(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (id, name, status) = (given.resource_id, given.http_method, given.status_code);
        let change = move |tree: &mut Tree| {
            response(tree, &id, &name, &status)?;
            tree.integration(&id, &name)?.integration_responses.remove(&status);
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

fn response<'t>(
    tree: &'t mut Tree,
    resource: &str,
    method: &str,
    status: &str,
) -> Result<&'t mut IntegrationResponse, Error> {
    let found = tree.integration(resource, method)?.integration_responses.get_mut(status);
    found.ok_or_else(|| errors::not_found("Invalid Response status code specified"))
}

/// Checks a response by itself.
pub(crate) fn check(response: &IntegrationResponse) -> Result<(), Error> {
    let pattern = response.selection_pattern.as_deref().unwrap_or_default();
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| errors::bad_request("Invalid selection pattern specified").with_cause(error))?;
    response.response_templates.values().try_for_each(|template| check_template(template))
}

/// A header is set only where the method says that it answers with it.
fn check_parameters(
    response: &IntegrationResponse,
    tree: &mut Tree,
    resource: &str,
    method: &str,
) -> Result<(), Error> {
    let method = tree.method(resource, method)?;
    let declared = method.method_responses.get(&response.status_code);
    let is_declared =
        |name: &&String| declared.is_some_and(|known| known.response_parameters.contains_key(*name));
    match response.response_parameters.keys().find(|name| !is_declared(name)) {
        None => Ok(()),
        Some(name) => Err(errors::bad_request(format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {name}]"
        ))),
    }
}
