//! Resource policies come, are found and go.

use weft_model::logs as model;

use super::world::{World, refusal};

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
