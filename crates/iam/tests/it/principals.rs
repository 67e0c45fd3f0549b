//! Stored policies are bound to users and roles themselves, not to their names.

use percent_encoding::percent_decode_str;
use weft_model::{iam, sts};
use weft_service::Identities as _;
use weft_service::testing::Client;

use crate::world::{World, document, fails, ok, text, trusts};

const ADA: &str = "arn:aws:iam::000000000000:user/ada";
const TARGET: &str = "arn:aws:iam::000000000000:role/target";

/// Whether the client gets a session of the target.
async fn assumes(client: &Client) -> bool {
    let request = sts::AssumeRoleRequest {
        role_arn: text(TARGET),
        role_session_name: text("session"),
        ..Default::default()
    };
    client.call::<_, sts::AssumeRoleResponse>(&sts::SERVICE, "AssumeRole", request).await.is_ok()
}

/// A session of a role, as a client.
async fn session_of(client: &Client, role: &str) -> Client {
    let request = sts::AssumeRoleRequest {
        role_arn: text(role),
        role_session_name: text("session"),
        ..Default::default()
    };
    let made: sts::AssumeRoleResponse = ok(client, "AssumeRole", request).await;
    let keys = made.credentials.expect("keys");
    Client::new(&client.dispatch, &keys.access_key_id, &keys.secret_access_key)
        .with_token(&keys.session_token)
}

/// The target's trust policy, as everything that shows it does.
async fn shown(world: &World) -> String {
    let get = iam::GetRoleRequest { role_name: text("target") };
    let role = ok::<_, iam::GetRoleResponse>(&world.admin, "GetRole", get).await.role.expect("a role");
    let list = iam::ListRolesRequest::default();
    let listed: iam::ListRolesResponse = ok(&world.admin, "ListRoles", list).await;
    let listed = listed.roles.expect("roles").into_iter().find(|role| role.arn == TARGET).expect("listed");
    assert_eq!(listed.assume_role_policy_document, role.assume_role_policy_document);
    let details = iam::GetAccountAuthorizationDetailsRequest::default();
    let details: iam::GetAccountAuthorizationDetailsResponse =
        ok(&world.admin, "GetAccountAuthorizationDetails", details).await;
    let mut detailed = details.role_detail_list.expect("roles").into_iter();
    let detailed = detailed.find(|role| role.arn.as_deref() == Some(TARGET)).expect("listed");
    assert_eq!(detailed.assume_role_policy_document, role.assume_role_policy_document);
    let escaped = role.assume_role_policy_document.expect("a policy");
    percent_decode_str(&escaped).decode_utf8().expect("a text").into_owned()
}

async fn delete_ada(world: &World, key: &str) {
    let key = iam::DeleteAccessKeyRequest { user_name: Some(text("ada")), access_key_id: text(key) };
    ok::<_, ()>(&world.admin, "DeleteAccessKey", key).await;
    let delete = iam::DeleteUserRequest { user_name: text("ada") };
    ok::<_, ()>(&world.admin, "DeleteUser", delete).await;
}

async fn id_of_ada(world: &World) -> String {
    let get = iam::GetUserRequest { user_name: Some(text("ada")) };
    ok::<_, iam::GetUserResponse>(&world.admin, "GetUser", get).await.user.expect("a user").user_id
}

fn trust(statements: &str) -> iam::UpdateAssumeRolePolicyRequest {
    iam::UpdateAssumeRolePolicyRequest { role_name: text("target"), policy_document: document(statements) }
}

#[tokio::test]
async fn a_namesake_of_a_deleted_user_is_not_trusted() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let id = id_of_ada(&world).await;
    let by_arn = trusts(&format!("{{'AWS':['{ADA}','{}']}}", ADA.replace("ada", "admin")));
    world.role("target", &by_arn, "").await;
    assert_eq!(shown(&world).await, document(&by_arn));
    assert!(assumes(&ada).await);

    delete_ada(&world, &ada.credentials.access_key_id).await;
    let orphaned = by_arn.replace(ADA, &id);
    assert_eq!(shown(&world).await, document(&orphaned));
    let namesake = world.user("ada", "").await;
    assert!(!assumes(&namesake).await);
    assert_eq!(shown(&world).await, document(&orphaned));
    // The policy cannot be saved as it is shown; by the ARN it means the new user.
    let refused = format!("400 MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"{id}\"");
    assert_eq!(fails(&world.admin, "UpdateAssumeRolePolicy", trust(&orphaned)).await, refused);
    ok::<_, ()>(&world.admin, "UpdateAssumeRolePolicy", trust(&by_arn)).await;
    assert!(assumes(&namesake).await);
    // After a restart as well.
    let again = World::on(world.memory.clone(), weft_service::DispatchOptions::default()).await;
    assert_eq!(shown(&again).await, document(&by_arn));
}

