//! Requests to APIs, with functions and servers that are fakes.

use serde_json::{Value as Json, json};
use weft_model::apigateway::{PatchOperation, Stage, UpdateStageRequest};

use super::world::World;
use crate::http_api::jwt::tests::TOKEN;

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

/// A REST API with one operation at a path, and what else the document has.
fn rest(path: &str, operation: &Json, more: &Json) -> String {
    let mut document = json!({ "swagger": "2.0", "info": { "title": "a", "version": "1" }, "paths": { path: { "x-amazon-apigateway-any-method": operation } } });
    for (name, value) in more.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    document.to_string()
}

fn proxy() -> Json {
    json!({ "x-amazon-apigateway-integration": { "type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION } })
}

#[tokio::test]
async fn a_function_is_known_the_method_that_calls_it() {
    let world = World::new();
    let api = world.rest_api(&rest("/pets/{id}", &proxy(), &json!({}))).await;
    world.answer(&[Ok(r#"{"statusCode":201,"body":"made"}"#)]);
    let (status, headers, body) = world.ask(&api, "PUT", "/prod/pets/7?a=b", &[], b"x").await;
    assert_eq!((status, body.as_str()), (201, "made"));
    assert!(headers.contains_key("x-amzn-requestid"));
    let asked = world.functions.asked.lock().unwrap().pop().unwrap();
    let source = format!("arn:aws:execute-api:us-east-1:000000000000:{api}/prod/PUT/pets/{{id}}");
    assert_eq!(
        (asked.0.as_str(), asked.1),
        ("arn:aws:lambda:us-east-1:000000000000:function:f", Some(source))
    );
    assert_eq!(asked.2["pathParameters"], json!({ "id": "7" }));
    // Nobody lets it: a function that may not be called.
    let (status, _, body) = world.ask(&api, "GET", "/prod/pets/7", &[], b"").await;
    assert_eq!((status, body.as_str()), (500, r#"{"message":"Internal server error"}"#));
    world.answer(&[Err("boom")]);
    assert_eq!(world.ask(&api, "GET", "/prod/pets/7", &[], b"").await.0, 502);
}

#[tokio::test]
async fn a_failed_request_is_answered_as_the_api_says() {
    let world = World::new();
    let shaped = json!({ "x-amazon-apigateway-gateway-responses": { "DEFAULT_4XX": {
        "responseParameters": { "gatewayresponse.header.x-b": "'c'" },
        "responseTemplates": { "application/json": "{\"m\":$context.error.messageString,\"t\":\"$context.error.responseType\"}" },
    } } });
    let api = world.rest_api(&rest("/pets", &proxy(), &shaped)).await;
    let (status, headers, body) = world.ask(&api, "GET", "/prod/none", &[], b"").await;
    let expected = r#"{"m":"Missing Authentication Token","t":"MISSING_AUTHENTICATION_TOKEN"}"#;
    assert_eq!((status, headers["x-b"].to_str().unwrap(), body.as_str()), (403, "c", expected));
    assert_eq!(world.ask("none", "GET", "/prod/x", &[], b"").await.2, r#"{"message":"Forbidden"}"#);
}

#[tokio::test]
async fn servers_are_asked_at_public_addresses_only() {
    let world = World::new();
    let integration = |uri: &str| {
        json!({ "parameters": [{ "in": "path", "name": "id", "required": true, "type": "string" }],
        "x-amazon-apigateway-integration": { "type": "http_proxy", "httpMethod": "ANY", "uri": uri } })
    };
    let api = world.rest_api(&rest("/a/{id}", &integration("http://h.example/x/{id}"), &json!({}))).await;
    let (status, headers, body) = world.ask(&api, "GET", "/prod/a/7?q=a%20b", &[("x-a", "1")], b"").await;
    let expected = r#"GET http://h.example/x/7?q=a%20b Some("1")"#;
    assert_eq!((status, headers["x-from"].to_str().unwrap(), body.as_str()), (203, "mirror", expected));
    let api = world.rest_api(&rest("/a/{id}", &integration("http://127.0.0.1/"), &json!({}))).await;
    let (status, _, body) = world.ask(&api, "GET", "/prod/a/7", &[], b"").await;
    assert_eq!((status, body.as_str()), (504, r#"{"message":"Network error communicating with endpoint"}"#));
}

#[tokio::test]
async fn a_stage_shows_its_deployment_until_it_is_moved() {
    let world = World::new();
    let mock = |status: &str| {
        let template = format!("{{\"statusCode\":{status}}}");
        let responses = json!({ "default": { "statusCode": status } });
        json!({ "x-amazon-apigateway-integration": { "type": "mock", "requestTemplates": { "application/json": template }, "responses": responses } })
    };
    let api = world.rest_api(&rest("/", &mock("200"), &json!({}))).await;
    assert_eq!(world.ask(&api, "GET", "/prod", &[], b"").await.0, 200);
    let input = weft_model::apigateway::PutRestApiRequest {
        rest_api_id: api.clone(),
        body: rest("/", &mock("202"), &json!({})).into(),
        ..Default::default()
    };
    world.rest::<_, weft_model::apigateway::RestApi>("PutRestApi", input).await.unwrap();
    assert_eq!(world.ask(&api, "GET", "/prod", &[], b"").await.0, 200);
    let input =
        weft_model::apigateway::CreateDeploymentRequest { rest_api_id: api.clone(), ..Default::default() };
    let new: weft_model::apigateway::Deployment = world.rest("CreateDeployment", input).await.unwrap();
    let patch = PatchOperation {
        op: Some("replace".to_owned()),
        path: Some("/deploymentId".to_owned()),
        value: new.id,
        from: None,
    };
    let input = UpdateStageRequest {
        rest_api_id: api.clone(),
        stage_name: "prod".to_owned(),
        patch_operations: Some(vec![patch]),
    };
    world.rest::<_, Stage>("UpdateStage", input).await.unwrap();
    assert_eq!(world.ask(&api, "GET", "/prod", &[], b"").await.0, 202);
}

#[tokio::test]
async fn an_authorizer_is_asked_once_for_each_caller() {
    let world = World::new();
    let mut operation = proxy();
    operation["security"] = json!([{ "guard": [] }]);
    let guard = json!({ "securityDefinitions": { "guard": { "type": "apiKey", "name": "x-who", "in": "header",
        "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": { "type": "token", "authorizerUri": FUNCTION } } } });
    let api = world.rest_api(&rest("/", &operation, &guard)).await;
    let policy = |effect: &str| {
        format!(
            r#"{{"principalId":"p","context":{{"n":7}},"policyDocument":{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"execute-api:Invoke","Resource":"*"}}}}}}"#
        )
    };
    let (allow, deny) = (policy("Allow"), policy("Deny"));
    let ok = r#"{"statusCode":200}"#;
    world.answer(&[Ok(&allow), Ok(ok), Ok(ok), Ok(&deny)]);
    let status = async |who: &str| world.ask(&api, "GET", "/prod", &[("x-who", who)], b"").await.0;
    assert_eq!((status("a").await, status("a").await, status("b").await), (200, 200, 403));
    let asked = world.functions.asked.lock().unwrap().clone();
    assert_eq!(asked[1].2["requestContext"]["authorizer"], json!({ "n": "7", "principalId": "p" }));
    assert_eq!(asked.len(), 4);
    assert_eq!(world.ask(&api, "GET", "/prod", &[], b"").await.0, 401);
    world.answer(&[Err("Unauthorized"), Err("other"), Ok("{}")]);
    assert_eq!((status("c").await, status("d").await, status("e").await), (401, 500, 500));
}

#[tokio::test]
async fn an_http_api_answers_by_its_routes() {
    let world = World::new();
    let integration =
        json!({ "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": FUNCTION });
    let document = json!({ "openapi": "3.0.1", "info": { "title": "a", "version": "1" },
        "paths": { "/pets/{id}": { "get": { "x-amazon-apigateway-integration": integration } } } });
    let api = world.http_api(&document.to_string()).await;
    world.answer(&[Ok(r#"{"hello":1}"#)]);
    let (status, headers, body) = world.ask(&api, "GET", "/pets/7", &[("cookie", "a=b")], b"").await;
    assert_eq!((status, body.as_str()), (200, r#"{"hello":1}"#));
    assert!(headers.contains_key("apigw-requestid"));
    let asked = world.functions.asked.lock().unwrap().pop().unwrap();
    let source = format!("arn:aws:execute-api:us-east-1:000000000000:{api}/$default/GET/pets/{{id}}");
    assert_eq!(
        (asked.1, &asked.2["cookies"], &asked.2["rawPath"]),
        (Some(source), &json!(["a=b"]), &json!("/pets/7"))
    );
    assert_eq!(world.ask(&api, "POST", "/pets/7", &[], b"").await.2, r#"{"message":"Not Found"}"#);
    world.answer(&[Err("boom")]);
    let (status, _, body) = world.ask(&api, "GET", "/pets/7", &[], b"").await;
    assert_eq!((status, body.as_str()), (500, r#"{"message":"Internal Server Error"}"#));
}

#[tokio::test]
async fn a_token_of_the_issuer_lets_in_and_its_scopes_decide() {
    let world = World::new();
    let integration =
        json!({ "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": FUNCTION });
    let route = |scope: &str| json!({ "get": { "security": [{ "issuer": [scope] }], "x-amazon-apigateway-integration": integration } });
    let document = json!({ "openapi": "3.0.1", "info": { "title": "a", "version": "1" },
        "paths": { "/read": route("read"), "/admin": route("admin") },
        "components": { "securitySchemes": { "issuer": { "type": "oauth2", "x-amazon-apigateway-authorizer": { "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": { "issuer": "http://issuer.example", "audience": ["me"] } } } } } });
    let api = world.http_api(&document.to_string()).await;
    let bearer = format!("Bearer {TOKEN}");
    world.answer(&[Ok("{}")]);
    assert_eq!(world.ask(&api, "GET", "/read", &[("authorization", &bearer)], b"").await.0, 200);
    let asked = world.functions.asked.lock().unwrap().pop().unwrap();
    let told = &asked.2["requestContext"]["authorizer"]["jwt"];
    assert_eq!((&told["claims"]["aud"], &told["scopes"]), (&json!("me"), &json!(["read", "write"])));
    let (status, _, body) = world.ask(&api, "GET", "/admin", &[("authorization", &bearer)], b"").await;
    assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    let forged = format!("{}A", &bearer[..bearer.len() - 1]);
    for token in ["Bearer x", &forged] {
        let (status, headers, body) = world.ask(&api, "GET", "/read", &[("authorization", token)], b"").await;
        assert_eq!((status, body.as_str()), (401, r#"{"message":"Unauthorized"}"#), "{token}");
        assert_eq!(headers["www-authenticate"], "Bearer");
    }
    assert_eq!(world.ask(&api, "GET", "/read", &[], b"").await.0, 401);
}

#[tokio::test]
async fn a_step_that_is_taken_again_makes_nothing_new() {
    use weft_model::apigateway as model;
    use weft_service::StepToken;

    let world = World::new();
    let (account, region) = (weft_types::AccountId::DEFAULT, weft_types::Region::default());
    let cx = world.client.dispatch.context_for_service("cloudformation.amazonaws.com", account, region);
    let create = async |token: &str| {
        let input = model::CreateRestApiRequest { name: "a".to_owned(), ..Default::default() };
        let cx = cx.as_step(StepToken::new(token.to_owned()));
        cx.call::<_, model::RestApi>("apigateway", "CreateRestApi", input).await.unwrap().id.unwrap()
    };
    let (first, again, other) = (create("one").await, create("one").await, create("two").await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}
