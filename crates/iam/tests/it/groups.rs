//! Groups: their policies count for their users, and what they refuse.

use weft_model::iam::{self, GetUserRequest};

use crate::world::{World, allow, document, fails, ok, text};

async fn group(world: &World, name: &str) -> iam::Group {
    let create = iam::CreateGroupRequest { group_name: text(name), path: None };
    ok::<_, iam::CreateGroupResponse>(&world.admin, "CreateGroup", create).await.group.expect("a group")
}

async fn join(world: &World, user: &str, group: &str) {
    let add = iam::AddUserToGroupRequest { group_name: text(group), user_name: text(user) };
    ok::<_, ()>(&world.admin, "AddUserToGroup", add).await;
}

async fn members(world: &World, group: &str) -> Vec<String> {
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let get = iam::GetGroupRequest { group_name: text(group), max_items: Some(2), marker };
        let page: iam::GetGroupResponse = ok(&world.admin, "GetGroup", get).await;
        names.extend(page.users.expect("users").into_iter().map(|user| user.user_name));
        marker = page.marker;
        if marker.is_none() {
            return names;
        }
    }
}

fn put(group: &str, statements: &str) -> iam::PutGroupPolicyRequest {
    let (group_name, policy_name) = (text(group), text("p"));
    iam::PutGroupPolicyRequest { group_name, policy_name, policy_document: document(statements) }
}

#[tokio::test]
async fn a_groups_policies_count_for_its_users_at_once() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let who = || GetUserRequest { user_name: Some(text("ada")) };
    group(&world, "Readers").await;
    ok::<_, ()>(&world.admin, "PutGroupPolicy", put("Readers", &allow("iam:GetUser"))).await;
    assert!(fails(&ada, "GetUser", who()).await.starts_with("403"));
    join(&world, "ada", "Readers").await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", who()).await;
    let rename = iam::UpdateGroupRequest {
        group_name: text("Readers"),
        new_group_name: Some(text("r")),
        new_path: None,
    };
    ok::<_, ()>(&world.admin, "UpdateGroup", rename).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", who()).await;
    let deny = format!("{},{{'Effect':'Deny','Action':'iam:GetUser','Resource':'*'}}", allow("*"));
    ok::<_, ()>(&world.admin, "PutGroupPolicy", put("r", &deny)).await;
    assert!(fails(&ada, "GetUser", who()).await.contains("with an explicit deny"));
    let delete = iam::DeleteGroupPolicyRequest { group_name: text("r"), policy_name: text("p") };
    ok::<_, ()>(&world.admin, "DeleteGroupPolicy", delete).await;
    assert!(fails(&ada, "GetUser", who()).await.starts_with("403"));
    let policy_arn = text("arn:aws:iam::aws:policy/AdministratorAccess");
    let attach = iam::AttachGroupPolicyRequest { group_name: text("r"), policy_arn };
    ok::<_, ()>(&world.admin, "AttachGroupPolicy", attach).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", who()).await;
    let leave = || iam::RemoveUserFromGroupRequest { group_name: text("r"), user_name: text("ada") };
    ok::<_, ()>(&world.admin, "RemoveUserFromGroup", leave()).await;
    assert!(fails(&ada, "GetUser", who()).await.starts_with("403"));
    // Once more is no error.
    ok::<_, ()>(&world.admin, "RemoveUserFromGroup", leave()).await;
}

