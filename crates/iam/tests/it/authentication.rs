use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::Request;
use weft_model::iam::{self, DeleteAccessKeyRequest, UpdateAccessKeyRequest};
use weft_model::{Value, sts};
use weft_service::Identities as _;
use weft_service::testing::Client;
use weft_types::Timestamp;

use crate::world::{World, allow, ok, whoami};

const MISMATCH: &str = "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult the service \
                        documentation for details.";
const UNKNOWN: &str = "403 InvalidClientTokenId: The security token included in the request is invalid.";

#[tokio::test]
async fn a_key_says_who_asks() {
    let world = World::new().await;
    assert_eq!(whoami(&world.admin).await, "arn:aws:iam::000000000000:user/admin");
    let ada = world.user("ada", "").await;
    assert_eq!(whoami(&ada).await, "arn:aws:iam::000000000000:user/ada");
}

#[tokio::test]
async fn wrong_secrets_and_unknown_keys_are_refused() {
    let world = World::new().await;
    let id = world.admin.credentials.access_key_id.clone();
    assert_eq!(whoami(&Client::new(&world.dispatch, &id, "wrong")).await, MISMATCH);
    assert_eq!(whoami(&Client::new(&world.dispatch, "AKIAUNKNOWNUNKNOWN00", "wrong")).await, UNKNOWN);
    // A token that was not issued with the key.
    assert_eq!(whoami(&world.admin.clone().with_token("bm9uc2Vuc2U=")).await, UNKNOWN);
}

#[tokio::test]
async fn skewed_clocks_are_refused_both_ways() {
    let world = World::new().await;
    let request = || world.admin.request(&sts::SERVICE, "GetCallerIdentity", &Value::Struct(Vec::new()));
    let signed = Timestamp::from_seconds(1_795_485_723);
    for (minutes, expected) in
        [(14, "200"), (-14, "200"), (16, "Signature expired: "), (-16, "Signature not yet current: ")]
    {
        world.clock.set(signed);
        let request = request();
        world.clock.set(Timestamp::from_seconds(signed.as_seconds() + minutes * 60));
        let response = world.admin.send(request).await;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let found = format!("{} {body}", response.status().as_u16());
        assert!(found.contains(expected), "{minutes} min: {found}");
        assert!(expected == "200" || found.contains("<Code>SignatureDoesNotMatch</Code>"), "{found}");
    }
}

#[tokio::test]
async fn changed_bodies_and_unsigned_requests_are_refused() {
    let world = World::new().await;
    let mut request = world.admin.request(&sts::SERVICE, "GetCallerIdentity", &Value::Struct(Vec::new()));
    *request.body_mut() = Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15&More=1");
    let response = world.admin.send(request).await;
    assert_eq!(response.status(), 403);
    assert!(String::from_utf8_lossy(response.body()).contains("<Code>SignatureDoesNotMatch</Code>"));

    let unsigned = Request::post("http://127.0.0.1:4566/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15"))
        .expect("a request");
    let response = world.admin.send(unsigned).await;
    assert_eq!(response.status(), 403);
    let body = String::from_utf8_lossy(response.body()).into_owned();
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    assert!(body.contains("<Message>Request is missing Authentication Token</Message>"), "{body}");
}

#[tokio::test]
async fn authentication_comes_before_everything_that_a_request_says() {
    let world = World::new().await;
    let stranger = Client::new(&world.dispatch, "AKIAUNKNOWNUNKNOWN00", "wrong");
    // Neither a wrong input nor an operation that is not there is told to somebody unknown.
    let input = iam::GetRoleRequest::default();
    let asked = stranger.call::<_, iam::GetRoleResponse>(&iam::SERVICE, "GetRole", input).await;
    assert_eq!(asked.expect_err("refused").code, "InvalidClientTokenId");
}

