//! Resource policies come, are found and go, and let services put events.

use weft_model::logs as model;
use weft_types::{AccountId, Region};

use super::world::{START, World, refusal};

const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"route53.amazonaws.com"},
 "Action":"logs:PutLogEvents","Resource":"*"}}"#;
const ARN: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/app";

fn request(name: Option<&str>, arn: Option<&str>, revision: Option<&str>) -> model::PutResourcePolicyRequest {
    model::PutResourcePolicyRequest {
        policy_name: name.map(str::to_owned),
        policy_document: Some(DOCUMENT.to_owned()),
        resource_arn: arn.map(str::to_owned),
        expected_revision_id: revision.map(str::to_owned),
    }
}

async fn list(world: &World, limit: Option<i32>) -> Vec<String> {
    let (mut names, mut next_token) = (Vec::new(), None);
    loop {
        let input = model::DescribeResourcePoliciesRequest { next_token, limit, ..Default::default() };
        let page: model::DescribeResourcePoliciesResponse =
            world.call("DescribeResourcePolicies", input).await.unwrap();
        names.extend(page.resource_policies.unwrap().into_iter().filter_map(|policy| policy.policy_name));
        next_token = page.next_token;
        if next_token.is_none() {
            return names;
        }
    }
}

#[tokio::test]
async fn an_account_has_at_most_ten_policies() {
    let world = World::new();
    let put = |name: String| {
        world.call::<_, model::PutResourcePolicyResponse>(
            "PutResourcePolicy",
            request(Some(&name), None, None),
        )
    };
    for i in 0..10 {
        let made = put(format!("p{i}")).await.unwrap().resource_policy.unwrap();
        assert_eq!(made.policy_scope.as_deref(), Some("ACCOUNT"));
    }
    assert_eq!(refusal(put("p10".to_owned()).await).0, "LimitExceededException");
    put("p3".to_owned()).await.unwrap();
    for limit in [None, Some(3)] {
        assert_eq!(list(&world, limit).await, (0..10).map(|i| format!("p{i}")).collect::<Vec<_>>());
    }
    let remove = || {
        let input =
            model::DeleteResourcePolicyRequest { policy_name: Some("p3".to_owned()), ..Default::default() };
        world.call::<_, ()>("DeleteResourcePolicy", input)
    };
    remove().await.unwrap();
    let gone =
        ("ResourceNotFoundException".to_owned(), 400, "Policy with name [p3] does not exist.".to_owned());
    assert_eq!(refusal(remove().await), gone);
    put("p10".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_groups_policy_is_changed_by_who_knows_its_revision() {
    let world = World::new();
    let put = |revision: Option<String>| {
        let input = request(None, Some(ARN), revision.as_deref());
        world.call::<_, model::PutResourcePolicyResponse>("PutResourcePolicy", input)
    };
    assert_eq!(refusal(put(None).await).0, "ResourceNotFoundException");
    world.create_group("/app").await.unwrap();
    let first = put(None).await.unwrap().revision_id.unwrap();
    assert_eq!(refusal(put(None).await).0, "OperationAbortedException");
    let second = put(Some(first.clone())).await.unwrap().revision_id.unwrap();
    assert_eq!(refusal(put(Some(first)).await).0, "OperationAbortedException");
    assert!(list(&world, None).await.is_empty(), "an account's listing has its own alone");
    let find = || async {
        let input = model::DescribeResourcePoliciesRequest {
            resource_arn: Some(ARN.to_owned()),
            ..Default::default()
        };
        let page: model::DescribeResourcePoliciesResponse =
            world.call("DescribeResourcePolicies", input).await.unwrap();
        page.resource_policies
            .unwrap()
            .into_iter()
            .filter_map(|policy| policy.revision_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(find().await, [second]);
    let group = model::DeleteLogGroupRequest { log_group_name: "/app".to_owned() };
    world.call::<_, ()>("DeleteLogGroup", group).await.unwrap();
    world.create_group("/app").await.unwrap();
    assert!(find().await.is_empty(), "a group takes its policy with it");
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let world = World::new();
    for (name, document) in [
        (None, Some(DOCUMENT.to_owned())),
        (Some("p"), None),
        (Some("p"), Some("{".to_owned())),
        (Some("p"), Some(DOCUMENT.replace('*', &"x".repeat(5120)))),
    ] {
        let input =
            model::PutResourcePolicyRequest { policy_document: document, ..request(name, None, None) };
        let refused = world.call::<_, model::PutResourcePolicyResponse>("PutResourcePolicy", input).await;
        assert_eq!(refusal(refused).0, "InvalidParameterException", "{name:?}");
    }
}

/// A policy of one statement.
fn statement(effect: &str, principal: &str, action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","Resource":"{resource}","Condition":{condition}}}}}"#
    )
}

const ROUTE53: &str = r#"{"Service":"route53.amazonaws.com"}"#;
const OF_APP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/app:*";
const ZONE: &str = "arn:aws:route53:::hostedzone/Z1";

async fn policy(world: &World, name: Option<&str>, arn: Option<&str>, document: String) {
    let input =
        model::PutResourcePolicyRequest { policy_document: Some(document), ..request(name, arn, None) };
    world.call::<_, model::PutResourcePolicyResponse>("PutResourcePolicy", input).await.unwrap();
}

/// Groups `/app` and `/other` with a stream `s`, and policies of the account and of `/app`.
async fn with_policies(account: &[String], group: Option<String>) -> World {
    let world = World::new();
    for name in ["/app", "/other"] {
        world.create_group(name).await.unwrap();
        world.create_stream(name, "s").await.unwrap();
    }
    for (number, document) in account.iter().enumerate() {
        policy(&world, Some(&format!("p{number}")), None, document.clone()).await;
    }
    if let Some(document) = group {
        policy(&world, None, Some(ARN), document).await;
    }
    world
}

/// What services may do, one text each: who puts events or makes a stream, in which group.
async fn allowed(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for service in ["route53.amazonaws.com", "es.amazonaws.com"] {
        let dispatch = &world.client.dispatch;
        let cx =
            dispatch.context_for_service(service, AccountId::DEFAULT, Region::default()).with_source(ZONE);
        for group in ["/app", "/other"] {
            let log_group_name = group.to_owned();
            let event = model::InputLogEvent { timestamp: START, message: "asked".to_owned() };
            let put = model::PutLogEventsRequest {
                log_group_name: log_group_name.clone(),
                log_stream_name: "s".to_owned(),
                log_events: vec![event],
                ..Default::default()
            };
            let put = cx.call::<_, model::PutLogEventsResponse>("logs", "PutLogEvents", put).await.map(drop);
            let log_stream_name = service.to_owned();
            let make = model::CreateLogStreamRequest { log_group_name, log_stream_name };
            let make = cx.call::<_, ()>("logs", "CreateLogStream", make).await;
            for (what, result) in [("puts", put), ("makes", make)] {
                match result {
                    Ok(()) => found.push(format!("{} {what} {group}", &service[..2])),
                    Err(error) => assert_eq!(error.code(), "AccessDeniedException", "{}", error.message()),
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn a_service_puts_events_where_a_resource_policy_lets_it() {
    let allow = |action: &str, condition: &str| statement("Allow", ROUTE53, action, OF_APP, condition);
    let check = async |account: &[String], group: Option<String>, expected: &[&str]| {
        assert_eq!(
            allowed(&with_policies(account, group.clone()).await).await,
            expected,
            "{account:?} {group:?}"
        );
    };
    check(&[], None, &[]).await;
    check(&[allow("logs:PutLogEvents", "{}")], None, &["ro puts /app"]).await;
    check(&[allow("logs:*", "{}")], None, &["ro puts /app", "ro makes /app"]).await;
    let everywhere = |effect: &str, who: &str| statement(effect, who, "logs:PutLogEvents", "*", "{}");
    let es = everywhere("Allow", r#"{"Service":"es.amazonaws.com"}"#);
    check(
        &[allow("logs:PutLogEvents", "{}"), es.clone()],
        None,
        &["ro puts /app", "es puts /app", "es puts /other"],
    )
    .await;
    check(&[], Some(everywhere("Allow", ROUTE53)), &["ro puts /app"]).await;
    check(&[es], Some(everywhere("Deny", r#""*""#)), &["es puts /other"]).await;
    let of = |key: &str, value: &str| {
        allow("logs:PutLogEvents", &format!(r#"{{"StringLike":{{"{key}":"{value}"}}}}"#))
    };
    check(&[of("aws:SourceArn", ZONE)], None, &["ro puts /app"]).await;
    check(&[of("aws:SourceArn", "arn:aws:route53:::hostedzone/Z2")], None, &[]).await;
    check(&[of("aws:SourceAccount", "000000000000")], None, &["ro puts /app"]).await;
    check(&[of("aws:SourceAccount", "111122223333")], None, &[]).await;
}

#[tokio::test]
async fn resource_policies_bind_services_alone() {
    let everybody = |effect: &str| statement(effect, r#""*""#, "logs:*", "*", "{}");
    let input = || model::CreateLogStreamRequest {
        log_group_name: "/app".to_owned(),
        log_stream_name: "t".to_owned(),
    };
    let world = with_policies(&[everybody("Allow")], None).await;
    let made = world.stranger.call::<_, ()>(&model::SERVICE, "CreateLogStream", input()).await;
    assert_eq!(refusal(made).0, "AccessDeniedException");
    let world = with_policies(&[everybody("Deny")], None).await;
    world.call::<_, ()>("CreateLogStream", input()).await.unwrap();
}
