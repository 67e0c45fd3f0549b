//! Policies of functions.

use serde_json::{Value, json};
use weft_model::lambda as model;
use weft_service::testing::{DELETED, user_id};
use weft_store::Record as _;
use weft_wire::ServiceFault;

use super::world::{World, key, refusal};
use crate::name::FunctionRef;
use crate::permission::{PolicyRecord, Statement};

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

#[tokio::test]
async fn a_permission_is_for_the_user_that_it_was_given_to_and_shown_by_the_arn() {
    let world = World::new();
    world.create("hello").await;
    let user = |name: &str| format!("arn:aws:iam::000000000000:user/{name}");
    let given =
        |sid: &str, name: &str| model::AddPermissionRequest { principal: user(name), ..permission(sid) };
    let statement = add(&world, given("a", "stranger")).await.unwrap();
    assert_eq!(statement["Principal"], json!({ "AWS": user("stranger") }));
    add(&world, given("b", DELETED)).await.unwrap();
    // By the id it is stored, and by the id it lets in.
    let function = FunctionRef { key: key("hello"), qualifier: None };
    let stored = world.lambda.resource_policy(&function).await.unwrap().unwrap();
    assert_eq!(stored.principal_arns().count(), 0);
    assert_eq!(stored.principal_ids().collect::<Vec<_>>(), [user_id("stranger"), user_id(DELETED)]);
    let input = model::InvocationRequest { function_name: "hello".to_owned(), ..Default::default() };
    let invoked = world.stranger.call::<_, model::InvocationResponse>(&model::SERVICE, "Invoke", input).await;
    assert_eq!(invoked.unwrap().status_code, Some(200));
    let (policy, _) = get(&world, "hello").await.unwrap();
    let shown: Vec<_> = (0..2).map(|at| policy["Statement"][at]["Principal"]["AWS"].clone()).collect();
    assert_eq!(shown, [json!(user("stranger")), json!(user_id(DELETED))]);
    for missing in ["arn:aws:iam::000000000000:role/nobody", "arn:aws:iam::444455556666:user/eve"] {
        let input = model::AddPermissionRequest { principal: missing.to_owned(), ..permission("c") };
        let (code, _, message) = refusal(add(&world, input).await);
        assert_eq!(code, "InvalidParameterValueException");
        assert_eq!(message, "The provided principal was invalid. Please check the principal and try again.");
    }
}

#[test]
fn a_policy_that_an_older_build_stored_is_read_and_goes_by_arns() {
    let text = r#"{"Sid":"a","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:user/ada"},"Action":"lambda:*","Resource":"*"}"#;
    let statements = vec![Statement { sid: "a".to_owned(), text: text.to_owned() }];
    let fields = rmp_serde::to_vec_named(&PolicyRecord { statements }).unwrap();
    let policy = PolicyRecord::upgrade(1, &fields).unwrap().policy().unwrap();
    assert_eq!(policy.principal_arns().collect::<Vec<_>>(), ["arn:aws:iam::000000000000:user/ada"]);
}
