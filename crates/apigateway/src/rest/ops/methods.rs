//! Methods of resources.

use weft_model::apigateway as model;
use weft_service::Error;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors};
use crate::rest::records::{Method, Tree};

const RULES: &[Rule] = &[
    ("/authorizationType", Kind::Needed),
    ("/authorizerId", Kind::Text),
    ("/authorizationScopes", Kind::Items),
    ("/apiKeyRequired", Kind::Bool),
    ("/operationName", Kind::Text),
    ("/requestValidatorId", Kind::Text),
    ("/requestParameters", Kind::Flag),
    ("/requestModels", Kind::Entry),
];

operation! {
    /// `PutMethod`.
    PutMethod(model::PutMethodRequest) -> model::Method;
    access |asked, scope| [access::put(scope, &path(&asked.rest_api_id, &asked.resource_id, &asked.http_method))];
    run |given, service, cx| {
        let (api, id) = (given.rest_api_id.clone(), given.resource_id.clone());
        let name = given.http_method.clone();
        let mut method: Method = record_of(body_of(given))?;
        method.http_method.clone_from(&name);
        let at = id.clone();
        let find = move |tree: &mut Tree, name: &str| tree.method(&at, name).ok().cloned();
        let make = move |tree: &mut Tree| {
            check(&method, tree)?;
            let resource = tree.resources.get_mut(&id).ok_or_else(errors::no_resource)?;
            if resource.resource_methods.contains_key(&name) {
                return Err(errors::conflict("Method already exists for this resource"));
            }
            resource.resource_methods.insert(name.clone(), method.clone());
            Ok((name.clone(), method.clone()))
        };
        shape_of(&service.make_in_tree(cx, &api, find, make).await?)
    }
}

operation! {
    /// `GetMethod`: with its responses and its integration.
    GetMethod(model::GetMethodRequest) -> model::Method;
    access |asked, scope| [access::get(scope, &path(&asked.rest_api_id, &asked.resource_id, &asked.http_method))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let read = move |mut tree: Tree| tree.method(&id, &name).cloned();
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `UpdateMethod`.
    UpdateMethod(model::UpdateMethodRequest) -> model::Method;
    access |asked, scope| [access::patch(scope, &path(&asked.rest_api_id, &asked.resource_id, &asked.http_method))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let patches = given.patch_operations.unwrap_or_default();
        let change = move |tree: &mut Tree| {
            let method: Method = patch::apply(tree.method(&id, &name)?, &patches, RULES)?;
            check(&method, tree)?;
            *tree.method(&id, &name)? = method.clone();
            Ok(method)
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteMethod`.
    DeleteMethod(model::DeleteMethodRequest) -> ();
    access |asked, scope| [access::delete(scope, &path(&asked.rest_api_id, &asked.resource_id, &asked.http_method))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let change = move |tree: &mut Tree| {
            let resource = tree.resources.get_mut(&id).ok_or_else(errors::no_resource)?;
            resource.resource_methods.remove(&name).map(drop).ok_or_else(errors::no_method)
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

/// The path of a method, for its permission.
pub(crate) fn path<'a>(api: &'a str, resource: &'a str, method: &'a str) -> [&'a str; 6] {
    ["restapis", api, "resources", resource, "methods", method]
}

impl Tree {
    /// A method of a resource, or that there is none.
    pub(crate) fn method(&mut self, resource: &str, method: &str) -> Result<&mut Method, Error> {
        let resource = self.resources.get_mut(resource).ok_or_else(errors::no_resource)?;
        resource.resource_methods.get_mut(method).ok_or_else(errors::no_method)
    }
}

/// Checks a method against the tree that it stands in.
pub(crate) fn check(method: &Method, tree: &Tree) -> Result<(), Error> {
    if !matches!(
        method.http_method.as_str(),
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "ANY"
    ) {
        return Err(errors::bad_request("Invalid HttpMethod specified"));
    }
    match method.authorization_type.as_str() {
        "NONE" | "AWS_IAM" => {}
        "CUSTOM" => {
            let known = method.authorizer_id.as_ref().is_some_and(|id| tree.authorizers.contains_key(id));
            if !known {
                return Err(errors::bad_request(
                    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
                ));
            }
        }
        "COGNITO_USER_POOLS" => return Err(errors::unsupported("The authorization type COGNITO_USER_POOLS")),
        other => {
            return Err(errors::bad_request(format!("Invalid authorization type specified: {other}")));
        }
    }
    if method.api_key_required {
        return Err(errors::unsupported("apiKeyRequired (API keys)"));
    }
    if method.request_validator_id.as_ref().is_some_and(|id| !tree.validators.contains_key(id)) {
        return Err(errors::bad_request("Invalid Request Validator identifier specified"));
    }
    let unknown = method.request_models.values().find(|name| !tree.models.contains_key(*name));
    if let Some(name) = unknown.filter(|name| !matches!(name.as_str(), "Empty" | "Error")) {
        return Err(errors::bad_request(format!("Invalid model identifier specified: {name}")));
    }
    let parameter = |name: &String| {
        ["querystring.", "path.", "header.", "multivaluequerystring.", "multivalueheader."]
            .iter()
            .any(|place| name.strip_prefix("method.request.").is_some_and(|rest| rest.starts_with(place)))
    };
    match method.request_parameters.keys().find(|name| !parameter(name)) {
        None => Ok(()),
        Some(name) => Err(errors::bad_request(format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {name}]"
        ))),
    }
}
