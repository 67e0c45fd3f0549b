//! What policies learn of tags: those in a request, and those of the group that it is for.

use std::collections::BTreeMap;

use weft_model::{Shape as _, Value, logs as model};
use weft_service::testing::sample;

use super::given;
use super::world::World;

/// Operations that are for no group that is there.
const WITHOUT_GROUP: [&str; 7] = [
    "CreateLogGroup",
    "DeleteResourcePolicy",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "ListLogGroups",
    "PutResourcePolicy",
    "TestMetricFilter",
];

/// A policy that allows all of Logs but where a condition holds.
fn but(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"logs:*","Resource":"*"}},
        {{"Effect":"Deny","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
    )
}

/// Whether the policy denies an operation on the group `/app`, whose tag `env` has this value.
async fn is_denied(operation: &str, input: &Value, env: &str, policy: &str) -> bool {
    let world = World::new();
    let group = model::CreateLogGroupRequest {
        log_group_name: "/app".to_owned(),
        tags: Some(tags(&[("env", env)])),
        ..Default::default()
    };
    world.call::<_, ()>("CreateLogGroup", group).await.unwrap();
    let service = &weft_model::logs::SERVICE;
    let answer = world.limited(policy).call_value(service, operation, input).await;
    answer.is_err_and(|fault| {
        assert!(fault.code != "AccessDeniedException" || fault.message.contains("with an explicit deny in"));
        fault.code == "AccessDeniedException"
    })
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_tags_of_a_group_deny_every_operation_on_it_and_on_its_streams() {
    let policy = but(r#"{"StringEquals":{"aws:ResourceTag/env":"prod"}}"#);
    let world = World::new();
    let registry = world.client.dispatch.registry();
    let mut open = Vec::new();
    for operation in registry.operations("logs") {
        let input = sample(operation.input, &|member| given(operation.name, member));
        // A live tail that is allowed does not end.
        let tail = operation.name == "StartLiveTail";
        if !is_denied(operation.name, &input, "prod", &policy).await {
            open.push(operation.name);
        } else if !tail {
            assert!(!is_denied(operation.name, &input, "test", &policy).await, "{}", operation.name);
        }
    }
    assert_eq!(open, WITHOUT_GROUP);
}

#[tokio::test]
async fn the_tags_of_a_group_allow_who_may_use_only_such_groups() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:ResourceTag/env":"test"}}}}"#;
    let world = World::new();
    for (name, env) in [("/test", "test"), ("/prod", "prod")] {
        let group = model::CreateLogGroupRequest {
            log_group_name: name.to_owned(),
            tags: Some(tags(&[("env", env)])),
            ..Default::default()
        };
        world.call::<_, ()>("CreateLogGroup", group).await.unwrap();
    }
    for (name, expected) in
        [("/test", None), ("/prod", Some("AccessDeniedException")), ("/none", Some("AccessDeniedException"))]
    {
        let input = model::CreateLogStreamRequest {
            log_group_name: name.to_owned(),
            log_stream_name: "s".to_owned(),
        };
        let made = world.limited(policy).call::<_, ()>(&model::SERVICE, "CreateLogStream", input).await;
        assert_eq!(made.err().map(|fault| fault.code).as_deref(), expected, "{name}");
    }
}

#[tokio::test]
async fn tags_that_a_request_sets_or_takes_away_are_condition_keys() {
    let arn = || "arn:aws:logs:us-east-1:000000000000:log-group:/app".to_owned();
    let name = || "/app".to_owned();
    let set = tags(&[("team", "a")]);
    let create = model::CreateLogGroupRequest {
        log_group_name: "/new".to_owned(),
        tags: Some(set.clone()),
        ..Default::default()
    };
    let setting = [
        ("CreateLogGroup", create.into_value()),
        ("TagResource", model::TagResourceRequest { resource_arn: arn(), tags: set.clone() }.into_value()),
        ("TagLogGroup", model::TagLogGroupRequest { log_group_name: name(), tags: set }.into_value()),
    ];
    let keys = || vec!["team".to_owned()];
    let taking = [
        ("UntagResource", model::UntagResourceRequest { resource_arn: arn(), tag_keys: keys() }.into_value()),
        ("UntagLogGroup", model::UntagLogGroupRequest { log_group_name: name(), tags: keys() }.into_value()),
    ];
    let equals =
        |key: &str, value: &str| but(&format!(r#"{{"ForAnyValue:StringEquals":{{"{key}":"{value}"}}}}"#));
    for (operation, input) in &setting {
        assert!(is_denied(operation, input, "x", &equals("aws:RequestTag/team", "a")).await, "{operation}");
        assert!(!is_denied(operation, input, "x", &equals("aws:RequestTag/team", "b")).await, "{operation}");
    }
    for (operation, input) in setting.iter().chain(&taking) {
        assert!(is_denied(operation, input, "x", &equals("aws:TagKeys", "team")).await, "{operation}");
        assert!(!is_denied(operation, input, "x", &equals("aws:TagKeys", "env")).await, "{operation}");
    }
}
