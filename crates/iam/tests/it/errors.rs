//! What each operation refuses, in AWS's codes and words; and lists, pages and limits.

use weft_model::{Shape, iam};

use crate::world::{World, allow, document, fails, ok, text, trusts};

async fn create_user(world: &World, name: &str) -> iam::User {
    let create = iam::CreateUserRequest { user_name: text(name), ..Default::default() };
    ok::<_, iam::CreateUserResponse>(&world.admin, "CreateUser", create).await.user.expect("a user")
}

async fn create_policy(world: &World, name: &str) -> String {
    let create = iam::CreatePolicyRequest {
        policy_name: text(name),
        policy_document: document(&allow("s3:*")),
        ..Default::default()
    };
    let made: iam::CreatePolicyResponse = ok(&world.admin, "CreatePolicy", create).await;
    made.policy.and_then(|policy| policy.arn).expect("an ARN")
}

/// Calls with each input and compares what the fault says after its status.
async fn check<I: Shape>(world: &World, operation: &str, input: I, expected: &str) {
    assert_eq!(fails(&world.admin, operation, input).await, expected, "{operation}");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::new().await;
    let user = "404 NoSuchEntity: The user with name eve cannot be found.";
    let role = "404 NoSuchEntity: The role with name eve cannot be found.";
    let eve = || text("eve");
    check(&world, "GetUser", iam::GetUserRequest { user_name: Some(eve()) }, user).await;
    check(&world, "DeleteUser", iam::DeleteUserRequest { user_name: eve() }, user).await;
    check(&world, "CreateAccessKey", iam::CreateAccessKeyRequest { user_name: Some(eve()) }, user).await;
    let list = iam::ListUserPoliciesRequest { user_name: eve(), ..Default::default() };
    check(&world, "ListUserPolicies", list, user).await;
    check(&world, "GetRole", iam::GetRoleRequest { role_name: eve() }, role).await;
    check(&world, "DeleteRole", iam::DeleteRoleRequest { role_name: eve() }, role).await;
    let get = iam::GetUserPolicyRequest { user_name: text("admin"), policy_name: text("p") };
    check(&world, "GetUserPolicy", get, "404 NoSuchEntity: The user policy with name p cannot be found.")
        .await;
    let arn = "arn:aws:iam::000000000000:policy/p";
    check(
        &world,
        "GetPolicy",
        iam::GetPolicyRequest { policy_arn: text(arn) },
        &format!("404 NoSuchEntity: Policy {arn} was not found."),
    )
    .await;
    let attach = iam::AttachUserPolicyRequest { user_name: text("admin"), policy_arn: text(arn) };
    let expected = format!("404 NoSuchEntity: Policy {arn} does not exist or is not attachable.");
    check(&world, "AttachUserPolicy", attach, &expected).await;
    let aws = "arn:aws:iam::aws:policy/NobodyAccess";
    let attach = iam::AttachUserPolicyRequest { user_name: text("admin"), policy_arn: text(aws) };
    let expected = format!("404 NoSuchEntity: Policy {aws} does not exist or is not attachable.");
    check(&world, "AttachUserPolicy", attach, &expected).await;
    let delete = iam::DeleteAccessKeyRequest {
        user_name: Some(text("admin")),
        access_key_id: text("AKIAAAAAAAAAAAAAAAAA"),
    };
    check(
        &world,
        "DeleteAccessKey",
        delete,
        "404 NoSuchEntity: The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.",
    )
    .await;
    let bad = iam::GetPolicyRequest { policy_arn: text("arn:aws:iam::000000000000:role/reader") };
    check(
        &world,
        "GetPolicy",
        bad,
        "400 InvalidInput: ARN arn:aws:iam::000000000000:role/reader is not valid.",
    )
    .await;
}

#[tokio::test]
async fn names_are_unique_whatever_their_case() {
    let world = World::new().await;
    create_user(&world, "Ada").await;
    let create = |name: &str| iam::CreateUserRequest { user_name: text(name), ..Default::default() };
    check(&world, "CreateUser", create("ada"), "409 EntityAlreadyExists: User with name ada already exists.")
        .await;
    create_policy(&world, "p").await;
    let again = iam::CreatePolicyRequest {
        policy_name: text("P"),
        path: Some(text("/x/")),
        policy_document: document(&allow("s3:*")),
        ..Default::default()
    };
    check(
        &world,
        "CreatePolicy",
        again,
        "409 EntityAlreadyExists: A policy called P already exists. Duplicate names are not allowed.",
    )
    .await;
    create_user(&world, "bob").await;
    let rename = |to: &str| iam::UpdateUserRequest {
        user_name: text("bob"),
        new_user_name: Some(text(to)),
        ..Default::default()
    };
    check(&world, "UpdateUser", rename("ADA"), "409 EntityAlreadyExists: User with name ADA already exists.")
        .await;
    ok::<_, ()>(&world.admin, "UpdateUser", rename("Bob")).await;
}

