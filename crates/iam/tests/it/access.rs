//! Who may do what, and what a refusal says.

use weft_model::iam::{self, GetUserRequest, ListUsersRequest};

use crate::world::{World, allow, document, fails, ok};

fn user(name: &str) -> GetUserRequest {
    GetUserRequest { user_name: Some(name.to_owned()) }
}

#[tokio::test]
async fn a_partial_policy_allows_what_it_names_and_nothing_else() {
    let world = World::new().await;
    world.user("bob", "").await;
    let may = "{'Effect':'Allow','Action':'iam:Get*','Resource':'arn:aws:iam::000000000000:user/ada'}";
    let ada = world.user("ada", may).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("ada")).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", GetUserRequest::default()).await;
    assert_eq!(
        fails(&ada, "GetUser", user("bob")).await,
        "403 AccessDenied: User: arn:aws:iam::000000000000:user/ada is not authorized to perform: iam:GetUser on \
         resource: arn:aws:iam::000000000000:user/bob because no identity-based policy allows the iam:GetUser action"
    );
    // Nobody learns what exists.
    assert!(fails(&ada, "GetUser", user("nobody")).await.contains("user/nobody because no identity-based"));
    assert!(fails(&ada, "ListUsers", ListUsersRequest::default()).await.contains(
        "iam:ListUsers on resource: arn:aws:iam::000000000000:user/ because no identity-based policy"
    ));
}

#[tokio::test]
async fn an_explicit_deny_is_told_as_such() {
    let world = World::new().await;
    let may = format!("{},{{'Effect':'Deny','Action':'iam:ListUsers','Resource':'*'}}", allow("*"));
    let ada = world.user("ada", &may).await;
    assert_eq!(
        fails(&ada, "ListUsers", ListUsersRequest::default()).await,
        "403 AccessDenied: User: arn:aws:iam::000000000000:user/ada is not authorized to perform: iam:ListUsers on \
         resource: arn:aws:iam::000000000000:user/ with an explicit deny in an identity-based policy"
    );
}

#[tokio::test]
async fn a_changed_policy_holds_for_the_next_request() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let put = |statements: &str| iam::PutUserPolicyRequest {
        user_name: "ada".to_owned(),
        policy_name: "p".to_owned(),
        policy_document: document(statements),
    };
    for _ in 0..3 {
        assert!(fails(&ada, "GetUser", user("ada")).await.starts_with("403"));
        ok::<_, ()>(&world.admin, "PutUserPolicy", put(&allow("iam:GetUser"))).await;
        ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("ada")).await;
        ok::<_, ()>(&world.admin, "PutUserPolicy", put(&allow("iam:GetRole"))).await;
    }
}

#[tokio::test]
async fn attached_policies_count_by_their_default_version() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let create = iam::CreatePolicyRequest {
        policy_name: "reader".to_owned(),
        policy_document: document(&allow("iam:GetRole")),
        ..Default::default()
    };
    let made: iam::CreatePolicyResponse = ok(&world.admin, "CreatePolicy", create).await;
    let arn = made.policy.and_then(|policy| policy.arn).expect("an ARN");
    let attach = iam::AttachUserPolicyRequest { user_name: "ada".to_owned(), policy_arn: arn.clone() };
    ok::<_, ()>(&world.admin, "AttachUserPolicy", attach).await;
    assert!(fails(&ada, "GetUser", user("ada")).await.starts_with("403"));
    let version = |default| iam::CreatePolicyVersionRequest {
        policy_arn: arn.clone(),
        policy_document: document(&allow("iam:GetUser")),
        set_as_default: Some(default),
    };
    ok::<_, iam::CreatePolicyVersionResponse>(&world.admin, "CreatePolicyVersion", version(false)).await;
    assert!(fails(&ada, "GetUser", user("ada")).await.starts_with("403"));
    let set = iam::SetDefaultPolicyVersionRequest { policy_arn: arn.clone(), version_id: "v2".to_owned() };
    ok::<_, ()>(&world.admin, "SetDefaultPolicyVersion", set).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("ada")).await;
}

#[tokio::test]
async fn conditions_see_the_request() {
    let world = World::new().await;
    let with = |condition: &str| {
        format!("{{'Effect':'Allow','Action':'iam:GetUser','Resource':'*','Condition':{{{condition}}}}}")
    };
    let cases = [
        ("'StringEquals':{'aws:username':'u0'}", true),
        ("'StringEquals':{'aws:username':'u0'}", false),
        ("'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:user/u*'}", true),
        ("'IpAddress':{'aws:SourceIp':'127.0.0.0/8'}", true),
        ("'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}", false),
        ("'Bool':{'aws:SecureTransport':'true'}", true),
        ("'StringEquals':{'aws:RequestedRegion':'us-east-1'}", true),
        ("'StringEquals':{'aws:PrincipalAccount':'000000000000','aws:PrincipalType':'User'}", true),
        ("'DateLessThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}", false),
        ("'NumericGreaterThan':{'aws:EpochTime':'1700000000'}", true),
        ("'Null':{'aws:UserAgent':'true'}", true),
        ("'StringEquals':{'aws:ResourceAccount':'000000000000'}", true),
    ];
    for (number, (condition, allowed)) in cases.into_iter().enumerate() {
        let client = world.user(&format!("u{number}"), &with(condition)).await;
        let got = client.call::<_, iam::GetUserResponse>(&iam::SERVICE, "GetUser", user("admin")).await;
        assert_eq!(got.is_ok(), allowed, "{condition}: {got:?}");
    }
}