#[tokio::test]
async fn a_namesake_of_a_deleted_role_is_not_trusted() {
    let world = World::new().await;
    let by_admin = trusts("{'AWS':'arn:aws:iam::000000000000:user/admin'}");
    let middle = world.role("middle", &by_admin, "").await;
    world.role("target", &trusts(&format!("{{'AWS':'{middle}'}}")), "").await;
    assert!(assumes(&session_of(&world.admin, &middle).await).await);
    let delete = iam::DeleteRoleRequest { role_name: text("middle") };
    ok::<_, ()>(&world.admin, "DeleteRole", delete).await;
    assert!(shown(&world).await.contains("\"AWS\":\"AROA"));
    world.role("middle", &by_admin, "").await;
    assert!(!assumes(&session_of(&world.admin, &middle).await).await);
}

#[tokio::test]
async fn a_renamed_user_stays_trusted_and_is_shown_by_its_new_name() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    world.role("target", &trusts(&format!("{{'AWS':'{ADA}'}}")), "").await;
    let rename = iam::UpdateUserRequest {
        user_name: text("ada"),
        new_user_name: Some(text("eva")),
        new_path: Some(text("/team/")),
    };
    ok::<_, ()>(&world.admin, "UpdateUser", rename).await;
    assert!(assumes(&ada).await);
    let renamed = trusts("{'AWS':'arn:aws:iam::000000000000:user/team/eva'}");
    assert_eq!(shown(&world).await, document(&renamed));
    let namesake = world.user("ada", "").await;
    assert!(!assumes(&namesake).await);
}

#[tokio::test]
async fn a_principal_that_does_not_exist_is_refused() {
    let world = World::new().await;
    world.role("target", &trusts("{'Service':'lambda.amazonaws.com'}"), "").await;
    for missing in [
        "arn:aws:iam::000000000000:user/nobody",
        "arn:aws:iam::000000000000:role/nobody",
        "arn:aws:iam::000000000000:user/path/admin",
        "arn:aws:iam::111122223333:user/admin",
        "AIDANOBODYNOBODYNOBOD",
    ] {
        let refused =
            format!("400 MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"{missing}\"");
        let policy = trusts(&format!("{{'AWS':['000000000000','{missing}']}}"));
        assert_eq!(fails(&world.admin, "UpdateAssumeRolePolicy", trust(&policy)).await, refused);
        let create = iam::CreateRoleRequest {
            role_name: text("another"),
            assume_role_policy_document: document(&policy),
            ..Default::default()
        };
        assert_eq!(fails(&world.admin, "CreateRole", create).await, refused);
    }
    // A session's ARN goes by its name, and needs nobody to exist.
    let session = trusts("{'AWS':'arn:aws:sts::000000000000:assumed-role/nobody/session'}");
    ok::<_, ()>(&world.admin, "UpdateAssumeRolePolicy", trust(&session)).await;
    assert_eq!(shown(&world).await, document(&session));
}

#[tokio::test]
async fn other_services_learn_ids_of_arns_and_arns_of_ids() {
    let world = World::new().await;
    let ada = world.user("ada", "").await;
    let id = id_of_ada(&world).await;
    let session = text("arn:aws:sts::000000000000:assumed-role/ada/session");
    let arns = [text(ADA), ADA.replace("ada", "nobody"), session, text("nonsense")];
    let ids = world.iam.principal_ids(&arns).await.expect("ids");
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [(text(ADA), id.clone())]);
    let ids = [id.clone(), text("AIDANOBODYNOBODYNOBOD")];
    let arns = world.iam.principal_arns(&ids).await.expect("arns");
    assert_eq!(arns.into_iter().collect::<Vec<_>>(), [(id, text(ADA))]);
    delete_ada(&world, &ada.credentials.access_key_id).await;
    world.user("ada", "").await;
    assert_eq!(world.iam.principal_arns(&ids).await.expect("arns").len(), 0);
}
