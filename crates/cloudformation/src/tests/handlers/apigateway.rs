//! REST APIs.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::{Step, check, check_failure};

const API: &str = "AWS::ApiGateway::RestApi";
const METHOD: &str = "AWS::ApiGateway::Method";
const STAGE: &str = "AWS::ApiGateway::Stage";
const DEPLOYMENT: &str = "AWS::ApiGateway::Deployment";

fn patch(op: &str, path: &str, value: Option<&str>) -> Json {
    let mut one = json!({"op": op, "path": path});
    if let Some(value) = value {
        one["value"] = value.into();
    }
    one
}

/// A deletion of what is called `id`, with a part of an API's properties.
#[track_caller]
fn check_delete(kind: &str, id: &str, properties: &Json, calls: &Json) {
    check(Step { physical_id: Some(id), ..Step::create(kind, json!({})) }, properties, calls);
}

#[test]
fn an_api_is_made_of_its_properties() {
    let properties = json!({
        "Name": "shop", "ApiKeySourceType": "AUTHORIZER", "BinaryMediaTypes": ["image/png"], "Policy": "",
        "EndpointConfiguration": {"Types": ["REGIONAL"]}, "MinimumCompressionSize": "5", "Tags": [{"Key": "a", "Value": "b"}],
    });
    let calls = json!([["apigateway:CreateRestApi", {
        "name": "shop", "apiKeySource": "AUTHORIZER", "binaryMediaTypes": ["image/png"], "minimumCompressionSize": 5,
        "endpointConfiguration": {"types": ["REGIONAL"]}, "tags": {"a": "b", "team": "red"}}]]);
    let answers = json!({"apigateway:CreateRestApi": {"id": "a1", "rootResourceId": "r1"}});
    let made = check(Step::create(API, answers), &properties, &calls);
    assert_eq!(made.physical_id, "a1");
    assert_eq!(Json::Object(made.attributes), json!({"RestApiId": "a1", "RootResourceId": "r1"}));
    check_delete(API, "a1", &properties, &json!([["apigateway:DeleteRestApi", {"restApiId": "a1"}]]));
}

#[test]
fn a_definition_is_put_and_properties_win_over_it() {
    let body = json!({"swagger": "2.0", "info": {"title": "other"}});
    let properties = json!({"Name": "shop", "Body": body, "FailOnWarnings": "true", "Parameters": {"endpointConfigurationTypes": "REGIONAL"}});
    let calls = json!([
        ["apigateway:CreateRestApi", {"name": "shop", "tags": {"team": "red"}}],
        ["apigateway:PutRestApi", {"restApiId": "a1", "mode": "overwrite", "failOnWarnings": true,
            "parameters": {"endpointConfigurationTypes": "REGIONAL"}, "body": STANDARD.encode(body.to_string())}],
        ["apigateway:UpdateRestApi", {"restApiId": "a1", "patchOperations": [patch("replace", "/name", Some("shop"))]}],
    ]);
    let answers = json!({
        "apigateway:CreateRestApi": {"id": "a1", "rootResourceId": "r1"},
        "apigateway:PutRestApi": {"id": "a1", "name": "other", "rootResourceId": "r2"},
    });
    let made = check(Step::create(API, answers.clone()), &properties, &calls);
    assert_eq!(made.attributes["RootResourceId"], "r2");

    let calls = json!([
        ["apigateway:CreateRestApi", {"name": "other", "tags": {"team": "red"}}],
        ["apigateway:PutRestApi", {"restApiId": "a1", "mode": "merge", "body": STANDARD.encode(body.to_string())}],
    ]);
    check(Step::create(API, answers), &json!({"Body": body, "Mode": "merge"}), &calls);
}

#[test]
fn an_update_of_an_api_patches_what_is_not_as_it_shall_be() {
    let previous = json!({"Name": "shop", "Description": "d", "BinaryMediaTypes": ["a/b"], "Policy": {"Statement": []},
        "DisableExecuteApiEndpoint": true});
    let properties = json!({"Name": "store", "BinaryMediaTypes": ["c/d"], "EndpointConfiguration": {"Types": ["REGIONAL"]}});
    let answers = json!({"apigateway:GetRestApi": {"id": "a1", "name": "shop", "description": "d", "rootResourceId": "r1",
        "binaryMediaTypes": ["a/b"], "disableExecuteApiEndpoint": true, "endpointConfiguration": {"types": ["EDGE"]}}});
    let calls = json!([
        ["apigateway:GetRestApi", {"restApiId": "a1"}],
        ["apigateway:UpdateRestApi", {"restApiId": "a1", "patchOperations": [
            patch("replace", "/name", Some("store")),
            patch("remove", "/description", None),
            patch("replace", "/disableExecuteApiEndpoint", Some("false")),
            patch("remove", "/binaryMediaTypes/a~1b", None),
            patch("add", "/binaryMediaTypes/c~1d", Some("")),
            patch("replace", "/endpointConfiguration/types/EDGE", Some("REGIONAL")),
            patch("remove", "/policy", None),
        ]}],
    ]);
    let made = check(Step::update(API, "a1", previous, answers), &properties, &calls);
    assert_eq!(made.attributes["RootResourceId"], "r1");
}

