//! Policies of functions.

use serde_json::{Value, json};
use weft_model::lambda as model;
use weft_wire::ServiceFault;

use super::world::{World, key, refusal};
use crate::name::FunctionRef;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

fn permission(sid: &str) -> model::AddPermissionRequest {
    model::AddPermissionRequest {
        function_name: "hello".to_owned(),
        statement_id: sid.to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "s3.amazonaws.com".to_owned(),
        ..Default::default()
    }
}

async fn add(world: &World, input: model::AddPermissionRequest) -> Result<Value, ServiceFault> {
    let added: model::AddPermissionResponse = world.call("AddPermission", input).await?;
    Ok(serde_json::from_str(&added.statement.unwrap()).unwrap())
}

async fn get(world: &World, name: &str) -> Result<(Value, String), ServiceFault> {
    let input = model::GetPolicyRequest { function_name: name.to_owned(), qualifier: None };
    let found: model::GetPolicyResponse = world.call("GetPolicy", input).await?;
    Ok((serde_json::from_str(&found.policy.unwrap()).unwrap(), found.revision_id.unwrap()))
}

async fn remove(world: &World, sid: &str, revision: Option<&str>) -> Result<(), ServiceFault> {
    let input = model::RemovePermissionRequest {
        function_name: "hello".to_owned(),
        statement_id: sid.to_owned(),
        revision_id: revision.map(str::to_owned),
        qualifier: None,
    };
    world.call("RemovePermission", input).await
}

#[tokio::test]
async fn a_permission_is_a_statement_of_the_policy() {
    let world = World::new();
    world.create("hello").await;
    let input = model::AddPermissionRequest {
        source_arn: Some("arn:aws:s3:::photos".to_owned()),
        source_account: Some("000000000000".to_owned()),
        ..permission("s3")
    };
    let statement = add(&world, input).await.unwrap();
    let expected = json!({
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}}
    });
    assert_eq!(statement, expected);
    let document = json!({"Version": "2012-10-17", "Id": "default", "Statement": [expected]});
    assert_eq!(get(&world, "hello").await.unwrap().0, document);
    assert_eq!(get(&world.restart(), "hello").await.unwrap().0, document);
}

#[tokio::test]
async fn a_policy_changes_the_revision_but_not_what_runs() {
    let world = World::new();
    let created = world.create("hello").await;
    world.invoke("hello", "1").await.unwrap();
    let stale = model::AddPermissionRequest { revision_id: Some("stale".to_owned()), ..permission("a") };
    let (code, status, _) = refusal(add(&world, stale).await);
    assert_eq!((code.as_str(), status), ("PreconditionFailedException", 412));
    let good = model::AddPermissionRequest { revision_id: created.revision_id.clone(), ..permission("a") };
    add(&world, good).await.unwrap();
    let (_, revision) = get(&world, "hello").await.unwrap();
    assert_ne!(Some(&revision), created.revision_id.as_ref());
    assert_eq!(world.get("hello").await.unwrap().revision_id, Some(revision.clone()));
    world.invoke("hello", "1").await.unwrap();
    let revisions = world.workers.revisions.lock().unwrap().clone();
    assert_eq!(revisions[0].id, revisions[1].id);
    remove(&world, "a", Some(&revision)).await.unwrap();
    assert_eq!(refusal(get(&world, "hello").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_no_permission_can_be_is_refused() {
    let world = World::new();
    world.create("hello").await;
    let bad = "InvalidParameterValueException";
    let latest = model::AddPermissionRequest { qualifier: Some("$LATEST".to_owned()), ..permission("a") };
    assert_eq!(refusal(add(&world, latest).await).0, bad);
    let nobody = model::AddPermissionRequest { principal: "somebody".to_owned(), ..permission("a") };
    assert_eq!(refusal(add(&world, nobody).await).0, bad);
    let url =
        model::AddPermissionRequest { function_url_auth_type: Some("NONE".to_owned()), ..permission("a") };
    assert_eq!(refusal(add(&world, url).await).0, bad);
    let via_url = model::AddPermissionRequest {
        action: "lambda:InvokeFunctionUrl".to_owned(),
        invoked_via_function_url: Some(true),
        ..permission("a")
    };
    assert_eq!(refusal(add(&world, via_url).await).0, bad);
    let missing = model::AddPermissionRequest { qualifier: Some("live".to_owned()), ..permission("a") };
    assert_eq!(refusal(add(&world, missing).await).0, "ResourceNotFoundException");
    add(&world, permission("a")).await.unwrap();
    assert_eq!(refusal(add(&world, permission("a")).await).0, "ResourceConflictException");
    assert_eq!(refusal(remove(&world, "b", None).await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn each_alias_and_version_has_a_policy_of_its_own() {
    let world = World::new();
    world.create("hello").await;
    world.publish("hello").await;
    world.create_alias("hello", "live", "1").await.unwrap();
    for (sid, qualifier) in [("alias", "live"), ("version", "1")] {
        let input = model::AddPermissionRequest { qualifier: Some(qualifier.to_owned()), ..permission(sid) };
        let statement = add(&world, input).await.unwrap();
        assert_eq!(statement["Resource"], format!("{ARN}:{qualifier}"));
        let (policy, _) = get(&world, &format!("hello:{qualifier}")).await.unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
    }
    assert_eq!(refusal(get(&world, "hello").await).0, "ResourceNotFoundException");
    let policy = async |qualifier: Option<&str>| {
        let function = FunctionRef { key: key("hello"), qualifier: qualifier.map(str::to_owned) };
        world.lambda.resource_policy(&function).await.unwrap().map(|policy| policy.statement_count())
    };
    assert_eq!(policy(Some("live")).await, Some(1));
    assert_eq!(policy(None).await, None);
    add(&world, permission("whole")).await.unwrap();
    assert_eq!(policy(Some("$LATEST")).await, Some(1));
}
