//! Stacks are made, changed, replaced, rolled back and deleted, and leave nothing.

use weft_model::{iam, lambda, logs};

use crate::world::{World, output};

/// A template of every type, with what the tests change.
fn template(code: &str, timeout: u32, action: &str, more: &str) -> String {
    include_str!("everything.yaml")
        .replace("@code", code)
        .replace("@timeout", &timeout.to_string())
        .replace("@action", action)
        .replace("@more", more)
}

fn first() -> String {
    template("return 1", 5, "s3:GetObject", "")
}

/// A resource that cannot be made, after all others.
const FAILS: &str = "
  Fails:
    Type: AWS::IAM::RolePolicy
    DependsOn: [Alias, Url, Profile, Key, Filter, Version]
    Properties:
      RoleName: nobody
      PolicyName: none
      PolicyDocument: {Version: '2012-10-17', Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}
";

async fn configuration(world: &World, name: &str) -> lambda::FunctionConfiguration {
    let input = lambda::GetFunctionConfigurationRequest { function_name: name.to_owned(), qualifier: None };
    world.ok(&lambda::SERVICE, "GetFunctionConfiguration", input).await
}

async fn inline_policy(world: &World, role: &str) -> String {
    let input = iam::GetRolePolicyRequest { role_name: role.to_owned(), policy_name: "own".to_owned() };
    world
        .ok::<iam::GetRolePolicyResponse>(&iam::SERVICE, "GetRolePolicy", input)
        .await
        .policy_document
        .unwrap_or_default()
}

#[tokio::test]
async fn a_stack_of_every_type_is_made_and_leaves_nothing_when_it_is_deleted() {
    let world = World::new().await;
    let before = world.inventory().await;
    let stack = world.create(&first()).await;
    world.expect(&stack, "CREATE_COMPLETE").await;
    let function = output(&stack, "Function");
    assert!(function.starts_with("shop-Function-"), "{function}");
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
    assert_eq!(output(&stack, "FunctionArn"), arn);
    assert_eq!(output(&stack, "Version"), format!("{arn}:1"));
    assert_eq!(output(&stack, "VersionNumber"), "1");
    assert_eq!(output(&stack, "Alias"), format!("{arn}:live"));
    assert!(output(&stack, "Url").starts_with("http://"));
    assert_eq!(output(&stack, "Key").len(), 20);
    assert!(output(&stack, "LogGroup").ends_with(":log-group:/shop/lines:*"));
    let found = configuration(&world, &function).await;
    assert_eq!((found.timeout, found.handler.as_deref()), (Some(5), Some("index.handler")));
    let tags = lambda::ListTagsRequest { resource: arn };
    let tags: lambda::ListTagsResponse = world.ok(&lambda::SERVICE, "ListTags", tags).await;
    let tags = tags.tags.unwrap_or_default();
    assert_eq!((tags["team"].as_str(), tags["own"].as_str()), ("red", "yes"));
    let deleted = world.delete(&stack).await;
    world.expect(&deleted, "DELETE_COMPLETE").await;
    assert_eq!(world.inventory().await, before);
}

#[tokio::test]
async fn an_update_changes_what_differs_and_a_no_longer_written_setting_has_its_default_again() {
    let world = World::new().await;
    let before = world.inventory().await;
    let stack = world.create(&first()).await;
    world.expect(&stack, "CREATE_COMPLETE").await;
    let function = output(&stack, "Function");
    let old = configuration(&world, &function).await;
    assert_eq!(old.description.as_deref(), Some("says a number"));
    let changed =
        template("return 2", 9, "s3:PutObject", "").replace("      Description: says a number\n", "");
    let stack = world.update(&changed).await;
    world.expect(&stack, "UPDATE_COMPLETE").await;
    let new = configuration(&world, &function).await;
    assert_ne!(new.code_sha256, old.code_sha256);
    assert_eq!((new.timeout, new.description.as_deref()), (Some(9), Some("")));
    assert!(inline_policy(&world, &output(&stack, "Role")).await.contains("PutObject"));
    let policy = iam::GetPolicyRequest { policy_arn: output(&stack, "Managed") };
    let policy: iam::GetPolicyResponse = world.ok(&iam::SERVICE, "GetPolicy", policy).await;
    let policy = policy.policy.expect("a policy");
    assert_eq!((policy.default_version_id.as_deref(), policy.attachment_count), (Some("v2"), Some(1)));
    world.delete(&stack).await;
    assert_eq!(world.inventory().await, before);
}

