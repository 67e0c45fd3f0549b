//! Tests of what pages may do.

use super::*;

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> model::CORSRule {
    model::CORSRule {
        allowed_origins: list(origins),
        allowed_methods: list(methods),
        allowed_headers: Some(list(headers)),
        ..Default::default()
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = [
        rule(&["http://a.example"], &["PUT"], &["x-amz-*", "Content-Type"]),
        rule(&["http://*.example"], &["GET", "PUT"], &[]),
        model::CORSRule {
            max_age_seconds: Some(9),
            expose_headers: Some(list(&["ETag", "x-amz-request-id"])),
            ..rule(&["*"], &["GET"], &["*"])
        },
    ];
    let check =
        |origin: &str, method: &str, headers: Option<&str>, expected: Option<(&str, &str, Option<&str>)>| {
            let found = answer(&rules, &CorsRequest { origin, method, headers });
            let short =
                found.as_ref().map(|one| (one.origin.as_str(), one.methods.as_str(), one.headers.as_deref()));
            assert_eq!(short, expected, "{origin} {method} {headers:?}");
            assert!(found.is_none_or(|one| one.credentials == (one.origin != "*")));
        };
    let a = "http://a.example";
    check(a, "PUT", Some("X-Amz-Date, content-type"), Some((a, "PUT", Some("x-amz-date, content-type"))));
    check(a, "PUT", None, Some((a, "PUT", None)));
    check(a, "GET", None, Some((a, "GET, PUT", None)));
    check("http://b.example", "PUT", Some("x-amz-date"), None);
    check("http://b.example", "GET", Some("x"), Some(("*", "GET", Some("x"))));
    check("http://other", "GET", None, Some(("*", "GET", None)));
    check("http://other", "DELETE", None, None);
    check("http://.example", "GET", None, Some(("http://.example", "GET, PUT", None)));
    let told = answer(&rules, &CorsRequest { origin: "http://other", method: "GET", headers: None });
    let told = told.map(|one| (one.exposed, one.max_age));
    assert_eq!(told, Some((Some("ETag, x-amz-request-id".to_owned()), Some(9))));
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let check = |rules: Vec<model::CORSRule>, expected: Result<(), &str>| {
        let given = model::CORSConfiguration { cors_rules: rules };
        assert_eq!(super::check(&given).map_err(|error| error.code()), expected, "{given:?}");
    };
    check(vec![rule(&["*"], &["GET"], &["*"])], Ok(()));
    check(Vec::new(), Err("MalformedXML"));
    check(vec![rule(&["*"], &["GET"], &[]); 101], Err("MalformedXML"));
    check(vec![rule(&["*"], &["PATCH"], &[])], Err("InvalidRequest"));
    check(vec![rule(&["http://*.*"], &["GET"], &[])], Err("InvalidRequest"));
    check(vec![rule(&["*"], &["GET"], &["x-*-*"])], Err("InvalidRequest"));
    let exposing = model::CORSRule { expose_headers: Some(list(&["x-*"])), ..rule(&["*"], &["GET"], &[]) };
    check(vec![exposing], Err("InvalidRequest"));
}
