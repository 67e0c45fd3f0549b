//! `AWS::Serverless::HttpApi`: an HTTP API with its definition, and a stage that deploys by itself.

use serde_json::{Map, Value, json};

use super::route::{ANY, Route};
use super::{Sam, authorizer, invalid, names, pick, properties, route, set};
use crate::cloudformation::TemplateError;

pub(super) fn make(sam: &mut Sam<'_>, name: &str, resource: &Value) -> Result<(), TemplateError> {
    let given = properties(resource);
    if let Some(property) = ["Domain", "PropagateTags"].iter().find(|property| given.get(property).is_some())
    {
        return Err(invalid(name, &format!("The property {property} is not built")));
    }
    let mut tags = given.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.insert("httpapi:createdBy".into(), json!("SAM"));
    let mut made = pick(given, &["FailOnWarnings"]);
    match given.get("DefinitionUri") {
        Some(uri) => {
            let place = super::function_parts::location(name, "DefinitionUri", uri)?;
            let place = json!({"Bucket": place["S3Bucket"], "Key": place["S3Key"], "Version": place["S3ObjectVersion"]});
            made.insert("BodyS3Location".into(), Value::Object(pick(&place, &["Bucket", "Key", "Version"])));
        }
        None => {
            made.insert("Body".into(), definition(sam, name, given, &tags)?);
        }
    }
    let more = pick(resource, &["DependsOn", "Metadata"]);
    sam.put(name, "AWS::ApiGatewayV2::Api", made, resource, Value::Object(more));
    stage(sam, name, given, tags, resource);
    let no_value = Value::Null;
    let auth = given.get("Auth").unwrap_or(&no_value);
    let allowed: Map<String, Value> = authorizer::all(auth)
        .filter(|(_, authorizer)| authorizer["EnableFunctionDefaultPermissions"] == true)
        .map(|(name, authorizer)| (name.clone(), authorizer.clone()))
        .collect();
    authorizer::permissions(sam, name, &json!({"Authorizers": allowed}), resource, "${AWS::Partition}");
    Ok(())
}

fn definition(
    sam: &Sam<'_>,
    name: &str,
    given: &Value,
    tags: &Map<String, Value>,
) -> Result<Value, TemplateError> {
    let routes = sam.routes.get(name).map(Vec::as_slice).unwrap_or_default();
    let title = given.get("Name").cloned().unwrap_or_else(|| json!({"Ref": "AWS::StackName"}));
    let mut body = match given.get("DefinitionBody") {
        Some(body) => body.clone(),
        None => {
            let paths = route::paths(routes, &method);
            json!({"openapi": "3.0.1", "info": {"version": "1.0", "title": title}, "paths": paths})
        }
    };
    let no_value = json!({});
    let auth = given.get("Auth").unwrap_or(&no_value);
    let schemes = schemes(sam, name, auth)?;
    let Some(members) = body.as_object_mut() else { return Ok(body) };
    if let Some(description) = given.get("Description") {
        set(members.entry("info").or_insert(Value::Null), "description", description.clone());
    }
    for (path, methods) in members.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        for (key, method) in methods.as_object_mut().into_iter().flatten() {
            let route = routes.iter().find(|route| route.path == *path && route.method == *key);
            if (key == "options" && route.is_none()) || !route::is_method(key) || !method.is_object() {
                continue;
            }
            if let Some(security) = authorizer::security(name, auth, route)? {
                set(method, "security", security);
            }
        }
    }
    if !schemes.is_empty() {
        set(members.entry("components").or_insert(Value::Null), "securitySchemes", Value::Object(schemes));
    }
    if let Some(cors) = given.get("CorsConfiguration").filter(|cors| **cors != false) {
        members.insert("x-amazon-apigateway-cors".into(), self::cors(cors));
    }
    if let Some(disabled) = given.get("DisableExecuteApiEndpoint") {
        let configuration = json!({"disableExecuteApiEndpoint": disabled});
        members
            .insert("servers".into(), json!([{"x-amazon-apigateway-endpoint-configuration": configuration}]));
    }
    let tags: Vec<Value> = tags
        .iter()
        .map(|(name, value)| json!({"name": name, "x-amazon-apigateway-tag-value": value}))
        .collect();
    members.insert("tags".into(), Value::Array(tags));
    if let Some(Value::Object(paths)) = members.get_mut("paths") {
        route::conditional(routes, name, paths);
    }
    Ok(body)
}