#[test]
fn a_method_is_made_with_its_responses_and_its_integration() {
    let properties = json!({
        "RestApiId": "a1", "ResourceId": "r1", "HttpMethod": "GET", "RequestParameters": {"method.request.header.x": "true"},
        "MethodResponses": [{"StatusCode": 200, "ResponseModels": {"application/json": "Empty"}}],
        "Integration": {"Type": "AWS", "IntegrationHttpMethod": "POST", "Uri": "arn:u", "TimeoutInMillis": "9000",
            "IntegrationResponses": [{"StatusCode": "200", "SelectionPattern": "x"}]},
    });
    let calls = json!([
        ["apigateway:PutMethod", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "authorizationType": "NONE",
            "requestParameters": {"method.request.header.x": true}}],
        ["apigateway:PutMethodResponse", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "statusCode": "200",
            "responseModels": {"application/json": "Empty"}}],
        ["apigateway:PutIntegration", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "type": "AWS",
            "integrationHttpMethod": "POST", "uri": "arn:u", "timeoutInMillis": 9000}],
        ["apigateway:PutIntegrationResponse", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "statusCode": "200",
            "selectionPattern": "x"}],
    ]);
    let made = check(Step::create(METHOD, json!({})), &properties, &calls);
    assert_eq!(made.physical_id, "a1|r1|GET");
    let calls =
        json!([["apigateway:DeleteMethod", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET"}]]);
    check_delete(METHOD, "a1|r1|GET", &properties, &calls);
}

#[test]
fn an_update_of_a_method_patches_it_and_puts_what_changed_within() {
    let place = json!({"RestApiId": "a1", "ResourceId": "r1", "HttpMethod": "GET"});
    let with = |more: Json| {
        let mut all = place.clone();
        for (name, value) in more.as_object().expect("an object") {
            all[name] = value.clone();
        }
        all
    };
    let previous = with(json!({
        "AuthorizationType": "CUSTOM", "AuthorizerId": "z", "AuthorizationScopes": ["a", "b"],
        "RequestParameters": {"p": true, "q": true}, "Integration": {"Type": "MOCK"},
        "MethodResponses": [{"StatusCode": "200"}, {"StatusCode": "400"}],
    }));
    let properties = with(json!({
        "AuthorizationType": "NONE", "AuthorizationScopes": ["b", "c"], "RequestParameters": {"q": false, "r": true},
        "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{}"}},
        "MethodResponses": [{"StatusCode": 200}, {"StatusCode": 500}],
    }));
    let calls = json!([
        ["apigateway:UpdateMethod", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "patchOperations": [
            patch("replace", "/authorizationType", Some("NONE")),
            patch("remove", "/authorizerId", None),
            patch("remove", "/authorizationScopes", Some("a")),
            patch("add", "/authorizationScopes", Some("c")),
            patch("remove", "/requestParameters/p", None),
            patch("replace", "/requestParameters/q", Some("false")),
            patch("add", "/requestParameters/r", Some("true")),
        ]}],
        ["apigateway:DeleteMethodResponse", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "statusCode": "400"}],
        ["apigateway:PutMethodResponse", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "statusCode": "500"}],
        ["apigateway:PutIntegration", {"restApiId": "a1", "resourceId": "r1", "httpMethod": "GET", "type": "MOCK",
            "requestTemplates": {"application/json": "{}"}}],
    ]);
    check(Step::update(METHOD, "a1|r1|GET", previous, json!({})), &properties, &calls);
}

