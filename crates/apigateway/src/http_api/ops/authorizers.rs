//! Authorizers: tokens of an issuer, or functions that decide about callers.

use weft_model::apigatewayv2 as model;
use weft_service::Error;

use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids};
use crate::data::target::Target;
use crate::http_api::records::{Api, Authorizer, Tree};
use crate::http_api::state::{merged, new_record};

operation! {
    /// `CreateAuthorizer`.
    CreateAuthorizer(model::CreateAuthorizerRequest) -> model::CreateAuthorizerResponse;
    access |asked, scope| [access::post(scope, &["apis", &asked.api_id, "authorizers"])];
    run |given, service, cx| {
        let id = given.api_id.clone();
        let mut new: Authorizer = new_record(given)?;
        new.authorizer_id = ids::http_part();
        complete(&mut new);
        let make = move |tree: &mut Tree| {
            check(&new)?;
            if tree.authorizers.len() >= 10 {
                return Err(Error::new("TooManyRequestsException", "Maximum number of authorizers for this API has been reached"));
            }
            tree.authorizers.insert(new.authorizer_id.clone(), new.clone());
            Ok((new.authorizer_id.clone(), new.clone()))
        };
        let find = |tree: &mut Tree, id: &str| tree.authorizers.remove(id);
        shape_of(&service.make_in_http(cx, &id, find, make).await?)
    }
}

operation! {
    /// `GetAuthorizer`.
    GetAuthorizer(model::GetAuthorizerRequest) -> model::GetAuthorizerResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let id = given.authorizer_id;
        let read = move |mut tree: Tree| tree.authorizers.remove(&id).ok_or_else(|| none(&id));
        shape_of(&service.http_tree(cx, &given.api_id, read).await?)
    }
}

operation! {
    /// `GetAuthorizers`.
    GetAuthorizers(model::GetAuthorizersRequest) -> model::GetAuthorizersResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "authorizers"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let all = service.http_tree(cx, &given.api_id, |tree| Ok(tree.authorizers)).await?;
        let (items, next_token) = page.cut(all.into_values(), |one| one.authorizer_id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GetAuthorizersResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateAuthorizer`: the members that the request has.
    UpdateAuthorizer(model::UpdateAuthorizerRequest) -> model::UpdateAuthorizerResponse;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let (api, id) = (given.api_id.clone(), given.authorizer_id.clone());
        let changes = body_of(given);
        let change = move |_: &mut Api, tree: &mut Tree| {
            let known = tree.authorizers.get(&id).ok_or_else(|| none(&id))?;
            let mut new: Authorizer = merged(known, &changes)?;
            complete(&mut new);
            check(&new)?;
            tree.authorizers.insert(id.clone(), new.clone());
            Ok(new)
        };
        shape_of(&service.change_http(cx, &api, change).await?)
    }
}

operation! {
    /// `DeleteAuthorizer`.
    DeleteAuthorizer(model::DeleteAuthorizerRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let id = given.authorizer_id;
        let change = move |_: &mut Api, tree: &mut Tree| {
            if tree.routes.values().any(|route| route.authorizer_id.as_ref() == Some(&id)) {
                return Err(errors::conflict("Cannot delete Authorizer because it is referenced by one or more Routes"));
            }
            tree.authorizers.remove(&id).map(drop).ok_or_else(|| none(&id))
        };
        service.change_http(cx, &given.api_id, change).await
    }
}

fn none(id: &str) -> Error {
    errors::not_found(format!("Invalid Authorizer identifier specified {id}"))
}

/// Fills in what nobody said.
pub(crate) fn complete(authorizer: &mut Authorizer) {
    if authorizer.authorizer_type == "REQUEST" {
        let known = !authorizer.identity_source.is_empty();
        authorizer.authorizer_result_ttl_in_seconds.get_or_insert(if known { 300 } else { 0 });
    }
}

/// Checks an authorizer by itself.
pub(crate) fn check(authorizer: &Authorizer) -> Result<(), Error> {
    if authorizer.name.is_empty() || authorizer.name.len() > 128 {
        return Err(errors::bad_request("Invalid authorizer name specified"));
    }
    let known = |source: &String| {
        ["$request.header.", "$request.querystring.", "$context.", "$stageVariables."]
            .iter()
            .any(|place| source.strip_prefix(place).is_some_and(|name| !name.is_empty()))
    };
    if let Some(wrong) = authorizer.identity_source.iter().find(|source| !known(source)) {
        return Err(errors::bad_request(format!("Invalid identity source specified: {wrong}")));
    }
    match authorizer.authorizer_type.as_str() {
        "JWT" => {
            let jwt = authorizer.jwt_configuration.as_ref();
            let issuer = jwt.and_then(|jwt| jwt.issuer.as_deref()).unwrap_or_default();
            if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
                return Err(errors::bad_request(format!(
                    "Invalid issuer: {issuer}. Issuer must be a valid URL"
                )));
            }
            if jwt.is_none_or(|jwt| jwt.audience.is_empty()) {
                return Err(errors::bad_request("JWT authorizers need at least one audience"));
            }
            if authorizer.identity_source.len() != 1 {
                return Err(errors::bad_request("JWT authorizers need exactly one identity source"));
            }
            Ok(())
        }
        "REQUEST" => {
            let version = authorizer.authorizer_payload_format_version.as_deref();
            if !matches!(version, Some("1.0" | "2.0")) {
                return Err(errors::bad_request(
                    "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer: 1.0 or 2.0",
                ));
            }
            if version == Some("1.0") && authorizer.enable_simple_responses == Some(true) {
                return Err(errors::bad_request("Simple responses need the payload format version 2.0"));
            }
            let ttl = authorizer.authorizer_result_ttl_in_seconds.unwrap_or(0);
            if ttl > 0 && authorizer.identity_source.is_empty() {
                return Err(errors::bad_request("An identity source is needed where results are cached"));
            }
            match Target::of_http(authorizer.authorizer_uri.as_deref().unwrap_or_default()) {
                Ok(Target::Lambda(_)) => Ok(()),
                _ => Err(errors::bad_request("Invalid Authorizer URI: it has to name a Lambda function")),
            }
        }
        other => Err(errors::bad_request(format!("Invalid authorizer type specified: {other}"))),
    }
}
