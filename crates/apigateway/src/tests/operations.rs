//! What holds for all operations.

use weft_model::Value;
use weft_service::testing::not_refused;

use super::world::{SERVICES, World};

#[test]
fn every_operation_without_code_is_on_the_list() {
    let world = World::new();
    let registry = world.client.dispatch.registry();
    let all: Vec<String> = SERVICES.iter().map(|service| registry.unsupported(service.id)).collect();
    assert_eq!(all[0], include_str!("../../unsupported.txt"));
    assert_eq!(all[1], include_str!("../../unsupported-v2.txt"));
}

#[tokio::test]
async fn nothing_runs_without_a_permission() {
    let world = World::new();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let given = |_: &str, member: &str| match member {
        "resourceArn" | "ResourceArn" => text("arn:aws:apigateway:us-east-1::/restapis/aaaa"),
        "tags" | "Tags" => Some(Value::Map(vec![("a".to_owned(), Value::Text("b".to_owned()))])),
        "StageName" => text("aaaa"),
        "statusCode" => text("200"),
        _ => None,
    };
    for service in SERVICES {
        let mut open = not_refused(&world.stranger, service, &given, &[]).await;
        // What the actions are for is documented twice, once for each API; the model knows the one of REST APIs.
        open.retain(|fault| {
            !["/apis", "/tags"]
                .iter()
                .any(|path| fault.contains(&format!(" is not for arn:aws:apigateway:us-east-1::{path}")))
        });
        assert_eq!(open, Vec::<String>::new());
    }
}

#[tokio::test]
async fn policies_read_the_tags_of_an_api_and_of_its_stages() {
    use weft_model::apigateway as model;
    use weft_service::ResourceTags as _;

    let world = World::new();
    let api = world.rest_api(r#"{"swagger":"2.0","info":{"title":"a"},"paths":{"/":{"get":{"x-amazon-apigateway-integration":{"type":"mock"}}}}}"#).await;
    for (resource, value) in
        [(format!("/restapis/{api}"), "api"), (format!("/restapis/{api}/stages/prod"), "stage")]
    {
        let input = model::TagResourceRequest {
            resource_arn: format!("arn:aws:apigateway:us-east-1::{resource}"),
            tags: [("of".to_owned(), value.to_owned())].into(),
        };
        world.rest::<_, ()>("TagResource", input).await.unwrap();
    }
    for (resource, expected) in [
        (format!("/restapis/{api}"), Some("api")),
        (format!("/restapis/{api}/resources/x"), Some("api")),
        (format!("/restapis/{api}/stages/prod"), Some("stage")),
        ("/restapis/none".to_owned(), None),
    ] {
        let arn = weft_types::Arn::parse(&format!("arn:aws:apigateway:us-east-1::{resource}")).unwrap();
        let tags = world.apis.tags(&arn).await.unwrap();
        assert_eq!(tags.get("of").map(String::as_str), expected, "{resource}");
    }
}
