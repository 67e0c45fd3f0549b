//! Calls between services.

use weft_model::lambda::{ListTagsRequest, ListTagsResponse};
use weft_model::logs;
use weft_model::logs::CreateLogGroupRequest;
use weft_types::{AccountId, Region};

use crate::world::{World, without_code};

fn group(name: &str) -> CreateLogGroupRequest {
    CreateLogGroupRequest { log_group_name: name.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_call_meets_the_checks_of_a_request() {
    let world = World::new();
    // Allowed for names of two and three letters; the call for one letter is refused.
    let short = world.client("short");
    let refused =
        short.call::<_, ()>(&logs::SERVICE, "CreateLogGroup", group("abc")).await.expect_err("refused");
    assert_eq!(refused.code, "AccessDeniedException");
    assert!(refused.message.contains("log-group:a because"), "{refused}");
    assert_eq!(world.ran(), 2);
}

#[tokio::test]
async fn calls_are_bounded_in_depth() {
    let world = World::new();
    let admin = world.client("admin");
    admin
        .call::<_, ()>(&logs::SERVICE, "CreateLogGroup", group(&"a".repeat(17)))
        .await
        .expect("16 calls deep");
    let refused = admin.call::<_, ()>(&logs::SERVICE, "CreateLogGroup", group(&"a".repeat(18))).await;
    let refused = refused.expect_err("too deep");
    assert_eq!((refused.code.as_str(), refused.status.as_u16()), ("ServiceUnavailableException", 503));
}

#[tokio::test]
async fn services_of_the_platform_act_without_identity_policies() {
    let world = World::new();
    let cx =
        world.dispatch.context_for_service("lambda.amazonaws.com", AccountId::DEFAULT, Region::default());
    cx.call::<_, ()>("logs", "CreateLogGroup", group("ab")).await.expect("made");
    assert_eq!(world.ran(), 2);
    let wrong = cx.call::<_, ()>("logs", "CreateLogGroup", group("not a name")).await.expect_err("refused");
    assert_eq!(wrong.code(), "ValidationException");
    let none = cx.call::<_, ()>("logs", "DescribeLogGroups", ()).await.expect_err("no code");
    assert_eq!((none.code(), none.status()), ("NotImplemented", Some(501)));
    let none =
        cx.call::<_, ()>("lambda", "GetFunctionConfiguration", without_code()).await.expect_err("no code");
    assert_eq!(none.code(), "NotImplemented");
    let none = cx.call::<_, ()>("sns", "Publish", ()).await.expect_err("no service");
    assert_eq!(none.message(), "The service sns is not implemented by this version of Weft.");
    let resource = "arn:aws:lambda:us-east-1:000000000000:function:missing".to_owned();
    let missing = cx.call::<_, ListTagsResponse>("lambda", "ListTags", ListTagsRequest { resource }).await;
    assert_eq!(missing.expect_err("missing").code(), "ResourceNotFoundException");
}
