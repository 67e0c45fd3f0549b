//! Versions are published, found, and never change.

use weft_model::lambda as model;
use weft_types::Timestamp;

use super::world::{START, World, create_request, refusal};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

async fn delete(world: &World, qualifier: Option<&str>) -> Result<(), (String, u16, String)> {
    let qualifier = qualifier.map(str::to_owned);
    let input = model::DeleteFunctionRequest { function_name: "hello".to_owned(), qualifier };
    let done = world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input).await;
    done.map(drop).map_err(|fault| refusal::<()>(Err(fault)))
}

async fn versions(world: &World) -> Vec<String> {
    let input =
        model::ListVersionsByFunctionRequest { function_name: "hello".to_owned(), ..Default::default() };
    let page: model::ListVersionsByFunctionResponse =
        world.call("ListVersionsByFunction", input).await.unwrap();
    page.versions.unwrap().into_iter().filter_map(|version| version.version).collect()
}

#[tokio::test]
async fn a_version_is_a_copy_that_does_not_change() {
    let world = World::new();
    let created = world.create("hello").await;
    world.clock.set(Timestamp::from_millis(START + 1000));
    let first = world.publish("hello").await;
    assert_eq!(first.version.as_deref(), Some("1"));
    assert_eq!(first.function_arn.as_deref(), Some(format!("{ARN}:1").as_str()));
    assert_eq!(first.code_sha256, created.code_sha256);
    assert_ne!(first.revision_id, created.revision_id);
    world.update_code("hello", b"new").await;
    assert_eq!(world.get("hello:1").await.unwrap(), first);
    assert_ne!(world.get("hello").await.unwrap().code_sha256, first.code_sha256);
    let later = world.restart();
    assert_eq!(later.get("hello:1").await.unwrap(), first);
    let invoked = later.invoke("hello:1", "1").await.unwrap();
    assert_eq!(invoked.executed_version.as_deref(), Some("1"));
    let revision = later.workers.revisions.lock().unwrap()[0].clone();
    assert!(std::fs::read_to_string(revision.code.join("app.py")).unwrap().starts_with("def main"));
    assert_eq!(&*revision.workload.name, "hello:1");
}

#[tokio::test]
async fn what_has_not_changed_is_not_published_again() {
    let world = World::new();
    world.create("hello").await;
    let first = world.publish("hello").await;
    assert_eq!(world.publish("hello").await, first);
    // An update that changes nothing.
    let input =
        model::UpdateFunctionConfigurationRequest { function_name: "hello".to_owned(), ..Default::default() };
    world.call::<_, model::FunctionConfiguration>("UpdateFunctionConfiguration", input).await.unwrap();
    assert_eq!(world.publish("hello").await, first);
    world.update_code("hello", b"new").await;
    assert_eq!(world.publish("hello").await.version.as_deref(), Some("2"));
}

#[tokio::test]
async fn two_who_publish_at_once_get_one_version() {
    let world = World::new();
    world.create("hello").await;
    let (first, second) = tokio::join!(world.publish("hello"), world.publish("hello"));
    assert_eq!(first, second);
    assert_eq!(versions(&world).await, ["$LATEST", "1"]);
}

#[tokio::test]
async fn publishing_may_be_bound_to_code_and_revision() {
    let world = World::new();
    let created = world.create("hello").await;
    let publish = |sum: Option<&str>, revision: Option<String>, description: &str| {
        let input = model::PublishVersionRequest {
            function_name: "hello".to_owned(),
            code_sha256: sum.map(str::to_owned),
            revision_id: revision,
            description: Some(description.to_owned()),
            publish_to: None,
        };
        world.call::<_, model::FunctionConfiguration>("PublishVersion", input)
    };
    let (code, _, message) = refusal(publish(Some("other"), None, "").await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.starts_with("CodeSHA256 (other) is different from current CodeSHA256 in $LATEST"));
    let stale = refusal(publish(None, Some("stale".to_owned()), "").await);
    assert_eq!((stale.0.as_str(), stale.1), ("PreconditionFailedException", 412));
    let good = publish(created.code_sha256.as_deref(), created.revision_id, "the first").await.unwrap();
    assert_eq!(good.description.as_deref(), Some("the first"));
    assert_eq!(world.get("hello").await.unwrap().description.as_deref(), Some(""));
}

