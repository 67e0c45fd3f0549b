//! URLs, asynchronous invocation, recursion, runtime updates and code signing: what is set is shown.

use weft_model::lambda as model;
use weft_wire::ServiceFault;

use super::world::{World, create_request, refusal, zip_of};

const BAD: &str = "InvalidParameterValueException";
const MISSING: &str = "ResourceNotFoundException";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

fn name() -> String {
    "hello".to_owned()
}

async fn put_event_invoke(
    world: &World,
    retries: Option<i32>,
    on_failure: Option<&str>,
    operation: &str,
) -> Result<model::FunctionEventInvokeConfig, ServiceFault> {
    let on_failure = on_failure.map(|arn| model::OnFailure { destination: Some(arn.to_owned()) });
    let input = model::PutFunctionEventInvokeConfigRequest {
        function_name: name(),
        maximum_retry_attempts: retries,
        destination_config: on_failure
            .map(|place| model::DestinationConfig { on_failure: Some(place), ..Default::default() }),
        ..Default::default()
    };
    world.call(operation, input).await
}

#[tokio::test]
async fn asynchronous_invocation_is_set_changed_and_removed() {
    let world = World::new();
    world.create("hello").await;
    let put = "PutFunctionEventInvokeConfig";
    let queue = "arn:aws:sqs:us-east-1:000000000000:failed";
    let set = put_event_invoke(&world, Some(0), Some(queue), put).await.unwrap();
    assert_eq!(set.function_arn, Some(format!("{ARN}:$LATEST")));
    assert_eq!(set.maximum_retry_attempts, Some(0));
    let update = "UpdateFunctionEventInvokeConfig";
    let changed = put_event_invoke(&world, Some(1), None, update).await.unwrap();
    let failed = changed.destination_config.unwrap().on_failure.unwrap();
    assert_eq!((changed.maximum_retry_attempts, failed.destination.as_deref()), (Some(1), Some(queue)));
    let replaced = put_event_invoke(&world, Some(2), None, put).await.unwrap();
    assert_eq!(replaced.destination_config.unwrap().on_failure.unwrap().destination, None);
    let input = model::ListFunctionEventInvokeConfigsRequest { function_name: name(), ..Default::default() };
    let page: model::ListFunctionEventInvokeConfigsResponse =
        world.call("ListFunctionEventInvokeConfigs", input).await.unwrap();
    assert_eq!(page.function_event_invoke_configs.unwrap().len(), 1);
    let input = || model::DeleteFunctionEventInvokeConfigRequest { function_name: name(), qualifier: None };
    world.call::<_, ()>("DeleteFunctionEventInvokeConfig", input()).await.unwrap();
    let again = world.call::<_, ()>("DeleteFunctionEventInvokeConfig", input()).await;
    let message = format!("The function {ARN}:$LATEST doesn't have an EventInvokeConfig");
    assert_eq!(refusal(again), (MISSING.to_owned(), 404, message));
}

#[tokio::test]
async fn an_event_goes_only_where_it_can() {
    let world = World::new();
    world.create("hello").await;
    let put = async |arn: &str| {
        let done = put_event_invoke(&world, None, Some(arn), "PutFunctionEventInvokeConfig").await;
        done.map_err(|fault| fault.code).map(drop)
    };
    assert_eq!(put("arn:aws:sns:us-east-1:000000000000:topic").await, Ok(()));
    assert_eq!(put("arn:aws:s3:::bucket").await, Ok(()));
    assert_eq!(put("arn:aws:dynamodb:us-east-1:000000000000:table/t").await, Err(BAD.to_owned()));
    assert_eq!(put("arn:aws:sqs:us-east-1:000000000000:q.fifo").await, Err(BAD.to_owned()));
    assert_eq!(put(ARN).await, Err(BAD.to_owned()));
    let nothing = put_event_invoke(&world, None, None, "PutFunctionEventInvokeConfig").await;
    assert_eq!(refusal(nothing).0, BAD);
}

