//! Archives by the addresses that operations tell.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use weft_model::lambda as model;
use weft_net::collect_limited;

use super::world::{ROLE, World, create_request, zip_of};

/// Status, kind and body of what an address answers.
async fn fetch(world: &World, method: &str, location: &str) -> (u16, String, Bytes) {
    let request = http::Request::builder().method(method).uri(location).body(()).unwrap();
    let (parts, ()): (Parts, ()) = request.into_parts();
    let (head, body) = world.lambda.serve_code(&parts, "id").await.into_parts();
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    let body = collect_limited(body, 1 << 20).await.unwrap();
    if head.status == 200 {
        let size: usize = header("content-length").parse().unwrap();
        assert!(size == body.len() || method == "HEAD" && body.is_empty());
    }
    (head.status.as_u16(), header("content-type"), body)
}

async fn get_function(world: &World, name: &str, qualifier: Option<&str>) -> Option<String> {
    let (function_name, qualifier) = (name.to_owned(), qualifier.map(str::to_owned));
    let input = model::GetFunctionRequest { function_name, qualifier };
    let found: model::GetFunctionResponse = world.call("GetFunction", input).await.unwrap();
    let code = found.code.unwrap();
    assert_eq!(code.repository_type.as_deref(), Some("S3"));
    code.location
}

#[tokio::test]
async fn each_versions_archive_can_be_downloaded_as_it_was_uploaded() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.update_code("hello", b"other").await;
    let first = zip_of(&[("app.py", b"def main(event, context): return event")]);
    let latest = zip_of(&[("app.py", b"other")]);
    let of = async |qualifier| get_function(&world, "hello", qualifier).await.unwrap();
    let (of_first, of_latest) = (of(Some("1")).await, of(None).await);
    assert!(of_first.starts_with("http://127.0.0.1:4566/_weft/_code/"), "by the caller's own host");
    let zip = "application/zip".to_owned();
    assert_eq!(fetch(&world, "GET", &of_first).await, (200, zip.clone(), first.clone()));
    assert_eq!(fetch(&world, "GET", &of_latest).await, (200, zip.clone(), latest));
    assert_eq!(fetch(&world, "HEAD", &of_first).await, (200, zip.clone(), Bytes::new()));
    let restarted = world.restart();
    assert_eq!(fetch(&restarted, "GET", &of_first).await, (200, zip, first), "the secret is durable");
}

#[tokio::test]
async fn a_layers_archive_can_be_downloaded() {
    let world = World::new();
    let archive = zip_of(&[("python/word.py", b"WORD = 1")]);
    let content = model::LayerVersionContentInput { zip_file: Some(archive.clone()), ..Default::default() };
    let input =
        model::PublishLayerVersionRequest { layer_name: "words".to_owned(), content, ..Default::default() };
    let made: model::PublishLayerVersionResponse = world.call("PublishLayerVersion", input).await.unwrap();
    let arn = made.layer_version_arn.unwrap();
    let input = model::GetLayerVersionRequest { layer_name: "words".to_owned(), version_number: 1 };
    let found: model::GetLayerVersionResponse = world.call("GetLayerVersion", input).await.unwrap();
    let input = model::GetLayerVersionByArnRequest { arn };
    let by_arn: model::GetLayerVersionResponse = world.call("GetLayerVersionByArn", input).await.unwrap();
    for content in [made.content, found.content, by_arn.content] {
        let location = content.unwrap().location.unwrap();
        assert_eq!(fetch(&world, "GET", &location).await.2, archive);
    }
}

#[tokio::test]
async fn an_address_ends_and_cannot_be_altered() {
    let world = World::new();
    world.create("hello").await;
    let location = get_function(&world, "hello", None).await.unwrap();
    let refused = async |location: &str| {
        let (status, kind, body) = fetch(&world, "GET", location).await;
        assert_eq!(kind, "application/xml");
        let text = String::from_utf8(body.to_vec()).unwrap();
        let code = text.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0.to_owned();
        (status, code)
    };
    let forged = (403, "SignatureDoesNotMatch".to_owned());
    assert_eq!(refused(&location.replace("expires=1", "expires=2")).await, forged);
    assert_eq!(refused(location.split_once('?').unwrap().0).await, forged);
    let other = World::new();
    other.create("hello").await;
    let others = get_function(&other, "hello", None).await.unwrap();
    assert_eq!(refused(&others).await, forged, "of another installation");
    assert_eq!(fetch(&world, "POST", &location).await.0, 405);
    world.pass(Duration::from_mins(10));
    assert_eq!(fetch(&world, "GET", &location).await.0, 200);
    world.pass(Duration::from_secs(1));
    assert_eq!(refused(&location).await, (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn code_that_is_gone_is_not_found_and_built_code_has_no_archive() {
    let world = World::new();
    world.create("hello").await;
    let location = get_function(&world, "hello", None).await.unwrap();
    std::fs::remove_dir_all(world.folder.path().join("blobs")).unwrap();
    assert_eq!(fetch(&world, "GET", &location).await.0, 404);
    let code = model::FunctionCode {
        s3_bucket: Some("weft-builds".to_owned()),
        s3_key: Some("build-1".to_owned()),
        ..Default::default()
    };
    let request = model::CreateFunctionRequest { code, role: ROLE.to_owned(), ..create_request("built") };
    world.call::<_, model::FunctionConfiguration>("CreateFunction", request).await.unwrap();
    assert_eq!(get_function(&world, "built", None).await, None);
}
