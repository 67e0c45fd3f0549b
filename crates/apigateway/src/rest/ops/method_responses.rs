//! What methods may answer.

use weft_model::apigateway as model;
use weft_service::Error;

use super::methods::path;
use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors};
use crate::rest::records::{MethodResponse, Tree};

const RULES: &[Rule] =
    &[("/statusCode", Kind::Needed), ("/responseParameters", Kind::Flag), ("/responseModels", Kind::Entry)];

macro_rules! response_path {
    ($asked:ident) => {
        [
            &path(&$asked.rest_api_id, &$asked.resource_id, &$asked.http_method)[..],
            &["responses", &$asked.status_code],
        ]
        .concat()
    };
}

operation! {
    /// `PutMethodResponse`.
    PutMethodResponse(model::PutMethodResponseRequest) -> model::MethodResponse;
    access |asked, scope| [access::put(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (api, id, name) = (given.rest_api_id.clone(), given.resource_id.clone(), given.http_method.clone());
        let status = given.status_code.clone();
        let mut response: MethodResponse = record_of(body_of(given))?;
        response.status_code.clone_from(&status);
        check(&response)?;
        let at = (id.clone(), name.clone());
        let find = move |tree: &mut Tree, status: &str| {
            tree.method(&at.0, &at.1).ok()?.method_responses.get(status).cloned()
        };
        let make = move |tree: &mut Tree| {
            let method = tree.method(&id, &name)?;
            if method.method_responses.contains_key(&status) {
                return Err(errors::conflict("Response already exists for this resource"));
            }
            method.method_responses.insert(status.clone(), response.clone());
            Ok((status.clone(), response.clone()))
        };
        shape_of(&service.make_in_tree(cx, &api, find, make).await?)
    }
}

operation! {
    /// `GetMethodResponse`.
    GetMethodResponse(model::GetMethodResponseRequest) -> model::MethodResponse;
    access |asked, scope| [access::get(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (id, name, status) = (given.resource_id, given.http_method, given.status_code);
        let read = move |mut tree: Tree| response(&mut tree, &id, &name, &status).cloned();
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `UpdateMethodResponse`.
    UpdateMethodResponse(model::UpdateMethodResponseRequest) -> model::MethodResponse;
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
    /// `DeleteMethodResponse`.
    DeleteMethodResponse(model::DeleteMethodResponseRequest) -> ();
    access |asked, scope| [access::delete(scope, &response_path!(asked))];
    run |given, service, cx| {
        let (id, name, status) = (given.resource_id, given.http_method, given.status_code);
        let change = move |tree: &mut Tree| {
            response(tree, &id, &name, &status)?;
            tree.method(&id, &name)?.method_responses.remove(&status);
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
) -> Result<&'t mut MethodResponse, Error> {
    let found = tree.method(resource, method)?.method_responses.get_mut(status);
    found.ok_or_else(|| errors::not_found("Invalid Response status code specified"))
}

fn check(response: &MethodResponse) -> Result<(), Error> {
    let wrong = response.response_parameters.keys().find(|name| !name.starts_with("method.response.header."));
    match wrong {
        None => Ok(()),
        Some(name) => Err(errors::bad_request(format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {name}]"
        ))),
    }
}
