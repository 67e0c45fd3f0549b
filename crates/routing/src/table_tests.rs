//! Routes found and not found.

use proptest::prelude::*;

use super::*;
use crate::host_of;

fn route(app: &str, workload: &str, host: Option<&str>, path: &str) -> Route<&'static str> {
    Route {
        app: AppName::parse(app).unwrap(),
        workload: WorkloadName::parse(workload).unwrap(),
        host: HostPattern::parse(host).unwrap(),
        path: path.to_owned(),
        methods: Vec::new(),
        auth: Auth::None,
        strip_prefix: false,
        claimed: 0,
        target: "",
    }
}

fn exposed(app: &str, workload: &str) -> Exposed<&'static str> {
    Exposed {
        app: AppName::parse(app).unwrap(),
        workload: WorkloadName::parse(workload).unwrap(),
        auth: Auth::None,
        target: "",
    }
}

fn shop() -> (Routes<&'static str>, Vec<Problem>) {
    let exposed = vec![exposed("shop", "web"), exposed("shop", "orders"), exposed("blog", "web")];
    let stripped = Route { strip_prefix: true, ..route("shop", "orders", None, "/api/orders/") };
    let reader = Route { methods: vec!["GET".into()], ..route("shop", "reader", None, "/api") };
    let writer =
        Route { methods: vec!["POST".into(), "PUT".into()], ..route("shop", "writer", None, "/api") };
    let late = Route { claimed: 9, ..route("blog", "web", None, "/") };
    let routes = vec![
        late,
        route("shop", "web", None, "/"),
        stripped,
        reader,
        writer,
        route("shop", "exact", Some("Shop.example.com"), "/"),
        route("shop", "below", Some("*.example.com"), "/"),
        route("shop", "deep", Some("*.eu.example.com"), "/only"),
        route("blog", "web", Some("weft.localhost"), "/"),
        route("blog", "web", Some("*.localhost"), "/"),
        route("blog", "web", None, "/%zz"),
    ];
    Routes::build(exposed, routes)
}

#[track_caller]
fn check(routes: &Routes<&'static str>, request: &str, want: &str) {
    let mut words = request.split(' ');
    let (method, authority, raw) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let path = Path::parse(raw).unwrap();
    let got = match routes.find(&host_of(authority), method, &path) {
        Ok(found) => {
            format!("{}/{} {} {}", found.route.app, found.route.workload, found.path, found.prefix)
        }
        Err(missing) => format!("{missing:?}"),
    };
    assert_eq!(got.trim_end(), want, "{request}");
}

#[test]
fn requests_find_their_routes() {
    let (routes, _) = shop();
    for (request, want) in [
        ("GET 127.0.0.1:4566 /", "shop/web /"),
        ("GET localhost:4566 /x", "shop/web /x"),
        ("GET [::1]:4566 /x", "shop/web /x"),
        ("GET weft.localhost /x", "shop/web /x"),
        ("GET any.thing /x", "shop/web /x"),
        ("GET localhost /api/orders", "shop/orders / /api/orders"),
        ("GET localhost /api/orders/7", "shop/orders /7 /api/orders"),
        ("GET localhost /api//orders/7", "shop/orders /7 /api/orders"),
        ("GET localhost /api/%6frders/7?", "shop/orders /7? /api/orders"),
        ("GET localhost /api/orders/../x", "shop/reader /api/x"),
        ("GET localhost /api/ordersx", "shop/reader /api/ordersx"),
        ("GET localhost /apix", "shop/web /apix"),
        ("PUT localhost /api/x", "shop/writer /api/x"),
        ("DELETE localhost /api/x", "shop/web /api/x"),
        ("GET web.shop.weft.localhost:4566 /api/orders/7", "shop/web /api/orders/7"),
        ("GET orders.shop.weft.localhost /", "shop/orders /"),
        ("GET ORDERS.shop.Weft.localhost. /", "shop/orders /"),
        ("GET web.blog.weft.localhost /", "blog/web /"),
        ("GET shop.weft.localhost /api/orders/7", "shop/orders /7 /api/orders"),
        ("GET shop.weft.localhost /", "shop/web /"),
        ("GET blog.weft.localhost /", "blog/web /"),
        ("GET none.shop.weft.localhost /", "Route"),
        ("GET none.weft.localhost /", "Route"),
        ("GET web.shop.weft.localhost /_weft/shop/orders/x", "shop/web /_weft/shop/orders/x"),
        ("GET localhost /_weft/shop/orders", "shop/orders / /_weft/shop/orders"),
        ("GET localhost /_weft/shop/orders/a/b", "shop/orders /a/b /_weft/shop/orders"),
        ("GET localhost /_weft/shop/none/a", "Route"),
        ("GET localhost /_weft/shop", "Route"),
        ("GET localhost /_weftshop/orders/a", "shop/web /_weftshop/orders/a"),
        ("GET shop.example.com /", "shop/exact /"),
        ("GET www.example.com /", "shop/below /"),
        ("GET a.b.example.com /", "shop/below /"),
        ("GET a.eu.example.com /only/x", "shop/deep /only/x"),
        ("GET a.eu.example.com /", "Route"),
        ("GET example.com /", "shop/web /"),
    ] {
        check(&routes, request, want);
    }
}

