//! Layers are published, used and outlived.

use serde_json::Value;
use weft_model::lambda as model;
use weft_service::testing::Client;
use weft_types::Timestamp;
use weft_wire::ServiceFault;

use super::world::{START, World, create_request, refusal, zip_of};
use crate::LambdaOptions;

const BAD: &str = "InvalidParameterValueException";
const MISSING: &str = "ResourceNotFoundException";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:layer:libs";

fn request(name: &str, files: &[(&str, &[u8])]) -> model::PublishLayerVersionRequest {
    model::PublishLayerVersionRequest {
        layer_name: name.to_owned(),
        content: model::LayerVersionContentInput { zip_file: Some(zip_of(files)), ..Default::default() },
        ..Default::default()
    }
}

async fn publish(world: &World, name: &str, files: &[(&str, &[u8])]) -> String {
    let published: model::PublishLayerVersionResponse =
        world.call("PublishLayerVersion", request(name, files)).await.unwrap();
    published.layer_version_arn.unwrap()
}

async fn delete(world: &World, name: &str, version_number: i64) -> Result<(), ServiceFault> {
    let input = model::DeleteLayerVersionRequest { layer_name: name.to_owned(), version_number };
    world.call("DeleteLayerVersion", input).await
}

async fn get(world: &World, version_number: i64) -> Result<model::GetLayerVersionResponse, ServiceFault> {
    let input = model::GetLayerVersionRequest { layer_name: "libs".to_owned(), version_number };
    world.call("GetLayerVersion", input).await
}

async fn create_with(
    world: &World,
    name: &str,
    layers: &[String],
) -> Result<model::FunctionConfiguration, ServiceFault> {
    let input = model::CreateFunctionRequest { layers: Some(layers.to_vec()), ..create_request(name) };
    world.call("CreateFunction", input).await
}

async fn set_layers(world: &World, layers: &[String]) -> Result<model::FunctionConfiguration, ServiceFault> {
    let input = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        layers: Some(layers.to_vec()),
        ..Default::default()
    };
    world.call("UpdateFunctionConfiguration", input).await
}

/// What `/opt` is for the next invocation.
async fn opt(world: &World, name: &str) -> Option<std::path::PathBuf> {
    world.invoke(name, "1").await.unwrap();
    let revision = world.workers.revisions.lock().unwrap().last().unwrap().clone();
    assert!(revision.mounts.len() <= 1);
    revision.mounts.first().map(|(target, source)| {
        assert_eq!(target, "/opt");
        source.clone()
    })
}

#[tokio::test]
async fn a_version_of_a_layer_is_shown_as_aws_shows_it() {
    let world = World::new();
    let input = model::PublishLayerVersionRequest {
        description: Some("shared".to_owned()),
        license_info: Some("MIT".to_owned()),
        compatible_runtimes: Some(vec!["python3.12".to_owned()]),
        compatible_architectures: Some(vec!["arm64".to_owned()]),
        ..request("libs", &[("python/lib.py", b"x = 1")])
    };
    let published: model::PublishLayerVersionResponse =
        world.call("PublishLayerVersion", input).await.unwrap();
    assert_eq!(published.version, Some(1));
    assert_eq!(published.layer_arn.as_deref(), Some(ARN));
    assert_eq!(published.layer_version_arn, Some(format!("{ARN}:1")));
    assert_eq!(published.created_date.as_deref(), Some("2026-11-24T01:02:03.004+0000"));
    let shown = get(&world.restart(), 1).await.unwrap();
    assert_eq!(shown.content, published.content);
    assert_eq!(shown.license_info.as_deref(), Some("MIT"));
    let by_arn: model::GetLayerVersionResponse = world
        .call("GetLayerVersionByArn", model::GetLayerVersionByArnRequest { arn: format!("{ARN}:1") })
        .await
        .unwrap();
    assert_eq!(by_arn, shown);
    assert_eq!(refusal(get(&world, 2).await).0, MISSING);
    assert_eq!(refusal(get(&world, 0).await).0, BAD);
}

#[tokio::test]
async fn numbers_of_a_layer_are_never_used_again() {
    let world = World::new();
    publish(&world, "libs", &[("a", b"1")]).await;
    publish(&world, "libs", &[("a", b"2")]).await;
    delete(&world, "libs", 2).await.unwrap();
    delete(&world, "libs", 2).await.unwrap();
    delete(&world, "libs", 1).await.unwrap();
    assert_eq!(publish(&world, "libs", &[("a", b"3")]).await, format!("{ARN}:3"));
}

