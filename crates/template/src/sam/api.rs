//! `AWS::Serverless::Api`: a REST API with its definition, a deployment that is new with each change, and a stage.

use serde_json::{Map, Value, json};

use super::route::Route;
use super::{Sam, authorizer, cors, invalid, names, pick, properties, route, set};
use crate::cloudformation::TemplateError;

/// Properties that are refused until what they ask for is there.
const NOT_BUILT: [&str; 4] = ["Domain", "MergeDefinitions", "AlwaysDeploy", "PropagateTags"];
const AUTH_NOT_BUILT: [&str; 2] = ["UsagePlan", "ResourcePolicy"];

pub(super) fn make(sam: &mut Sam<'_>, name: &str, resource: &Value) -> Result<(), TemplateError> {
    let given = properties(resource);
    let no_value = json!({});
    let auth = given.get("Auth").unwrap_or(&no_value);
    let missing = NOT_BUILT.iter().find(|property| given.get(property).is_some());
    let missing = missing.or_else(|| AUTH_NOT_BUILT.iter().find(|property| auth.get(property).is_some()));
    if let Some(property) = missing {
        return Err(invalid(name, &format!("The property {property} is not built")));
    }
    let stage = given
        .get("StageName")
        .ok_or_else(|| invalid(name, "Missing required property 'StageName'."))?
        .clone();
    let body = definition(sam, name, given, auth)?;
    let mut api = pick(
        given,
        &[
            "Name",
            "Description",
            "BinaryMediaTypes",
            "MinimumCompressionSize",
            "ApiKeySourceType",
            "FailOnWarnings",
            "Mode",
            "DisableExecuteApiEndpoint",
            "Policy",
        ],
    );
    api.shift_remove("DisableExecuteApiEndpoint");
    endpoint(given, &mut api);
    let hashed = match (&body, given.get("DefinitionUri")) {
        (Some(body), _) => {
            api.insert("Body".into(), body.clone());
            body.clone()
        }
        (None, Some(uri)) => {
            let place = super::function_parts::location(name, "DefinitionUri", uri)?;
            let place = json!({"Bucket": place["S3Bucket"], "Key": place["S3Key"], "Version": place["S3ObjectVersion"]});
            let place = pick(&place, &["Bucket", "Key", "Version"]);
            api.insert("BodyS3Location".into(), Value::Object(place.clone()));
            Value::Object(place)
        }
        (None, None) => Value::Null,
    };
    let more = pick(resource, &["DependsOn", "Metadata"]);
    sam.put(name, "AWS::ApiGateway::RestApi", api, resource, Value::Object(more));
    let deployment = deployment(sam, name, given, &hashed, resource);
    self::stage(sam, name, given, &stage, &deployment, resource);
    let partition = sam.environment.partition.clone();
    authorizer::permissions(sam, name, auth, resource, &partition);
    Ok(())
}

fn endpoint(given: &Value, api: &mut Map<String, Value>) {
    let Some(configuration) = given.get("EndpointConfiguration") else { return };
    let (kind, made) = match configuration {
        Value::Object(parts) if parts.contains_key("Type") => {
            let mut made = json!({"Types": [parts["Type"]]});
            for (from, to) in [("VPCEndpointIds", "VpcEndpointIds"), ("IpAddressType", "IpAddressType")] {
                if let Some(value) = parts.get(from) {
                    made[to] = value.clone();
                }
            }
            (parts["Type"].clone(), made)
        }
        kind => (kind.clone(), json!({"Types": [kind]})),
    };
    api.insert("EndpointConfiguration".into(), made);
    api.insert("Parameters".into(), json!({"endpointConfigurationTypes": kind}));
}

/// The definition: the template's own or one made of routes, with authorizers, CORS and the rest added.
fn definition(
    sam: &Sam<'_>,
    name: &str,
    given: &Value,
    auth: &Value,
) -> Result<Option<Value>, TemplateError> {
    let routes = sam.routes.get(name).map(Vec::as_slice).unwrap_or_default();
    let mut body = match given.get("DefinitionBody") {
        Some(body) => body.clone(),
        None if given.get("DefinitionUri").is_some() => return Ok(None),
        None => {
            let partition = &sam.environment.partition;
            let paths = route::paths(routes, &|route| method(partition, route));
            json!({"swagger": "2.0", "info": {"version": "1.0", "title": {"Ref": "AWS::StackName"}}, "paths": paths})
        }
    };
    let Some(members) = body.as_object_mut() else { return Ok(Some(body)) };
    if let Some(types) = given.get("BinaryMediaTypes").and_then(Value::as_array) {
        let types: Vec<Value> = types
            .iter()
            .map(|kind| {
                kind.as_str().map_or_else(|| kind.clone(), |kind| Value::from(kind.replace("~1", "/")))
            })
            .collect();
        members.insert("x-amazon-apigateway-binary-media-types".into(), Value::Array(types));
    }
    if let Some(disabled) = given.get("DisableExecuteApiEndpoint") {
        members.insert(
            "x-amazon-apigateway-endpoint-configuration".into(),
            json!({"disableExecuteApiEndpoint": disabled}),
        );
    }
    for (from, to) in
        [("Models", "definitions"), ("GatewayResponses", "x-amazon-apigateway-gateway-responses")]
    {
        if let Some(value) = given.get(from) {
            members
                .insert(to.into(), if from == "Models" { value.clone() } else { gateway_responses(value) });
        }
    }
    let open = members.get_mut("paths").and_then(Value::as_object_mut).map_or_else(Vec::new, |paths| {
        given.get("Cors").map_or_else(Vec::new, |cors| cors::add(paths, cors))
    });
    secure(sam, name, auth, routes, &open, members)?;
    if let Some(Value::Object(paths)) = members.get_mut("paths") {
        route::conditional(routes, name, paths);
    }
    if given
        .get("OpenApiVersion")
        .is_some_and(|version| version.to_string().trim_matches('"').starts_with('3'))
    {
        openapi(members, given.get("OpenApiVersion"));
    }
    Ok(Some(body))
}

