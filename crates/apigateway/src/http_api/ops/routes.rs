//! Routes: which requests go where.

use weft_model::apigatewayv2 as model;
use weft_service::Error;

use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids};
use crate::http_api::records::{Api, Route, Tree};
use crate::http_api::state::{merged, new_record};

operation! {
    /// `CreateRoute`.
    CreateRoute(model::CreateRouteRequest) -> model::CreateRouteResult;
    access |asked, scope| [access::post(scope, &["apis", &asked.api_id, "routes"])];
    run |given, service, cx| {
        let id = given.api_id.clone();
        let mut new: Route = new_record(given)?;
        new.route_id = ids::http_part();
        complete(&mut new);
        let make = move |tree: &mut Tree| {
            check(&new, tree)?;
            if tree.routes.len() >= 300 {
                return Err(Error::new("TooManyRequestsException", "Maximum number of routes for this API has been reached"));
            }
            tree.routes.insert(new.route_id.clone(), new.clone());
            Ok((new.route_id.clone(), new.clone()))
        };
        let find = |tree: &mut Tree, id: &str| tree.routes.remove(id);
        shape_of(&service.make_in_http(cx, &id, find, make).await?)
    }
}

operation! {
    /// `GetRoute`.
    GetRoute(model::GetRouteRequest) -> model::GetRouteResult;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "routes", &asked.route_id])];
    run |given, service, cx| {
        let id = given.route_id;
        let read = move |mut tree: Tree| tree.routes.remove(&id).ok_or_else(|| none(&id));
        shape_of(&service.http_tree(cx, &given.api_id, read).await?)
    }
}

operation! {
    /// `GetRoutes`.
    GetRoutes(model::GetRoutesRequest) -> model::GetRoutesResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id, "routes"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let all = service.http_tree(cx, &given.api_id, |tree| Ok(tree.routes)).await?;
        let (items, next_token) = page.cut(all.into_values(), |one| one.route_id.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::GetRoutesResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateRoute`: the members that the request has.
    UpdateRoute(model::UpdateRouteRequest) -> model::UpdateRouteResult;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id, "routes", &asked.route_id])];
    run |given, service, cx| {
        let (api, id) = (given.api_id.clone(), given.route_id.clone());
        let changes = body_of(given);
        let change = move |_: &mut Api, tree: &mut Tree| {
            let known = tree.routes.get(&id).ok_or_else(|| none(&id))?;
            let mut new: Route = merged(known, &changes)?;
            complete(&mut new);
            check(&new, tree)?;
            tree.routes.insert(id.clone(), new.clone());
            Ok(new)
        };
        shape_of(&service.change_http(cx, &api, change).await?)
    }
}

operation! {
    /// `DeleteRoute`.
    DeleteRoute(model::DeleteRouteRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "routes", &asked.route_id])];
    run |given, service, cx| {
        let id = given.route_id;
        let change = move |_: &mut Api, tree: &mut Tree| {
            tree.routes.remove(&id).map(drop).ok_or_else(|| none(&id))
        };
        service.change_http(cx, &given.api_id, change).await
    }
}

fn none(id: &str) -> Error {
    errors::not_found(format!("Invalid Route identifier specified {id}"))
}

/// Fills in what nobody said.
pub(crate) fn complete(route: &mut Route) {
    if route.authorization_type.is_empty() {
        "NONE".clone_into(&mut route.authorization_type);
    }
}

/// Method and path of a route's key; none of `$default`.
pub(crate) fn parts(key: &str) -> Option<(&str, &str)> {
    key.split_once(' ').filter(|(_, path)| path.starts_with('/'))
}

/// Checks a route against the tree that it stands in.
pub(crate) fn check(route: &Route, tree: &Tree) -> Result<(), Error> {
    let key = &route.route_key;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];
    if key != "$default" {
        let valid = parts(key).is_some_and(|(method, path)| {
            let inner = path.trim_matches('/').split('/').rev().skip(1);
            methods.contains(&method) && !inner.into_iter().any(|part| part.ends_with("+}"))
        });
        if !valid {
            return Err(errors::bad_request(format!("Invalid route key specified: {key}")));
        }
    }
    if tree.routes.values().any(|known| known.route_key == *key && known.route_id != route.route_id) {
        return Err(errors::conflict(format!("Route with key {key} already exists for this API")));
    }
    if route.api_key_required {
        return Err(errors::bad_request("apiKeyRequired is not supported for HTTP APIs"));
    }
    let authorizer = route.authorizer_id.as_ref().and_then(|id| tree.authorizers.get(id));
    let kind = authorizer.map(|known| known.authorizer_type.as_str());
    match (route.authorization_type.as_str(), kind) {
        ("NONE" | "AWS_IAM", _) | ("JWT", Some("JWT")) | ("CUSTOM", Some("REQUEST")) => {}
        ("JWT" | "CUSTOM", _) => {
            return Err(errors::bad_request(
                "An authorizer of the route's authorization type is needed: Invalid authorizer ID specified",
            ));
        }
        (other, _) => {
            return Err(errors::bad_request(format!("Invalid authorization type specified: {other}")));
        }
    }
    match route.target.as_deref() {
        None => Ok(()),
        Some(target) => {
            let id = target.strip_prefix("integrations/").unwrap_or_default();
            let known = tree.integrations.contains_key(id);
            if known {
                Ok(())
            } else {
                Err(errors::bad_request(format!("Invalid target specified: {target}")))
            }
        }
    }
}

operation! {
    /// `DeleteRouteSettings`: those of a stage for one route.
    DeleteRouteSettings(model::DeleteRouteSettingsRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "stages", &asked.stage_name, "routesettings", &access::encoded(&asked.route_key)])];
    run |given, service, cx| {
        let key = given.route_key;
        let change = move |stage: &mut crate::http_api::records::Stage| {
            let removed = stage.route_settings.remove(&key);
            removed.map(drop).ok_or_else(|| errors::not_found(format!("Invalid route key specified {key}")))
        };
        service.change_http_stage(cx, &given.api_id, &given.stage_name, change).await.map(drop)
    }
}
