//! HTTP APIs.

use serde_json::{Value as Json, json};

use super::{Step, check};

const API: &str = "AWS::ApiGatewayV2::Api";
const STAGE: &str = "AWS::ApiGatewayV2::Stage";

fn delete(kind: &str, id: &'static str, properties: &Json, calls: &Json) {
    check(Step { physical_id: Some(id), ..Step::create(kind, json!({})) }, properties, calls);
}

#[test]
fn an_api_is_made_of_its_properties_quick_ones_too() {
    let properties = json!({"Name": "shop", "ProtocolType": "HTTP", "Target": "arn:f", "RouteKey": "GET /",
        "CorsConfiguration": {"AllowOrigins": ["*"], "MaxAge": "5"}, "Tags": {"a": "b"}});
    let calls = json!([["apigatewayv2:CreateApi", {"Name": "shop", "ProtocolType": "HTTP", "Target": "arn:f", "RouteKey": "GET /",
        "CorsConfiguration": {"AllowOrigins": ["*"], "MaxAge": 5}, "Tags": {"a": "b", "team": "red"}}]]);
    let answers =
        json!({"apigatewayv2:CreateApi": {"ApiId": "h1", "ApiEndpoint": "https://h1.execute-api.x"}});
    let made = check(Step::create(API, answers), &properties, &calls);
    let expected = json!({"ApiId": "h1", "ApiEndpoint": "https://h1.execute-api.x",
        "ExecuteApiArn": "arn:aws:execute-api:us-east-1:000000000000:h1"});
    assert_eq!((made.physical_id.as_str(), Json::Object(made.attributes.clone())), ("h1", expected));

    let step =
        Step { attributes: Json::Object(made.attributes), ..Step::update(API, "h1", properties, json!({})) };
    let calls = json!([
        ["apigatewayv2:DeleteCorsConfiguration", {"ApiId": "h1"}],
        ["apigatewayv2:UpdateApi", {"ApiId": "h1", "Name": "store", "Description": "d"}],
        ["apigatewayv2:UntagResource", {"ResourceArn": "arn:aws:apigateway:us-east-1::/apis/h1", "TagKeys": ["a"]}],
        ["apigatewayv2:TagResource", {"ResourceArn": "arn:aws:apigateway:us-east-1::/apis/h1", "Tags": {"team": "red"}}],
    ]);
    let now = json!({"Name": "store", "ProtocolType": "HTTP", "Description": "d"});
    let made = check(step, &now, &calls);
    assert_eq!(made.attributes["ApiEndpoint"], "https://h1.execute-api.x");
    delete(API, "h1", &now, &json!([["apigatewayv2:DeleteApi", {"ApiId": "h1"}]]));
}

#[test]
fn a_definition_is_imported_and_properties_win_over_it() {
    let body = json!({"openapi": "3.0.1", "info": {"title": "t"}});
    let properties = json!({"Body": body, "FailOnWarnings": "true", "DisableExecuteApiEndpoint": true});
    let import = json!({"Body": body.to_string(), "FailOnWarnings": true});
    let calls = json!([
        ["apigatewayv2:ImportApi", import],
        ["apigatewayv2:UpdateApi", {"ApiId": "h1", "DisableExecuteApiEndpoint": true}],
        ["apigatewayv2:TagResource", {"ResourceArn": "arn:aws:apigateway:us-east-1::/apis/h1", "Tags": {"team": "red"}}],
    ]);
    let answers = json!({"apigatewayv2:ImportApi": {"ApiId": "h1", "ApiEndpoint": "e"}});
    check(Step::create(API, answers), &properties, &calls);
    let calls = json!([["apigatewayv2:ReimportApi", {"ApiId": "h1", "Body": "{}"}]]);
    check(Step::update(API, "h1", json!({"Body": body}), json!({})), &json!({"Body": {}}), &calls);
}

