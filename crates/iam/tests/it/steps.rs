//! Steps of plans: what is tried again with the same token is made once.

use weft_model::{Shape, Value, iam};
use weft_service::{Context, Error, StepToken};
use weft_types::Region;

use crate::world::{World, allow, document, ok, text, trusts};

async fn deployer(world: &World) -> Context {
    let key = &world.admin.credentials.access_key_id;
    let cx = world.dispatch.context_for_key("cloudformation", key, None, Region::default()).await;
    cx.expect("the administrator's key")
}

/// The same step twice gives the same; another one is refused with `refusal`, or makes another where that is none.
async fn check<I: Shape + Clone>(cx: &Context, operation: &str, input: I, refusal: Option<&str>) {
    let call = async |step: &str| -> Result<Value, Error> {
        let cx = cx.as_step(StepToken::new(format!("{operation}/{step}")));
        cx.call_value("iam", operation, input.clone().into_value()).await
    };
    let first = call("1").await.expect(operation);
    assert_eq!(call("1").await.expect(operation), first, "{operation}");
    match (call("2").await, refusal) {
        (Err(error), Some(code)) => assert_eq!(error.code(), code, "{operation}"),
        (Ok(second), None) => assert_ne!(second, first, "{operation}"),
        (other, _) => panic!("{operation}: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_step_made_is_given_again_and_another_step_is_refused() {
    let world = World::new().await;
    let cx = deployer(&world).await;
    let exists = Some("EntityAlreadyExistsException");
    let user = iam::CreateUserRequest { user_name: text("ann"), ..Default::default() };
    check(&cx, "CreateUser", user, exists).await;
    let group = iam::CreateGroupRequest { group_name: text("all"), path: None };
    check(&cx, "CreateGroup", group, exists).await;
    let role = iam::CreateRoleRequest {
        role_name: text("worker"),
        assume_role_policy_document: document(&trusts("{'Service':'lambda.amazonaws.com'}")),
        ..Default::default()
    };
    check(&cx, "CreateRole", role, exists).await;
    let profile =
        iam::CreateInstanceProfileRequest { instance_profile_name: text("machine"), ..Default::default() };
    check(&cx, "CreateInstanceProfile", profile, exists).await;
    let policy = iam::CreatePolicyRequest {
        policy_name: text("reads"),
        policy_document: document(&allow("s3:Get*")),
        ..Default::default()
    };
    check(&cx, "CreatePolicy", policy, exists).await;
    let version = iam::CreatePolicyVersionRequest {
        policy_arn: text("arn:aws:iam::000000000000:policy/reads"),
        policy_document: document(&allow("s3:List*")),
        set_as_default: Some(false),
    };
    check(&cx, "CreatePolicyVersion", version, None).await;
    check(&cx, "CreateAccessKey", iam::CreateAccessKeyRequest { user_name: Some(text("ann")) }, None).await;
}

#[tokio::test]
async fn what_a_step_made_and_somebody_deleted_is_made_again() {
    let world = World::new().await;
    let cx = deployer(&world).await.as_step(StepToken::new("stack/1"));
    let make = || iam::CreateGroupRequest { group_name: text("all"), path: None };
    let first: iam::CreateGroupResponse = cx.call("iam", "CreateGroup", make()).await.expect("a group");
    let delete = iam::DeleteGroupRequest { group_name: text("all") };
    ok::<_, ()>(&world.admin, "DeleteGroup", delete).await;
    let second: iam::CreateGroupResponse = cx.call("iam", "CreateGroup", make()).await.expect("a group");
    assert_ne!(first.group.expect("a group").group_id, second.group.expect("a group").group_id);
}