#[test]
fn a_stage_gets_what_only_patches_can_set() {
    let properties = json!({
        "RestApiId": "a1", "StageName": "prod", "DeploymentId": "d1", "TracingEnabled": true, "Variables": {"v": "1"},
        "AccessLogSetting": {"DestinationArn": "arn:l", "Format": "$context.requestId"},
        "MethodSettings": [
            {"ResourcePath": "/*", "HttpMethod": "*", "LoggingLevel": "INFO", "ThrottlingRateLimit": 2},
            {"ResourcePath": "/a/b", "HttpMethod": "GET", "DataTraceEnabled": "true"},
        ],
    });
    let calls = json!([
        ["apigateway:CreateStage", {"restApiId": "a1", "stageName": "prod", "deploymentId": "d1", "tracingEnabled": true,
            "variables": {"v": "1"}, "tags": {"team": "red"}}],
        ["apigateway:UpdateStage", {"restApiId": "a1", "stageName": "prod", "patchOperations": [
            patch("replace", "/accessLogSettings/destinationArn", Some("arn:l")),
            patch("replace", "/accessLogSettings/format", Some("$context.requestId")),
            patch("replace", "/*/*/logging/loglevel", Some("INFO")),
            patch("replace", "/*/*/throttling/rateLimit", Some("2")),
            patch("replace", "/~1a~1b/GET/logging/dataTrace", Some("true")),
        ]}],
    ]);
    assert_eq!(check(Step::create(STAGE, json!({})), &properties, &calls).physical_id, "prod");

    let now = json!({
        "RestApiId": "a1", "StageName": "prod", "DeploymentId": "d2", "Tags": [{"Key": "k", "Value": "v"}],
        "MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", "LoggingLevel": "INFO"}],
    });
    let calls = json!([
        ["apigateway:UpdateStage", {"restApiId": "a1", "stageName": "prod", "patchOperations": [
            patch("replace", "/deploymentId", Some("d2")),
            patch("replace", "/tracingEnabled", Some("false")),
            patch("remove", "/variables/v", None),
            patch("remove", "/accessLogSettings", None),
            patch("remove", "/methodSettings/*/*", None),
            patch("remove", "/methodSettings/~1a~1b/GET", None),
            patch("replace", "/*/*/logging/loglevel", Some("INFO")),
        ]}],
        ["apigateway:TagResource", {"resourceArn": "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod",
            "tags": {"k": "v", "team": "red"}}],
    ]);
    check(Step::update(STAGE, "prod", properties, json!({})), &now, &calls);
    let refused = json!({"RestApiId": "a1", "StageName": "prod", "DeploymentId": "d", "CanarySetting": {"PercentTraffic": 1}});
    let failure = check_failure(Step::create(STAGE, json!({})), &refused, &json!([]));
    assert!(failure.reason.starts_with("CanarySetting of AWS::ApiGateway::Stage"), "{failure:?}");
}

#[test]
fn a_deployment_may_bring_its_stage_and_takes_it_along_unless_it_moved_on() {
    let properties = json!({
        "RestApiId": "a1", "StageName": "prod", "Description": "first",
        "StageDescription": {"Description": "s", "Variables": {"v": "1"}, "LoggingLevel": "ERROR"},
    });
    let calls = json!([
        ["apigateway:CreateDeployment", {"restApiId": "a1", "stageName": "prod", "description": "first", "stageDescription": "s",
            "variables": {"v": "1"}}],
        ["apigateway:UpdateStage", {"restApiId": "a1", "stageName": "prod",
            "patchOperations": [patch("replace", "/*/*/logging/loglevel", Some("ERROR"))]}],
    ]);
    let answers = json!({"apigateway:CreateDeployment": {"id": "d1"}});
    let made = check(Step::create(DEPLOYMENT, answers), &properties, &calls);
    assert_eq!((made.physical_id.as_str(), &made.attributes["DeploymentId"]), ("d1", &"d1".into()));

    let get = json!(["apigateway:GetStage", {"restApiId": "a1", "stageName": "prod"}]);
    let stage = json!(["apigateway:DeleteStage", {"restApiId": "a1", "stageName": "prod"}]);
    let gone = json!(["apigateway:DeleteDeployment", {"restApiId": "a1", "deploymentId": "d1"}]);
    for (at, calls) in [("d1", json!([get, stage, gone])), ("d2", json!([get, gone]))] {
        let answers = move |_: &str, operation: &str, _: &Json| match operation {
            "GetStage" => Ok(json!({"deploymentId": at})),
            _ => Ok(json!({})),
        };
        let step = Step {
            physical_id: Some("d1"),
            answers: Arc::new(answers),
            ..Step::create(DEPLOYMENT, json!({}))
        };
        check(step, &properties, &calls);
    }
}