#[test]
fn what_is_gone_from_a_stage_is_taken_away() {
    let properties = json!({"ApiId": "h1", "StageName": "$default", "AutoDeploy": "true", "StageVariables": {"a": "1", "b": "2"},
        "AccessLogSettings": {"DestinationArn": "arn:l", "Format": "f"}, "RouteSettings": {"GET /": {"ThrottlingBurstLimit": 1}}});
    let calls = json!([["apigatewayv2:CreateStage", {"ApiId": "h1", "StageName": "$default", "AutoDeploy": true,
        "StageVariables": {"a": "1", "b": "2"}, "AccessLogSettings": {"DestinationArn": "arn:l", "Format": "f"},
        "RouteSettings": {"GET /": {"ThrottlingBurstLimit": 1}}, "Tags": {"team": "red"}}]]);
    assert_eq!(check(Step::create(STAGE, json!({})), &properties, &calls).physical_id, "$default");
    let place = json!({"ApiId": "h1", "StageName": "$default"});
    let calls = json!([
        ["apigatewayv2:DeleteAccessLogSettings", place],
        ["apigatewayv2:DeleteRouteSettings", {"ApiId": "h1", "StageName": "$default", "RouteKey": "GET /"}],
        ["apigatewayv2:UpdateStage", {"ApiId": "h1", "StageName": "$default", "AutoDeploy": false,
            "StageVariables": {"a": "1", "b": ""}}],
    ]);
    let now = json!({"ApiId": "h1", "StageName": "$default", "StageVariables": {"a": "1"}});
    check(Step::update(STAGE, "$default", properties, json!({})), &now, &calls);
    delete(STAGE, "$default", &now, &json!([["apigatewayv2:DeleteStage", place]]));
}

#[test]
fn parts_of_an_api() {
    for (kind, id, properties, now, sent) in [
        (
            "Route",
            "RouteId",
            json!({"ApiId": "h1", "RouteKey": "GET /", "Target": "integrations/i1", "AuthorizationType": "JWT"}),
            json!({"ApiId": "h1", "RouteKey": "GET /b", "Target": "integrations/i2"}),
            json!({"ApiId": "h1", "RouteKey": "GET /b", "Target": "integrations/i2", "AuthorizationType": "NONE", "RouteId": "p1"}),
        ),
        (
            "Integration",
            "IntegrationId",
            json!({"ApiId": "h1", "IntegrationType": "AWS_PROXY", "IntegrationUri": "arn:f", "PayloadFormatVersion": "2.0"}),
            json!({"ApiId": "h1", "IntegrationType": "AWS_PROXY", "IntegrationUri": "arn:g", "PayloadFormatVersion": "2.0"}),
            json!({"ApiId": "h1", "IntegrationType": "AWS_PROXY", "IntegrationUri": "arn:g", "PayloadFormatVersion": "2.0",
                "IntegrationId": "p1"}),
        ),
        (
            "Authorizer",
            "AuthorizerId",
            json!({"ApiId": "h1", "Name": "n", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.A"],
                "JwtConfiguration": {"Audience": ["a"], "Issuer": "i"}}),
            json!({"ApiId": "h1", "Name": "m", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.A"]}),
            json!({"ApiId": "h1", "Name": "m", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.A"], "AuthorizerId": "p1"}),
        ),
        (
            "Deployment",
            "DeploymentId",
            json!({"ApiId": "h1", "StageName": "s", "Description": "a"}),
            json!({"ApiId": "h1", "StageName": "s"}),
            json!({"ApiId": "h1", "Description": "", "DeploymentId": "p1"}),
        ),
    ] {
        let full = format!("AWS::ApiGatewayV2::{kind}");
        let answers = json!({format!("apigatewayv2:Create{kind}"): {id: "p1"}});
        let calls = json!([[format!("apigatewayv2:Create{kind}"), properties]]);
        let made = check(Step::create(&full, answers), &properties, &calls);
        assert_eq!((made.physical_id.as_str(), &made.attributes[id]), ("p1", &"p1".into()));
        let calls = json!([[format!("apigatewayv2:Update{kind}"), sent]]);
        check(Step::update(&full, "p1", properties, json!({})), &now, &calls);
        delete(
            &full,
            "p1",
            &now,
            &json!([[format!("apigatewayv2:Delete{kind}"), {"ApiId": "h1", id: "p1"}]]),
        );
    }
}

#[test]
fn parameters_of_responses_are_maps_in_requests() {
    let properties = json!({"ApiId": "h1", "IntegrationType": "HTTP_PROXY",
        "ResponseParameters": {"200": {"ResponseParameters": [{"Destination": "append:header.a", "Source": "b"}]}}});
    let calls = json!([["apigatewayv2:CreateIntegration", {"ApiId": "h1", "IntegrationType": "HTTP_PROXY",
        "ResponseParameters": {"200": {"append:header.a": "b"}}}]]);
    check(Step::create("AWS::ApiGatewayV2::Integration", json!({})), &properties, &calls);
}