#[tokio::test]
async fn a_url_is_given_shown_changed_and_taken() {
    let world = World::new();
    world.create("hello").await;
    world.lambda.set_port(8080);
    let create = async |qualifier: Option<&str>| {
        let cors = model::Cors { allow_origins: Some(vec!["*".to_owned()]), ..Default::default() };
        let input = model::CreateFunctionUrlConfigRequest {
            function_name: name(),
            qualifier: qualifier.map(str::to_owned),
            auth_type: "NONE".to_owned(),
            cors: Some(cors),
            invoke_mode: None,
        };
        world.call::<_, model::CreateFunctionUrlConfigResponse>("CreateFunctionUrlConfig", input).await
    };
    let made = create(None).await.unwrap();
    let url = made.function_url.unwrap();
    let id = url.strip_prefix("http://").unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(url, format!("http://{id}.lambda-url.us-east-1.localhost:8080/"));
    assert_eq!(id.len(), 32);
    assert_eq!(made.invoke_mode.as_deref(), Some("BUFFERED"));
    assert_eq!(refusal(create(None).await).0, "ResourceConflictException");
    assert_eq!(refusal(create(Some("live")).await).0, MISSING);
    let input = model::UpdateFunctionUrlConfigRequest {
        function_name: name(),
        auth_type: Some("AWS_IAM".to_owned()),
        ..Default::default()
    };
    let changed: model::UpdateFunctionUrlConfigResponse =
        world.call("UpdateFunctionUrlConfig", input).await.unwrap();
    assert_eq!(changed.auth_type.as_deref(), Some("AWS_IAM"));
    assert!(changed.cors.is_some());
    assert_eq!(changed.function_url.as_deref(), Some(url.as_str()));
    let by_id = world.lambda.functions.url_by_id(&id).await.unwrap();
    assert_eq!(by_id.map(|(function, url)| (function.key.name, url.signed)), Some((name(), true)));
    let input = model::DeleteFunctionUrlConfigRequest { function_name: name(), qualifier: None };
    world.call::<_, ()>("DeleteFunctionUrlConfig", input.clone()).await.unwrap();
    assert_eq!(refusal(world.call::<_, ()>("DeleteFunctionUrlConfig", input).await).0, MISSING);
    assert_eq!(world.lambda.functions.url_by_id(&id).await.unwrap(), None);
}

#[tokio::test]
async fn urls_go_with_their_function() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.create_alias("hello", "live", "1").await.unwrap();
    for qualifier in [None, Some("live".to_owned())] {
        let input = model::CreateFunctionUrlConfigRequest {
            function_name: name(),
            qualifier,
            auth_type: "AWS_IAM".to_owned(),
            ..Default::default()
        };
        world
            .call::<_, model::CreateFunctionUrlConfigResponse>("CreateFunctionUrlConfig", input)
            .await
            .unwrap();
    }
    let input = model::ListFunctionUrlConfigsRequest { function_name: name(), ..Default::default() };
    let page: model::ListFunctionUrlConfigsResponse =
        world.call("ListFunctionUrlConfigs", input).await.unwrap();
    let arns: Vec<_> = page.function_url_configs.unwrap().into_iter().map(|url| url.function_arn).collect();
    assert_eq!(arns, [ARN.to_owned(), format!("{ARN}:live")]);
    let input = model::DeleteFunctionRequest { function_name: name(), qualifier: None };
    world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input).await.unwrap();
    world.create("hello").await;
    let input = model::GetFunctionUrlConfigRequest { function_name: name(), qualifier: None };
    let gone = world.call::<_, model::GetFunctionUrlConfigResponse>("GetFunctionUrlConfig", input).await;
    assert_eq!(refusal(gone).0, MISSING);
}

#[tokio::test]
async fn recursion_is_stopped_unless_it_is_allowed() {
    let world = World::new();
    world.create("hello").await;
    let get = async || {
        let input = model::GetFunctionRecursionConfigRequest { function_name: name() };
        let found: model::GetFunctionRecursionConfigResponse =
            world.call("GetFunctionRecursionConfig", input).await.unwrap();
        found.recursive_loop.unwrap()
    };
    assert_eq!(get().await, "Terminate");
    let input = model::PutFunctionRecursionConfigRequest {
        function_name: name(),
        recursive_loop: "Allow".to_owned(),
    };
    world
        .call::<_, model::PutFunctionRecursionConfigResponse>("PutFunctionRecursionConfig", input)
        .await
        .unwrap();
    assert_eq!(get().await, "Allow");
}

#[tokio::test]
async fn a_runtime_is_updated_as_was_said() {
    let world = World::new();
    world.create("hello").await;
    let put = async |mode: &str, arn: Option<&str>| {
        let input = model::PutRuntimeManagementConfigRequest {
            function_name: name(),
            qualifier: None,
            update_runtime_on: mode.to_owned(),
            runtime_version_arn: arn.map(str::to_owned),
        };
        let call =
            world.call::<_, model::PutRuntimeManagementConfigResponse>("PutRuntimeManagementConfig", input);
        call.await.map_err(|fault| fault.code).map(drop)
    };
    let get = async || {
        let input = model::GetRuntimeManagementConfigRequest { function_name: name(), qualifier: None };
        let found: model::GetRuntimeManagementConfigResponse =
            world.call("GetRuntimeManagementConfig", input).await.unwrap();
        found.update_runtime_on.unwrap()
    };
    assert_eq!(get().await, "Auto");
    assert_eq!(put("Manual", None).await, Err(BAD.to_owned()));
    assert_eq!(put("FunctionUpdate", None).await, Ok(()));
    assert_eq!(get().await, "FunctionUpdate");
    assert_eq!(put("Manual", Some("arn:aws:lambda:us-east-1::runtime:abc")).await, Ok(()));
}