fn method(partition: &str, route: &Route) -> Value {
    let mut integration = json!({
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": route.uri(partition),
    });
    if let Some(timeout) = route.given.get("TimeoutInMillis") {
        integration["timeoutInMillis"] = timeout.clone();
    }
    let cached = cached(&route.given);
    if !cached.is_empty() {
        integration["cacheKeyParameters"] = Value::from(cached);
    }
    let mut method = json!({"x-amazon-apigateway-integration": integration, "responses": {}});
    if let Some(parameters) = parameters(&route.given) {
        method["parameters"] = parameters;
    }
    method
}

/// The parameters by which answers are cached.
fn cached(given: &Value) -> Vec<&str> {
    let parameters = given.get("RequestParameters").and_then(Value::as_array).into_iter().flatten();
    let with_options = parameters.filter_map(Value::as_object).flatten();
    with_options.filter(|(_, options)| options["Caching"] == true).map(|(path, _)| path.as_str()).collect()
}

/// The parameters that an event asks for: a model for the body, headers, query strings, parts of the path.
fn parameters(given: &Value) -> Option<Value> {
    let mut parameters = Vec::new();
    for parameter in given.get("RequestParameters").and_then(Value::as_array).into_iter().flatten() {
        let (path, options) = match parameter {
            Value::String(path) => (path.clone(), json!({})),
            Value::Object(one) => one.iter().next().map(|(path, options)| (path.clone(), options.clone()))?,
            _ => continue,
        };
        let (place, name) = path.strip_prefix("method.request.")?.split_once('.')?;
        let place = if place == "querystring" { "query" } else { place };
        let required = place == "path" || options["Required"] == true;
        parameters.push(json!({"in": place, "name": name, "required": required, "type": "string"}));
    }
    if let Some(model) = given.pointer("/RequestModel/Model").and_then(Value::as_str) {
        let schema = json!({"$ref": format!("#/definitions/{}", model.to_lowercase())});
        let mut made = json!({"in": "body", "name": model.to_lowercase(), "schema": schema});
        if let Some(required) = given.pointer("/RequestModel/Required") {
            made["required"] = required.clone();
        }
        parameters.push(made);
    }
    (!parameters.is_empty()).then_some(Value::Array(parameters))
}

/// Adds the definitions of authorizers, and to each method which of them it asks.
fn secure(
    sam: &Sam<'_>,
    name: &str,
    auth: &Value,
    routes: &[Route],
    open: &[String],
    body: &mut Map<String, Value>,
) -> Result<(), TemplateError> {
    let mut definitions = authorizer::definitions(sam, name, auth)?;
    let preflight = auth.get("AddDefaultAuthorizerToCorsPreflight") != Some(&Value::Bool(false));
    for (path, methods) in body.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        for (key, method) in methods.as_object_mut().into_iter().flatten() {
            let route = routes.iter().find(|route| route.path == *path && route.method == *key);
            if !route::is_method(key) || !method.is_object() {
                continue;
            }
            let is_open = key == "options" && (open.contains(path) || route.is_none());
            if (is_open && !preflight) || method.get("security").is_some() {
                continue;
            }
            let Some(security) = authorizer::security(name, auth, route)? else { continue };
            let asks =
                |what: &str| security.as_array().into_iter().flatten().any(|one| one.get(what).is_some());
            if asks("AWS_IAM") {
                definitions.insert("AWS_IAM".into(), json!({"x-amazon-apigateway-authtype": "awsSigv4", "type": "apiKey", "name": "Authorization", "in": "header"}));
                let role =
                    route.and_then(|route| route.auth("InvokeRole")).or_else(|| auth.get("InvokeRole"));
                let role = role.filter(|role| **role != "CALLER_CREDENTIALS").cloned();
                let role = role.unwrap_or_else(|| {
                    Value::from(format!("arn:{}:iam::*:user/*", sam.environment.partition))
                });
                if key != "options"
                    && role != "NONE"
                    && let Some(integration) = method.get_mut("x-amazon-apigateway-integration")
                {
                    set(integration, "credentials", role);
                }
            }
            if asks("api_key") {
                definitions
                    .insert("api_key".into(), json!({"type": "apiKey", "name": "x-api-key", "in": "header"}));
            }
            set(method, "security", security);
        }
    }
    if !definitions.is_empty() {
        let all = body.entry("securityDefinitions").or_insert_with(|| json!({}));
        if let Some(all) = all.as_object_mut() {
            all.extend(definitions);
        }
    }
    Ok(())
}

