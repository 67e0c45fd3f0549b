//! An API as a description: `OpenAPI` 3 or Swagger 2, with API Gateway's extensions where they are wanted.

use serde_json::{Map, Value as Json, json};
use weft_service::Error;

use super::records::{Method, Snapshot};
use crate::control::errors;

/// What is told beyond the plain description.
#[derive(Clone, Copy)]
struct Wanted {
    newer: bool,
    integrations: bool,
    authorizers: bool,
}

/// Describes what a deployment is a copy of. `kind` is `oas30` or `swagger`, `extensions` lists `integrations`,
/// `authorizers`, or `apigateway` for both.
pub(crate) fn export(snapshot: &Snapshot, stage: &str, kind: &str, extensions: &str) -> Result<Json, Error> {
    let has = |name: &str| {
        extensions.split(',').any(|one| matches!(one.trim(), found if found == name || found == "apigateway"))
    };
    let newer = match kind {
        "oas30" => true,
        "swagger" => false,
        _ => return Err(errors::bad_request(format!("No API exporter for type '{kind}'"))),
    };
    let wanted = Wanted { newer, integrations: has("integrations"), authorizers: has("authorizers") };
    let Snapshot { api, tree } = snapshot;
    let version = api.version.clone().unwrap_or_else(|| api.created_date.iso8601_seconds());
    let mut info = json!({ "title": api.name, "version": version });
    if let Some(description) = &api.description {
        info["description"] = json!(description);
    }
    let mut paths = Map::new();
    for resource in tree.resources.values().filter(|one| !one.resource_methods.is_empty()) {
        let item = resource.resource_methods.iter().map(|(name, method)| {
            let name = if name == "ANY" {
                "x-amazon-apigateway-any-method".to_owned()
            } else {
                name.to_ascii_lowercase()
            };
            (name, operation(method, snapshot, wanted))
        });
        paths.insert(resource.path.clone(), Json::Object(item.collect()));
    }
    let schemas: Map<String, Json> = tree
        .models
        .values()
        .map(|model| (model.name.clone(), schema(model.schema.as_deref(), wanted)))
        .collect();
    let security = schemes(snapshot, wanted);
    let mut document = if newer {
        json!({ "openapi": "3.0.1", "info": info, "servers": [{ "url": format!("/{stage}") }], "paths": paths,
                "components": { "schemas": schemas, "securitySchemes": security } })
    } else {
        json!({ "swagger": "2.0", "info": info, "basePath": format!("/{stage}"), "schemes": ["http"], "paths": paths,
                "definitions": schemas, "securityDefinitions": security })
    };
    if wanted.integrations {
        extend(&mut document, snapshot);
    }
    Ok(document)
}

fn extend(document: &mut Json, snapshot: &Snapshot) {
    let Snapshot { api, tree } = snapshot;
    if let Some(types) = &api.binary_media_types {
        document["x-amazon-apigateway-binary-media-types"] = json!(types);
    }
    if let Some(policy) = api.policy.as_ref().and_then(|text| serde_json::from_str::<Json>(text).ok()) {
        document["x-amazon-apigateway-policy"] = policy;
    }
    for (kind, response) in &tree.gateway_responses {
        let mut json = json!(response);
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, _| name != "responseType" && name != "defaultResponse");
        }
        document["x-amazon-apigateway-gateway-responses"][kind] = json;
    }
    for validator in tree.validators.values() {
        let name = validator.name.clone().unwrap_or_else(|| validator.id.clone());
        document["x-amazon-apigateway-request-validators"][&name] = json!({
            "validateRequestBody": validator.validate_request_body,
            "validateRequestParameters": validator.validate_request_parameters,
        });
    }
}

/// A schema whose references lead within the document.
fn schema(text: Option<&str>, wanted: Wanted) -> Json {
    let json = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
    within(&json, if wanted.newer { "#/components/schemas" } else { "#/definitions" })
}

fn within(json: &Json, place: &str) -> Json {
    match json {
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| {
                let model =
                    value.as_str().filter(|_| name == "$ref").and_then(|text| text.rsplit_once("/models/"));
                let value = model
                    .map_or_else(|| within(value, place), |(_, model)| json!(format!("{place}/{model}")));
                (name.clone(), value)
            };
            Json::Object(members.iter().map(member).collect())
        }
        Json::Array(items) => items.iter().map(|item| within(item, place)).collect(),
        other => other.clone(),
    }
}

fn schemes(snapshot: &Snapshot, wanted: Wanted) -> Map<String, Json> {
    let mut schemes = Map::new();
    for authorizer in snapshot.tree.authorizers.values() {
        let header = authorizer.identity_source.as_deref().unwrap_or_default();
        let header = header
            .strip_prefix("method.request.header.")
            .filter(|name| !name.contains(','))
            .unwrap_or("Unused");
        let mut scheme = json!({ "type": "apiKey", "name": header, "in": "header" });
        if wanted.authorizers {
            let mut json = json!(authorizer);
            json["type"] = json!(authorizer.kind.to_ascii_lowercase());
            if let Some(members) = json.as_object_mut() {
                members.retain(|name, _| !matches!(name.as_str(), "id" | "name" | "authType"));
            }
            scheme["x-amazon-apigateway-authtype"] =
                json!(authorizer.auth_type.as_deref().unwrap_or("custom"));
            scheme["x-amazon-apigateway-authorizer"] = json;
        }
        schemes.insert(authorizer.name.clone(), scheme);
    }
    let mut methods = snapshot.tree.resources.values().flat_map(|one| one.resource_methods.values());
    if methods.any(|method| method.authorization_type == "AWS_IAM") {
        let scheme = json!({ "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" });
        schemes.insert("sigv4".to_owned(), scheme);
    }
    schemes
}

