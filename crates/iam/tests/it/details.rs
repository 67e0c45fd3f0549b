//! `GetAccountAuthorizationDetails`: everything, in pages and by kind.

use weft_model::iam;

use crate::world::{World, allow, document, ok, text, trusts};

async fn filled() -> World {
    let world = World::new().await;
    let admin = &world.admin;
    world.user("ada", &allow("s3:*")).await;
    world.role("r", &trusts("{'Service':'ec2.amazonaws.com'}"), &allow("s3:Get*")).await;
    let group = iam::CreateGroupRequest { group_name: text("g"), path: Some(text("/x/")) };
    ok::<_, iam::CreateGroupResponse>(admin, "CreateGroup", group).await;
    let add = iam::AddUserToGroupRequest { group_name: text("g"), user_name: text("ada") };
    ok::<_, ()>(admin, "AddUserToGroup", add).await;
    let profile =
        iam::CreateInstanceProfileRequest { instance_profile_name: text("p"), ..Default::default() };
    ok::<_, iam::CreateInstanceProfileResponse>(admin, "CreateInstanceProfile", profile).await;
    let add = iam::AddRoleToInstanceProfileRequest { instance_profile_name: text("p"), role_name: text("r") };
    ok::<_, ()>(admin, "AddRoleToInstanceProfile", add).await;
    let policy = iam::CreatePolicyRequest {
        policy_name: text("own"),
        policy_document: document(&allow("sqs:*")),
        description: Some(text("ours")),
        ..Default::default()
    };
    ok::<_, iam::CreatePolicyResponse>(admin, "CreatePolicy", policy).await;
    world
}

#[tokio::test]
async fn everything_is_there_with_all_that_it_has() {
    let world = filled().await;
    let request = iam::GetAccountAuthorizationDetailsRequest::default();
    let found: iam::GetAccountAuthorizationDetailsResponse =
        ok(&world.admin, "GetAccountAuthorizationDetails", request).await;
    let users = found.user_detail_list.expect("users");
    assert_eq!(users[0].group_list, Some(vec![text("g")]));
    let inline = &users[0].user_policy_list.as_ref().expect("policies")[0];
    assert!(inline.policy_document.as_ref().is_some_and(|text| text.starts_with("%7B%22Version%22")));
    assert_eq!(users[1].user_name.as_deref(), Some("admin"));
    let groups = found.group_detail_list.expect("groups");
    assert_eq!(groups[0].arn.as_deref(), Some("arn:aws:iam::000000000000:group/x/g"));
    let roles = found.role_detail_list.expect("roles");
    assert_eq!(roles[0].instance_profile_list.as_ref().expect("profiles")[0].instance_profile_name, "p");
    let policies = found.policies.expect("policies");
    let names: Vec<_> = policies.iter().filter_map(|policy| policy.policy_name.as_deref()).collect();
    assert_eq!(names, ["own", "AdministratorAccess"]);
    let versions = policies[0].policy_version_list.as_ref().expect("versions");
    assert!(versions[0].document.is_some() && versions[0].is_default_version == Some(true));
    assert_eq!((policies[1].attachment_count, found.is_truncated), (Some(1), Some(false)));
}

#[tokio::test]
async fn pages_of_every_size_hold_the_same() {
    let world = filled().await;
    for (filter, expected) in [
        (vec![], vec!["ada", "admin", "g", "r", "own", "AdministratorAccess"]),
        (vec![text("Role"), text("User")], vec!["ada", "admin", "r"]),
        (vec![text("AWSManagedPolicy")], vec!["AdministratorAccess"]),
    ] {
        for size in 1..=7 {
            let (mut seen, mut marker) = (Vec::new(), None);
            loop {
                let request = iam::GetAccountAuthorizationDetailsRequest {
                    filter: Some(filter.clone()),
                    max_items: Some(size),
                    marker,
                };
                let page: iam::GetAccountAuthorizationDetailsResponse =
                    ok(&world.admin, "GetAccountAuthorizationDetails", request).await;
                let before = seen.len();
                seen.extend(page.user_detail_list.into_iter().flatten().filter_map(|user| user.user_name));
                seen.extend(
                    page.group_detail_list.into_iter().flatten().filter_map(|group| group.group_name),
                );
                seen.extend(page.role_detail_list.into_iter().flatten().filter_map(|role| role.role_name));
                seen.extend(page.policies.into_iter().flatten().filter_map(|policy| policy.policy_name));
                assert!(seen.len() - before <= usize::try_from(size).expect("small"));
                marker = page.marker;
                if marker.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{filter:?} by {size}");
        }
    }
}