#[tokio::test]
async fn layers_are_laid_over_each_other_in_order() {
    let world = World::new();
    let first = publish(&world, "first", &[("python/a.py", b"1"), ("python/both.py", b"1")]).await;
    let second = publish(&world, "second", &[("python/b.py", b"2"), ("python/both.py", b"2")]).await;
    create_with(&world, "none", &[]).await.unwrap();
    assert_eq!(opt(&world, "none").await, None);
    create_with(&world, "one", std::slice::from_ref(&first)).await.unwrap();
    let read = |folder: &std::path::Path, name: &str| std::fs::read_to_string(folder.join(name)).ok();
    assert_eq!(read(&opt(&world, "one").await.unwrap(), "python/both.py").as_deref(), Some("1"));
    let shown = create_with(&world, "two", &[first.clone(), second.clone()]).await.unwrap();
    let arns: Vec<_> = shown.layers.unwrap().into_iter().filter_map(|layer| layer.arn).collect();
    assert_eq!(arns, [first.clone(), second.clone()]);
    let both = opt(&world, "two").await.unwrap();
    assert_eq!(read(&both, "python/a.py").as_deref(), Some("1"));
    assert_eq!(read(&both, "python/b.py").as_deref(), Some("2"));
    assert_eq!(read(&both, "python/both.py").as_deref(), Some("2"));
    create_with(&world, "turned", &[second, first]).await.unwrap();
    let turned = opt(&world, "turned").await.unwrap();
    assert_eq!(read(&turned, "python/both.py").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_function_keeps_a_layer_that_was_deleted_and_the_last_takes_it_along() {
    let world = World::new();
    let first = publish(&world, "first", &[("a", b"1")]).await;
    let second = publish(&world, "second", &[("b", b"2")]).await;
    create_with(&world, "hello", &[first.clone(), second]).await.unwrap();
    world.publish("hello").await;
    delete(&world, "first", 1).await.unwrap();
    delete(&world, "second", 1).await.unwrap();
    let later = Timestamp::from_millis(START + 3_600_000);
    assert_eq!(world.lambda.sweep(later).await.unwrap(), 0);
    assert!(opt(&world, "hello").await.unwrap().join("a").exists());
    // Merged again where only the archives are left.
    for entry in std::fs::read_dir(world.folder.path().join("trees")).unwrap() {
        std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    let restarted = world.restart();
    assert!(opt(&restarted, "hello").await.unwrap().join("b").exists());
    assert_eq!(refusal(create_with(&restarted, "other", &[first]).await).0, BAD);
    set_layers(&restarted, &[]).await.unwrap();
    assert_eq!(opt(&restarted, "hello").await, None);
    assert!(opt(&restarted, "hello:1").await.unwrap().join("a").exists());
    let input =
        model::DeleteFunctionRequest { function_name: "hello".to_owned(), qualifier: Some("1".to_owned()) };
    restarted.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input).await.unwrap();
    assert_eq!(restarted.lambda.sweep(later).await.unwrap(), 3);
    assert_eq!(restarted.kept(), (1, 1));
}

#[tokio::test]
async fn code_and_layers_together_have_a_limit() {
    let world = World::with(LambdaOptions { unpacked_bytes_max: 100, ..LambdaOptions::default() });
    let layer = publish(&world, "libs", &[("a", &[0; 60])]).await;
    let other = publish(&world, "more", &[("b", &[0; 60])]).await;
    create_with(&world, "hello", std::slice::from_ref(&layer)).await.unwrap();
    let (code, _, message) = refusal(set_layers(&world, &[layer, other]).await);
    assert_eq!(code, BAD);
    let expected = "Function code combined with layers exceeds the maximum allowed size of 100 bytes. The actual size is";
    assert!(message.starts_with(expected), "{message}");
    let input = model::UpdateFunctionCodeRequest {
        function_name: "hello".to_owned(),
        zip_file: Some(zip_of(&[("app.py", &[b' '; 41])])),
        ..Default::default()
    };
    let refused = world.call::<_, model::FunctionConfiguration>("UpdateFunctionCode", input).await;
    assert!(refusal(refused).2.ends_with("The actual size is 101 bytes."));
    let large = world
        .call::<_, model::PublishLayerVersionResponse>(
            "PublishLayerVersion",
            request("large", &[("a", &[0; 101])]),
        )
        .await;
    assert_eq!(refusal(large).0, BAD);
}

#[tokio::test]
async fn layers_are_listed_by_what_they_are_good_for() {
    let world = World::new();
    for (name, runtime, file) in [
        ("a", "python3.12", "1"),
        ("a", "python3.13", "2"),
        ("b", "nodejs22.x", "3"),
        ("a", "python3.12", "4"),
    ] {
        let input = model::PublishLayerVersionRequest {
            compatible_runtimes: Some(vec![runtime.to_owned()]),
            ..request(name, &[("f", file.as_bytes())])
        };
        world.call::<_, model::PublishLayerVersionResponse>("PublishLayerVersion", input).await.unwrap();
    }
    let layers = async |runtime: Option<&str>| {
        let input =
            model::ListLayersRequest { compatible_runtime: runtime.map(str::to_owned), ..Default::default() };
        let page: model::ListLayersResponse = world.call("ListLayers", input).await.unwrap();
        let show = |layer: model::LayersListItem| {
            (layer.layer_name.unwrap(), layer.latest_matching_version.unwrap().version.unwrap())
        };
        page.layers.unwrap().into_iter().map(show).collect::<Vec<_>>()
    };
    assert_eq!(layers(None).await, [("a".to_owned(), 3), ("b".to_owned(), 1)]);
    assert_eq!(layers(Some("python3.13")).await, [("a".to_owned(), 2)]);
    let (mut numbers, mut marker) = (Vec::new(), None);
    loop {
        let input = model::ListLayerVersionsRequest {
            layer_name: "a".to_owned(),
            compatible_runtime: Some("python3.12".to_owned()),
            max_items: Some(1),
            marker,
            compatible_architecture: None,
        };
        let page: model::ListLayerVersionsResponse = world.call("ListLayerVersions", input).await.unwrap();
        numbers.extend(page.layer_versions.unwrap().into_iter().filter_map(|version| version.version));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(numbers, [3, 1]);
}

#[tokio::test]
async fn a_layer_has_a_policy() {
    let world = World::new();
    publish(&world, "libs", &[("a", b"1")]).await;
    let add = async |sid: &str, revision: Option<String>| {
        let input = model::AddLayerVersionPermissionRequest {
            layer_name: "libs".to_owned(),
            version_number: 1,
            statement_id: sid.to_owned(),
            action: "lambda:GetLayerVersion".to_owned(),
            principal: "111122223333".to_owned(),
            organization_id: None,
            revision_id: revision,
        };
        world.call::<_, model::AddLayerVersionPermissionResponse>("AddLayerVersionPermission", input).await
    };
    let policy = async || {
        let input = model::GetLayerVersionPolicyRequest { layer_name: "libs".to_owned(), version_number: 1 };
        world.call::<_, model::GetLayerVersionPolicyResponse>("GetLayerVersionPolicy", input).await
    };
    assert_eq!(refusal(policy().await).0, MISSING);
    let added = add("a", None).await.unwrap();
    let statement: Value = serde_json::from_str(&added.statement.unwrap()).unwrap();
    assert_eq!(statement["Resource"], format!("{ARN}:1"));
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111122223333:root");
    assert_eq!(refusal(add("b", Some("stale".to_owned())).await).0, "PreconditionFailedException");
    assert_eq!(policy().await.unwrap().revision_id, added.revision_id);
    let input = model::RemoveLayerVersionPermissionRequest {
        layer_name: "libs".to_owned(),
        version_number: 1,
        statement_id: "a".to_owned(),
        revision_id: added.revision_id,
    };
    world.call::<_, ()>("RemoveLayerVersionPermission", input).await.unwrap();
    assert_eq!(refusal(policy().await).0, MISSING);
}

#[tokio::test]
async fn a_layer_of_another_account_needs_a_permission() {
    let world = World::new();
    // An administrator of another account.
    let other = Client::new(&world.client.dispatch, "admin-111122223333", "secret");
    let published: model::PublishLayerVersionResponse = other
        .call(&model::SERVICE, "PublishLayerVersion", request("libs", &[("a", b"theirs")]))
        .await
        .unwrap();
    let foreign = published.layer_version_arn.unwrap();
    assert_eq!(foreign, format!("arn:aws:lambda:us-east-1:111122223333:layer:libs:1"));
    let create = async |name: &str| create_with(&world, name, std::slice::from_ref(&foreign)).await;
    let refused = refusal(create("hello").await);
    assert_eq!((refused.0.as_str(), refused.1), ("AccessDeniedException", 403));
    let input = model::AddLayerVersionPermissionRequest {
        layer_name: "libs".to_owned(),
        version_number: 1,
        statement_id: "a".to_owned(),
        action: "lambda:GetLayerVersion".to_owned(),
        principal: "000000000000".to_owned(),
        ..Default::default()
    };
    let _: model::AddLayerVersionPermissionResponse =
        other.call(&model::SERVICE, "AddLayerVersionPermission", input).await.unwrap();
    create("hello").await.unwrap();
    assert!(opt(&world, "hello").await.unwrap().join("a").exists());
    let own = model::PublishLayerVersionRequest {
        layer_name: "arn:aws:lambda:us-east-1:111122223333:layer:libs".to_string(),
        ..request("libs", &[("a", b"ours")])
    };
    let refused = world.call::<_, model::PublishLayerVersionResponse>("PublishLayerVersion", own).await;
    assert_eq!(refusal(refused).0, "AccessDeniedException");
    let elsewhere = "arn:aws:lambda:eu-west-1:000000000000:layer:libs:1".to_owned();
    assert_eq!(refusal(create_with(&world, "hello", &[elsewhere]).await).0, BAD);
}