#[test]
fn parts_of_an_api() {
    let id = |operation: &str| json!({format!("apigateway:{operation}"): {"id": "p1"}});
    let properties = json!({"RestApiId": "a1", "ParentId": "r1", "PathPart": "x"});
    let calls =
        json!([["apigateway:CreateResource", {"restApiId": "a1", "parentId": "r1", "pathPart": "x"}]]);
    let made = check(Step::create("AWS::ApiGateway::Resource", id("CreateResource")), &properties, &calls);
    assert_eq!((made.physical_id.as_str(), &made.attributes["ResourceId"]), ("p1", &"p1".into()));
    let calls = json!([["apigateway:DeleteResource", {"restApiId": "a1", "resourceId": "p1"}]]);
    check_delete("AWS::ApiGateway::Resource", "p1", &properties, &calls);

    let kind = "AWS::ApiGateway::Authorizer";
    let before = json!({"RestApiId": "a1", "Name": "n", "Type": "COGNITO_USER_POOLS", "ProviderARNs": ["arn:p"],
        "AuthorizerResultTtlInSeconds": 0, "IdentitySource": "method.request.header.A"});
    let calls = json!([["apigateway:CreateAuthorizer", {"restApiId": "a1", "name": "n", "type": "COGNITO_USER_POOLS",
        "providerARNs": ["arn:p"], "authorizerResultTtlInSeconds": 0, "identitySource": "method.request.header.A"}]]);
    check(Step::create(kind, id("CreateAuthorizer")), &before, &calls);
    let calls = json!([["apigateway:UpdateAuthorizer", {"restApiId": "a1", "authorizerId": "p1", "patchOperations": [
        patch("replace", "/name", Some("m")), patch("replace", "/authorizerResultTtlInSeconds", Some("300")),
        patch("remove", "/providerARNs", Some("arn:p")), patch("add", "/providerARNs", Some("arn:q"))]}]]);
    let now = json!({"RestApiId": "a1", "Name": "m", "Type": "COGNITO_USER_POOLS", "ProviderARNs": ["arn:q"],
        "IdentitySource": "method.request.header.A"});
    check(Step::update(kind, "p1", before, json!({})), &now, &calls);

    let name = format!("shopIt{}", crate::names::suffix("o/0/1"));
    let calls = json!([["apigateway:CreateModel", {"restApiId": "a1", "name": name, "contentType": "application/json",
        "schema": "{\"type\":\"object\"}"}]]);
    let properties = json!({"RestApiId": "a1", "Schema": {"type": "object"}});
    assert_eq!(
        check(Step::create("AWS::ApiGateway::Model", json!({})), &properties, &calls).physical_id,
        name
    );

    let kind = "AWS::ApiGateway::RequestValidator";
    let before = json!({"RestApiId": "a1", "Name": "n", "ValidateRequestBody": "true"});
    let calls = json!([["apigateway:CreateRequestValidator", {"restApiId": "a1", "name": "n", "validateRequestBody": true}]]);
    check(Step::create(kind, id("CreateRequestValidator")), &before, &calls);
    let calls = json!([["apigateway:UpdateRequestValidator", {"restApiId": "a1", "requestValidatorId": "p1",
        "patchOperations": [patch("replace", "/validateRequestBody", Some("false"))]}]]);
    check(Step::update(kind, "p1", before, json!({})), &json!({"RestApiId": "a1", "Name": "n"}), &calls);

    let properties = json!({"RestApiId": "a1", "ResponseType": "DEFAULT_4XX", "StatusCode": 418, "ResponseTemplates": {"a/b": "x"}});
    let calls = json!([["apigateway:PutGatewayResponse", {"restApiId": "a1", "responseType": "DEFAULT_4XX", "statusCode": "418",
        "responseTemplates": {"a/b": "x"}}]]);
    let made = check(Step::create("AWS::ApiGateway::GatewayResponse", json!({})), &properties, &calls);
    assert_eq!(made.physical_id, "a1|DEFAULT_4XX");
}

#[test]
fn the_account_s_role_is_reset_unless_somebody_else_set_another() {
    let kind = "AWS::ApiGateway::Account";
    let properties = json!({"CloudWatchRoleArn": "arn:r"});
    let set = json!(["apigateway:UpdateAccount", {"patchOperations": [patch("replace", "/cloudwatchRoleArn", Some("arn:r"))]}]);
    check(Step::create(kind, json!({})), &properties, &json!([set]));
    let get = json!(["apigateway:GetAccount", {}]);
    let reset = json!(["apigateway:UpdateAccount", {"patchOperations": [patch("remove", "/cloudwatchRoleArn", None)]}]);
    for (role, calls) in [("arn:r", json!([get, reset])), ("arn:other", json!([get]))] {
        let answers = json!({"apigateway:GetAccount": {"cloudwatchRoleArn": role}});
        check(Step { physical_id: Some("x"), ..Step::create(kind, answers) }, &properties, &calls);
    }
}
