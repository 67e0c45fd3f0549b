//! Roles: who may assume them, and what their sessions may do.

use weft_model::{iam, sts};
use weft_service::testing::Client;
use weft_service::workload::RoleCredentials as _;
use weft_types::{AccountId, Arn, Region, Timestamp};

use crate::world::{ACCOUNT, World, allow, document, fails, ok, trusts, whoami};

fn assume(role: &str) -> sts::AssumeRoleRequest {
    sts::AssumeRoleRequest {
        role_arn: role.to_owned(),
        role_session_name: "s1".to_owned(),
        ..Default::default()
    }
}

async fn session(client: &Client, request: sts::AssumeRoleRequest) -> Client {
    let made: sts::AssumeRoleResponse = ok(client, "AssumeRole", request).await;
    let keys = made.credentials.expect("keys");
    assert!(keys.access_key_id.starts_with("ASIA") && keys.access_key_id.len() == 20);
    assert_eq!(keys.secret_access_key.len(), 40);
    Client::new(&client.dispatch, &keys.access_key_id, &keys.secret_access_key)
        .with_token(&keys.session_token)
}

fn get_user() -> iam::GetUserRequest {
    iam::GetUserRequest { user_name: Some("admin".to_owned()) }
}

const REFUSED: &str = "403 AccessDenied: User: arn:aws:iam::000000000000:user/ada is not authorized to perform: \
                       sts:AssumeRole on resource: arn:aws:iam::000000000000:role/reader";

#[tokio::test]
async fn a_session_has_its_roles_rights_and_no_others() {
    let world = World::new().await;
    let role = world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), &allow("iam:GetUser")).await;
    let client = session(&world.admin, assume(&role)).await;
    assert_eq!(whoami(&client).await, "arn:aws:sts::000000000000:assumed-role/reader/s1");
    ok::<_, iam::GetUserResponse>(&client, "GetUser", get_user()).await;
    assert_eq!(
        fails(&client, "ListUsers", iam::ListUsersRequest::default()).await,
        "403 AccessDenied: User: arn:aws:sts::000000000000:assumed-role/reader/s1 is not authorized to perform: \
         iam:ListUsers on resource: arn:aws:iam::000000000000:user/ because no identity-based policy allows the \
         iam:ListUsers action"
    );
    // A changed role changes its sessions; they end with it, and no namesake brings them back.
    let delete =
        iam::DeleteRolePolicyRequest { role_name: "reader".to_owned(), policy_name: "inline".to_owned() };
    ok::<_, ()>(&world.admin, "DeleteRolePolicy", delete).await;
    assert!(fails(&client, "GetUser", get_user()).await.starts_with("403 AccessDenied"));
    let delete = iam::DeleteRoleRequest { role_name: "reader".to_owned() };
    ok::<_, ()>(&world.admin, "DeleteRole", delete).await;
    assert!(fails(&client, "GetUser", get_user()).await.starts_with("403 InvalidClientTokenId"));
    world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), &allow("*")).await;
    assert!(
        fails(&client, "GetUser", get_user()).await.starts_with("403 InvalidClientTokenId"),
        "a namesake's rights"
    );
}

#[tokio::test]
async fn trust_in_the_account_needs_the_callers_policy_as_well() {
    let world = World::new().await;
    let role = world.role("reader", &trusts(&format!("{{'AWS':'arn:aws:iam::{ACCOUNT}:root'}}")), "").await;
    let ada = world.user("ada", "").await;
    assert_eq!(fails(&ada, "AssumeRole", assume(&role)).await, REFUSED);
    let put = iam::PutUserPolicyRequest {
        user_name: "ada".to_owned(),
        policy_name: "p".to_owned(),
        policy_document: document(&allow("sts:AssumeRole")),
    };
    ok::<_, ()>(&world.admin, "PutUserPolicy", put).await;
    session(&ada, assume(&role)).await;
}

#[tokio::test]
async fn trust_in_a_user_by_name_is_enough_unless_it_is_denied() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let role =
        world.role("reader", &trusts(&format!("{{'AWS':'arn:aws:iam::{ACCOUNT}:user/ada'}}")), "").await;
    session(&ada, assume(&role)).await;
    // Not even the admin, who may do all, is trusted.
    assert!(fails(&world.admin, "AssumeRole", assume(&role)).await.starts_with("403 AccessDenied"));
    let put = iam::PutUserPolicyRequest {
        user_name: "ada".to_owned(),
        policy_name: "p".to_owned(),
        policy_document: document("{'Effect':'Deny','Action':'sts:AssumeRole','Resource':'*'}"),
    };
    ok::<_, ()>(&world.admin, "PutUserPolicy", put).await;
    assert_eq!(fails(&ada, "AssumeRole", assume(&role)).await, REFUSED);
}

