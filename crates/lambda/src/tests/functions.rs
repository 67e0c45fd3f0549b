//! Functions come, change, are found and go.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::workload::{Revisions, WorkloadId, WorkloadKind};
use weft_types::{AccountId, Region, Timestamp};

use super::world::{ROLE, START, World, create_request, key, refusal, zip_of};

#[tokio::test]
async fn a_new_function_is_shown_as_aws_shows_it() {
    let world = World::new();
    let created = world.create("hello").await;
    assert_eq!(created.function_name.as_deref(), Some("hello"));
    assert_eq!(created.function_arn.as_deref(), Some("arn:aws:lambda:us-east-1:000000000000:function:hello"));
    assert_eq!((created.timeout, created.memory_size), (Some(3), Some(128)));
    assert_eq!(created.last_modified.as_deref(), Some("2026-11-24T01:02:03.004+0000"));
    assert_eq!(created.version.as_deref(), Some("$LATEST"));
    assert_eq!(created.state.as_deref(), Some("Active"));
    assert_eq!(created.last_update_status.as_deref(), Some("Successful"));
    assert_eq!(created.package_type.as_deref(), Some("Zip"));
    assert_eq!(created.role.as_deref(), Some(ROLE));
    assert_eq!(created.ephemeral_storage.as_ref().map(|storage| storage.size), Some(512));
    let logging = created.logging_config.clone().unwrap();
    assert_eq!(logging.log_group.as_deref(), Some("/aws/lambda/hello"));
    assert_eq!(logging.log_format.as_deref(), Some("Text"));
    assert_eq!(created.environment, None);
    assert_eq!(world.get("hello").await.unwrap(), created);
    let whole: model::GetFunctionResponse = world
        .call("GetFunction", model::GetFunctionRequest { function_name: "hello".to_owned(), qualifier: None })
        .await
        .unwrap();
    assert_eq!(whole.configuration, Some(created));
    assert_eq!(whole.code.unwrap().repository_type.as_deref(), Some("S3"));
}

