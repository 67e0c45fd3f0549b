//! What requests are taken for.

use weft_routing::{Auth, Exposed, HostPattern};
use weft_types::{AppName, WorkloadName};

use super::*;

fn table(with_root: bool) -> Routes<()> {
    let app = AppName::parse("shop").unwrap();
    let workload = WorkloadName::parse("web").unwrap();
    let route = |host: Option<&str>, path: &str| Route {
        app: app.clone(),
        workload: workload.clone(),
        host: HostPattern::parse(host).unwrap(),
        path: path.to_owned(),
        methods: Vec::new(),
        auth: Auth::None,
        strip_prefix: false,
        claimed: 0,
        target: (),
    };
    let exposed = Exposed { app: app.clone(), workload: workload.clone(), auth: Auth::None, target: () };
    let root = if with_root { "/" } else { "/app" };
    let (routes, problems) =
        Routes::build(vec![exposed], vec![route(None, root), route(Some("shop.example.com"), "/")]);
    assert_eq!(problems, []);
    routes
}

const ANSWERS: &str = "cloudformation-custom-resource-response-us-east-1";

/// `request` is a method, a host, a target and headers, split by spaces; `|` stands for a space in a header.
fn class_of(request: &str, edge: bool, with_root: bool) -> String {
    let mut words = request.split(' ');
    let mut builder = http::Request::builder().method(words.next().unwrap());
    let host = words.next().unwrap();
    builder = builder.uri(words.next().unwrap());
    if host != "-" {
        builder = builder.header("host", host);
    }
    for header in words {
        let (name, value) = header.split_once(':').unwrap();
        builder = builder.header(name, value.replace('|', " "));
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    shown(&classify(&parts, &table(with_root), edge, &|name| name == "photos"))
}

fn shown(class: &Class<()>) -> String {
    match class {
        Class::FunctionUrl(place) => format!("url {}", place.id),
        Class::Registry => "images".to_owned(),
        Class::Download => "download".into(),
        Class::Execute(_) => "execute".into(),
        Class::StackResponse => "answer".into(),
        Class::Api => "api".into(),
        Class::Bucket => "bucket".into(),
        Class::PerhapsQuery(otherwise) => format!("query? {}", shown(otherwise)),
        Class::Workload(target) => {
            let uri = target.uri.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("workload {uri} {}", target.prefix).split_whitespace().collect::<Vec<_>>().join(" ")
        }
        Class::Nowhere(missing) => format!("{missing:?}"),
        Class::Bad(_) | Class::BadPath(_) => "bad".into(),
    }
}

const V4: &str =
    "authorization:AWS4-HMAC-SHA256|Credential=AK/20260101/us-east-1/lambda/aws4_request,|Signature=x";

#[test]
fn requests_are_told_apart() {
    let own = "web.shop.weft.localhost:4566";
    for (request, want) in [
        // Signed calls, whatever their path.
        (format!("GET 127.0.0.1:4566 / {V4}"), "api"),
        (format!("POST localhost:4566 /2015-03-31/functions {V4}"), "api"),
        (format!("GET [::1]:4566 /app {V4}"), "api"),
        (format!("PUT localhost /bucket/a//../%2e%zz {V4}"), "api"),
        (format!("GET lambda.us-east-1.amazonaws.com /x {V4}"), "api"),
        (format!("GET weft.localhost /x {V4}"), "api"),
        (format!("GET bucket.s3.localhost:4566 /key {V4}"), "api"),
        ("GET localhost /b authorization:AWS|AKID:c2ln".into(), "api"),
        ("GET localhost / authorization:AWS4-ECDSA-P256-SHA256|Credential=x".into(), "api"),
        ("GET localhost /b/k?X-Amz-Signature=x&X-Amz-Date=y".into(), "api"),
        ("GET localhost /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256".into(), "api"),
        ("GET localhost /b/k?AWSAccessKeyId=a&Signature=b&Expires=1".into(), "api"),
        ("POST localhost / x-amz-target:Logs_20140328.DescribeLogGroups".into(), "api"),
        ("GET localhost /?Action=GetCallerIdentity&Version=2011-06-15".into(), "api"),
        ("GET localhost /?Version=2011-06-15&Action=GetCallerIdentity".into(), "api"),
        // Nearly so.
        ("GET localhost / authorization:Bearer|AWS4-x".into(), "workload"),
        ("GET localhost / authorization:Basic|QVdTOng=".into(), "workload"),
        ("GET localhost / authorization:AWS".into(), "workload"),
        ("GET localhost / authorization:AWSome|a:b".into(), "workload"),
        ("GET localhost / authorization:AWS|token".into(), "workload"),
        ("GET localhost / authorization:Digest|username=AWS4-HMAC-SHA256".into(), "workload"),
        ("GET localhost /?AWSAccessKeyId=a".into(), "workload"),
        ("GET localhost /?q=X-Amz-Signature".into(), "workload"),
        ("GET localhost /?x-amz-signature=a".into(), "workload"),
        ("GET localhost /?NotX-Amz-Signature=a".into(), "workload"),
        ("GET localhost /?Action=Run".into(), "workload"),
        ("GET localhost /?Action=&Version=2011-06-15".into(), "workload"),
        ("GET localhost /?Action=Run&Version=v1".into(), "workload"),
        ("GET localhost /x?Action=Run&Version=2011-06-15".into(), "workload"),
        ("GET localhost / x-amz-date:20260101T000000Z".into(), "workload"),
        ("GET localhost / x-amzn-trace-id:Root=1".into(), "workload"),
        // Forms may be query-protocol calls: their bodies tell.
        ("POST localhost / content-type:application/x-www-form-urlencoded".into(), "query? workload"),
        (
            "POST localhost / content-type:Application/X-WWW-Form-Urlencoded;|charset=utf-8".into(),
            "query? workload",
        ),
        ("POST localhost /x content-type:application/x-www-form-urlencoded".into(), "workload"),
        ("PUT localhost / content-type:application/x-www-form-urlencoded".into(), "workload"),
        ("POST localhost / content-type:application/json".into(), "workload"),
        ("POST localhost / content-type:application/x-www-form-urlencodedx".into(), "workload"),
        (format!("POST {own} / content-type:application/x-www-form-urlencoded"), "workload"),
        // Hosts that are workloads' win over signatures.
        (format!("GET {own} / {V4}"), "workload"),
        (format!("POST {own} / x-amz-target:x"), "workload"),
        (format!("GET {own} /?X-Amz-Signature=x"), "workload"),
        (format!("GET shop.example.com / {V4}"), "workload"),
        (format!("GET SHOP.example.com:80 / {V4}"), "workload"),
        (format!("GET shop.weft.localhost / {V4}"), "workload"),
        (format!("GET none.shop.weft.localhost / {V4}"), "Route"),
        // So does the path form.
        (format!("GET localhost /_weft/shop/web/a?b=c {V4}"), "workload /a?b=c /_weft/shop/web"),
        ("GET localhost /_weft/shop/web".into(), "workload / /_weft/shop/web"),
        ("GET 10.0.0.7:4566 /_weft/shop/web/".into(), "workload / /_weft/shop/web"),
        // Downloads have the hosts of the APIs.
        ("GET localhost /_weft/_code/ab?expires=1&signature=x".into(), "download"),
        ("PUT 10.0.0.7:4566 /_weft/_code/".into(), "download"),
        (format!("GET {own} /_weft/_code/ab"), "workload"),
        ("GET localhost /x/../_weft/_code/ab".into(), "Route"),
        // Answers of custom resources have a host of their own, with or without a port, and are put.
        (format!("PUT {ANSWERS}.s3.localhost /arn%7CA%7Cb?X-Amz-Signature=x content-type:"), "answer"),
        (format!("PUT {ANSWERS}.s3.localhost:4566 /"), "answer"),
        (format!("GET {ANSWERS}.s3.localhost /?X-Amz-Signature=x"), "api"),
        (format!("PUT x.{ANSWERS}.s3.localhost /"), "bucket"),
        // So has the registry of images, for its own paths.
        ("GET localhost /v2/".into(), "images"),
        ("PUT 10.0.0.7:4566 /v2/team/app/manifests/latest".into(), "images"),
        ("POST 127.0.0.1:4566 /v2/app/blobs/uploads/".into(), "images"),
        ("GET localhost /v2/users/7".into(), "workload"),
        ("GET localhost /v2/app/tags".into(), "workload"),
        (format!("GET {own} /v2/"), "workload"),
        // Rewritten and odd URIs.
        ("GET localhost /".into(), "workload"),
        ("GET localhost /a/../b?x".into(), "workload /b?x"),
        ("GET - http://shop.example.com/x?y".into(), "workload /x?y"),
        ("GET evil http://shop.example.com/x".into(), "workload /x"),
        ("GET localhost //a".into(), "workload"),
        // What nobody can answer.
        ("GET - /".into(), "bad"),
        ("GET localhost /%zz".into(), "bad"),
        ("GET localhost /a/..%2fb".into(), "bad"),
        ("GET localhost /%00".into(), "bad"),
        ("OPTIONS localhost *".into(), "bad"),
        ("CONNECT - example.com:443".into(), "bad"),
        ("GET localhost / host:other".into(), "bad"),
    ] {
        assert_eq!(class_of(&request, false, true), want, "{request}");
    }
}

#[test]
fn without_a_route_there_is_nothing() {
    assert_eq!(class_of("GET localhost /", false, false), "Route");
    assert_eq!(class_of("GET localhost /app/x", false, false), "workload");
    assert_eq!(class_of("GET web.shop.weft.localhost /x", false, false), "workload");
    let form = "POST localhost / content-type:application/x-www-form-urlencoded";
    assert_eq!(class_of(form, false, false), "query? Route");
}

#[test]
fn the_edge_serves_routes_and_nothing_else() {
    for (request, want) in [
        (format!("GET localhost / {V4}"), "workload"),
        ("POST localhost / x-amz-target:x".to_owned(), "workload"),
        ("POST localhost / content-type:application/x-www-form-urlencoded".into(), "workload"),
        ("GET shop.example.com /".into(), "workload"),
        ("GET localhost /_weft/shop/web/a".into(), "Route"),
        ("GET localhost //%5fweft/shop/web/a".into(), "Route"),
        ("GET localhost /_weft/_code/ab?expires=1&signature=x".into(), "Route"),
        (format!("PUT {ANSWERS}.s3.localhost /x?X-Amz-Signature=x"), "workload"),
        ("GET localhost /v2/app/manifests/latest".into(), "workload"),
        ("GET web.shop.weft.localhost /".into(), "Route"),
        ("GET shop.weft.localhost /".into(), "Route"),
    ] {
        assert_eq!(class_of(&request, true, true), want, "{request}");
    }
}

#[test]
fn query_calls_are_known_by_two_fields() {
    for (form, want) in [
        ("Action=GetCallerIdentity&Version=2011-06-15", true),
        ("Version=2011-06-15&Action=AssumeRole&RoleArn=x", true),
        ("Action=x", false),
        ("Version=2011-06-15", false),
        ("Action=&Version=2011-06-15", false),
        ("MyAction=x&Version=2011-06-15", false),
        ("", false),
    ] {
        assert_eq!(is_query_call(form.as_bytes()), want, "{form}");
    }
}

#[test]
fn unsigned_requests_are_for_buckets_where_nothing_else_claims_them() {
    let check = |request: &str, with_root: bool, expected: &str| {
        assert_eq!(class_of(request, false, with_root), expected, "{request}");
    };
    check("GET photos.s3.localhost /a", false, "bucket");
    check("GET other.s3.localhost /a", false, "bucket");
    check("GET s3.us-east-1.amazonaws.com /other/a", false, "bucket");
    check("GET photos.localhost:4566 /a", false, "bucket");
    check("GET other.localhost:4566 /a", false, "Route");
    check("GET 127.0.0.1:4566 /photos/a/../b", false, "bucket");
    check("GET 127.0.0.1:4566 /photos/%zz", false, "bucket");
    check("GET 127.0.0.1:4566 /other/a", false, "Route");
    check("GET 127.0.0.1:4566 /photos/a", true, "workload");
    assert_eq!(class_of("GET photos.s3.localhost /a", true, false), "Route", "not at the edge");
}