#[tokio::test]
async fn documents_are_checked_before_they_are_stored() {
    let world = World::new().await;
    let put = |policy: &str| iam::PutUserPolicyRequest {
        user_name: text("admin"),
        policy_name: text("p"),
        policy_document: text(policy),
    };
    check(&world, "PutUserPolicy", put("nonsense"), "400 MalformedPolicyDocument: Syntax errors in policy.")
        .await;
    let create = |trust: &str| iam::CreateRoleRequest {
        role_name: text("r"),
        assume_role_policy_document: text(trust),
        ..Default::default()
    };
    check(
        &world,
        "CreateRole",
        create("nonsense"),
        "400 MalformedPolicyDocument: This policy contains invalid Json",
    )
    .await;
    let nobody = document(&trusts("{'AWS':'arn:aws:iam::000000000000:user/nobody'}"));
    check(&world, "CreateRole", create(&nobody), "400 MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:user/nobody\"").await;
    let with_resource =
        document("{'Effect':'Allow','Action':'sts:AssumeRole','Principal':'*','Resource':'*'}");
    check(
        &world,
        "CreateRole",
        create(&with_resource),
        "400 MalformedPolicyDocument: Has prohibited field Resource",
    )
    .await;
    let old = iam::CreatePolicyRequest {
        policy_name: text("p"),
        policy_document: text(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#),
        ..Default::default()
    };
    check(
        &world,
        "CreatePolicy",
        old,
        "400 MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater.",
    )
    .await;
    let long = document(&format!("{{'Effect':'Allow','Action':'s3:{}','Resource':'*'}}", "x".repeat(2048)));
    check(
        &world,
        "PutUserPolicy",
        put(&long),
        "409 LimitExceeded: Maximum policy size of 2048 bytes exceeded for user admin",
    )
    .await;
}

#[tokio::test]
async fn quotas_hold() {
    let world = World::new().await;
    world.user("ada", "").await;
    world.key_of("ada").await;
    let create = iam::CreateAccessKeyRequest { user_name: Some(text("ada")) };
    check(
        &world,
        "CreateAccessKey",
        create,
        "409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2",
    )
    .await;
    for number in 0..10 {
        let policy_arn = create_policy(&world, &format!("p{number}")).await;
        let attach = iam::AttachUserPolicyRequest { user_name: text("ada"), policy_arn };
        ok::<_, ()>(&world.admin, "AttachUserPolicy", attach.clone()).await;
        // Once more is no more.
        ok::<_, ()>(&world.admin, "AttachUserPolicy", attach).await;
    }
    let policy_arn = create_policy(&world, "p10").await;
    let attach = iam::AttachUserPolicyRequest { user_name: text("ada"), policy_arn: policy_arn.clone() };
    check(
        &world,
        "AttachUserPolicy",
        attach,
        "409 LimitExceeded: Cannot exceed quota for PoliciesPerUser: 10",
    )
    .await;
    let version = || iam::CreatePolicyVersionRequest {
        policy_arn: policy_arn.clone(),
        policy_document: document(&allow("s3:*")),
        set_as_default: None,
    };
    for _ in 0..4 {
        ok::<_, iam::CreatePolicyVersionResponse>(&world.admin, "CreatePolicyVersion", version()).await;
    }
    check(&world, "CreatePolicyVersion", version(), "409 LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.").await;
    let delete =
        |id: &str| iam::DeletePolicyVersionRequest { policy_arn: policy_arn.clone(), version_id: text(id) };
    check(
        &world,
        "DeletePolicyVersion",
        delete("v1"),
        "409 DeleteConflict: Cannot delete the default version of a policy.",
    )
    .await;
    check(
        &world,
        "DeletePolicyVersion",
        delete("v9"),
        &format!("404 NoSuchEntity: Policy {policy_arn} version v9 does not exist or is not attachable."),
    )
    .await;
    ok::<_, ()>(&world.admin, "DeletePolicyVersion", delete("v5")).await;
    // Numbers are never used twice.
    let made: iam::CreatePolicyVersionResponse = ok(&world.admin, "CreatePolicyVersion", version()).await;
    assert_eq!(made.policy_version.and_then(|version| version.version_id).as_deref(), Some("v6"));
}

#[tokio::test]
async fn nothing_in_use_is_deleted() {
    let world = World::new().await;
    world.user("ada", &allow("s3:*")).await;
    let policy_arn = create_policy(&world, "p").await;
    let attach = iam::AttachUserPolicyRequest { user_name: text("ada"), policy_arn: policy_arn.clone() };
    ok::<_, ()>(&world.admin, "AttachUserPolicy", attach).await;
    let delete = || iam::DeleteUserRequest { user_name: text("ada") };
    let delete_policy = || iam::DeletePolicyRequest { policy_arn: policy_arn.clone() };
    check(
        &world,
        "DeletePolicy",
        delete_policy(),
        "409 DeleteConflict: Cannot delete a policy attached to entities.",
    )
    .await;
    check(
        &world,
        "DeleteUser",
        delete(),
        "409 DeleteConflict: Cannot delete entity, must delete access keys first.",
    )
    .await;
    let keys: iam::ListAccessKeysResponse = ok(
        &world.admin,
        "ListAccessKeys",
        iam::ListAccessKeysRequest { user_name: Some(text("ada")), ..Default::default() },
    )
    .await;
    let key = keys.access_key_metadata.expect("keys").remove(0);
    assert_eq!(key.status.as_deref(), Some("Active"));
    let access_key_id = key.access_key_id.expect("an id");
    ok::<_, ()>(
        &world.admin,
        "DeleteAccessKey",
        iam::DeleteAccessKeyRequest { user_name: Some(text("ada")), access_key_id },
    )
    .await;
    check(
        &world,
        "DeleteUser",
        delete(),
        "409 DeleteConflict: Cannot delete entity, must detach all policies first.",
    )
    .await;
    let detach = || iam::DetachUserPolicyRequest { user_name: text("ada"), policy_arn: policy_arn.clone() };
    ok::<_, ()>(&world.admin, "DetachUserPolicy", detach()).await;
    check(
        &world,
        "DetachUserPolicy",
        detach(),
        &format!("404 NoSuchEntity: Policy {policy_arn} was not found."),
    )
    .await;
    check(
        &world,
        "DeleteUser",
        delete(),
        "409 DeleteConflict: Cannot delete entity, must delete policies first.",
    )
    .await;
    ok::<_, ()>(
        &world.admin,
        "DeleteUserPolicy",
        iam::DeleteUserPolicyRequest { user_name: text("ada"), policy_name: text("inline") },
    )
    .await;
    ok::<_, ()>(&world.admin, "DeleteUser", delete()).await;
    ok::<_, ()>(&world.admin, "DeletePolicy", delete_policy()).await;
    let aws = iam::DeletePolicyRequest { policy_arn: text("arn:aws:iam::aws:policy/AdministratorAccess") };
    check(&world, "DeletePolicy", aws, "403 AccessDenied: Policy is outside your own account.").await;
}

#[tokio::test]
async fn lists_come_in_pages_under_a_path() {
    let world = World::new().await;
    for name in ["b", "A", "c", "d", "e"] {
        let path = if name == "c" { "/x/" } else { "/y/" };
        let create =
            iam::CreateUserRequest { user_name: text(name), path: Some(text(path)), ..Default::default() };
        ok::<_, iam::CreateUserResponse>(&world.admin, "CreateUser", create).await;
    }
    let (mut seen, mut marker) = (Vec::new(), None);
    loop {
        let list = iam::ListUsersRequest { path_prefix: Some(text("/y/")), max_items: Some(3), marker };
        let page: iam::ListUsersResponse = ok(&world.admin, "ListUsers", list).await;
        let users = page.users.expect("users");
        assert!(users.len() <= 3);
        seen.extend(users.into_iter().map(|user| user.user_name));
        assert_eq!(page.is_truncated, Some(page.marker.is_some()));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["A", "b", "d", "e"]);
    let bad = iam::ListUsersRequest { marker: Some(text("*")), ..Default::default() };
    check(&world, "ListUsers", bad, "400 ValidationError: Invalid Marker: *").await;
    let many = iam::ListUsersRequest { max_items: Some(1001), ..Default::default() };
    assert!(
        fails(&world.admin, "ListUsers", many)
            .await
            .contains("Member must have value less than or equal to 1000")
    );
}

#[tokio::test]
async fn policies_show_what_was_stored() {
    let world = World::new().await;
    let arn = create_policy(&world, "p").await;
    let attach = iam::AttachUserPolicyRequest { user_name: text("admin"), policy_arn: arn.clone() };
    ok::<_, ()>(&world.admin, "AttachUserPolicy", attach).await;
    let shown: iam::GetPolicyResponse =
        ok(&world.admin, "GetPolicy", iam::GetPolicyRequest { policy_arn: arn.clone() }).await;
    let shown = shown.policy.expect("a policy");
    assert_eq!((shown.attachment_count, shown.default_version_id.as_deref()), (Some(1), Some("v1")));
    let get = |arn: &str| iam::GetPolicyVersionRequest { policy_arn: text(arn), version_id: text("v1") };
    let version: iam::GetPolicyVersionResponse = ok(&world.admin, "GetPolicyVersion", get(&arn)).await;
    let escaped = version.policy_version.and_then(|version| version.document).expect("a document");
    assert!(escaped.starts_with("%7B%22Version%22%3A%222012-10-17%22"), "{escaped}");
    let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
    ok::<_, iam::GetPolicyVersionResponse>(&world.admin, "GetPolicyVersion", get(aws)).await;
    let attached: iam::ListAttachedUserPoliciesResponse = ok(
        &world.admin,
        "ListAttachedUserPolicies",
        iam::ListAttachedUserPoliciesRequest { user_name: text("admin"), ..Default::default() },
    )
    .await;
    let names: Vec<_> =
        attached.attached_policies.expect("policies").into_iter().filter_map(|p| p.policy_name).collect();
    assert_eq!(names, ["AdministratorAccess", "p"]);
    for (scope, only_attached, expected) in [
        ("All", true, vec!["p", "AdministratorAccess"]),
        ("AWS", true, vec!["AdministratorAccess"]),
        ("Local", false, vec!["p"]),
    ] {
        let list = iam::ListPoliciesRequest {
            scope: Some(text(scope)),
            only_attached: Some(only_attached),
            ..Default::default()
        };
        let page: iam::ListPoliciesResponse = ok(&world.admin, "ListPolicies", list).await;
        let names: Vec<_> =
            page.policies.expect("policies").into_iter().filter_map(|p| p.policy_name).collect();
        assert_eq!(names, expected, "{scope}");
    }
}

#[tokio::test]
async fn roles_show_what_was_stored() {
    let world = World::new().await;
    world.role("r", &trusts("{'Service':'lambda.amazonaws.com'}"), &allow("s3:*")).await;
    let tag = |key: &str, value: &str| iam::Tag { key: text(key), value: text(value) };
    let add = iam::TagRoleRequest { role_name: text("r"), tags: vec![tag("a", "1"), tag("b", "2")] };
    ok::<_, ()>(&world.admin, "TagRole", add).await;
    let twice = iam::TagRoleRequest { role_name: text("r"), tags: vec![tag("a", "1"), tag("A", "2")] };
    check(
        &world,
        "TagRole",
        twice,
        "400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    .await;
    ok::<_, ()>(
        &world.admin,
        "UntagRole",
        iam::UntagRoleRequest { role_name: text("r"), tag_keys: vec![text("a"), text("z")] },
    )
    .await;
    let describe = iam::UpdateRoleDescriptionRequest { role_name: text("r"), description: text("reads") };
    ok::<_, iam::UpdateRoleDescriptionResponse>(&world.admin, "UpdateRoleDescription", describe).await;
    let trust = iam::UpdateAssumeRolePolicyRequest {
        role_name: text("r"),
        policy_document: document(&trusts("{'Service':'ecs.amazonaws.com'}")),
    };
    ok::<_, ()>(&world.admin, "UpdateAssumeRolePolicy", trust).await;
    let shown: iam::GetRoleResponse =
        ok(&world.admin, "GetRole", iam::GetRoleRequest { role_name: text("r") }).await;
    let role = shown.role.expect("a role");
    assert_eq!(role.tags, Some(vec![tag("b", "2")]));
    assert_eq!((role.description.as_deref(), role.max_session_duration), (Some("reads"), Some(3600)));
    assert!(role.assume_role_policy_document.expect("a document").contains("ecs.amazonaws.com"));
    assert_eq!(role.arn, "arn:aws:iam::000000000000:role/r");
    let tags: iam::ListRoleTagsResponse = ok(
        &world.admin,
        "ListRoleTags",
        iam::ListRoleTagsRequest { role_name: text("r"), ..Default::default() },
    )
    .await;
    assert_eq!(tags.tags, Some(vec![tag("b", "2")]));
    let names: iam::ListRolePoliciesResponse = ok(
        &world.admin,
        "ListRolePolicies",
        iam::ListRolePoliciesRequest { role_name: text("r"), ..Default::default() },
    )
    .await;
    assert_eq!(names.policy_names, Some(vec![text("inline")]));
    let document: iam::GetRolePolicyResponse = ok(
        &world.admin,
        "GetRolePolicy",
        iam::GetRolePolicyRequest { role_name: text("r"), policy_name: text("inline") },
    )
    .await;
    assert!(document.policy_document.expect("a document").contains("s3%3A%2A"));
    let roles: iam::ListRolesResponse = ok(&world.admin, "ListRoles", iam::ListRolesRequest::default()).await;
    assert_eq!(roles.roles.map(|roles| roles.len()), Some(1));
}
