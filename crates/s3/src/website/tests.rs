//! Tests of what websites answer.

use super::*;

fn plain() -> model::WebsiteConfiguration {
    model::WebsiteConfiguration {
        index_document: Some(model::IndexDocument { suffix: "index.html".to_owned() }),
        error_document: Some(model::ErrorDocument { key: "error.html".to_owned() }),
        ..Default::default()
    }
}

fn rule(prefix: Option<&str>, code: Option<&str>, redirect: model::Redirect) -> model::RoutingRule {
    let condition = model::Condition {
        key_prefix_equals: prefix.map(str::to_owned),
        http_error_code_returned_equals: code.map(str::to_owned),
    };
    model::RoutingRule { condition: Some(condition), redirect }
}

#[test]
fn paths_of_folders_show_their_index() {
    let site = Website(plain());
    let check = |path: &str, document: &str, folder: Option<&str>| {
        assert_eq!(site.document(path), document, "{path}");
        assert_eq!(site.folder_document(path).as_deref(), folder, "{path}");
    };
    check("", "index.html", None);
    check("a/", "a/index.html", None);
    check("a", "a", Some("a/index.html"));
    check("a/b.css", "a/b.css", Some("a/b.css/index.html"));
}

#[test]
fn rules_redirect_before_and_after() {
    let rules = vec![
        rule(
            Some("docs/"),
            None,
            model::Redirect { replace_key_prefix_with: Some("documents/".to_owned()), ..Default::default() },
        ),
        rule(
            None,
            Some("404"),
            model::Redirect {
                host_name: Some("other.example".to_owned()),
                protocol: Some("https".to_owned()),
                http_redirect_code: Some("302".to_owned()),
                replace_key_with: Some("gone.html".to_owned()),
                ..Default::default()
            },
        ),
    ];
    let site = Website(model::WebsiteConfiguration { routing_rules: Some(rules), ..plain() });
    let check = |found: Option<Redirect>, expected: Option<(u16, Option<&str>, &str)>| {
        let short = found.as_ref().map(|one| (one.status, one.host.as_deref(), one.key.as_str()));
        assert_eq!(short, expected);
    };
    check(site.before("docs/a"), Some((301, None, "documents/a")));
    check(site.before("a"), None);
    check(site.after("a", 404), Some((302, Some("other.example"), "gone.html")));
    check(site.after("a", 403), None);
    let all = model::RedirectAllRequestsTo { host_name: "new.example".to_owned(), protocol: None };
    let moved = model::WebsiteConfiguration { redirect_all_requests_to: Some(all), ..Default::default() };
    check(Website(moved).before("a/b"), Some((301, Some("new.example"), "a/b")));
}

#[test]
fn redirects_lead_to_encoded_paths() {
    let to = |host: Option<&str>, key: &str| {
        let (host, key) = (host.map(str::to_owned), key.to_owned());
        Redirect { status: 301, protocol: None, host, key }.location("http", "b.s3-website.localhost:1")
    };
    assert_eq!(to(None, "a b/ü"), "http://b.s3-website.localhost:1/a%20b/%C3%BC");
    assert_eq!(to(Some("other.example"), ""), "http://other.example/");
    assert_eq!(key_of_path("/a%20b/%C3%BC").as_deref(), Some("a b/ü"));
    assert_eq!(key_of_path("/%FF"), None);
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let check = |given: model::WebsiteConfiguration, expected: Result<(), &str>| {
        assert_eq!(super::check(&given).map_err(|error| error.code()), expected, "{given:?}");
    };
    let with = |redirect: model::Redirect, code: Option<&str>| model::WebsiteConfiguration {
        routing_rules: Some(vec![rule(None, code, redirect)]),
        ..plain()
    };
    check(plain(), Ok(()));
    check(model::WebsiteConfiguration { index_document: None, ..plain() }, Err("InvalidArgument"));
    let slash = Some(model::IndexDocument { suffix: "a/b".to_owned() });
    check(model::WebsiteConfiguration { index_document: slash, ..plain() }, Err("InvalidArgument"));
    let all = Some(model::RedirectAllRequestsTo { host_name: "h".to_owned(), protocol: None });
    check(model::WebsiteConfiguration { redirect_all_requests_to: all, ..plain() }, Err("InvalidArgument"));
    let both = model::Redirect {
        replace_key_with: Some("a".to_owned()),
        replace_key_prefix_with: Some("b".to_owned()),
        ..Default::default()
    };
    check(with(both, None), Err("InvalidRequest"));
    let code =
        |code: &str| model::Redirect { http_redirect_code: Some(code.to_owned()), ..Default::default() };
    check(with(code("302"), Some("404")), Ok(()));
    check(with(code("304"), None), Err("InvalidRequest"));
    check(with(code("200"), None), Err("InvalidRequest"));
    check(with(code("302"), Some("302")), Err("InvalidRequest"));
}