fn gateway_responses(given: &Value) -> Value {
    let mut made = Map::new();
    for (name, response) in given.as_object().into_iter().flatten() {
        let mut one = Map::new();
        for (from, to) in [("StatusCode", "statusCode"), ("ResponseTemplates", "responseTemplates")] {
            if let Some(value) = response.get(from) {
                let value = if from == "StatusCode" {
                    Value::from(value.to_string().trim_matches('"'))
                } else {
                    value.clone()
                };
                one.insert(to.to_owned(), value);
            }
        }
        let mut parameters = Map::new();
        for (from, to) in [("Headers", "header"), ("Paths", "path"), ("QueryStrings", "querystring")] {
            let group = response.pointer(&format!("/ResponseParameters/{from}")).and_then(Value::as_object);
            for (key, value) in group.into_iter().flatten() {
                parameters.insert(format!("gatewayresponse.{to}.{key}"), value.clone());
            }
        }
        if !parameters.is_empty() {
            one.insert("responseParameters".to_owned(), Value::Object(parameters));
        }
        made.insert(name.clone(), Value::Object(one));
    }
    Value::Object(made)
}

/// Turns a definition in the terms of Swagger 2 into one of `OpenAPI` 3.
fn openapi(body: &mut Map<String, Value>, version: Option<&Value>) {
    body.shift_remove("swagger");
    body.insert("openapi".into(), version.cloned().unwrap_or_else(|| json!("3.0.1")));
    if let Some(definitions) = body.shift_remove("securityDefinitions") {
        set(body.entry("components").or_insert(Value::Null), "securitySchemes", definitions);
    }
    if let Some(models) = body.shift_remove("definitions") {
        set(body.entry("components").or_insert(Value::Null), "schemas", models);
    }
    if let Some(configuration) = body.shift_remove("x-amazon-apigateway-endpoint-configuration") {
        body.insert("servers".into(), json!([{"x-amazon-apigateway-endpoint-configuration": configuration}]));
    }
    for (_, methods) in body.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(options) = methods.get_mut("options").and_then(Value::as_object_mut) else { continue };
        options.shift_remove("consumes");
        options.shift_remove("produces");
        let Some(answer) = options.get_mut("responses").and_then(|responses| responses.get_mut("200")) else {
            continue;
        };
        for (_, header) in answer.get_mut("headers").and_then(Value::as_object_mut).into_iter().flatten() {
            if header.get("type").is_some() {
                *header = json!({"schema": header.take()});
            }
        }
    }
}

/// A deployment whose name has the definition's digest in it; gives that name.
fn deployment(sam: &mut Sam<'_>, name: &str, given: &Value, hashed: &Value, resource: &Value) -> String {
    let version = given.get("OpenApiVersion").cloned().unwrap_or_default();
    let digest = names::digest_of(&json!([hashed, version]), 40);
    let deployment = format!("{name}Deployment{}", &digest[..10]);
    let mut made =
        json!({"Description": format!("RestApi deployment id: {digest}"), "RestApiId": {"Ref": name}});
    if version.is_null() {
        // A stage that nobody asked for, which deployments have had from the beginning.
        made["StageName"] = json!("Stage");
    }
    let made = made.as_object().cloned().unwrap_or_default();
    sam.put(&deployment, "AWS::ApiGateway::Deployment", made, resource, Value::Null);
    sam.renamed.insert(format!("{name}.Deployment"), deployment.clone());
    deployment
}

fn stage(sam: &mut Sam<'_>, name: &str, given: &Value, stage: &Value, deployment: &str, resource: &Value) {
    let id = match stage.as_str() {
        Some(text) if text.chars().all(char::is_alphanumeric) => format!("{name}{text}Stage"),
        Some(text) => names::suffixed(&format!("{name}Stage"), text),
        None => format!("{name}Stage"),
    };
    let mut made = pick(
        given,
        &[
            "AccessLogSetting",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "CanarySetting",
            "MethodSettings",
            "TracingEnabled",
            "Variables",
        ],
    );
    if let Some(tags) = given.get("Tags") {
        made.insert("Tags".into(), super::function_parts::tag_list(tags));
    }
    made.insert("RestApiId".into(), json!({"Ref": name}));
    made.insert("DeploymentId".into(), json!({"Ref": deployment}));
    made.insert("StageName".into(), stage.clone());
    sam.put(&id, "AWS::ApiGateway::Stage", made, resource, Value::Null);
    sam.renamed.insert(format!("{name}.Stage"), id);
}
