//! What is passed when a session is made: an external id, tags, a source identity; and federated users.

use weft_model::{iam, sts};
use weft_service::testing::Client;

use crate::world::{ACCOUNT, World, allow, document, fails, ok, text, whoami};

fn assume(role: &str) -> sts::AssumeRoleRequest {
    sts::AssumeRoleRequest { role_arn: text(role), role_session_name: text("s1"), ..Default::default() }
}

fn tag(key: &str, value: &str) -> sts::Tag {
    sts::Tag { key: text(key), value: text(value) }
}

/// A statement that lets the account do this with a role, under a condition.
fn trusts_if(actions: &str, condition: &str) -> String {
    format!(
        "{{'Effect':'Allow','Action':{actions},'Principal':{{'AWS':'{ACCOUNT}'}},'Condition':{{{condition}}}}}"
    )
}

fn client(world: &World, keys: Option<sts::Credentials>) -> Client {
    let keys = keys.expect("keys");
    Client::new(&world.dispatch, &keys.access_key_id, &keys.secret_access_key).with_token(&keys.session_token)
}

#[tokio::test]
async fn a_trust_policy_asks_for_an_external_id_and_a_name() {
    let world = World::new().await;
    let only = "'StringEquals':{'sts:ExternalId':'x-1'},'StringLike':{'sts:RoleSessionName':'s*'}";
    let role = world.role("r", &trusts_if("'sts:AssumeRole'", only), "").await;
    let with = |id: Option<&str>, name: &str| sts::AssumeRoleRequest {
        external_id: id.map(text),
        role_session_name: text(name),
        ..assume(&role)
    };
    let denied = format!(
        "403 AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/admin is not authorized to perform: sts:AssumeRole on \
         resource: {role}"
    );
    for (id, name, allowed) in [
        (Some("x-1"), "s1", true),
        (Some("x-2"), "s1", false),
        (None, "s1", false),
        (Some("x-1"), "t1", false),
    ] {
        let request = with(id, name);
        if allowed {
            ok::<_, sts::AssumeRoleResponse>(&world.admin, "AssumeRole", request).await;
        } else {
            assert_eq!(fails(&world.admin, "AssumeRole", request).await, denied, "{id:?} {name}");
        }
    }
}

#[tokio::test]
async fn tags_need_leave_of_the_trust_policy() {
    let world = World::new().await;
    let shut = world.role("shut", &trusts_if("'sts:AssumeRole'", ""), "").await;
    let red =
        "'StringEquals':{'aws:RequestTag/team':'red'},'ForAllValues:StringEquals':{'aws:TagKeys':['team']}";
    let open = world.role("open", &trusts_if("['sts:AssumeRole','sts:TagSession']", red), "").await;
    let with = |role: &str, tags: Vec<sts::Tag>| sts::AssumeRoleRequest { tags: Some(tags), ..assume(role) };
    let refused = fails(&world.admin, "AssumeRole", with(&shut, vec![tag("team", "red")])).await;
    assert!(refused.contains("is not authorized to perform: sts:TagSession on resource:"), "{refused}");
    let made: sts::AssumeRoleResponse =
        ok(&world.admin, "AssumeRole", with(&open, vec![tag("team", "red")])).await;
    assert!(made.packed_policy_size.is_some_and(|percent| percent > 0));
    for tags in [vec![tag("team", "blue")], vec![tag("team", "red"), tag("x", "y")]] {
        assert!(fails(&world.admin, "AssumeRole", with(&open, tags)).await.starts_with("403 AccessDenied"));
    }
    let twice = with(&open, vec![tag("team", "red"), tag("Team", "red")]);
    assert_eq!(
        fails(&world.admin, "AssumeRole", twice).await,
        "400 InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."
    );
}

#[tokio::test]
async fn transitive_tags_and_the_source_identity_go_on() {
    let world = World::new().await;
    let all = "['sts:AssumeRole','sts:TagSession','sts:SetSourceIdentity']";
    let first = world.role("first", &trusts_if(all, ""), &allow("sts:*")).await;
    let only = "'StringEquals':{'aws:RequestTag/team':'red','sts:SourceIdentity':'ada'}";
    let second = world.role("second", &trusts_if(all, only), "").await;
    let begin = |transitive: bool| sts::AssumeRoleRequest {
        tags: Some(vec![tag("team", "red")]),
        transitive_tag_keys: transitive.then(|| vec![text("team")]),
        source_identity: Some(text("ada")),
        ..assume(&first)
    };
    let made: sts::AssumeRoleResponse = ok(&world.admin, "AssumeRole", begin(true)).await;
    assert_eq!(made.source_identity.as_deref(), Some("ada"));
    let session = client(&world, made.credentials);
    let made: sts::AssumeRoleResponse = ok(&session, "AssumeRole", assume(&second)).await;
    assert_eq!(made.source_identity.as_deref(), Some("ada"));
    let again = sts::AssumeRoleRequest { tags: Some(vec![tag("TEAM", "blue")]), ..assume(&second) };
    assert!(fails(&session, "AssumeRole", again).await.starts_with("400 InvalidParameterValue"));
    let other = sts::AssumeRoleRequest { source_identity: Some(text("bob")), ..assume(&second) };
    assert!(fails(&session, "AssumeRole", other).await.starts_with("400 ValidationError"));
    // A tag that is not transitive stays behind.
    let made: sts::AssumeRoleResponse = ok(&world.admin, "AssumeRole", begin(false)).await;
    let session = client(&world, made.credentials);
    assert!(fails(&session, "AssumeRole", assume(&second)).await.starts_with("403 AccessDenied"));
}

