//! Rights by the tags of functions and of code signing configurations.

use std::collections::BTreeMap;

use weft_model::{Shape as _, Value, lambda as model};
use weft_service::testing::{Client, sample};
use weft_service::{ConditionRecord, MissCause, Outcome};
use weft_types::{AccountId, Region};
use weft_wire::ServiceFault;

use super::given;
use super::world::{World, create_request, refusal};

const DENIED: &str = "AccessDeniedException";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

fn team(team: &str) -> BTreeMap<String, String> {
    [("team".to_owned(), team.to_owned())].into()
}

/// A function `hello` of a team, with a version and an alias `live`.
async fn tagged(team_is: &str) -> World {
    let world = World::new();
    let request = model::CreateFunctionRequest { tags: Some(team(team_is)), ..create_request("hello") };
    world.call::<_, model::FunctionConfiguration>("CreateFunction", request).await.unwrap();
    world.publish("hello").await;
    world.create_alias("hello", "live", "1").await.unwrap();
    world
}

async fn invoke(client: &Client, name: &str) -> Result<model::InvocationResponse, ServiceFault> {
    let input = model::InvocationRequest { function_name: name.to_owned(), ..Default::default() };
    client.call(&model::SERVICE, "Invoke", input).await
}

async fn get(client: &Client, name: &str) -> Result<model::FunctionConfiguration, ServiceFault> {
    let input = model::GetFunctionConfigurationRequest { function_name: name.to_owned(), qualifier: None };
    client.call(&model::SERVICE, "GetFunctionConfiguration", input).await
}

/// Operations for which AWS documents no function: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
const OF_NO_FUNCTION: &[&str] = &[
    "AddLayerVersionPermission",
    "CreateCodeSigningConfig",
    "CreateEventSourceMapping",
    "DeleteCodeSigningConfig",
    "DeleteEventSourceMapping",
    "DeleteLayerVersion",
    "GetAccountSettings",
    "GetCodeSigningConfig",
    "GetEventSourceMapping",
    "GetLayerVersion",
    "GetLayerVersionByArn",
    "GetLayerVersionPolicy",
    "ListCodeSigningConfigs",
    "ListEventSourceMappings",
    "ListFunctions",
    "ListFunctionsByCodeSigningConfig",
    "ListLayerVersions",
    "ListLayers",
    "PublishLayerVersion",
    "RemoveLayerVersionPermission",
    "UpdateCodeSigningConfig",
    "UpdateEventSourceMapping",
];

#[tokio::test]
async fn a_denial_by_a_functions_tag_holds_for_every_operation_on_it() {
    let world = tagged("red").await;
    let client = world.client.as_user("not_red");
    let mut passed = Vec::new();
    for operation in client.dispatch.registry().operations("lambda") {
        let member = |member: &str| match member {
            "FunctionName" => Some(Value::Text("hello".to_owned())),
            member => given(operation.name, member),
        };
        let input = sample(operation.input, &member);
        match client.call_value(&model::SERVICE, operation.name, &input).await {
            Err(fault) if fault.code == DENIED => {
                let why = "with an explicit deny in an identity-based policy";
                assert!(fault.message.ends_with(why), "{}: {}", operation.name, fault.message);
            }
            _ => passed.push(operation.name),
        }
    }
    passed.sort_unstable();
    assert_eq!(passed, OF_NO_FUNCTION);
    assert!(world.get("hello").await.is_ok(), "nothing was done to it");
}

#[tokio::test]
async fn versions_and_aliases_have_their_functions_tags() {
    let world = tagged("red").await;
    let (red, others) = (world.client.as_user("red"), world.client.as_user("not_red"));
    for name in ["hello", "hello:1", "hello:live", "hello:$LATEST", ARN] {
        assert!(invoke(&red, name).await.is_ok() && get(&red, name).await.is_ok(), "{name}");
        assert_eq!(refusal(invoke(&others, name).await).0, DENIED, "{name}");
        assert_eq!(refusal(get(&others, name).await).0, DENIED, "{name}");
    }
}

#[tokio::test]
async fn a_changed_tag_changes_rights_at_once() {
    let world = tagged("blue").await;
    let red = world.client.as_user("red");
    assert_eq!(refusal(invoke(&red, "hello").await).0, DENIED);
    let input = model::TagResourceRequest { resource: ARN.to_owned(), tags: team("red") };
    world.call::<_, ()>("TagResource", input).await.unwrap();
    invoke(&red, "hello").await.unwrap();
    let keys = vec!["team".to_owned()];
    let input = model::UntagResourceRequest { resource: ARN.to_owned(), tag_keys: keys };
    world.call::<_, ()>("UntagResource", input).await.unwrap();
    assert_eq!(refusal(invoke(&red, "hello").await).0, DENIED);
}