fn operation(method: &Method, snapshot: &Snapshot, wanted: Wanted) -> Json {
    let mut operation = json!({});
    if let Some(name) = &method.operation_name {
        operation["operationId"] = json!(name);
    }
    let mut parameters = Vec::new();
    for (name, required) in &method.request_parameters {
        let Some((place, name)) = name.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let place = if place == "querystring" { "query" } else { place };
        let mut parameter = json!({ "name": name, "in": place, "required": required });
        if wanted.newer {
            parameter["schema"] = json!({ "type": "string" });
        } else {
            parameter["type"] = json!("string");
        }
        parameters.push(parameter);
    }
    let reference = |model: &str| {
        let place = if wanted.newer { "#/components/schemas" } else { "#/definitions" };
        json!({ "$ref": format!("{place}/{model}") })
    };
    for (kind, model) in &method.request_models {
        if wanted.newer {
            operation["requestBody"]["content"][kind]["schema"] = reference(model);
            operation["requestBody"]["required"] = json!(true);
        } else {
            parameters
                .push(json!({ "in": "body", "name": model, "required": true, "schema": reference(model) }));
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    let mut responses = Map::new();
    for (status, response) in &method.method_responses {
        let mut json = json!({ "description": format!("{status} response") });
        for name in response.response_parameters.keys() {
            let name = name.trim_start_matches("method.response.header.");
            let text = json!({ "type": "string" });
            json["headers"][name] = if wanted.newer { json!({ "schema": text }) } else { text };
        }
        for (kind, model) in &response.response_models {
            if wanted.newer {
                json["content"][kind]["schema"] = reference(model);
            } else {
                json["schema"] = reference(model);
            }
        }
        responses.insert(status.clone(), json);
    }
    operation["responses"] = Json::Object(responses);
    secure(method, snapshot, &mut operation);
    let validator = method.request_validator_id.as_ref().and_then(|id| snapshot.tree.validators.get(id));
    if let Some(name) = validator.and_then(|one| one.name.as_ref()).filter(|_| wanted.integrations) {
        operation["x-amazon-apigateway-request-validator"] = json!(name);
    }
    if let Some(integration) = method.method_integration.as_ref().filter(|_| wanted.integrations) {
        let mut json = json!(integration);
        json["type"] = json!(integration.kind.to_ascii_lowercase());
        json["passthroughBehavior"] = json!(integration.passthrough_behavior.to_ascii_lowercase());
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, _| {
                !matches!(name.as_str(), "integrationResponses" | "cacheNamespace" | "cacheKeyParameters")
            });
        }
        for response in integration.integration_responses.values() {
            let mut one = json!(response);
            let pattern =
                response.selection_pattern.as_deref().filter(|text| !text.is_empty()).unwrap_or("default");
            if let Some(members) = one.as_object_mut() {
                members.remove("selectionPattern");
            }
            json["responses"][pattern] = one;
        }
        operation["x-amazon-apigateway-integration"] = json;
    }
    operation
}

fn secure(method: &Method, snapshot: &Snapshot, operation: &mut Json) {
    let authorizer = method.authorizer_id.as_ref().and_then(|id| snapshot.tree.authorizers.get(id));
    if let Some(authorizer) = authorizer {
        operation["security"] = json!([{ authorizer.name.clone(): method.authorization_scopes }]);
    } else if method.authorization_type == "AWS_IAM" {
        operation["security"] = json!([{ "sigv4": [] }]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::openapi::Document;
    use crate::rest::import::import;

    #[test]
    fn what_is_exported_is_the_same_api_when_it_is_imported() {
        let text = r##"{"swagger":"2.0","info":{"title":"a","version":"1"},"paths":{"/a/{id}":{"get":{
            "parameters":[{"in":"path","name":"id","required":true,"type":"string"}],
            "responses":{"200":{"schema":{"$ref":"#/definitions/P"}}},
            "x-amazon-apigateway-integration":{"type":"mock","requestTemplates":{"application/json":"{}"},"responses":{"default":{"statusCode":"200"}}}}}},
            "definitions":{"P":{"type":"object","properties":{"p":{"$ref":"#/definitions/P"}}}}}"##;
        let none = BTreeMap::new();
        let read = |text: &str| {
            import(&Document::parse(text.as_bytes()).unwrap(), &none, Snapshot::default()).unwrap()
        };
        let first = read(text);
        for kind in ["oas30", "swagger"] {
            let document = export(&first, "prod", kind, "integrations,authorizers").unwrap();
            let again = read(&document.to_string());
            let plain = |snapshot: &Snapshot| {
                let methods = snapshot
                    .tree
                    .resources
                    .values()
                    .map(|one| (one.path.clone(), one.resource_methods.clone()));
                let mut methods: Vec<_> = methods.collect();
                for (_, methods) in &mut methods {
                    for method in methods.values_mut() {
                        if let Some(integration) = &mut method.method_integration {
                            integration.cache_namespace.clear();
                        }
                    }
                }
                methods.sort_by(|one, other| one.0.cmp(&other.0));
                methods
            };
            assert_eq!(plain(&again), plain(&first), "{kind}");
            assert_eq!(again.tree.models["P"].schema, first.tree.models["P"].schema);
        }
        assert!(export(&first, "prod", "other", "").is_err());
    }
}
