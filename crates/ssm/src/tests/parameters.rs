//! Writing and reading parameters.

use weft_model::ssm as model;
use weft_service::StepToken;
use weft_types::Region;

use super::world::{World, over, plain};
use crate::SsmOptions;

fn secret(name: &str, value: &str) -> model::PutParameterRequest {
    model::PutParameterRequest { r#type: Some("SecureString".to_owned()), ..plain(name, value) }
}

#[tokio::test]
async fn a_parameter_is_found_by_name_version_label_and_arn() {
    let world = World::new().await;
    assert_eq!(world.put(plain("/app/a", "one")).await, Ok((1, "Standard".to_owned())));
    assert_eq!(world.put(over("/app/a", "two")).await, Ok((2, "Standard".to_owned())));
    let label = model::LabelParameterVersionRequest {
        name: "/app/a".to_owned(),
        parameter_version: Some(1),
        labels: vec!["live".to_owned()],
    };
    let _: model::LabelParameterVersionResult = world.call("LabelParameterVersion", label).await.unwrap();
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/a";
    for (name, expected) in [
        ("/app/a", Ok("two")),
        ("/app/a:1", Ok("one")),
        ("/app/a:live", Ok("one")),
        (arn, Ok("two")),
        ("arn:aws:ssm:us-east-1:000000000000:parameter/app/a:1", Ok("one")),
        ("/app/a:3", Err("ParameterVersionNotFound")),
        ("/app/a:none", Err("ParameterVersionNotFound")),
        ("app/a", Err("ParameterNotFound")),
        ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", Err("ParameterNotFound")),
    ] {
        let found = world.value(name).await;
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
    }
    let found = world.parameter("/app/a:live", false).await.unwrap();
    assert_eq!((found.selector.as_deref(), found.arn.as_deref()), (Some(":live"), Some(arn)));
}

#[tokio::test]
async fn two_names_with_one_arn_are_never_there_together() {
    let world = World::new().await;
    world.put(plain("a", "one")).await.unwrap();
    assert_eq!(world.put(plain("/a", "two")).await, Err("ParameterAlreadyExists".to_owned()));
    assert_eq!(world.put(over("/a", "two")).await, Err("ParameterAlreadyExists".to_owned()));
    assert_eq!(world.value("a").await.as_deref(), Ok("one"));
}

#[tokio::test]
async fn a_secret_is_sealed_where_it_is_stored_and_opens_after_a_restart() {
    let world = World::new().await;
    world.put(secret("/s", "hidden")).await.unwrap();
    let shown = world.parameter("/s", false).await.unwrap().value.unwrap();
    assert!(!shown.contains("hidden"));
    assert_eq!(world.describe("/s").await.key_id.as_deref(), Some("alias/aws/ssm"));
    let world = world.restarted().await;
    assert_eq!(world.value("/s").await.as_deref(), Ok("hidden"));
    let world = world.without_keys().await;
    assert_eq!(world.value("/s").await, Err("InternalFailure".to_owned()));
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let world = World::new().await;
    world.put(plain("/a", "v")).await.unwrap();
    let tags = Some(vec![model::Tag { key: "k".to_owned(), value: "v".to_owned() }]);
    let with = |change: fn(&mut model::PutParameterRequest)| {
        let mut input = plain("/new", "v");
        change(&mut input);
        input
    };
    for (input, expected) in [
        (plain("/a", "v"), "ParameterAlreadyExists"),
        (over("/none", "v"), "ValidationException"),
        (
            model::PutParameterRequest { overwrite: Some(true), ..secret("/a", "v") },
            "HierarchyTypeMismatchException",
        ),
        (model::PutParameterRequest { tags, ..over("/a", "v") }, "ValidationException"),
        (with(|put| put.value = String::new()), "ValidationException"),
        (with(|put| put.value = "v".repeat(4097)), "ValidationException"),
        (with(|put| put.value = "{{ssm:/a}}".to_owned()), "ValidationException"),
        (with(|put| put.allowed_pattern = Some("^x$".to_owned())), "ParameterPatternMismatchException"),
        (with(|put| put.allowed_pattern = Some("(".to_owned())), "InvalidAllowedPatternException"),
        (with(|put| put.data_type = Some("aws:ec2:image".to_owned())), "ValidationException"),
        (with(|put| put.key_id = Some("alias/mine".to_owned())), "ValidationException"),
        (with(|put| put.policies = Some(r#"[{"Type":"Expiration"}]"#.to_owned())), "ValidationException"),
        (
            model::PutParameterRequest { key_id: Some("alias/mine".to_owned()), ..secret("/new", "v") },
            "InvalidKeyId",
        ),
    ] {
        assert_eq!(world.put(input.clone()).await, Err(expected.to_owned()), "{input:?}");
    }
}

#[tokio::test]
async fn what_a_new_version_does_not_say_stays() {
    let world = World::new().await;
    let first = model::PutParameterRequest {
        description: Some("about".to_owned()),
        allowed_pattern: Some("^[a-z]+$".to_owned()),
        ..plain("/a", "v")
    };
    world.put(first).await.unwrap();
    assert_eq!(world.put(over("/a", "9")).await, Err("ParameterPatternMismatchException".to_owned()));
    let freed = model::PutParameterRequest { allowed_pattern: Some(String::new()), ..over("/a", "9") };
    world.put(freed).await.unwrap();
    let found = world.describe("/a").await;
    assert_eq!((found.description.as_deref(), found.allowed_pattern), (Some("about"), None));
    assert_eq!((found.version, found.r#type.as_deref()), (Some(2), Some("String")));
}

#[tokio::test]
async fn tiers_have_their_limits() {
    let world = World::with(SsmOptions { standard_max: 1, advanced_max: 2 }).await;
    let tiered = |name: &str, tier: &str, length: usize| model::PutParameterRequest {
        tier: Some(tier.to_owned()),
        ..plain(name, &"v".repeat(length))
    };
    let advanced = |version| Ok((version, "Advanced".to_owned()));
    let full = || Err("ParameterLimitExceeded".to_owned());
    assert_eq!(world.put(tiered("/a", "Standard", 4096)).await, Ok((1, "Standard".to_owned())));
    assert_eq!(world.put(tiered("/b", "Standard", 1)).await, full());
    assert_eq!(world.put(tiered("/b", "Intelligent-Tiering", 1)).await, advanced(1));
    let longer =
        model::PutParameterRequest { tier: Some("Advanced".to_owned()), ..over("/a", &"v".repeat(8192)) };
    assert_eq!(world.put(longer).await, advanced(2));
    assert_eq!(world.put(tiered("/c", "Advanced", 1)).await, full());
    assert_eq!(world.put(tiered("/c", "Standard", 1)).await, Ok((1, "Standard".to_owned())));
    let back = model::PutParameterRequest { tier: Some("Standard".to_owned()), ..over("/a", "v") };
    assert_eq!(world.put(back).await, Err("ValidationException".to_owned()));
    assert_eq!(world.put(over("/a", "v")).await, advanced(3));
    let all = model::DeleteParametersRequest { names: ["/a", "/b", "/x"].map(str::to_owned).to_vec() };
    let deleted: model::DeleteParametersResult = world.call("DeleteParameters", all).await.unwrap();
    assert_eq!(deleted.deleted_parameters.unwrap(), ["/a", "/b"]);
    assert_eq!(deleted.invalid_parameters.unwrap(), ["/x"]);
    assert_eq!(world.put(tiered("/d", "Advanced", 1)).await, advanced(1));
}

#[tokio::test]
async fn several_are_read_at_once_and_what_is_not_there_is_named() {
    let world = World::new().await;
    world.put(plain("/a", "one")).await.unwrap();
    world.put(secret("/s", "hidden")).await.unwrap();
    let names = ["/s", "/a:1", "/a:7", "/none"].map(str::to_owned).to_vec();
    let input = model::GetParametersRequest { names, with_decryption: Some(true) };
    let found: model::GetParametersResult = world.call("GetParameters", input).await.unwrap();
    let values: Vec<_> = found.parameters.unwrap().into_iter().map(|found| found.value.unwrap()).collect();
    assert_eq!(values, ["hidden", "one"]);
    assert_eq!(found.invalid_parameters.unwrap(), ["/a:7", "/none"]);
}

#[tokio::test]
async fn a_step_that_is_taken_again_gives_the_version_that_it_made() {
    let world = World::new().await;
    let region = Region::default();
    let cx = world.client.dispatch.context_for_key("cloudformation", "admin", None, region).await.unwrap();
    let step = |text: &str| cx.as_step(StepToken::new(text));
    for (token, input, expected) in [
        ("stack/1", plain("/a", "one"), Ok(1)),
        ("stack/1", plain("/a", "one"), Ok(1)),
        ("stack/2", plain("/a", "one"), Err("ParameterAlreadyExists")),
        ("stack/3", over("/a", "two"), Ok(2)),
        ("stack/3", over("/a", "two"), Ok(2)),
    ] {
        let made: Result<model::PutParameterResult, _> = step(token).call("ssm", "PutParameter", input).await;
        let made = made.map(|made| made.version.unwrap()).map_err(|error| error.code());
        assert_eq!(made, expected, "{token}");
    }
}