#[tokio::test]
async fn creating_and_updating_may_publish_at_once() {
    let world = World::new();
    let input = model::CreateFunctionRequest { publish: Some(true), ..create_request("hello") };
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    assert_eq!(created.version.as_deref(), Some("1"));
    assert_eq!(created.function_arn.as_deref(), Some(format!("{ARN}:1").as_str()));
    let input = model::UpdateFunctionCodeRequest {
        function_name: "hello".to_owned(),
        zip_file: Some(super::world::zip_of(&[("app.py", b"new")])),
        publish: Some(true),
        ..Default::default()
    };
    let updated: model::FunctionConfiguration = world.call("UpdateFunctionCode", input).await.unwrap();
    assert_eq!(updated.version.as_deref(), Some("2"));
    assert_eq!(versions(&world).await, ["$LATEST", "1", "2"]);
}

#[tokio::test]
async fn a_number_is_never_used_again() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.update_code("hello", b"2").await;
    world.publish("hello").await;
    delete(&world, Some("2")).await.unwrap();
    assert_eq!(delete(&world, Some("2")).await.unwrap_err().0, "ResourceNotFoundException");
    assert_eq!(versions(&world).await, ["$LATEST", "1"]);
    assert_eq!(world.publish("hello").await.version.as_deref(), Some("3"));
    delete(&world, None).await.unwrap();
    world.create("hello").await;
    assert_eq!(versions(&world).await, ["$LATEST"]);
    assert_eq!(world.publish("hello").await.version.as_deref(), Some("4"));
}

#[tokio::test]
async fn a_version_that_an_alias_needs_stays() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.create_alias("hello", "live", "1").await.unwrap();
    let expected = "Unable to delete version because the following aliases reference it: [live]";
    let refused = delete(&world, Some("1")).await.unwrap_err();
    assert_eq!(refused, ("ResourceConflictException".to_owned(), 409, expected.to_owned()));
    assert_eq!(delete(&world, Some("live")).await.unwrap_err().0, "InvalidParameterValueException");
}

#[tokio::test]
async fn versions_run_apart_and_end_with_their_function() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.invoke("hello", "1").await.unwrap();
    world.invoke("hello:1", "1").await.unwrap();
    let revisions = world.workers.revisions.lock().unwrap().clone();
    assert_ne!(revisions[0].id, revisions[1].id);
    assert_ne!(revisions[0].workload, revisions[1].workload);
    delete(&world, None).await.unwrap();
    let retired = world.workers.retired.lock().unwrap().clone();
    let names: Vec<&str> = retired.iter().map(|(workload, _)| &*workload.name).collect();
    assert_eq!(names, ["hello:1", "hello"]);
    assert_eq!(refusal(world.invoke("hello:1", "1").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn code_stays_while_a_version_has_it() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.update_code("hello", b"new").await;
    let later = Timestamp::from_millis(START + 3_600_000);
    assert_eq!(world.lambda.sweep(later).await.unwrap(), 0);
    assert_eq!(world.kept(), (2, 2));
    delete(&world, Some("1")).await.unwrap();
    assert_eq!(world.lambda.sweep(later).await.unwrap(), 1);
    assert_eq!(world.kept(), (1, 1));
}

#[tokio::test]
async fn all_versions_are_listed_a_page_at_a_time() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.create(name).await;
        world.publish(name).await;
    }
    world.update_code("b", b"new").await;
    world.publish("b").await;
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let input = model::ListFunctionsRequest {
            function_version: Some("ALL".to_owned()),
            max_items: Some(2),
            marker,
            master_region: None,
        };
        let page: model::ListFunctionsResponse = world.call("ListFunctions", input).await.unwrap();
        let functions = page.functions.unwrap();
        assert!(functions.len() <= 2);
        let name = |arn: &str| arn.split(":function:").nth(1).unwrap().to_owned();
        found.extend(functions.iter().map(|function| name(function.function_arn.as_deref().unwrap())));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a:$LATEST", "a:1", "b:$LATEST", "b:1", "b:2", "c:$LATEST", "c:1"]);
}