#[tokio::test]
async fn a_function_is_found_by_every_form_of_its_name() {
    let world = World::new();
    world.create("hello").await;
    for name in [
        "hello",
        "hello:$LATEST",
        "function:hello",
        "000000000000:function:hello",
        "arn:aws:lambda:us-east-1:000000000000:function:hello",
    ] {
        assert!(world.get(name).await.is_ok(), "{name}");
    }
    let (code, status, message) = refusal(world.get("hello:live").await);
    assert_eq!((code.as_str(), status), ("ResourceNotFoundException", 404));
    assert_eq!(message, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:live");
    assert_eq!(refusal(world.get("nobody").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::new();
    world.create("hello").await;
    let again =
        world.call::<_, model::FunctionConfiguration>("CreateFunction", create_request("hello")).await;
    let expected = ("ResourceConflictException".to_owned(), 409, "Function already exist: hello".to_owned());
    assert_eq!(refusal(again), expected);
}

#[tokio::test]
async fn functions_are_there_after_a_restart() {
    let world = World::new();
    let created = world.create("hello").await;
    let later = world.restart();
    assert_eq!(later.get("hello").await.unwrap(), created);
    assert!(later.invoke("hello", "1").await.is_ok());
    let revision = later.workers.revisions.lock().unwrap()[0].clone();
    assert!(std::fs::read_to_string(revision.code.join("app.py")).unwrap().starts_with("def main"));
}

#[tokio::test]
async fn a_lost_tree_is_unpacked_again_from_its_archive() {
    let world = World::new();
    world.create("hello").await;
    for entry in std::fs::read_dir(world.folder.path().join("trees")).unwrap() {
        std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    let later = world.restart();
    assert!(later.invoke("hello", "1").await.is_ok());
    assert_eq!(later.kept(), (1, 1));
}

#[tokio::test]
async fn settings_change_and_the_rest_stays() {
    let world = World::new();
    let created = world.create("hello").await;
    world.clock.set(Timestamp::from_millis(START + 1000));
    let input = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        timeout: Some(30),
        description: Some("greets".to_owned()),
        ..Default::default()
    };
    let updated: model::FunctionConfiguration =
        world.call("UpdateFunctionConfiguration", input).await.unwrap();
    assert_ne!(updated.revision_id, created.revision_id);
    let expected = model::FunctionConfiguration {
        timeout: Some(30),
        description: Some("greets".to_owned()),
        last_modified: Some("2026-11-24T01:02:04.004+0000".to_owned()),
        revision_id: updated.revision_id.clone(),
        ..created
    };
    assert_eq!(updated, expected);
    assert_eq!(world.get("hello").await.unwrap(), expected);
}

#[tokio::test]
async fn a_change_of_an_older_revision_is_refused() {
    let world = World::new();
    let created = world.create("hello").await;
    let change = |revision: Option<String>| model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        revision_id: revision,
        ..Default::default()
    };
    let update = |input| world.call::<_, model::FunctionConfiguration>("UpdateFunctionConfiguration", input);
    assert!(update(change(created.revision_id.clone())).await.is_ok());
    let (code, status, _) = refusal(update(change(created.revision_id)).await);
    assert_eq!((code.as_str(), status), ("PreconditionFailedException", 412));
}

#[tokio::test]
async fn an_update_reaches_the_next_invocation_and_drains_the_old_workers() {
    let world = World::new();
    world.create("hello").await;
    world.invoke("hello", "1").await.unwrap();
    let code = model::UpdateFunctionCodeRequest {
        function_name: "hello".to_owned(),
        zip_file: Some(zip_of(&[("app.py", b"new")])),
        ..Default::default()
    };
    let updated: model::FunctionConfiguration = world.call("UpdateFunctionCode", code).await.unwrap();
    world.invoke("hello", "2").await.unwrap();
    let revisions = world.workers.revisions.lock().unwrap().clone();
    assert_ne!(revisions[0].id, revisions[1].id);
    assert_eq!(std::fs::read(revisions[1].code.join("app.py")).unwrap(), b"new");
    assert!(revisions[1].id.starts_with(updated.revision_id.as_deref().unwrap()));
    let retired = world.workers.retired.lock().unwrap().clone();
    assert_eq!(retired, [(revisions[1].workload.clone(), Some(revisions[1].id.to_string()))]);
}

#[tokio::test]
async fn a_dry_run_of_new_code_changes_nothing() {
    let world = World::new();
    let created = world.create("hello").await;
    let code = model::UpdateFunctionCodeRequest {
        function_name: "hello".to_owned(),
        zip_file: Some(zip_of(&[("app.py", b"new")])),
        dry_run: Some(true),
        ..Default::default()
    };
    let shown: model::FunctionConfiguration = world.call("UpdateFunctionCode", code).await.unwrap();
    assert_ne!(shown.code_sha256, created.code_sha256);
    assert_eq!(world.get("hello").await.unwrap(), created);
    assert_eq!(world.kept(), (1, 1));
    assert!(world.workers.retired.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_function_is_gone_with_its_workers() {
    let world = World::new();
    world.create("hello").await;
    world.invoke("hello", "1").await.unwrap();
    let delete = |name: &str, qualifier: Option<&str>| {
        let qualifier = qualifier.map(str::to_owned);
        let input = model::DeleteFunctionRequest { function_name: name.to_owned(), qualifier };
        world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input)
    };
    assert_eq!(refusal(delete("hello", Some("$LATEST")).await).0, "InvalidParameterValueException");
    assert_eq!(refusal(delete("hello", Some("7")).await).0, "ResourceNotFoundException");
    assert_eq!(delete("hello", None).await.unwrap().status_code, Some(204));
    assert_eq!(refusal(delete("hello", None).await).0, "ResourceNotFoundException");
    assert_eq!(refusal(world.invoke("hello", "1").await).0, "ResourceNotFoundException");
    assert_eq!(world.workers.retired.lock().unwrap().last().unwrap().1, None);
    world.create("hello").await;
    assert!(world.invoke("hello", "1").await.is_ok());
}

#[tokio::test]
async fn functions_are_listed_by_name_a_page_at_a_time() {
    let world = World::new();
    for i in 0..53 {
        world.create(&format!("f{i:02}")).await;
    }
    let mut names = Vec::new();
    let mut pages = Vec::new();
    let mut marker = None;
    loop {
        let input = model::ListFunctionsRequest { marker, max_items: Some(10_000), ..Default::default() };
        let page: model::ListFunctionsResponse = world.call("ListFunctions", input).await.unwrap();
        let functions = page.functions.unwrap();
        pages.push(functions.len());
        names.extend(functions.into_iter().filter_map(|function| function.function_name));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(pages, [50, 3]);
    assert_eq!(names, (0..53).map(|i| format!("f{i:02}")).collect::<Vec<_>>());
    let input = model::ListFunctionsRequest { marker: Some("?".to_owned()), ..Default::default() };
    let refused = world.call::<_, model::ListFunctionsResponse>("ListFunctions", input).await;
    assert_eq!(refusal(refused).0, "InvalidParameterValueException");
}

#[tokio::test]
async fn tags_come_and_go_without_a_new_revision() {
    let world = World::new();
    let created = world.create("hello").await;
    let resource = created.function_arn.clone().unwrap();
    let tags = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let tag = |tags| {
        let input = model::TagResourceRequest { resource: resource.clone(), tags };
        world.call::<_, ()>("TagResource", input)
    };
    tag(tags(&[("a", "1"), ("b", "2")])).await.unwrap();
    tag(tags(&[("b", "3")])).await.unwrap();
    let many = (0..49).map(|i| (format!("k{i}"), String::new())).collect();
    assert_eq!(refusal(tag(many).await).0, "InvalidParameterValueException");
    let list = || {
        let input = model::ListTagsRequest { resource: resource.clone() };
        world.call::<_, model::ListTagsResponse>("ListTags", input)
    };
    assert_eq!(list().await.unwrap().tags.unwrap(), tags(&[("a", "1"), ("b", "3")]));
    let input = model::UntagResourceRequest { resource: resource.clone(), tag_keys: vec!["a".to_owned()] };
    world.call::<_, ()>("UntagResource", input).await.unwrap();
    assert_eq!(list().await.unwrap().tags.unwrap(), tags(&[("b", "3")]));
    assert_eq!(world.get("hello").await.unwrap().revision_id, created.revision_id);
    let input = model::ListTagsRequest { resource: format!("{resource}:1") };
    let refused = world.call::<_, model::ListTagsResponse>("ListTags", input).await;
    assert_eq!(refusal(refused).0, "InvalidParameterValueException");
}

#[tokio::test]
async fn the_current_revision_is_found_by_workload() {
    let world = World::new();
    world.create("hello").await;
    let workload = |name: &str, kind| WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::default(),
        app: None,
        name: name.into(),
        kind,
    };
    let find = async |name: &str, kind| {
        Revisions::current(&*world.lambda, &workload(name, kind)).await.unwrap().is_some()
    };
    assert!(find("hello", WorkloadKind::Function).await);
    assert!(find("hello:$LATEST", WorkloadKind::Function).await);
    assert!(!find("hello:live", WorkloadKind::Function).await);
    assert!(!find("hello", WorkloadKind::Service).await);
    assert!(!find("other", WorkloadKind::Function).await);
    assert!(find("hello", WorkloadKind::Function).await);
    assert_eq!(key("hello").log_group(), "/aws/lambda/hello");
}

#[tokio::test]
async fn an_app_keeps_workers_of_what_it_deployed_and_not_of_versions() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    let scale = weft_service::workload::Scale {
        min: 2,
        max: 5,
        concurrency: 1,
        queue_max: 3,
        queue_timeout: std::time::Duration::from_secs(1),
        idle_timeout: std::time::Duration::from_secs(1),
    };
    world.invoke("hello:1", "1").await.unwrap();
    world.lambda.place(&key("hello"), Some(crate::Placement::new(None, Some(scale))));
    let retired = world.workers.retired.lock().unwrap().clone();
    let names: Vec<&str> = retired.iter().map(|(workload, _)| &*workload.name).collect();
    assert_eq!(names, ["hello", "hello:1"]);
    world.invoke("hello", "1").await.unwrap();
    world.invoke("hello:1", "1").await.unwrap();
    let revisions = world.workers.revisions.lock().unwrap().clone();
    let scales: Vec<_> = revisions.iter().map(|revision| (revision.scale.min, revision.scale.max)).collect();
    assert_eq!(scales, [(0, 1000), (2, 5), (0, 5)]);
}

#[tokio::test]
async fn an_account_sees_what_it_uses() {
    let world = World::new();
    let settings = || {
        world.call::<_, model::GetAccountSettingsResponse>(
            "GetAccountSettings",
            model::GetAccountSettingsRequest {},
        )
    };
    let created = world.create("a").await;
    world.create("b").await;
    let found = settings().await.unwrap();
    let usage = found.account_usage.unwrap();
    assert_eq!(usage.function_count, Some(2));
    assert_eq!(usage.total_code_size, created.code_size.map(|size| size * 2));
    let limit = found.account_limit.unwrap();
    assert_eq!(limit.concurrent_executions, Some(1000));
    assert_eq!(limit.code_size_unzipped, Some(262_144_000));
    let input = model::DeleteFunctionRequest { function_name: "a".to_owned(), qualifier: None };
    world.call::<_, model::DeleteFunctionResponse>("DeleteFunction", input).await.unwrap();
    let usage = settings().await.unwrap().account_usage.unwrap();
    assert_eq!((usage.function_count, usage.total_code_size), (Some(1), created.code_size));
}