#[tokio::test]
async fn who_has_rights_by_tags_does_not_learn_what_exists() {
    let world = tagged("blue").await;
    let red = world.client.as_user("red");
    let (there, not_there) = (get(&red, "hello").await, get(&red, "other").await);
    let (there, not_there) = (refusal(there), refusal(not_there));
    assert_eq!(there.0, DENIED);
    assert_eq!(there.2.replace("hello", "other"), not_there.2);
    assert_eq!((there.0, there.1), (not_there.0, not_there.1));
}

/// What is remembered of the one decision of a request of `user` for the function `hello`.
async fn decided(world: &World, user: &str) -> Outcome {
    let get = model::GetFunctionConfigurationRequest { function_name: "hello".to_owned(), qualifier: None };
    let client = world.client.as_user(user);
    let request = client.request(&model::SERVICE, "GetFunctionConfiguration", &get.into_value());
    let response = client.send(request).await;
    let id = response.headers()["x-amzn-requestid"].to_str().unwrap();
    let (account, region) = (AccountId::DEFAULT, Region::default());
    let known = client.dispatch.context_for_service("lambda.amazonaws.com", account, region).decisions(id);
    let [one] = known.as_slice() else { panic!("{known:?}") };
    one.outcome.clone()
}

#[tokio::test]
async fn a_decision_tells_the_tags_that_it_used() {
    let condition = |has: &str| ConditionRecord {
        operator: "StringEquals".to_owned(),
        key: "aws:ResourceTag/team".to_owned(),
        wanted: vec!["red".to_owned()],
        found: Some(vec![has.to_owned()]),
    };
    let (red, blue) = (tagged("red").await, tagged("blue").await);
    let Outcome::Allowed(grounds) = decided(&red, "red").await else { panic!("not allowed") };
    assert_eq!(grounds[0].conditions, [condition("red")]);
    let Outcome::Denied(ground) = decided(&red, "not_red").await else { panic!("not denied") };
    assert_eq!((ground.sid.as_deref(), ground.conditions), (Some("NotRed"), vec![condition("red")]));
    let Outcome::NotAllowed { nearest, .. } = decided(&blue, "red").await else { panic!("allowed") };
    assert_eq!(nearest.unwrap().cause, MissCause::Condition(condition("blue")));
}

#[tokio::test]
async fn a_code_signing_configuration_is_guarded_by_its_own_tags() {
    let world = tagged("blue").await;
    let input = model::CreateCodeSigningConfigRequest {
        allowed_publishers: model::AllowedPublishers {
            signing_profile_version_arns: vec![
                "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/aaaaaaaaaa".to_owned(),
            ],
        },
        tags: Some(team("red")),
        ..Default::default()
    };
    let made: model::CreateCodeSigningConfigResponse =
        world.call("CreateCodeSigningConfig", input).await.unwrap();
    let arn = made.code_signing_config.unwrap().code_signing_config_arn;
    let get = async |user: &str| {
        let input = model::GetCodeSigningConfigRequest { code_signing_config_arn: arn.clone() };
        let client = world.client.as_user(user);
        let got = client.call::<_, model::GetCodeSigningConfigResponse>(
            &model::SERVICE,
            "GetCodeSigningConfig",
            input,
        );
        got.await.map(drop).map_err(|fault| fault.code)
    };
    assert_eq!(get("red").await, Ok(()));
    assert_eq!(get("not_red").await, Err(DENIED.to_owned()));
    let give = async |user: &str| {
        let input = model::PutFunctionCodeSigningConfigRequest {
            function_name: "hello".to_owned(),
            code_signing_config_arn: arn.clone(),
        };
        let client = world.client.as_user(user);
        let put = client.call::<_, model::PutFunctionCodeSigningConfigResponse>(
            &model::SERVICE,
            "PutFunctionCodeSigningConfig",
            input,
        );
        put.await.map(drop).map_err(|fault| fault.code)
    };
    assert_eq!(give("not_red").await, Err(DENIED.to_owned()), "the configuration is red");
    assert_eq!(give("red").await, Err(DENIED.to_owned()), "the function is not");
    assert_eq!(give("admin").await, Ok(()));
}