#[tokio::test]
async fn a_managed_policy_can_be_changed_more_often_than_it_may_have_versions() {
    let world = World::new().await;
    let of = |number: u32| template("return 1", 5, &format!("s3:GetObject{number}"), "");
    let mut stack = world.create(&of(0)).await;
    for number in 1..8 {
        stack = world.update(&of(number)).await;
        world.expect(&stack, "UPDATE_COMPLETE").await;
    }
    let versions =
        iam::ListPolicyVersionsRequest { policy_arn: output(&stack, "Managed"), ..Default::default() };
    let versions: iam::ListPolicyVersionsResponse =
        world.ok(&iam::SERVICE, "ListPolicyVersions", versions).await;
    let ids = versions.versions.unwrap_or_default().into_iter().filter_map(|version| version.version_id);
    assert_eq!(ids.collect::<Vec<_>>(), ["v8", "v7", "v6", "v5", "v4"]);
}

#[tokio::test]
async fn a_resource_that_cannot_be_made_rolls_the_stack_back_to_nothing() {
    let world = World::new().await;
    let before = world.inventory().await;
    let stack = world.create(&template("return 1", 5, "s3:GetObject", FAILS)).await;
    world.expect(&stack, "ROLLBACK_COMPLETE").await;
    let reasons = world.reasons(&stack).await;
    assert!(
        reasons.iter().any(|reason| reason.starts_with("Fails: The role with name nobody")),
        "{reasons:?}"
    );
    assert_eq!(world.inventory().await, before);
}

#[tokio::test]
async fn an_update_that_fails_puts_back_what_was_there() {
    let world = World::new().await;
    let stack = world.create(&first()).await;
    let function = output(&stack, "Function");
    let old = configuration(&world, &function).await;
    let stack = world.update(&template("return 2", 9, "s3:PutObject", FAILS)).await;
    world.expect(&stack, "UPDATE_ROLLBACK_COMPLETE").await;
    let new = configuration(&world, &function).await;
    assert_eq!((new.code_sha256, new.timeout), (old.code_sha256, old.timeout));
    assert!(inline_policy(&world, &output(&stack, "Role")).await.contains("GetObject"));
}

#[tokio::test]
async fn a_name_that_changes_replaces_and_the_old_one_goes() {
    let world = World::new().await;
    let stack = world.create(&first()).await;
    let (old, version) = (output(&stack, "Function"), output(&stack, "Version"));
    let named = "      FunctionName: second\n      Description: says a number\n";
    let stack = world.update(&first().replace("      Description: says a number\n", named)).await;
    world.expect(&stack, "UPDATE_COMPLETE").await;
    assert_eq!(output(&stack, "Function"), "second");
    assert_ne!(output(&stack, "Version"), version);
    let functions: lambda::ListFunctionsResponse =
        world.ok(&lambda::SERVICE, "ListFunctions", lambda::ListFunctionsRequest::default()).await;
    let there: Vec<_> =
        functions.functions.unwrap_or_default().into_iter().filter_map(|one| one.function_name).collect();
    assert_eq!(there, ["second"], "{old} goes");
    let filters = logs::DescribeSubscriptionFiltersRequest {
        log_group_name: "/shop/lines".to_owned(),
        ..Default::default()
    };
    let filters: logs::DescribeSubscriptionFiltersResponse =
        world.ok(&logs::SERVICE, "DescribeSubscriptionFilters", filters).await;
    let target =
        filters.subscription_filters.unwrap_or_default().pop().and_then(|filter| filter.destination_arn);
    assert!(target.is_some_and(|arn| arn.ends_with(":second")));
}
