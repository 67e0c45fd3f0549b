//! Instance profiles, permissions boundaries, tags, and what the account has set.

use weft_model::iam;

use crate::world::{World, allow, document, fails, ok, text, trusts};

const ARN: &str = "arn:aws:iam::000000000000:policy/bound";

async fn policy(world: &World) {
    let create = iam::CreatePolicyRequest {
        policy_name: text("bound"),
        policy_document: document(&allow("s3:*")),
        ..Default::default()
    };
    ok::<_, iam::CreatePolicyResponse>(&world.admin, "CreatePolicy", create).await;
}

#[tokio::test]
async fn an_instance_profile_has_one_role_at_most() {
    let world = World::new().await;
    let admin = &world.admin;
    world.role("r", &trusts("{'Service':'ec2.amazonaws.com'}"), "").await;
    let create = || iam::CreateInstanceProfileRequest {
        instance_profile_name: text("p"),
        path: Some(text("/x/")),
        tags: Some(vec![iam::Tag { key: text("k"), value: text("v") }]),
    };
    let made: iam::CreateInstanceProfileResponse = ok(admin, "CreateInstanceProfile", create()).await;
    let made = made.instance_profile.expect("a profile");
    assert_eq!(made.arn, "arn:aws:iam::000000000000:instance-profile/x/p");
    assert!(made.instance_profile_id.starts_with("AIPA") && made.roles.is_empty() && made.tags.is_some());
    assert_eq!(
        fails(admin, "CreateInstanceProfile", create()).await,
        "409 EntityAlreadyExists: Instance Profile p already exists."
    );
    let add =
        || iam::AddRoleToInstanceProfileRequest { instance_profile_name: text("p"), role_name: text("r") };
    ok::<_, ()>(admin, "AddRoleToInstanceProfile", add()).await;
    assert_eq!(
        fails(admin, "AddRoleToInstanceProfile", add()).await,
        "409 LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    );
    let first = "409 DeleteConflict: Cannot delete entity, must remove roles from instance profile first.";
    assert_eq!(fails(admin, "DeleteRole", iam::DeleteRoleRequest { role_name: text("r") }).await, first);
    let delete = || iam::DeleteInstanceProfileRequest { instance_profile_name: text("p") };
    assert_eq!(fails(admin, "DeleteInstanceProfile", delete()).await, first);
    let list = iam::ListInstanceProfilesForRoleRequest { role_name: text("r"), ..Default::default() };
    let found: iam::ListInstanceProfilesForRoleResponse =
        ok(admin, "ListInstanceProfilesForRole", list).await;
    assert_eq!(found.instance_profiles.expect("profiles")[0].roles[0].role_name, "r");
    let remove = || iam::RemoveRoleFromInstanceProfileRequest {
        instance_profile_name: text("p"),
        role_name: text("r"),
    };
    ok::<_, ()>(admin, "RemoveRoleFromInstanceProfile", remove()).await;
    assert!(fails(admin, "RemoveRoleFromInstanceProfile", remove()).await.starts_with("404 NoSuchEntity"));
    ok::<_, ()>(admin, "DeleteInstanceProfile", delete()).await;
    let get = iam::GetInstanceProfileRequest { instance_profile_name: text("p") };
    assert_eq!(
        fails(admin, "GetInstanceProfile", get).await,
        "404 NoSuchEntity: Instance Profile p cannot be found."
    );
}

#[tokio::test]
async fn giving_a_profile_its_role_passes_the_role() {
    let world = World::new().await;
    world.role("r", &trusts("{'Service':'ec2.amazonaws.com'}"), "").await;
    let create = iam::CreateInstanceProfileRequest { instance_profile_name: text("p"), ..Default::default() };
    ok::<_, iam::CreateInstanceProfileResponse>(&world.admin, "CreateInstanceProfile", create).await;
    let add =
        || iam::AddRoleToInstanceProfileRequest { instance_profile_name: text("p"), role_name: text("r") };
    let ada = world.user("ada", &allow("iam:AddRoleToInstanceProfile")).await;
    assert!(
        fails(&ada, "AddRoleToInstanceProfile", add()).await.contains("perform: iam:PassRole on resource")
    );
    let pass = "{'Effect':'Allow','Action':'iam:PassRole','Resource':'*','Condition':{'StringEquals':\
                {'iam:PassedToService':'ec2.amazonaws.com'}}}";
    let bob = world.user("bob", &format!("{},{pass}", allow("iam:AddRoleToInstanceProfile"))).await;
    ok::<_, ()>(&bob, "AddRoleToInstanceProfile", add()).await;
}

#[tokio::test]
async fn boundaries_are_shown_counted_and_kept() {
    let world = World::new().await;
    let admin = &world.admin;
    let put = |arn: &str| iam::PutUserPermissionsBoundaryRequest {
        user_name: text("ada"),
        permissions_boundary: text(arn),
    };
    world.user("ada", "").await;
    assert_eq!(
        fails(admin, "PutUserPermissionsBoundary", put(ARN)).await,
        format!("404 NoSuchEntity: Scope ARN: {ARN} does not exist or is not attachable.")
    );
    policy(&world).await;
    ok::<_, ()>(admin, "PutUserPermissionsBoundary", put(ARN)).await;
    ok::<_, ()>(admin, "PutUserPermissionsBoundary", put(ARN)).await;
    let create = iam::CreateRoleRequest {
        role_name: text("r"),
        assume_role_policy_document: document(&trusts("{'Service':'lambda.amazonaws.com'}")),
        permissions_boundary: Some(text(ARN)),
        ..Default::default()
    };
    let role: iam::CreateRoleResponse = ok(admin, "CreateRole", create).await;
    let shown = role.role.and_then(|role| role.permissions_boundary).expect("a boundary");
    assert_eq!(shown.permissions_boundary_type.as_deref(), Some("Policy"));
    assert_eq!(shown.permissions_boundary_arn.as_deref(), Some(ARN));
    let get = || iam::GetPolicyRequest { policy_arn: text(ARN) };
    let found: iam::GetPolicyResponse = ok(admin, "GetPolicy", get()).await;
    assert_eq!(found.policy.expect("a policy").permissions_boundary_usage_count, Some(2));
    let delete = || iam::DeletePolicyRequest { policy_arn: text(ARN) };
    assert!(fails(admin, "DeletePolicy", delete()).await.starts_with("409 DeleteConflict"));
    let entities = |usage: &str| iam::ListEntitiesForPolicyRequest {
        policy_arn: text(ARN),
        policy_usage_filter: Some(text(usage)),
        ..Default::default()
    };
    let found: iam::ListEntitiesForPolicyResponse =
        ok(admin, "ListEntitiesForPolicy", entities("PermissionsBoundary")).await;
    assert_eq!(found.policy_users.expect("users")[0].user_name.as_deref(), Some("ada"));
    assert_eq!(found.policy_roles.expect("roles")[0].role_name.as_deref(), Some("r"));
    let found: iam::ListEntitiesForPolicyResponse =
        ok(admin, "ListEntitiesForPolicy", entities("PermissionsPolicy")).await;
    assert_eq!((found.policy_users, found.policy_roles), (Some(Vec::new()), Some(Vec::new())));
    let remove = || iam::DeleteUserPermissionsBoundaryRequest { user_name: text("ada") };
    ok::<_, ()>(admin, "DeleteUserPermissionsBoundary", remove()).await;
    assert!(fails(admin, "DeleteUserPermissionsBoundary", remove()).await.starts_with("404 NoSuchEntity"));
    ok::<_, ()>(admin, "DeleteRole", iam::DeleteRoleRequest { role_name: text("r") }).await;
    ok::<_, ()>(admin, "DeletePolicy", delete()).await;
}

#[tokio::test]
async fn a_boundary_and_tags_are_condition_keys() {
    let world = World::new().await;
    policy(&world).await;
    let may = format!(
        "{{'Effect':'Allow','Action':'iam:CreateUser','Resource':'*','Condition':{{'StringEquals':\
         {{'iam:PermissionsBoundary':'{ARN}'}}}}}},{{'Effect':'Allow','Action':'iam:PutUserPolicy','Resource':'*',\
         'Condition':{{'StringEquals':{{'iam:PermissionsBoundary':'{ARN}'}}}}}},{{'Effect':'Allow','Action':\
         'iam:DeleteUser','Resource':'*','Condition':{{'StringEquals':{{'aws:ResourceTag/team':'red'}}}}}}"
    );
    let ada = world.user("ada", &may).await;
    world.user("free", "").await;
    let create = |name: &str, boundary: Option<&str>| iam::CreateUserRequest {
        user_name: text(name),
        permissions_boundary: boundary.map(text),
        ..Default::default()
    };
    assert!(fails(&ada, "CreateUser", create("u", None)).await.starts_with("403"));
    ok::<_, iam::CreateUserResponse>(&ada, "CreateUser", create("u", Some(ARN))).await;
    let put = |user: &str| iam::PutUserPolicyRequest {
        user_name: text(user),
        policy_name: text("p"),
        policy_document: document(&allow("*")),
    };
    ok::<_, ()>(&ada, "PutUserPolicy", put("u")).await;
    assert!(fails(&ada, "PutUserPolicy", put("free")).await.starts_with("403"));
    let delete = || iam::DeleteUserRequest { user_name: text("u") };
    assert!(fails(&ada, "DeleteUser", delete()).await.starts_with("403"));
    let tag = iam::TagUserRequest {
        user_name: text("u"),
        tags: vec![iam::Tag { key: text("team"), value: text("red") }],
    };
    ok::<_, ()>(&world.admin, "TagUser", tag).await;
    let refused = fails(&ada, "DeleteUser", delete()).await;
    assert_eq!(refused, "409 DeleteConflict: Cannot delete entity, must delete policies first.");
}

#[tokio::test]
async fn an_account_has_an_alias_and_rules_for_passwords() {
    let world = World::new().await;
    let admin = &world.admin;
    let create = |alias: &str| iam::CreateAccountAliasRequest { account_alias: text(alias) };
    ok::<_, ()>(admin, "CreateAccountAlias", create("first")).await;
    assert_eq!(
        fails(admin, "CreateAccountAlias", create("first")).await,
        "409 EntityAlreadyExists: The account alias first already exists."
    );
    ok::<_, ()>(admin, "CreateAccountAlias", create("second")).await;
    let list = iam::ListAccountAliasesRequest::default();
    let found: iam::ListAccountAliasesResponse = ok(admin, "ListAccountAliases", list).await;
    assert_eq!(found.account_aliases, Some(vec![text("second")]));
    let delete = |alias: &str| iam::DeleteAccountAliasRequest { account_alias: text(alias) };
    assert!(fails(admin, "DeleteAccountAlias", delete("first")).await.starts_with("404 NoSuchEntity"));
    ok::<_, ()>(admin, "DeleteAccountAlias", delete("second")).await;
    assert_eq!(
        fails(admin, "GetAccountPasswordPolicy", ()).await,
        "404 NoSuchEntity: The Password Policy with domain name 000000000000 cannot be found."
    );
    let update = iam::UpdateAccountPasswordPolicyRequest { max_password_age: Some(90), ..Default::default() };
    ok::<_, ()>(admin, "UpdateAccountPasswordPolicy", update).await;
    let found: iam::GetAccountPasswordPolicyResponse = ok(admin, "GetAccountPasswordPolicy", ()).await;
    let found = found.password_policy.expect("a policy");
    assert_eq!((found.minimum_password_length, found.expire_passwords), (Some(6), Some(true)));
    ok::<_, ()>(admin, "DeleteAccountPasswordPolicy", ()).await;
    let found: iam::GetAccountSummaryResponse = ok(admin, "GetAccountSummary", ()).await;
    let summary = found.summary_map.expect("a map");
    assert_eq!((summary["Users"], summary["GroupsQuota"], summary["Policies"]), (1, 300, 0));
}

#[tokio::test]
async fn policies_users_and_profiles_have_tags() {
    let world = World::new().await;
    let admin = &world.admin;
    policy(&world).await;
    let tags =
        || vec![iam::Tag { key: text("a"), value: text("1") }, iam::Tag { key: text("b"), value: text("2") }];
    ok::<_, ()>(admin, "TagPolicy", iam::TagPolicyRequest { policy_arn: text(ARN), tags: tags() }).await;
    let untag = iam::UntagPolicyRequest { policy_arn: text(ARN), tag_keys: vec![text("a"), text("zz")] };
    ok::<_, ()>(admin, "UntagPolicy", untag).await;
    let list = iam::ListPolicyTagsRequest { policy_arn: text(ARN), ..Default::default() };
    let found: iam::ListPolicyTagsResponse = ok(admin, "ListPolicyTags", list).await;
    assert_eq!(found.tags, Some(tags().split_off(1)));
    ok::<_, ()>(admin, "TagUser", iam::TagUserRequest { user_name: text("admin"), tags: tags() }).await;
    let list = iam::ListUserTagsRequest { user_name: text("admin"), max_items: Some(1), marker: None };
    let found: iam::ListUserTagsResponse = ok(admin, "ListUserTags", list).await;
    assert_eq!((found.tags.map(|tags| tags.len()), found.is_truncated), (Some(1), Some(true)));
    let aws = iam::TagPolicyRequest {
        policy_arn: text("arn:aws:iam::aws:policy/AdministratorAccess"),
        tags: tags(),
    };
    assert_eq!(fails(admin, "TagPolicy", aws).await, "403 AccessDenied: Policy is outside your own account.");
}

#[tokio::test]
async fn a_policys_tags_are_condition_keys() {
    let world = World::new().await;
    policy(&world).await;
    let red = "{'Effect':'Allow','Action':'iam:*','Resource':'*','Condition':{'StringEquals':{'aws:ResourceTag/team':'red'}}}";
    let ada = world.user("ada", red).await;
    let get = || iam::GetPolicyRequest { policy_arn: text(ARN) };
    assert!(fails(&ada, "GetPolicy", get()).await.starts_with("403"));
    let tags = vec![iam::Tag { key: text("team"), value: text("red") }];
    ok::<_, ()>(&world.admin, "TagPolicy", iam::TagPolicyRequest { policy_arn: text(ARN), tags }).await;
    ok::<_, iam::GetPolicyResponse>(&ada, "GetPolicy", get()).await;
    let untag = iam::UntagPolicyRequest { policy_arn: text(ARN), tag_keys: vec![text("team")] };
    ok::<_, ()>(&ada, "UntagPolicy", untag).await;
    assert!(
        fails(&ada, "DeletePolicy", iam::DeletePolicyRequest { policy_arn: text(ARN) })
            .await
            .starts_with("403")
    );
}