#[tokio::test]
async fn members_follow_the_names_of_users_and_groups() {
    let world = World::new().await;
    group(&world, "g").await;
    for name in ["a", "B", "c"] {
        world.user(name, "").await;
        join(&world, name, "g").await;
    }
    assert_eq!(members(&world, "g").await, ["a", "B", "c"]);
    let rename =
        iam::UpdateUserRequest { user_name: text("B"), new_user_name: Some(text("z")), new_path: None };
    ok::<_, ()>(&world.admin, "UpdateUser", rename).await;
    let rename = iam::UpdateGroupRequest {
        group_name: text("g"),
        new_group_name: Some(text("h")),
        new_path: Some(text("/x/")),
    };
    ok::<_, ()>(&world.admin, "UpdateGroup", rename).await;
    assert_eq!(members(&world, "h").await, ["a", "c", "z"]);
    let list = iam::ListGroupsForUserRequest { user_name: text("z"), ..Default::default() };
    let found: iam::ListGroupsForUserResponse = ok(&world.admin, "ListGroupsForUser", list).await;
    let arns: Vec<String> = found.groups.expect("groups").into_iter().map(|group| group.arn).collect();
    assert_eq!(arns, ["arn:aws:iam::000000000000:group/x/h"]);
    let all: iam::ListGroupsResponse =
        ok(&world.admin, "ListGroups", iam::ListGroupsRequest::default()).await;
    let names: Vec<String> = all.groups.expect("groups").into_iter().map(|group| group.group_name).collect();
    assert_eq!(names, ["h"]);
}

#[tokio::test]
async fn groups_refuse_in_the_words_of_aws() {
    let world = World::new().await;
    let admin = &world.admin;
    assert!(group(&world, "g0").await.group_id.starts_with("AGPA"));
    world.user("ada", "").await;
    for number in 0..10 {
        if number > 0 {
            group(&world, &format!("g{number}")).await;
        }
        join(&world, "ada", &format!("g{number}")).await;
        join(&world, "ada", &format!("g{number}")).await;
    }
    group(&world, "g10").await;
    let add = |user: &str, group: &str| iam::AddUserToGroupRequest {
        group_name: text(group),
        user_name: text(user),
    };
    assert_eq!(
        fails(admin, "AddUserToGroup", add("ada", "g10")).await,
        "409 LimitExceeded: Cannot exceed quota for GroupsPerUser: 10"
    );
    assert_eq!(
        fails(admin, "AddUserToGroup", add("eve", "g10")).await,
        "404 NoSuchEntity: The user with name eve cannot be found."
    );
    assert_eq!(
        fails(admin, "AddUserToGroup", add("ada", "x")).await,
        "404 NoSuchEntity: The group with name x cannot be found."
    );
    assert_eq!(
        fails(admin, "CreateGroup", iam::CreateGroupRequest { group_name: text("G0"), path: None }).await,
        "409 EntityAlreadyExists: Group with name G0 already exists."
    );
    let delete = |name: &str| iam::DeleteGroupRequest { group_name: text(name) };
    let users_first = "409 DeleteConflict: Cannot delete entity, must remove users from group first.";
    assert_eq!(fails(admin, "DeleteGroup", delete("g0")).await, users_first);
    let keys = iam::ListAccessKeysRequest { user_name: Some(text("ada")), ..Default::default() };
    let keys: iam::ListAccessKeysResponse = ok(admin, "ListAccessKeys", keys).await;
    for key in keys.access_key_metadata.expect("keys") {
        let access_key_id = key.access_key_id.expect("an id");
        let delete = iam::DeleteAccessKeyRequest { user_name: Some(text("ada")), access_key_id };
        ok::<_, ()>(admin, "DeleteAccessKey", delete).await;
    }
    let delete_user = iam::DeleteUserRequest { user_name: text("ada") };
    assert_eq!(fails(admin, "DeleteUser", delete_user).await, users_first);
    ok::<_, ()>(admin, "PutGroupPolicy", put("g10", &allow("s3:*"))).await;
    assert_eq!(
        fails(admin, "DeleteGroup", delete("g10")).await,
        "409 DeleteConflict: Cannot delete entity, must delete policies first."
    );
    let long = format!("{{'Effect':'Allow','Action':'s3:{}','Resource':'*'}}", "x".repeat(5120));
    assert_eq!(
        fails(admin, "PutGroupPolicy", put("g10", &long)).await,
        "409 LimitExceeded: Maximum policy size of 5120 bytes exceeded for group g10"
    );
}