#[test]
fn a_method_that_nothing_takes_is_told_from_a_path_that_nothing_has() {
    let only = Route { methods: vec!["GET".into()], ..route("shop", "web", None, "/a") };
    let (routes, problems) = Routes::build(Vec::new(), vec![only]);
    assert_eq!(problems, []);
    check(&routes, "GET localhost /a/b", "shop/web /a/b");
    check(&routes, "POST localhost /a/b", "Method");
    check(&routes, "GET localhost /b", "Route");
}

#[test]
fn later_and_impossible_claims_are_reported() {
    let (_, problems) = shop();
    let text: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "`/` of app `blog` claims a host of `weft.localhost`, whose names are given by app and workload",
            "`/` of app `blog` claims a host of `weft.localhost`, whose names are given by app and workload",
            "`/%zz` of app `blog` cannot be matched",
            "`/` of app `blog` is shadowed by the older claim of app `shop`",
        ]
    );
}

#[test]
fn a_claim_is_shadowed_only_when_no_method_is_left() {
    let with = |claimed, app, methods: &[&str]| Route {
        claimed,
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        ..route(app, "web", None, "/a")
    };
    let (routes, problems) = Routes::build(
        Vec::new(),
        vec![
            with(1, "a", &["GET"]),
            with(2, "b", &["GET", "POST"]),
            with(3, "c", &["POST"]),
            with(4, "d", &[]),
        ],
    );
    assert_eq!(problems.len(), 1, "{problems:?}");
    check(&routes, "GET localhost /a", "a/web /a");
    check(&routes, "POST localhost /a", "b/web /a");
    check(&routes, "PUT localhost /a", "d/web /a");
}

#[test]
fn no_name_is_a_way_around_a_routes_rule() {
    let strict = Route { auth: Auth::Iam, ..route("shop", "web", None, "/admin") };
    let mild = route("shop", "web", None, "/");
    let (routes, _) = Routes::build(vec![exposed("shop", "web"), exposed("shop", "b")], vec![strict, mild]);
    let auth = |host: &str, raw: &str| {
        let path = Path::parse(raw).unwrap();
        routes.find(host, "GET", &path).unwrap().route.auth
    };
    assert_eq!(auth("localhost", "/"), Auth::None);
    assert_eq!(auth("localhost", "/admin/x"), Auth::Iam);
    assert_eq!(auth("localhost", "//admin/x"), Auth::Iam);
    assert_eq!(auth("localhost", "/x/../%61dmin"), Auth::Iam);
    assert_eq!(auth("web.shop.weft.localhost", "/"), Auth::Iam);
    assert_eq!(auth("localhost", "/_weft/shop/web/"), Auth::Iam);
    assert_eq!(auth("b.shop.weft.localhost", "/"), Auth::None);
}

