//! Steps of plans: what is tried again with the same token is made once.

use weft_model::{Shape, iam};
use weft_service::testing::{deployer, made_once};
use weft_service::{Context, StepToken};

use crate::world::{World, allow, document, ok, text, trusts};

async fn check<I: Shape>(cx: &Context, operation: &str, input: I, refusal: Option<&str>) {
    made_once(cx, &iam::SERVICE, operation, input, refusal).await;
}

#[tokio::test]
async fn what_a_step_made_is_given_again_and_another_step_is_refused() {
    let world = World::new().await;
    let cx = deployer(&world.admin).await;
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
    let cx = deployer(&world.admin).await.as_step(StepToken::new("stack/1"));
    let make = || iam::CreateGroupRequest { group_name: text("all"), path: None };
    let first: iam::CreateGroupResponse = cx.call("iam", "CreateGroup", make()).await.expect("a group");
    let delete = iam::DeleteGroupRequest { group_name: text("all") };
    ok::<_, ()>(&world.admin, "DeleteGroup", delete).await;
    let second: iam::CreateGroupResponse = cx.call("iam", "CreateGroup", make()).await.expect("a group");
    assert_ne!(first.group.expect("a group").group_id, second.group.expect("a group").group_id);
}
