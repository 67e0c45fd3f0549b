//! Authorizers: functions that decide about callers.

use weft_model::apigateway as model;
use weft_service::Error;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, ids};
use crate::data::target::Target;
use crate::rest::records::{Authorizer, Tree};

/// Authorizers of an API.
const AUTHORIZERS_MAX: usize = 10;

const RULES: &[Rule] = &[
    ("/name", Kind::Needed),
    ("/type", Kind::Needed),
    ("/authorizerUri", Kind::Text),
    ("/authorizerCredentials", Kind::Text),
    ("/identitySource", Kind::Text),
    ("/identityValidationExpression", Kind::Text),
    ("/authorizerResultTtlInSeconds", Kind::Integer),
    ("/authType", Kind::Text),
];

operation! {
    /// `CreateAuthorizer`.
    CreateAuthorizer(model::CreateAuthorizerRequest) -> model::Authorizer;
    access |asked, scope| [access::post(scope, &["restapis", &asked.rest_api_id, "authorizers"])];
    run |given, service, cx| {
        let api = given.rest_api_id.clone();
        let mut authorizer: Authorizer = record_of(body_of(given))?;
        authorizer.id = ids::part();
        check(&authorizer)?;
        let make = move |tree: &mut Tree| {
            if tree.authorizers.values().any(|known| known.name == authorizer.name) {
                return Err(errors::bad_request("Authorizer name must be unique. Authorizer with the same name already exists"));
            }
            if tree.authorizers.len() >= AUTHORIZERS_MAX {
                return Err(errors::too_many("Maximum number of Authorizers for this API has been reached"));
            }
            tree.authorizers.insert(authorizer.id.clone(), authorizer.clone());
            Ok((authorizer.id.clone(), authorizer.clone()))
        };
        let find = |tree: &mut Tree, id: &str| tree.authorizers.remove(id);
        shape_of(&service.make_in_tree(cx, &api, find, make).await?)
    }
}

operation! {
    /// `GetAuthorizer`.
    GetAuthorizer(model::GetAuthorizerRequest) -> model::Authorizer;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let id = given.authorizer_id;
        let read = move |mut tree: Tree| tree.authorizers.remove(&id).ok_or_else(none);
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `GetAuthorizers`.
    GetAuthorizers(model::GetAuthorizersRequest) -> model::Authorizers;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "authorizers"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let all = service.tree(cx, &given.rest_api_id, |tree| Ok(tree.authorizers)).await?;
        let (items, position) = page.cut(all.into_values(), |one| one.id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::Authorizers { position, items: Some(items) })
    }
}

operation! {
    /// `UpdateAuthorizer`.
    UpdateAuthorizer(model::UpdateAuthorizerRequest) -> model::Authorizer;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let (id, patches) = (given.authorizer_id, given.patch_operations.unwrap_or_default());
        let change = move |tree: &mut Tree| {
            let place = tree.authorizers.get_mut(&id).ok_or_else(none)?;
            *place = patch::apply(place, &patches, RULES)?;
            check(place)?;
            Ok(place.clone())
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteAuthorizer`: where no method uses it.
    DeleteAuthorizer(model::DeleteAuthorizerRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "authorizers", &asked.authorizer_id])];
    run |given, service, cx| {
        let id = given.authorizer_id;
        let change = move |tree: &mut Tree| {
            if !tree.authorizers.contains_key(&id) {
                return Err(none());
            }
            let mut methods = tree.resources.values().flat_map(|one| one.resource_methods.values());
            if methods.any(|method| method.authorizer_id.as_ref() == Some(&id)) {
                let message = "Cannot delete authorizer, is referenced in one or more methods";
                return Err(errors::conflict(message));
            }
            tree.authorizers.remove(&id);
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

fn none() -> Error {
    errors::not_found("Invalid Authorizer identifier specified")
}

/// Checks an authorizer by itself.
pub(crate) fn check(authorizer: &Authorizer) -> Result<(), Error> {
    let ttl = authorizer.authorizer_result_ttl_in_seconds;
    if ttl.is_some_and(|seconds| !(0..=3600).contains(&seconds)) {
        return Err(errors::bad_request("Authorizer result TTL must be between 0 and 3600 seconds"));
    }
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    match authorizer.kind.as_str() {
        "TOKEN" => {
            let header = source.strip_prefix("method.request.header.");
            if header.is_none_or(|name| name.is_empty() || name.contains(',')) {
                return Err(errors::bad_request(
                    "Identity source must be a request header: method.request.header.<name>",
                ));
            }
        }
        "REQUEST" => {
            // An authorizer whose answers are kept needs to know for whom.
            if source.is_empty() && ttl != Some(0) {
                return Err(errors::bad_request(
                    "Identity Source is required for REQUEST authorizers unless the result is not cached",
                ));
            }
            let known = |part: &str| {
                ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."]
                    .iter()
                    .any(|place| part.starts_with(place))
            };
            if !source.is_empty() && !source.split(',').all(|part| known(part.trim())) {
                return Err(errors::bad_request(format!("Invalid Identity source specified: {source}")));
            }
        }
        "COGNITO_USER_POOLS" => {
            return Err(errors::unsupported("An authorizer of the type COGNITO_USER_POOLS"));
        }
        other => return Err(errors::bad_request(format!("Invalid authorizer type specified: {other}"))),
    }
    if let Some(pattern) = &authorizer.identity_validation_expression {
        let built = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
        built.map_err(|error| {
            errors::bad_request("Invalid identity validation expression specified").with_cause(error)
        })?;
    }
    match Target::parse(authorizer.authorizer_uri.as_deref().unwrap_or_default()) {
        Ok(Target::Lambda(_)) => Ok(()),
        _ => Err(errors::bad_request(
            "Invalid Authorizer URI: it should be arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations",
        )),
    }
}