#[test]
fn own_names_follow_what_the_routes_say_of_the_whole_workload() {
    use Auth::{Iam, None as Public, Unsaid};
    for (routes, expected) in [
        (vec![], Unsaid),
        (vec![("/", Unsaid)], Unsaid),
        (vec![("/", Public)], Public),
        (vec![("/open", Public)], Unsaid),
        (vec![("/", Public), ("/x", Unsaid)], Unsaid),
        (vec![("/", Unsaid), ("/x", Public)], Unsaid),
        (vec![("/", Public), ("/x", Iam)], Iam),
    ] {
        let claims = routes.iter().map(|(path, auth)| Route { auth: *auth, ..route("a", "w", None, path) });
        let own = Exposed { auth: Unsaid, ..exposed("a", "w") };
        let (table, problems) = Routes::build(vec![own], claims.collect());
        assert_eq!(problems, []);
        let path = Path::parse("/_weft/a/w/x").unwrap();
        assert_eq!(table.find("h", "GET", &path).unwrap().route.auth, expected, "{routes:?}");
    }
}

#[test]
fn hosts_belong_to_workloads_or_to_nobody() {
    let (routes, _) = shop();
    for (host, claimed) in [
        ("localhost", false),
        ("127.0.0.1", false),
        ("::1", false),
        ("weft.localhost", false),
        ("shop.weft.localhost", true),
        ("none.weft.localhost", true),
        ("shop.example.com", true),
        ("x.example.com", true),
        ("example.com", false),
        ("evilexample.com", false),
        ("evilweft.localhost", false),
    ] {
        assert_eq!(routes.claims_host(host), claimed, "{host}");
    }
}

#[test]
fn host_patterns_are_names_or_suffixes() {
    for (text, want) in [
        (None, Some(HostPattern::Any)),
        (Some("*"), Some(HostPattern::Any)),
        (Some("A.example.com"), Some(HostPattern::Exact("a.example.com".into()))),
        (Some("*.Example.com"), Some(HostPattern::Below("example.com".into()))),
        (Some("localhost"), Some(HostPattern::Exact("localhost".into()))),
        (Some(""), None),
        (Some("a..b"), None),
        (Some("a.*.b"), None),
        (Some("*a.b"), None),
        (Some("a b"), None),
        (Some("a:80"), None),
        (Some("-a.b"), None),
        (Some("/a"), None),
    ] {
        assert_eq!(HostPattern::parse(text).ok(), want, "{text:?}");
    }
}

proptest! {
    #[test]
    fn the_longest_prefix_wins(
        paths in proptest::collection::btree_set("(/[ab]){0,3}", 1..6),
        request in "(/[ab]){1,5}/?",
    ) {
        let routes = paths.iter().map(|path| route("shop", "web", None, if path.is_empty() { "/" } else { path }));
        let (table, problems) = Routes::build(Vec::new(), routes.collect());
        prop_assert!(problems.is_empty());
        let plain = request.trim_end_matches('/');
        let want = paths
            .iter()
            .filter(|path| plain == path.as_str() || plain.starts_with(&format!("{path}/")))
            .max_by_key(|path| path.len());
        let path = Path::parse(&request).unwrap();
        let got = table.find("localhost", "GET", &path).ok();
        prop_assert_eq!(got.map(|found| found.route.path.trim_end_matches('/').to_owned()), want.cloned());
    }

    #[test]
    fn no_request_reaches_a_route_that_its_resolved_path_does_not_have(
        request in "/[ab./%2eEfF]{0,16}",
    ) {
        let (table, _) = Routes::build(Vec::new(), vec![route("shop", "web", None, "/a")]);
        if let Ok(path) = Path::parse(&request)
            && let Ok(found) = table.find("localhost", "GET", &path) {
                let again = Path::parse(found.path).unwrap();
                prop_assert!(again.key() == "/a" || again.key().starts_with("/a/"), "{}", again.key());
            }
    }
}
