//! When roles were last used.

use weft_model::{iam, sts};
use weft_service::DispatchOptions;
use weft_service::testing::Client;
use weft_types::Timestamp;

use crate::world::{ACCOUNT, World, ok, text, trusts, whoami};

const START: i64 = 1_795_485_723;

/// What is told of the role's last use: seconds after the start and the region, by both operations.
async fn shown(world: &World) -> Option<(i64, String)> {
    let get = iam::GetRoleRequest { role_name: text("reader") };
    let role = ok::<_, iam::GetRoleResponse>(&world.admin, "GetRole", get).await.role.expect("a role");
    let details = iam::GetAccountAuthorizationDetailsRequest::default();
    let details: iam::GetAccountAuthorizationDetailsResponse =
        ok(&world.admin, "GetAccountAuthorizationDetails", details).await;
    let mut details = details.role_detail_list.expect("roles").into_iter();
    let detail = details.find(|detail| detail.arn.as_ref() == Some(&role.arn)).expect("listed");
    assert_eq!(detail.role_last_used, role.role_last_used);
    let iam::RoleLastUsed { last_used_date, region } = role.role_last_used.expect("always there");
    Some((last_used_date?.as_seconds() - START, region.expect("with the date")))
}

fn at(world: &World, seconds: i64) {
    world.clock.set(Timestamp::from_seconds(START + seconds));
}

/// A session of a new role, for an hour.
async fn session(world: &World) -> Client {
    world.role("reader", &trusts(&format!("{{'AWS':'{ACCOUNT}'}}")), "").await;
    let request = sts::AssumeRoleRequest {
        role_arn: text("arn:aws:iam::000000000000:role/reader"),
        role_session_name: text("s1"),
        ..Default::default()
    };
    let made: sts::AssumeRoleResponse = ok(&world.admin, "AssumeRole", request).await;
    let keys = made.credentials.expect("keys");
    Client::new(&world.dispatch, &keys.access_key_id, &keys.secret_access_key).with_token(&keys.session_token)
}

#[tokio::test]
async fn a_role_is_used_by_the_requests_of_its_sessions() {
    let world = World::new().await;
    let client = session(&world).await;
    assert_eq!(shown(&world).await, None, "to assume it is no use of it");
    whoami(&client).await;
    assert_eq!(shown(&world).await, Some((0, text("us-east-1"))));
    // To the minute; another region is told at once, and a refused request is a use.
    at(&world, 59);
    whoami(&client).await;
    assert_eq!(shown(&world).await, Some((0, text("us-east-1"))));
    at(&world, 60);
    whoami(&client).await;
    assert_eq!(shown(&world).await, Some((60, text("us-east-1"))));
    at(&world, 61);
    let elsewhere = Client { region: text("eu-central-1"), ..client.clone() };
    let refused = elsewhere.call::<_, iam::ListUsersResponse>(
        &iam::SERVICE,
        "ListUsers",
        iam::ListUsersRequest::default(),
    );
    assert_eq!(refused.await.expect_err("refused").status.as_u16(), 403);
    let used = Some((61, text("eu-central-1")));
    assert_eq!(shown(&world).await, used);
    // Who does not know the secret uses nothing.
    at(&world, 600);
    let mut forged = client.clone();
    forged.credentials.secret = text("guessed");
    assert!(whoami(&forged).await.starts_with("403"));
    assert_eq!(shown(&world).await, used);
    // AWS tells of a use for 400 days.
    at(&world, 61 + 400 * 86_400);
    assert_eq!(shown(&world).await, used);
    at(&world, 62 + 400 * 86_400);
    assert_eq!(shown(&world).await, None);
}

#[tokio::test]
async fn a_last_use_that_was_written_is_known_after_a_restart_and_goes_with_its_role() {
    let world = World::new().await;
    let client = session(&world).await;
    whoami(&client).await;
    let again = async || World::on(world.memory.clone(), DispatchOptions::default()).await;
    assert_eq!(shown(&again().await).await, None);
    world.iam.write_last_uses().await.expect("written");
    assert_eq!(shown(&again().await).await, Some((0, text("us-east-1"))));
    at(&world, 3000);
    assert!(whoami(&client).await.ends_with("reader/s1"));
    let delete = iam::DeleteRoleRequest { role_name: text("reader") };
    ok::<_, ()>(&world.admin, "DeleteRole", delete).await;
    session(&world).await;
    world.iam.write_last_uses().await.expect("written");
    assert_eq!(shown(&world).await, None, "a namesake's use");
    assert_eq!(shown(&again().await).await, None);
}
