//! What is told of routes that do not say who may use them, where the server can be reached from elsewhere.

use std::net::SocketAddr;

use weft_model::weft::{DescribePlatformRequest, DescribePlatformResponse};
use weft_template::{Auth, Manifest};

use crate::client::Client;
use crate::inventory::App;

/// Routes that are named in a note; of more, the number is told.
const NAMED_MAX: usize = 5;

/// A note on `routes`, none of which says who may use it; nothing where the server is on loopback alone, or does not tell.
pub(crate) async fn note(client: &Client, routes: &[String]) -> Option<String> {
    if routes.is_empty() {
        return None;
    }
    let platform = client.call("weft", "DescribePlatform", DescribePlatformRequest {}).await.ok()?;
    text(routes, &public_addresses(&platform))
}

/// The routes of a manifest that do not say who may use them.
pub(crate) fn unsaid_of_manifest(manifest: &Manifest) -> Vec<String> {
    let services = manifest.services.iter().flat_map(|service| &service.routes);
    let routes = services.chain(manifest.functions.iter().flat_map(|function| &function.routes));
    let unsaid = routes.filter(|route| route.auth == Auth::Unsaid);
    unsaid.map(|route| format!("{}{}", route.host.as_deref().unwrap_or(""), route.path)).collect()
}

/// The routes of apps that do not say who may use them.
pub(crate) fn unsaid_of_apps(apps: &[App]) -> Vec<String> {
    let routes = apps.iter().flat_map(|app| app.routes.iter().map(move |route| (app, route)));
    let unsaid = routes.filter(|(_, route)| route.auth == Auth::Unsaid.as_str());
    unsaid.map(|(app, r)| format!("{}{}", r.host.as_deref().unwrap_or(&app.host), r.path)).collect()
}

/// The edge's addresses, and those of the server's own that are not on loopback.
fn public_addresses(platform: &DescribePlatformResponse) -> Vec<String> {
    let is_public = |url: &&String| {
        let address = url.strip_prefix("http://").and_then(|rest| rest.parse::<SocketAddr>().ok());
        address.is_none_or(|address| !address.ip().to_canonical().is_loopback())
    };
    let own = platform.addresses.iter().flatten().filter(is_public);
    platform.edge_addresses.iter().flatten().chain(own).cloned().collect()
}

fn text(routes: &[String], addresses: &[String]) -> Option<String> {
    if routes.is_empty() || addresses.is_empty() {
        return None;
    }
    let mut named = routes.iter().take(NAMED_MAX).map(|route| format!("`{route}`")).collect::<Vec<_>>();
    if routes.len() > NAMED_MAX {
        named.push(format!("{} more", routes.len() - NAMED_MAX));
    }
    let (is_said, it) = if routes.len() == 1 {
        ("does not say its `auth`", "it")
    } else {
        ("do not say their `auth`", "them")
    };
    Some(format!(
        "note: {} {is_said}, and so answer{} on the server's loopback only, not on {}; write `auth = \"none\"` in weft.toml \
         to make {it} public on purpose",
        named.join(", "),
        if routes.len() == 1 { "s" } else { "" },
        addresses.join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(routes: &[&str], own: &str, edge: &[&str], expected: Option<&str>) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let platform = DescribePlatformResponse {
            addresses: Some(vec![own.to_owned()]),
            edge_addresses: Some(texts(edge)),
            ..Default::default()
        };
        assert_eq!(text(&texts(routes), &public_addresses(&platform)).as_deref(), expected);
    }

    #[test]
    fn what_does_not_say_its_auth_is_named_where_others_can_reach_the_server() {
        let here = "http://127.0.0.1:4566";
        check(&["/"], here, &[], None);
        check(&["/"], "http://[::1]:4566", &[], None);
        check(&[], here, &["http://0.0.0.0:80"], None);
        check(
            &["/"],
            here,
            &["http://127.0.0.1:8080"],
            Some(
                "note: `/` does not say its `auth`, and so answers on the server's loopback only, not on \
                 http://127.0.0.1:8080; write `auth = \"none\"` in weft.toml to make it public on purpose",
            ),
        );
        check(
            &["/1", "/2", "/3", "/4", "/5", "/6", "/7"],
            "http://0.0.0.0:4566",
            &[],
            Some(
                "note: `/1`, `/2`, `/3`, `/4`, `/5`, 2 more do not say their `auth`, and so answer on the server's \
                 loopback only, not on http://0.0.0.0:4566; write `auth = \"none\"` in weft.toml to make them public on \
                 purpose",
            ),
        );
    }
}
