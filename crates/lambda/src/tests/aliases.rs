//! Aliases lead to versions.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::workload::{Revisions, WorkloadId, WorkloadKind};
use weft_types::{AccountId, Region};
use weft_wire::ServiceFault;

use super::world::{World, refusal};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello:live";

/// A function with two versions.
async fn two_versions() -> World {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.update_code("hello", b"2").await;
    world.publish("hello").await;
    world
}

fn weights(list: &[(&str, f64)]) -> model::AliasRoutingConfiguration {
    let weights = list.iter().map(|(version, weight)| ((*version).to_owned(), *weight));
    model::AliasRoutingConfiguration { additional_version_weights: Some(weights.collect::<BTreeMap<_, _>>()) }
}

async fn update(
    world: &World,
    change: impl FnOnce(&mut model::UpdateAliasRequest),
) -> Result<model::AliasConfiguration, ServiceFault> {
    let mut input = model::UpdateAliasRequest {
        function_name: "hello".to_owned(),
        name: "live".to_owned(),
        ..Default::default()
    };
    change(&mut input);
    world.call("UpdateAlias", input).await
}

async fn get(world: &World) -> Result<model::AliasConfiguration, ServiceFault> {
    let input = model::GetAliasRequest { function_name: "hello".to_owned(), name: "live".to_owned() };
    world.call("GetAlias", input).await
}

async fn executed(world: &World) -> String {
    world.invoke("hello:live", "1").await.unwrap().executed_version.unwrap()
}

#[tokio::test]
async fn an_alias_leads_to_its_version_and_moves_at_once() {
    let world = two_versions().await;
    let made = world.create_alias("hello", "live", "1").await.unwrap();
    assert_eq!(made.alias_arn.as_deref(), Some(ARN));
    assert_eq!(get(&world).await.unwrap(), made);
    assert_eq!(executed(&world).await, "1");
    let moved = update(&world, |input| input.function_version = Some("2".to_owned())).await.unwrap();
    assert_ne!(moved.revision_id, made.revision_id);
    assert_eq!(executed(&world).await, "2");
    let shown = world.get("hello:live").await.unwrap();
    assert_eq!((shown.function_arn.as_deref(), shown.version.as_deref()), (Some(ARN), Some("2")));
    let invoked = world.workers.invocations.lock().unwrap()[0].invoked_arn.to_string();
    assert_eq!(invoked, ARN);
}

#[tokio::test]
async fn two_versions_share_the_requests_by_weight() {
    let world = two_versions().await;
    world.create_alias("hello", "live", "1").await.unwrap();
    let routed = update(&world, |input| input.routing_config = Some(weights(&[("2", 1.0)]))).await.unwrap();
    assert_eq!(routed.routing_config, Some(weights(&[("2", 1.0)])));
    assert_eq!(executed(&world).await, "2");
    update(&world, |input| input.routing_config = Some(weights(&[("2", 0.0)]))).await.unwrap();
    assert_eq!(executed(&world).await, "1");
    update(&world, |input| input.routing_config = Some(weights(&[("2", 0.5)]))).await.unwrap();
    let mut seen = BTreeMap::<String, u32>::new();
    for _ in 0..200 {
        *seen.entry(executed(&world).await).or_default() += 1;
    }
    // 200 fair draws leave 40 to 160 with a probability of all but 1e-17.
    assert!(seen["1"] > 40 && seen["2"] > 40, "{seen:?}");
    let plain = update(&world, |input| input.routing_config = Some(weights(&[]))).await.unwrap();
    assert_eq!(plain.routing_config, None);
}

#[tokio::test]
async fn an_alias_that_cannot_be_is_refused() {
    let world = two_versions().await;
    let refused = refusal(world.create_alias("hello", "live", "3").await);
    let missing = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:3";
    assert_eq!(refused, ("ResourceNotFoundException".to_owned(), 404, missing.to_owned()));
    assert_eq!(refusal(world.create_alias("hello", "7", "1").await).0, "ValidationException");
    assert_eq!(refusal(world.create_alias("nobody", "live", "1").await).0, "ResourceNotFoundException");
    world.create_alias("hello", "live", "1").await.unwrap();
    let again = refusal(world.create_alias("hello", "live", "1").await);
    assert_eq!(again, ("ResourceConflictException".to_owned(), 409, format!("Alias already exists: {ARN}")));
    let bad = "InvalidParameterValueException";
    let route = async |list: &[(&str, f64)]| {
        refusal(update(&world, |input| input.routing_config = Some(weights(list))).await).0
    };
    assert_eq!(route(&[("1", 0.5)]).await, bad);
    assert_eq!(route(&[("2", 0.1), ("3", 0.1)]).await, bad);
    assert_eq!(route(&[("9", 0.1)]).await, "ResourceNotFoundException");
    assert_eq!(route(&[("2", 1.5)]).await, "ValidationException");
    let stale = refusal(update(&world, |input| input.revision_id = Some("stale".to_owned())).await);
    assert_eq!((stale.0.as_str(), stale.1), ("PreconditionFailedException", 412));
}

#[tokio::test]
async fn aliases_are_listed_and_go() {
    let world = two_versions().await;
    for (name, version) in [("a", "1"), ("b", "2"), ("c", "$LATEST"), ("d", "1")] {
        world.create_alias("hello", name, version).await.unwrap();
    }
    let list = async |version: Option<&str>| {
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let input = model::ListAliasesRequest {
                function_name: "hello".to_owned(),
                function_version: version.map(str::to_owned),
                max_items: Some(1),
                marker,
            };
            let page: model::ListAliasesResponse = world.call("ListAliases", input).await.unwrap();
            names.extend(page.aliases.unwrap().into_iter().filter_map(|alias| alias.name));
            marker = page.next_marker;
            if marker.is_none() {
                return names;
            }
        }
    };
    assert_eq!(list(None).await, ["a", "b", "c", "d"]);
    assert_eq!(list(Some("1")).await, ["a", "d"]);
    let input = model::DeleteAliasRequest { function_name: "hello".to_owned(), name: "a".to_owned() };
    world.call::<_, ()>("DeleteAlias", input.clone()).await.unwrap();
    world.call::<_, ()>("DeleteAlias", input).await.unwrap();
    assert_eq!(list(None).await, ["b", "c", "d"]);
    assert_eq!(refusal(world.invoke("hello:a", "1").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_workload_with_an_alias_is_what_the_alias_leads_to() {
    let world = two_versions().await;
    world.create_alias("hello", "live", "2").await.unwrap();
    let workload = |name: &str| WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::default(),
        app: None,
        name: name.into(),
        kind: WorkloadKind::Function,
    };
    let find = async |name: &str| Revisions::current(&*world.lambda, &workload(name)).await.unwrap();
    assert_eq!(&*find("hello:live").await.unwrap().workload.name, "hello:2");
    assert!(find("hello:other").await.is_none());
}