#[tokio::test]
async fn a_code_signing_configuration_has_tags() {
    let world = World::new();
    let resource = signing_config(&world, "Warn").await;
    let tags = std::collections::BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    let input = model::TagResourceRequest { resource: resource.clone(), tags: tags.clone() };
    world.call::<_, ()>("TagResource", input).await.unwrap();
    let input = model::ListTagsRequest { resource: resource.clone() };
    let found: model::ListTagsResponse = world.call("ListTags", input).await.unwrap();
    assert_eq!(found.tags, Some(tags));
    let other = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-00000000000000000".to_owned();
    let input = model::ListTagsRequest { resource: other };
    let missing = world.call::<_, model::ListTagsResponse>("ListTags", input).await;
    assert_eq!(refusal(missing).0, MISSING);
}

async fn signing_config(world: &World, policy: &str) -> String {
    let profile = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abc".to_owned();
    let input = model::CreateCodeSigningConfigRequest {
        allowed_publishers: model::AllowedPublishers { signing_profile_version_arns: vec![profile] },
        code_signing_policies: Some(model::CodeSigningPolicies {
            untrusted_artifact_on_deployment: Some(policy.to_owned()),
        }),
        ..Default::default()
    };
    let made: model::CreateCodeSigningConfigResponse =
        world.call("CreateCodeSigningConfig", input).await.unwrap();
    made.code_signing_config.unwrap().code_signing_config_arn
}

#[tokio::test]
async fn unsigned_code_is_refused_where_signatures_are_enforced() {
    let world = World::new();
    let (warn, enforce) = (signing_config(&world, "Warn").await, signing_config(&world, "Enforce").await);
    let create = async |name: &str, arn: &str| {
        let input = model::CreateFunctionRequest {
            code_signing_config_arn: Some(arn.to_owned()),
            ..create_request(name)
        };
        world.call::<_, model::FunctionConfiguration>("CreateFunction", input).await
    };
    assert_eq!(refusal(create("other", &enforce).await).0, "CodeVerificationFailedException");
    create("hello", &warn).await.unwrap();
    world.update_code("hello", b"2").await;
    let input = model::PutFunctionCodeSigningConfigRequest {
        code_signing_config_arn: enforce.clone(),
        function_name: name(),
    };
    let _: model::PutFunctionCodeSigningConfigResponse =
        world.call("PutFunctionCodeSigningConfig", input).await.unwrap();
    let code = model::UpdateFunctionCodeRequest {
        function_name: name(),
        zip_file: Some(zip_of(&[("app.py", b"3")])),
        ..Default::default()
    };
    let refused = world.call::<_, model::FunctionConfiguration>("UpdateFunctionCode", code).await;
    assert_eq!(refusal(refused).0, "CodeVerificationFailedException");
    let delete = async |arn: &str| {
        let input = model::DeleteCodeSigningConfigRequest { code_signing_config_arn: arn.to_owned() };
        let done = world.call::<_, model::DeleteCodeSigningConfigResponse>("DeleteCodeSigningConfig", input);
        done.await.map_err(|fault| fault.code).map(drop)
    };
    assert_eq!(delete(&warn).await, Ok(()));
    assert_eq!(delete(&warn).await, Err(MISSING.to_owned()));
    assert_eq!(delete(&enforce).await, Err("ResourceConflictException".to_owned()));
    let input = model::ListFunctionsByCodeSigningConfigRequest {
        code_signing_config_arn: enforce.clone(),
        ..Default::default()
    };
    let users: model::ListFunctionsByCodeSigningConfigResponse =
        world.call("ListFunctionsByCodeSigningConfig", input).await.unwrap();
    assert_eq!(users.function_arns, Some(vec![ARN.to_owned()]));
    let input = model::DeleteFunctionCodeSigningConfigRequest { function_name: name() };
    world.call::<_, ()>("DeleteFunctionCodeSigningConfig", input).await.unwrap();
    assert_eq!(delete(&enforce).await, Ok(()));
    let gone = refusal(create("other", &enforce).await);
    assert_eq!(gone.0, "CodeSigningConfigNotFoundException");
}
