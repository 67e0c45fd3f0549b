use weft_iam::AdminKey;
use weft_model::{iam, sts};
use weft_service::DispatchOptions;
use weft_service::testing::Client;

use crate::world::{World, ok, whoami};

#[tokio::test]
async fn the_admin_keeps_its_key_over_restarts() {
    let first = World::new().await;
    let key = first.admin.credentials.access_key_id.clone();
    assert!(key.starts_with("AKIA") && key.len() == 20);
    let second = World::on(first.memory.clone(), DispatchOptions::default()).await;
    assert_eq!(second.admin.credentials, first.admin.credentials);
    let user: iam::GetUserResponse = ok(&second.admin, "GetUser", iam::GetUserRequest::default()).await;
    let user = user.user.expect("a user");
    assert_eq!((user.user_name.as_str(), user.path.as_str()), ("admin", "/"));
    assert!(user.user_id.starts_with("AIDA") && user.user_id.len() == 21);
}

#[tokio::test]
async fn sessions_survive_a_restart() {
    let first = World::new().await;
    let made: sts::GetSessionTokenResponse =
        ok(&first.admin, "GetSessionToken", sts::GetSessionTokenRequest::default()).await;
    let keys = made.credentials.expect("keys");
    let second = World::on(first.memory.clone(), DispatchOptions::default()).await;
    let client = Client::new(&second.dispatch, &keys.access_key_id, &keys.secret_access_key);
    assert!(whoami(&client.with_token(&keys.session_token)).await.ends_with("user/admin"));
}

#[tokio::test]
async fn a_pinned_key_is_the_admins() {
    let world = World::new().await;
    let pinned =
        |id: &str, secret: &str| Some(AdminKey { access_key_id: id.to_owned(), secret: secret.to_owned() });
    let key = world.iam.bootstrap(pinned("AKIAPINNEDPINNED0001", "secret one")).await.expect("pinned");
    assert!(
        whoami(&Client::new(&world.dispatch, &key.access_key_id, &key.secret)).await.ends_with("user/admin")
    );
    // The same id with another secret, and a third key: the oldest gives way.
    let changed = world.iam.bootstrap(pinned("AKIAPINNEDPINNED0001", "secret two")).await.expect("pinned");
    assert!(
        whoami(&Client::new(&world.dispatch, &changed.access_key_id, "secret two"))
            .await
            .ends_with("user/admin")
    );
    assert!(whoami(&Client::new(&world.dispatch, &key.access_key_id, "secret one")).await.starts_with("403"));
    world.iam.bootstrap(pinned("AKIAPINNEDPINNED0002", "secret")).await.expect("pinned");
    assert!(whoami(&world.admin).await.starts_with("403 InvalidClientTokenId"));
    assert_eq!(
        world.iam.bootstrap(pinned("short", "secret")).await.expect_err("refused").code(),
        "InvalidInputException"
    );
    let ada = world.user_of_other_admin("AKIAPINNEDPINNED0002", "secret").await;
    let stolen = world.iam.bootstrap(pinned(&ada, "secret")).await.expect_err("another user's");
    assert_eq!(stolen.code(), "InvalidInputException");
}

impl World {
    /// Makes a user with a key, as the admin with this key; returns the new key's id.
    async fn user_of_other_admin(&self, id: &str, secret: &str) -> String {
        let admin = Client::new(&self.dispatch, id, secret);
        let user = iam::CreateUserRequest { user_name: "ada".to_owned(), ..Default::default() };
        ok::<_, iam::CreateUserResponse>(&admin, "CreateUser", user).await;
        let create = iam::CreateAccessKeyRequest { user_name: Some("ada".to_owned()) };
        let made: iam::CreateAccessKeyResponse = ok(&admin, "CreateAccessKey", create).await;
        made.access_key.expect("a key").access_key_id
    }
}