#[tokio::test]
async fn refusals_do_not_tell_whether_there_is_a_role() {
    let world = World::new().await;
    let ada = world.user("ada", &allow("*")).await;
    world.role("reader", &trusts("{'Service':'lambda.amazonaws.com'}"), "").await;
    let reader = format!("arn:aws:iam::{ACCOUNT}:role/reader");
    assert_eq!(fails(&ada, "AssumeRole", assume(&reader)).await, REFUSED);
    let missing = fails(&ada, "AssumeRole", assume(&reader.replace("reader", "missing"))).await;
    assert_eq!(missing, REFUSED.replace("reader", "missing"));
    // The path is part of the name.
    assert!(fails(&ada, "AssumeRole", assume(&reader.replace("role/", "role/x/"))).await.starts_with("403"));
    assert_eq!(
        fails(&ada, "AssumeRole", assume("arn:aws:iam::000000000000:user/ada")).await,
        "400 ValidationError: arn:aws:iam::000000000000:user/ada is invalid"
    );
}

#[tokio::test]
async fn an_external_id_must_be_the_one_that_the_role_wants() {
    let world = World::new().await;
    let trust = format!(
        "{{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{{'AWS':'{ACCOUNT}'}},'Condition':\
         {{'StringEquals':{{'sts:ExternalId':'tea-4-two'}}}}}}"
    );
    let role = world.role("reader", &trust, "").await;
    let with =
        |id: Option<&str>| sts::AssumeRoleRequest { external_id: id.map(str::to_owned), ..assume(&role) };
    assert!(fails(&world.admin, "AssumeRole", with(None)).await.starts_with("403"));
    assert!(fails(&world.admin, "AssumeRole", with(Some("coffee"))).await.starts_with("403"));
    session(&world.admin, with(Some("tea-4-two"))).await;
}

#[tokio::test]
async fn durations_are_bounded() {
    let world = World::new().await;
    let role =
        world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), &allow("sts:AssumeRole")).await;
    let lasting = |seconds| sts::AssumeRoleRequest { duration_seconds: Some(seconds), ..assume(&role) };
    let made: sts::AssumeRoleResponse = ok(&world.admin, "AssumeRole", lasting(900)).await;
    let user = made.assumed_role_user.expect("a session");
    assert_eq!(user.arn, "arn:aws:sts::000000000000:assumed-role/reader/s1");
    assert!(user.assumed_role_id.starts_with("AROA") && user.assumed_role_id.ends_with(":s1"));
    assert_eq!(made.credentials.expect("keys").expiration, Timestamp::from_seconds(1_795_485_723 + 900));
    assert!(fails(&world.admin, "AssumeRole", lasting(899)).await.contains("'durationSeconds' failed"));
    assert_eq!(
        fails(&world.admin, "AssumeRole", lasting(3601)).await,
        "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
    let update = iam::UpdateRoleRequest {
        role_name: "reader".to_owned(),
        max_session_duration: Some(7200),
        ..Default::default()
    };
    ok::<_, iam::UpdateRoleResponse>(&world.admin, "UpdateRole", update).await;
    let chained = session(&world.admin, lasting(7200)).await;
    assert!(fails(&chained, "AssumeRole", lasting(3601)).await.contains("1 hour session limit"));
    session(&chained, lasting(3600)).await;
}

#[tokio::test]
async fn session_policies_narrow_and_never_widen() {
    let world = World::new().await;
    let role = world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), &allow("iam:Get*")).await;
    let narrowed =
        |statements: &str| sts::AssumeRoleRequest { policy: Some(document(statements)), ..assume(&role) };
    let client = session(&world.admin, narrowed(&allow("iam:GetUser"))).await;
    ok::<_, iam::GetUserResponse>(&client, "GetUser", get_user()).await;
    let get_role = || iam::GetRoleRequest { role_name: "reader".to_owned() };
    assert!(
        fails(&client, "GetRole", get_role())
            .await
            .ends_with("because no session policy allows the iam:GetRole action")
    );
    let widened = session(&world.admin, narrowed(&allow("*"))).await;
    ok::<_, iam::GetRoleResponse>(&widened, "GetRole", get_role()).await;
    assert!(
        fails(&widened, "ListUsers", iam::ListUsersRequest::default())
            .await
            .contains("no identity-based policy")
    );
    let denied = format!("{},{{'Effect':'Deny','Action':'iam:GetUser','Resource':'*'}}", allow("*"));
    let client = session(&world.admin, narrowed(&denied)).await;
    assert!(
        fails(&client, "GetUser", get_user()).await.ends_with("with an explicit deny in a session policy")
    );
    // By ARN.
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".to_owned();
    let by_arn = sts::AssumeRoleRequest {
        policy_arns: Some(vec![sts::PolicyDescriptorType { arn: Some(arn) }]),
        ..assume(&role)
    };
    let client = session(&world.admin, by_arn).await;
    assert!(fails(&client, "GetUser", get_user()).await.contains("no session policy"));
    assert_eq!(
        fails(
            &world.admin,
            "AssumeRole",
            sts::AssumeRoleRequest { policy: Some("{}".to_owned()), ..assume(&role) }
        )
        .await,
        "400 MalformedPolicyDocument: Syntax errors in policy."
    );
}

