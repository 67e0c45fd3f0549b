use weft_model::{Value, iam, sts};
use weft_service::Registry;
use weft_service::testing::not_refused;

use crate::world::{World, document, trusts};

#[tokio::test]
async fn nothing_runs_for_a_user_without_rights() {
    let world = World::new().await;
    let nobody = world.user("nobody", "").await;
    // What exists is refused as what does not.
    world.role("aaaaaaaaaaaaaaaaaaaa", &trusts("{'Service':'lambda.amazonaws.com'}"), "").await;
    let given = |_: &str, member: &str| match member {
        "UserName" => Some(Value::Text("admin".to_owned())),
        "PolicySourceArn" => Some(Value::Text("arn:aws:iam::000000000000:user/admin".to_owned())),
        "PolicyArn" => Some(Value::Text("arn:aws:iam::000000000000:policy/aaaa".to_owned())),
        "AssumeRolePolicyDocument" => {
            Some(Value::Text(document(&trusts("{'Service':'lambda.amazonaws.com'}"))))
        }
        "RoleArn" => Some(Value::Text("arn:aws:iam::000000000000:role/aaaaaaaaaaaaaaaaaaaa".to_owned())),
        _ => None,
    };
    let mut wrong = not_refused(&nobody, &iam::SERVICE, &given, &[]).await;
    // These two ask for nothing but a valid key, as with AWS.
    wrong
        .extend(not_refused(&nobody, &sts::SERVICE, &given, &["GetCallerIdentity", "GetSessionToken"]).await);
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn what_has_no_code_is_listed() {
    let world = World::new().await;
    let mut registry = Registry::default();
    world.iam.register(&mut registry);
    assert_eq!(registry.unsupported("iam"), include_str!("../../unsupported.txt"));
    assert_eq!(registry.unsupported("sts"), include_str!("../../unsupported-sts.txt"));
}