#[tokio::test]
async fn a_session_that_is_too_large_is_refused() {
    let world = World::new().await;
    let role = world.role("r", &trusts_if("['sts:AssumeRole','sts:TagSession']", ""), "").await;
    let value = || weft_service::random_id(256, b"abcdefghijklmnopqrstuvwxyz0123456789");
    let tags = (0..50).map(|number| tag(&format!("key{number}"), &value())).collect();
    let request = sts::AssumeRoleRequest { tags: Some(tags), ..assume(&role) };
    let refused = fails(&world.admin, "AssumeRole", request).await;
    assert!(
        refused.starts_with("400 PackedPolicyTooLarge: Packed size of session tags consumes "),
        "{refused}"
    );
}

#[tokio::test]
async fn a_federated_user_may_what_was_passed_for_it() {
    let world = World::new().await;
    let ada = world.user("ada", &allow("*")).await;
    let federate = |policy: Option<String>| sts::GetFederationTokenRequest {
        name: text("guest"),
        policy,
        ..Default::default()
    };
    let policy = document("{'Effect':'Allow','Action':['iam:ListUsers','sts:*'],'Resource':'*'}");
    let made: sts::GetFederationTokenResponse = ok(&ada, "GetFederationToken", federate(Some(policy))).await;
    let guest = client(&world, made.credentials);
    let name = "arn:aws:sts::000000000000:federated-user/guest";
    assert_eq!(made.federated_user.expect("a user").arn, name);
    assert_eq!(whoami(&guest).await, name);
    // What is allowed goes on to where federated users are shut out of IAM.
    let list = iam::ListUsersRequest::default;
    let shut = "403 InvalidClientTokenId: The security token included in the request is invalid";
    assert_eq!(fails(&guest, "ListUsers", list()).await, shut);
    assert!(
        fails(&guest, "ListRoles", iam::ListRolesRequest::default()).await.starts_with("403 AccessDenied")
    );
    let role = world.role("r", &trusts_if("'sts:AssumeRole'", ""), "").await;
    assert!(fails(&guest, "AssumeRole", assume(&role)).await.starts_with("403 AccessDenied"));
    assert_eq!(
        fails(&guest, "GetFederationToken", federate(None)).await,
        "403 AccessDenied: Cannot call GetFederationToken with session credentials"
    );
    let made: sts::GetFederationTokenResponse = ok(&ada, "GetFederationToken", federate(None)).await;
    let nothing = client(&world, made.credentials);
    assert!(
        fails(&nothing, "ListUsers", iam::ListUsersRequest::default()).await.starts_with("403 AccessDenied")
    );
}

#[tokio::test]
async fn tags_of_role_and_session_and_a_boundary_decide() {
    let world = World::new().await;
    let tagged = "{'Effect':'Allow','Action':'iam:ListUsers','Resource':'*','Condition':{'StringEquals':\
                  {'aws:PrincipalTag/team':'red','aws:PrincipalTag/job':'test'}}}";
    let role = world.role("r", &trusts_if("['sts:AssumeRole','sts:TagSession']", ""), tagged).await;
    let own = vec![iam::Tag { key: text("team"), value: text("red") }];
    ok::<_, ()>(&world.admin, "TagRole", iam::TagRoleRequest { role_name: text("r"), tags: own }).await;
    let list = iam::ListUsersRequest::default;
    for (passed, allowed) in [
        (vec![tag("job", "test")], true),
        (vec![], false),
        (vec![tag("job", "test"), tag("team", "blue")], false),
    ] {
        let request = sts::AssumeRoleRequest { tags: Some(passed.clone()), ..assume(&role) };
        let made: sts::AssumeRoleResponse = ok(&world.admin, "AssumeRole", request).await;
        let got = client(&world, made.credentials)
            .call::<_, iam::ListUsersResponse>(&iam::SERVICE, "ListUsers", list())
            .await;
        assert_eq!(got.is_ok(), allowed, "{passed:?}: {got:?}");
    }
    let ada = world.user("ada", &allow("*")).await;
    ok::<_, iam::ListUsersResponse>(&ada, "ListUsers", list()).await;
    let bound = iam::PutUserPermissionsBoundaryRequest {
        user_name: text("ada"),
        permissions_boundary: text("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
    };
    ok::<_, ()>(&world.admin, "PutUserPermissionsBoundary", bound).await;
    let refused = fails(&ada, "ListUsers", list()).await;
    assert!(refused.contains("because no permissions boundary allows the iam:ListUsers action"), "{refused}");
}

#[tokio::test]
async fn a_trust_policy_sees_the_callers_tags() {
    let world = World::new().await;
    let only = "'StringEquals':{'aws:PrincipalTag/team':'${iam:ResourceTag/team}'}";
    let literal = "'StringEquals':{'aws:PrincipalTag/team':'red'}";
    let role = world.role("r", &trusts_if("'sts:AssumeRole'", literal), "").await;
    let ada = world.user("ada", &allow("sts:AssumeRole")).await;
    assert!(fails(&ada, "AssumeRole", assume(&role)).await.starts_with("403 AccessDenied"));
    let tags = vec![iam::Tag { key: text("team"), value: text("red") }];
    ok::<_, ()>(&world.admin, "TagUser", iam::TagUserRequest { user_name: text("ada"), tags }).await;
    ok::<_, sts::AssumeRoleResponse>(&ada, "AssumeRole", assume(&role)).await;
    // A variable without a value never helps.
    let role = world.role("other", &trusts_if("'sts:AssumeRole'", only), "").await;
    assert!(fails(&ada, "AssumeRole", assume(&role)).await.starts_with("403 AccessDenied"));
}