#[tokio::test]
async fn a_session_does_not_widen_when_a_policy_that_narrows_it_is_deleted() {
    let world = World::new().await;
    let role = world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), &allow("*")).await;
    let mut passed = Vec::new();
    for (name, text) in [("wide", allow("*")), ("narrow", allow("iam:*").replace("Allow", "Deny"))] {
        let input = iam::CreatePolicyRequest {
            policy_name: name.to_owned(),
            policy_document: document(&text),
            ..Default::default()
        };
        let made: iam::CreatePolicyResponse = ok(&world.admin, "CreatePolicy", input).await;
        passed.push(made.policy.and_then(|policy| policy.arn).expect("an ARN"));
    }
    let descriptors = passed.iter().map(|arn| sts::PolicyDescriptorType { arn: Some(arn.clone()) });
    let by_arn = sts::AssumeRoleRequest { policy_arns: Some(descriptors.collect()), ..assume(&role) };
    let client = session(&world.admin, by_arn).await;
    assert!(fails(&client, "GetUser", get_user()).await.contains("explicit deny"));
    let delete = iam::DeletePolicyRequest { policy_arn: passed.swap_remove(1) };
    ok::<_, ()>(&world.admin, "DeletePolicy", delete).await;
    assert!(fails(&client, "GetUser", get_user()).await.contains("no session policy"));
}

#[tokio::test]
async fn workers_get_keys_of_roles_that_trust_their_service() {
    let world = World::new().await;
    let lambda = world.role("fn", &trusts("{'Service':'lambda.amazonaws.com'}"), &allow("iam:GetUser")).await;
    let arn = Arn::parse(&lambda).expect("an ARN");
    let keys = world.iam.assume(&arn, "lambda.amazonaws.com", "hello").await.expect("keys");
    let client = Client::new(&world.dispatch, &keys.access_key_id, &keys.secret).with_token(&keys.token);
    assert_eq!(whoami(&client).await, "arn:aws:sts::000000000000:assumed-role/fn/hello");
    ok::<_, iam::GetUserResponse>(&client, "GetUser", get_user()).await;
    assert!(fails(&client, "ListUsers", iam::ListUsersRequest::default()).await.starts_with("403"));
    let refused = world.iam.assume(&arn, "compute.weft.localhost", "hello").await.expect_err("not trusted");
    assert_eq!(refused.code(), "AccessDeniedException");
    assert!(fails(&world.admin, "AssumeRole", assume(&lambda)).await.starts_with("403"));
    // A trust that is bound to the account, as AWS advises, holds for workers of that account alone.
    for (name, account, trusted) in [("own", ACCOUNT, true), ("other", "111122223333", false)] {
        let bound = trusts("{'Service':'lambda.amazonaws.com'}").replace(
            "'Effect'",
            &format!("'Condition':{{'StringEquals':{{'aws:SourceAccount':'{account}'}}}},'Effect'"),
        );
        let role = Arn::parse(&world.role(name, &bound, "").await).expect("an ARN");
        assert_eq!(world.iam.assume(&role, "lambda.amazonaws.com", "hello").await.is_ok(), trusted, "{name}");
    }
    // The same through the operation, as a service of the platform.
    let cx =
        world.dispatch.context_for_service("lambda.amazonaws.com", AccountId::DEFAULT, Region::default());
    let made: sts::AssumeRoleResponse = cx.call("sts", "AssumeRole", assume(&lambda)).await.expect("keys");
    assert!(made.credentials.is_some());
    let cx = world.dispatch.context_for_service("sqs.amazonaws.com", AccountId::DEFAULT, Region::default());
    let refused = cx.call::<_, sts::AssumeRoleResponse>("sts", "AssumeRole", assume(&lambda)).await;
    assert_eq!(refused.expect_err("not trusted").code(), "AccessDeniedException");
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused() {
    let world = World::new().await;
    let role = world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), "").await;
    let mfa = sts::AssumeRoleRequest { token_code: Some("123456".to_owned()), ..assume(&role) };
    assert!(fails(&world.admin, "AssumeRole", mfa).await.contains("invalid MFA one time pass code"));
    let arn = "arn:aws:iam::aws:contextProvider/IdentityCenter".to_owned();
    let context =
        sts::ProvidedContext { provider_arn: Some(arn), context_assertion: Some("four".to_owned()) };
    let contexts = sts::AssumeRoleRequest { provided_contexts: Some(vec![context]), ..assume(&role) };
    assert!(fails(&world.admin, "AssumeRole", contexts).await.starts_with("501 NotImplemented"));
}