#[tokio::test]
async fn tags_and_policy_arns_are_condition_keys() {
    let world = World::new().await;
    let may = "{'Effect':'Allow','Action':'iam:AttachUserPolicy','Resource':'*','Condition':{'ArnEquals':\
               {'iam:PolicyARN':'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'}}},\
               {'Effect':'Allow','Action':['iam:CreateUser','iam:TagUser'],'Resource':'*','Condition':\
               {'StringEquals':{'aws:RequestTag/team':'red'},'ForAllValues:StringEquals':{'aws:TagKeys':['team']}}}";
    let ada = world.user("ada", may).await;
    let attach =
        |arn: &str| iam::AttachUserPolicyRequest { user_name: "ada".to_owned(), policy_arn: arn.to_owned() };
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    ok::<_, ()>(&ada, "AttachUserPolicy", attach(basic)).await;
    let admin = attach("arn:aws:iam::aws:policy/AdministratorAccess");
    assert!(fails(&ada, "AttachUserPolicy", admin).await.contains("iam:AttachUserPolicy"));
    let create = |name: &str, tags: &[(&str, &str)]| iam::CreateUserRequest {
        user_name: name.to_owned(),
        tags: Some(
            tags.iter().map(|(k, v)| iam::Tag { key: (*k).to_owned(), value: (*v).to_owned() }).collect(),
        ),
        ..Default::default()
    };
    ok::<_, iam::CreateUserResponse>(&ada, "CreateUser", create("red", &[("team", "red")])).await;
    assert!(fails(&ada, "CreateUser", create("blue", &[("team", "blue")])).await.starts_with("403"));
    assert!(fails(&ada, "CreateUser", create("x", &[("team", "red"), ("b", "c")])).await.starts_with("403"));
    assert!(fails(&ada, "CreateUser", create("y", &[])).await.starts_with("403"));
}

#[tokio::test]
async fn a_users_path_is_part_of_its_arn() {
    let world = World::new().await;
    let may = "{'Effect':'Allow','Action':'iam:*','Resource':'arn:aws:iam::000000000000:user/red/*'}";
    let ada = world.user("ada", may).await;
    let create = |name: &str, path: &str| iam::CreateUserRequest {
        user_name: name.to_owned(),
        path: Some(path.to_owned()),
        ..Default::default()
    };
    ok::<_, iam::CreateUserResponse>(&ada, "CreateUser", create("r", "/red/")).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("r")).await;
    assert!(fails(&ada, "CreateUser", create("b", "/blue/")).await.starts_with("403"));
    ok::<_, iam::CreateUserResponse>(&world.admin, "CreateUser", create("b", "/blue/")).await;
    assert!(fails(&ada, "GetUser", user("b")).await.contains("user/blue/b because"));
    // Nobody moves a user out of what they may touch.
    let update = |path: &str| iam::UpdateUserRequest {
        user_name: "r".to_owned(),
        new_path: Some(path.to_owned()),
        ..Default::default()
    };
    assert!(fails(&ada, "UpdateUser", update("/blue/")).await.starts_with("403"));
    ok::<_, ()>(&ada, "UpdateUser", update("/red/deep/")).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("r")).await;
    // Another name alone leaves the path as it is, and is asked for there.
    let rename = |from: &str, to: &str| iam::UpdateUserRequest {
        user_name: from.to_owned(),
        new_user_name: Some(to.to_owned()),
        new_path: None,
    };
    ok::<_, ()>(&ada, "UpdateUser", rename("r", "s")).await;
    ok::<_, iam::GetUserResponse>(&ada, "GetUser", user("s")).await;
    let two = "'arn:aws:iam::000000000000:user/blue/b','arn:aws:iam::000000000000:user/c'";
    let bob = world.user("bob", &format!("{{'Effect':'Allow','Action':'iam:*','Resource':[{two}]}}")).await;
    assert!(fails(&bob, "UpdateUser", rename("b", "c")).await.contains("user/blue/c because"));
}

#[tokio::test]
async fn other_accounts_resources_are_out_of_reach() {
    let world = World::new().await;
    let get = iam::GetPolicyRequest { policy_arn: "arn:aws:iam::111111111111:policy/p".to_owned() };
    assert!(
        fails(&world.admin, "GetPolicy", get)
            .await
            .ends_with("because no resource-based policy allows the iam:GetPolicy action")
    );
}