#[tokio::test]
async fn inactive_and_deleted_keys_stop_at_once() {
    let world = World::new().await;
    let ada = world.user("ada", &allow("iam:GetUser")).await;
    let id = ada.credentials.access_key_id.clone();
    let set = |status: &str| UpdateAccessKeyRequest {
        user_name: Some("ada".to_owned()),
        access_key_id: id.clone(),
        status: status.to_owned(),
    };
    assert!(whoami(&ada).await.ends_with("user/ada"));
    ok::<_, ()>(&world.admin, "UpdateAccessKey", set("Inactive")).await;
    assert_eq!(whoami(&ada).await, UNKNOWN);
    ok::<_, ()>(&world.admin, "UpdateAccessKey", set("Active")).await;
    assert!(whoami(&ada).await.ends_with("user/ada"));
    let delete = DeleteAccessKeyRequest { user_name: Some("ada".to_owned()), access_key_id: id.clone() };
    ok::<_, ()>(&world.admin, "DeleteAccessKey", delete).await;
    assert_eq!(whoami(&ada).await, UNKNOWN);
}

#[tokio::test]
async fn sessions_expire_and_their_tokens_belong_to_their_keys() {
    let world = World::new().await;
    let session =
        |seconds| sts::GetSessionTokenRequest { duration_seconds: Some(seconds), ..Default::default() };
    let made: sts::GetSessionTokenResponse = ok(&world.admin, "GetSessionToken", session(900)).await;
    let keys = made.credentials.expect("keys");
    let bare = Client::new(&world.dispatch, &keys.access_key_id, &keys.secret_access_key);
    let full = bare.clone().with_token(&keys.session_token);
    assert_eq!(whoami(&full).await, "arn:aws:iam::000000000000:user/admin");
    assert_eq!(whoami(&bare).await, UNKNOWN);
    // The token of another session.
    let other: sts::GetSessionTokenResponse = ok(&world.admin, "GetSessionToken", session(900)).await;
    let other = other.credentials.expect("keys").session_token;
    assert_eq!(whoami(&bare.clone().with_token(&other)).await, UNKNOWN);
    // To the second.
    let end = keys.expiration;
    assert_eq!(end.since(Timestamp::from_seconds(1_795_485_723)), Duration::from_mins(15));
    world.clock.set(Timestamp::from_millis(end.as_millis() - 1));
    assert!(whoami(&full).await.ends_with("user/admin"));
    world.clock.set(end);
    assert_eq!(
        whoami(&full).await,
        "403 ExpiredToken: The security token included in the request is expired"
    );
}

#[tokio::test]
async fn what_is_known_is_answered_without_the_store() {
    let world = World::new().await;
    let ada = world.user("ada", &allow("iam:GetUser")).await;
    let (group_name, user_name) = ("g".to_owned(), "ada".to_owned());
    let group = iam::CreateGroupRequest { group_name: group_name.clone(), path: None };
    ok::<_, iam::CreateGroupResponse>(&world.admin, "CreateGroup", group).await;
    let policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    let attach =
        iam::AttachGroupPolicyRequest { group_name: group_name.clone(), policy_arn: policy_arn.clone() };
    ok::<_, ()>(&world.admin, "AttachGroupPolicy", attach).await;
    let join = iam::AddUserToGroupRequest { group_name, user_name: user_name.clone() };
    ok::<_, ()>(&world.admin, "AddUserToGroup", join).await;
    let bound = iam::PutUserPermissionsBoundaryRequest { user_name, permissions_boundary: policy_arn };
    ok::<_, ()>(&world.admin, "PutUserPermissionsBoundary", bound).await;
    let id = ada.credentials.access_key_id.clone();
    let now = Timestamp::from_seconds(0);
    let principal = world.iam.credential(&id, None, now).await.expect("known").principal;
    let holdings = world.iam.holdings(&principal).await.expect("policies");
    assert_eq!((holdings.identity.len(), holdings.boundary.is_some()), (2, true));
    // The store answers from another thread: of a thousand futures that asked it, some would not be ready at once.
    for _ in 0..1000 {
        assert!(world.iam.credential(&id, None, now).now_or_never().is_some_and(|found| found.is_ok()));
        assert!(world.iam.holdings(&principal).now_or_never().is_some_and(|found| found.is_ok()));
    }
}