fn method(route: &Route) -> Value {
    let given = &route.given;
    let mut integration = json!({
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": given.get("PayloadFormatVersion").cloned().unwrap_or_else(|| json!("2.0")),
        "uri": route.uri("${AWS::Partition}"),
    });
    if let Some(timeout) = given.get("TimeoutInMillis") {
        integration["timeoutInMillis"] = timeout.clone();
    }
    let mut method = json!({"x-amazon-apigateway-integration": integration, "responses": {}});
    let variables: Vec<Value> = route
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| Some(part.split_once('}')?.0.trim_end_matches('+')))
        .map(|name| json!({"name": name, "in": "path", "required": true}))
        .collect();
    if !variables.is_empty() {
        method["parameters"] = Value::Array(variables);
    }
    if route.path == "$default" && route.method == ANY {
        method["isDefaultRoute"] = json!(true);
    }
    method
}

fn cors(given: &Value) -> Value {
    let names = [
        ("AllowOrigins", "allowOrigins"),
        ("AllowMethods", "allowMethods"),
        ("AllowHeaders", "allowHeaders"),
        ("ExposeHeaders", "exposeHeaders"),
        ("MaxAge", "maxAge"),
        ("AllowCredentials", "allowCredentials"),
    ];
    match given {
        Value::Bool(_) => json!({"allowOrigins": ["*"]}),
        Value::Object(parts) if names.iter().any(|(name, _)| parts.contains_key(*name)) => {
            let made =
                names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), parts.get(*from)?.clone())));
            Value::Object(
                made.filter(|(name, value)| name != "allowCredentials" || *value != false).collect(),
            )
        }
        function => json!({"allowOrigins": function}),
    }
}

fn schemes(sam: &Sam<'_>, api: &str, auth: &Value) -> Result<Map<String, Value>, TemplateError> {
    let mut schemes = Map::new();
    if auth.get("EnableIamAuthorizer") == Some(&Value::Bool(true)) {
        schemes.insert("AWS_IAM".into(), json!({"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}));
    }
    for (name, authorizer) in authorizer::all(auth) {
        let scheme = match (authorizer.get("JwtConfiguration"), authorizer.get("FunctionArn")) {
            (Some(jwt), _) => {
                let mut details = json!({"type": "jwt", "jwtConfiguration": jwt});
                if let Some(source) = authorizer.get("IdentitySource") {
                    details["identitySource"] = source.clone();
                }
                json!({"type": "oauth2", "x-amazon-apigateway-authorizer": details})
            }
            (None, Some(arn)) => lambda(sam, arn, authorizer),
            (None, None) => {
                return Err(invalid(
                    api,
                    &format!("{name} must have a 'JwtConfiguration' or a 'FunctionArn'."),
                ));
            }
        };
        schemes.insert(name.clone(), scheme);
    }
    Ok(schemes)
}

fn lambda(sam: &Sam<'_>, arn: &Value, authorizer: &Value) -> Value {
    let mut details = json!({"type": "request", "authorizerUri": authorizer::function_uri(sam, arn)});
    let names = [
        ("FunctionInvokeRole", "authorizerCredentials"),
        ("AuthorizerPayloadFormatVersion", "authorizerPayloadFormatVersion"),
        ("EnableSimpleResponses", "enableSimpleResponses"),
    ];
    for (from, to) in names {
        if let Some(value) = authorizer.get(from) {
            details[to] = value.clone();
        }
    }
    if let Some(identity) = authorizer.get("Identity") {
        if let Some(every) = identity.get("ReauthorizeEvery") {
            details["authorizerResultTtlInSeconds"] = every.clone();
        }
        let kinds = [
            ("Headers", "$request.header."),
            ("QueryStrings", "$request.querystring."),
            ("StageVariables", "$stageVariables."),
            ("Context", "$context."),
        ];
        let of = |(name, prefix): (&str, &str)| -> Vec<Value> {
            let list =
                identity.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            list.map(|part| Value::from(format!("{prefix}{part}"))).collect()
        };
        let sources: Vec<Value> = kinds.into_iter().flat_map(of).collect();
        if !sources.is_empty() {
            details["identitySource"] = Value::Array(sources);
        }
    }
    json!({"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": details})
}

fn stage(sam: &mut Sam<'_>, name: &str, given: &Value, tags: Map<String, Value>, resource: &Value) {
    let stage = given.get("StageName").cloned().unwrap_or_else(|| json!("$default"));
    let id = match stage.as_str() {
        Some("$default") => format!("{name}ApiGatewayDefaultStage"),
        Some(text) if text.chars().all(char::is_alphanumeric) => format!("{name}{text}Stage"),
        Some(text) => names::suffixed(&format!("{name}Stage"), text),
        None => format!("{name}Stage"),
    };
    let mut made =
        pick(given, &["AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables"]);
    made.insert("ApiId".into(), json!({"Ref": name}));
    made.insert("StageName".into(), stage);
    made.insert("Tags".into(), Value::Object(tags));
    made.insert("AutoDeploy".into(), json!(true));
    sam.put(&id, "AWS::ApiGatewayV2::Stage", made, resource, Value::Null);
    sam.renamed.insert(format!("{name}.Stage"), id);
}
