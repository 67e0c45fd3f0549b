//! Service-linked roles, and AWS's own managed policies.

use weft_model::iam;

use crate::world::{World, allow, document, fails, ok, text};

fn create(service: &str, suffix: Option<&str>) -> iam::CreateServiceLinkedRoleRequest {
    iam::CreateServiceLinkedRoleRequest {
        aws_service_name: text(service),
        description: None,
        custom_suffix: suffix.map(text),
    }
}

#[tokio::test]
async fn a_service_linked_role_is_made_kept_from_change_and_deleted() {
    let world = World::new().await;
    let admin = &world.admin;
    let service = "ecs.amazonaws.com";
    let made: iam::CreateServiceLinkedRoleResponse =
        ok(admin, "CreateServiceLinkedRole", create(service, None)).await;
    let role = made.role.expect("a role");
    assert_eq!(
        role.arn,
        "arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    );
    let name = "AWSServiceRoleForECS";
    assert_eq!(
        fails(admin, "CreateServiceLinkedRole", create(service, None)).await,
        format!(
            "400 InvalidInput: Service role name {name} has been taken in this account, please try a different suffix."
        )
    );
    let protected = format!(
        "400 UnmodifiableEntity: Cannot perform the operation on the protected role '{name}' - this role is only \
         modifiable by AWS"
    );
    let put = iam::PutRolePolicyRequest {
        role_name: text(name),
        policy_name: text("p"),
        policy_document: document(&allow("*")),
    };
    assert_eq!(fails(admin, "PutRolePolicy", put).await, protected);
    assert_eq!(fails(admin, "DeleteRole", iam::DeleteRoleRequest { role_name: text(name) }).await, protected);
    let detach = iam::DetachRolePolicyRequest {
        role_name: text(name),
        policy_arn: text("arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"),
    };
    assert_eq!(fails(admin, "DetachRolePolicy", detach).await, protected);
    let describe = iam::UpdateRoleDescriptionRequest { role_name: text(name), description: text("ours") };
    ok::<_, iam::UpdateRoleDescriptionResponse>(admin, "UpdateRoleDescription", describe).await;
    let delete = || iam::DeleteServiceLinkedRoleRequest { role_name: text(name) };
    let gone: iam::DeleteServiceLinkedRoleResponse = ok(admin, "DeleteServiceLinkedRole", delete()).await;
    let task = gone.deletion_task_id.expect("a task");
    assert!(task.starts_with("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"), "{task}");
    let status = |task: &str| iam::GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: text(task) };
    let found: iam::GetServiceLinkedRoleDeletionStatusResponse =
        ok(admin, "GetServiceLinkedRoleDeletionStatus", status(&task)).await;
    assert_eq!(found.status.as_deref(), Some("SUCCEEDED"));
    assert!(
        fails(admin, "GetServiceLinkedRoleDeletionStatus", status("task/other"))
            .await
            .starts_with("404 NoSuchEntity")
    );
    assert!(fails(admin, "DeleteServiceLinkedRole", delete()).await.starts_with("404 NoSuchEntity"));
}

#[tokio::test]
async fn a_suffix_is_for_services_that_take_one() {
    let world = World::new().await;
    let made: iam::CreateServiceLinkedRoleResponse =
        ok(&world.admin, "CreateServiceLinkedRole", create("autoscaling.amazonaws.com", Some("x"))).await;
    assert_eq!(made.role.expect("a role").role_name, "AWSServiceRoleForAutoScaling_x");
    let cases = [
        ("ecs.amazonaws.com", Some("x"), "Custom suffix is not allowed for ecs.amazonaws.com"),
        ("nothing.amazonaws.com", None, "Service-linked roles of nothing.amazonaws.com are not known here."),
    ];
    for (service, suffix, expected) in cases {
        let refused = fails(&world.admin, "CreateServiceLinkedRole", create(service, suffix)).await;
        assert_eq!(refused, format!("400 InvalidInput: {expected}"));
    }
}

#[tokio::test]
async fn the_policies_of_aws_are_listed_in_pages_and_cannot_be_changed() {
    let world = World::new().await;
    let admin = &world.admin;
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let list = iam::ListPoliciesRequest {
            scope: Some(text("AWS")),
            max_items: Some(1000),
            marker,
            ..Default::default()
        };
        let page: iam::ListPoliciesResponse = ok(admin, "ListPolicies", list).await;
        names.extend(page.policies.expect("policies").into_iter().filter_map(|policy| policy.policy_name));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 1594);
    assert!(names.iter().any(|name| name == "PowerUserAccess"));
    let attached = iam::ListPoliciesRequest { only_attached: Some(true), ..Default::default() };
    let page: iam::ListPoliciesResponse = ok(admin, "ListPolicies", attached).await;
    let [only] = &page.policies.expect("policies")[..] else { panic!("one policy is attached") };
    assert_eq!((only.policy_name.as_deref(), only.attachment_count), (Some("AdministratorAccess"), Some(1)));
    let prefixed =
        iam::ListPoliciesRequest { path_prefix: Some(text("/job-function/")), ..Default::default() };
    let page: iam::ListPoliciesResponse = ok(admin, "ListPolicies", prefixed).await;
    assert_eq!(page.policies.expect("policies").len(), 11);
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let list = iam::ListPolicyVersionsRequest { policy_arn: text(arn), ..Default::default() };
    let versions: iam::ListPolicyVersionsResponse = ok(admin, "ListPolicyVersions", list).await;
    let version = versions.versions.expect("versions").remove(0);
    assert_eq!((version.version_id.as_deref(), version.is_default_version), (Some("v188"), Some(true)));
    let get = iam::GetPolicyVersionRequest { policy_arn: text(arn), version_id: text("v188") };
    let found: iam::GetPolicyVersionResponse = ok(admin, "GetPolicyVersion", get).await;
    assert!(found.policy_version.and_then(|v| v.document).expect("a document").starts_with("%7B%22Version"));
    let create = iam::CreatePolicyVersionRequest {
        policy_arn: text(arn),
        policy_document: document(&allow("*")),
        set_as_default: None,
    };
    let refused = fails(admin, "CreatePolicyVersion", create).await;
    assert_eq!(refused, "403 AccessDenied: Policy is outside your own account.");
}

#[tokio::test]
async fn a_policy_of_aws_gives_what_it_says() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let attach = |arn: &str| iam::AttachUserPolicyRequest { user_name: text("ada"), policy_arn: text(arn) };
    ok::<_, ()>(&world.admin, "AttachUserPolicy", attach("arn:aws:iam::aws:policy/IAMReadOnlyAccess")).await;
    let list = iam::ListUsersRequest::default;
    ok::<_, iam::ListUsersResponse>(&ada, "ListUsers", list()).await;
    let delete = iam::DeleteUserRequest { user_name: text("admin") };
    assert!(fails(&ada, "DeleteUser", delete).await.starts_with("403"));
    let linked = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy";
    assert_eq!(
        fails(&world.admin, "AttachUserPolicy", attach(linked)).await,
        "400 PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role."
    );
}
