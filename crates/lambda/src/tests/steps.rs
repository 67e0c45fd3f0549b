//! Steps of plans: what is tried again with the same token is made once.

use weft_model::{Shape, lambda as model};
use weft_service::Context;
use weft_service::testing::{deployer, made_once};

use super::world::{World, create_request, zip_of};

async fn check(cx: &Context, operation: &str, input: impl Shape, refusal: Option<&str>) {
    made_once(cx, &model::SERVICE, operation, input, refusal).await;
}

const CONFLICT: Option<&str> = Some("ResourceConflictException");

#[tokio::test]
async fn what_a_step_made_is_given_again_and_another_step_is_refused() {
    let world = World::new();
    let cx = deployer(&world.client).await;
    let function_name = "hello".to_owned();
    check(&cx, "CreateFunction", create_request("hello"), CONFLICT).await;
    let version = model::PublishVersionRequest { function_name: function_name.clone(), ..Default::default() };
    check(&cx, "PublishVersion", version, CONFLICT).await;
    let alias = model::CreateAliasRequest {
        function_name: function_name.clone(),
        name: "live".to_owned(),
        function_version: "1".to_owned(),
        ..Default::default()
    };
    check(&cx, "CreateAlias", alias, CONFLICT).await;
    let permission = model::AddPermissionRequest {
        function_name: function_name.clone(),
        statement_id: "gateway".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "apigateway.amazonaws.com".to_owned(),
        ..Default::default()
    };
    check(&cx, "AddPermission", permission, CONFLICT).await;
    let url = model::CreateFunctionUrlConfigRequest {
        function_name,
        auth_type: "NONE".to_owned(),
        ..Default::default()
    };
    check(&cx, "CreateFunctionUrlConfig", url, CONFLICT).await;
}

#[tokio::test]
async fn a_function_that_a_step_published_is_given_with_its_version_again() {
    let world = World::new();
    let cx = deployer(&world.client).await;
    let input = model::CreateFunctionRequest { publish: Some(true), ..create_request("hello") };
    let first = made_once(&cx, &model::SERVICE, "CreateFunction", input, CONFLICT).await;
    assert_eq!(model::FunctionConfiguration::from_value(first).version.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_step_makes_one_version_of_a_layer_and_another_step_makes_another() {
    let world = World::new();
    let cx = deployer(&world.client).await;
    let layer = model::PublishLayerVersionRequest {
        layer_name: "tools".to_owned(),
        content: model::LayerVersionContentInput {
            zip_file: Some(zip_of(&[("python/tool.py", b"x")])),
            ..Default::default()
        },
        ..Default::default()
    };
    let cx = &cx;
    let mut numbers = Vec::new();
    for step in ["1", "1", "2"] {
        let cx = cx.as_step(weft_service::StepToken::new(step));
        let made: model::PublishLayerVersionResponse =
            cx.call("lambda", "PublishLayerVersion", layer.clone()).await.unwrap();
        numbers.push(made.version);
    }
    assert_eq!(numbers, [Some(1), Some(1), Some(2)]);
    let permission = model::AddLayerVersionPermissionRequest {
        layer_name: "tools".to_owned(),
        version_number: 1,
        statement_id: "all".to_owned(),
        action: "lambda:GetLayerVersion".to_owned(),
        principal: "*".to_owned(),
        ..Default::default()
    };
    check(cx, "AddLayerVersionPermission", permission, CONFLICT).await;
    let signing = model::CreateCodeSigningConfigRequest {
        allowed_publishers: model::AllowedPublishers {
            signing_profile_version_arns: vec![
                "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij".to_owned(),
            ],
        },
        ..Default::default()
    };
    check(cx, "CreateCodeSigningConfig", signing, None).await;
}
