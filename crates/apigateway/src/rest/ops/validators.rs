//! Request validators: what of a request is checked.

use weft_model::apigateway as model;
use weft_service::Error;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, ids};
use crate::rest::records::{RequestValidator, Tree};

const RULES: &[Rule] = &[
    ("/name", Kind::Text),
    ("/validateRequestBody", Kind::Bool),
    ("/validateRequestParameters", Kind::Bool),
];

operation! {
    /// `CreateRequestValidator`.
    CreateRequestValidator(model::CreateRequestValidatorRequest) -> model::RequestValidator;
    access |asked, scope| [access::post(scope, &["restapis", &asked.rest_api_id, "requestvalidators"])];
    run |given, service, cx| {
        let api = given.rest_api_id.clone();
        let mut validator: RequestValidator = record_of(body_of(given))?;
        validator.id = ids::part();
        let make = move |tree: &mut Tree| {
            tree.validators.insert(validator.id.clone(), validator.clone());
            Ok((validator.id.clone(), validator.clone()))
        };
        let find = |tree: &mut Tree, id: &str| tree.validators.remove(id);
        shape_of(&service.make_in_tree(cx, &api, find, make).await?)
    }
}

operation! {
    /// `GetRequestValidator`.
    GetRequestValidator(model::GetRequestValidatorRequest) -> model::RequestValidator;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "requestvalidators", &asked.request_validator_id])];
    run |given, service, cx| {
        let id = given.request_validator_id;
        let read = move |mut tree: Tree| tree.validators.remove(&id).ok_or_else(none);
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `GetRequestValidators`.
    GetRequestValidators(model::GetRequestValidatorsRequest) -> model::RequestValidators;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "requestvalidators"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let all = service.tree(cx, &given.rest_api_id, |tree| Ok(tree.validators)).await?;
        let (items, position) = page.cut(all.into_values(), |one| one.id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::RequestValidators { position, items: Some(items) })
    }
}

operation! {
    /// `UpdateRequestValidator`.
    UpdateRequestValidator(model::UpdateRequestValidatorRequest) -> model::RequestValidator;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "requestvalidators", &asked.request_validator_id])];
    run |given, service, cx| {
        let (id, patches) = (given.request_validator_id, given.patch_operations.unwrap_or_default());
        let change = move |tree: &mut Tree| {
            let place = tree.validators.get_mut(&id).ok_or_else(none)?;
            *place = patch::apply(place, &patches, RULES)?;
            Ok(place.clone())
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteRequestValidator`: where no method uses it.
    DeleteRequestValidator(model::DeleteRequestValidatorRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "requestvalidators", &asked.request_validator_id])];
    run |given, service, cx| {
        let id = given.request_validator_id;
        let change = move |tree: &mut Tree| {
            if !tree.validators.contains_key(&id) {
                return Err(none());
            }
            let mut methods = tree.resources.values().flat_map(|one| one.resource_methods.values());
            if methods.any(|method| method.request_validator_id.as_ref() == Some(&id)) {
                return Err(errors::conflict("Cannot delete request validator, is referenced in one or more methods"));
            }
            tree.validators.remove(&id);
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

fn none() -> Error {
    errors::not_found("Invalid Request Validator identifier specified")
}
