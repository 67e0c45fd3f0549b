//! What functions keep of their account's concurrency.

use weft_model::lambda as model;
use weft_wire::ServiceFault;

use super::world::{World, refusal};

const BAD: &str = "InvalidParameterValueException";

async fn reserve(world: &World, name: &str, n: i32) -> Result<model::Concurrency, ServiceFault> {
    let (function_name, reserved_concurrent_executions) = (name.to_owned(), n);
    let input = model::PutFunctionConcurrencyRequest { function_name, reserved_concurrent_executions };
    world.call("PutFunctionConcurrency", input).await
}

async fn provision(
    world: &World,
    name: &str,
    qualifier: &str,
    n: i32,
) -> Result<model::PutProvisionedConcurrencyConfigResponse, ServiceFault> {
    let input = model::PutProvisionedConcurrencyConfigRequest {
        function_name: name.to_owned(),
        qualifier: qualifier.to_owned(),
        provisioned_concurrent_executions: n,
    };
    world.call("PutProvisionedConcurrencyConfig", input).await
}

async fn unprovision(world: &World, name: &str, qualifier: &str) {
    let input = model::DeleteProvisionedConcurrencyConfigRequest {
        function_name: name.to_owned(),
        qualifier: qualifier.to_owned(),
    };
    world.call::<_, ()>("DeleteProvisionedConcurrencyConfig", input).await.unwrap();
}

async fn unreserved(world: &World) -> i32 {
    let input = model::GetAccountSettingsRequest {};
    let found: model::GetAccountSettingsResponse = world.call("GetAccountSettings", input).await.unwrap();
    found.account_limit.unwrap().unreserved_concurrent_executions.unwrap()
}

async fn delete(world: &World, name: &str) {
    let input = model::DeleteFunctionRequest { function_name: name.to_owned(), qualifier: None };
    world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input).await.unwrap();
}

#[tokio::test]
async fn what_is_reserved_is_taken_from_the_account_and_a_hundred_stay() {
    let world = World::new();
    world.create("a").await;
    world.create("b").await;
    let reserved = reserve(&world, "a", 600).await.unwrap();
    assert_eq!(reserved.reserved_concurrent_executions, Some(600));
    assert_eq!(unreserved(&world).await, 400);
    let (code, _, message) = refusal(reserve(&world, "b", 301).await);
    assert_eq!(code, BAD);
    assert!(
        message.ends_with("UnreservedConcurrentExecution below its minimum value of [100]."),
        "{message}"
    );
    reserve(&world, "b", 300).await.unwrap();
    assert_eq!(unreserved(&world).await, 100);
    reserve(&world, "a", 0).await.unwrap();
    assert_eq!(unreserved(&world).await, 700);
    delete(&world, "b").await;
    assert_eq!(unreserved(&world).await, 1000);
    assert_eq!(refusal(reserve(&world, "nobody", 1).await).0, "ResourceNotFoundException");
    assert_eq!(refusal(reserve(&world, "a:1", 1).await).0, BAD);
}

#[tokio::test]
async fn a_function_shows_what_it_keeps_and_gives_it_back() {
    let world = World::new();
    world.create("a").await;
    reserve(&world, "a", 5).await.unwrap();
    let name = || "a".to_owned();
    let whole: model::GetFunctionResponse = world
        .call("GetFunction", model::GetFunctionRequest { function_name: name(), qualifier: None })
        .await
        .unwrap();
    assert_eq!(whole.concurrency.unwrap().reserved_concurrent_executions, Some(5));
    let input = model::DeleteFunctionConcurrencyRequest { function_name: name() };
    world.call::<_, ()>("DeleteFunctionConcurrency", input).await.unwrap();
    let input = model::GetFunctionConcurrencyRequest { function_name: name() };
    let found: model::GetFunctionConcurrencyResponse =
        world.call("GetFunctionConcurrency", input).await.unwrap();
    assert_eq!(found.reserved_concurrent_executions, None);
    assert_eq!(unreserved(&world).await, 1000);
}

#[tokio::test]
async fn workers_are_kept_for_versions_within_the_limits() {
    let world = World::new();
    world.create("a").await;
    world.publish("a").await;
    world.create_alias("a", "live", "1").await.unwrap();
    assert_eq!(refusal(provision(&world, "a", "$LATEST", 1).await).0, BAD);
    assert_eq!(refusal(provision(&world, "a", "2", 1).await).0, "ResourceNotFoundException");
    assert_eq!(refusal(provision(&world, "a", "1", 901).await).0, BAD);
    let put = provision(&world, "a", "1", 10).await.unwrap();
    assert_eq!(put.requested_provisioned_concurrent_executions, Some(10));
    // Workers of the tests are never ready.
    assert_eq!(put.status.as_deref(), Some("IN_PROGRESS"));
    assert_eq!(unreserved(&world).await, 990);
    assert_eq!(refusal(provision(&world, "a", "live", 1).await).0, "ResourceConflictException");
    assert_eq!(refusal(reserve(&world, "a", 9).await).0, BAD);
    reserve(&world, "a", 20).await.unwrap();
    assert_eq!(unreserved(&world).await, 980);
    assert_eq!(refusal(provision(&world, "a", "1", 21).await).0, BAD);
    unprovision(&world, "a", "1").await;
    unprovision(&world, "a", "1").await;
    provision(&world, "a", "live", 20).await.unwrap();
    assert_eq!(refusal(provision(&world, "a", "1", 1).await).0, "ResourceConflictException");
    delete(&world, "a").await;
    assert_eq!(unreserved(&world).await, 1000);
}

#[tokio::test]
async fn kept_workers_are_listed_and_go_with_their_alias() {
    let world = World::new();
    world.create("a").await;
    world.publish("a").await;
    world.create_alias("a", "live", "1").await.unwrap();
    provision(&world, "a", "live", 3).await.unwrap();
    let list = async || {
        let input = model::ListProvisionedConcurrencyConfigsRequest {
            function_name: "a".to_owned(),
            ..Default::default()
        };
        let page: model::ListProvisionedConcurrencyConfigsResponse =
            world.call("ListProvisionedConcurrencyConfigs", input).await.unwrap();
        page.provisioned_concurrency_configs.unwrap()
    };
    let listed = list().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:a:live";
    assert_eq!(listed[0].function_arn.as_deref(), Some(arn));
    let input = model::DeleteAliasRequest { function_name: "a".to_owned(), name: "live".to_owned() };
    world.call::<_, ()>("DeleteAlias", input).await.unwrap();
    assert_eq!(list().await, []);
    assert_eq!(unreserved(&world).await, 1000);
    let input = model::GetProvisionedConcurrencyConfigRequest {
        function_name: "a".to_owned(),
        qualifier: "1".to_owned(),
    };
    let missing = world
        .call::<_, model::GetProvisionedConcurrencyConfigResponse>("GetProvisionedConcurrencyConfig", input)
        .await;
    assert_eq!(refusal(missing).0, "ProvisionedConcurrencyConfigNotFoundException");
}
