//! What a description of an API makes of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use weft_service::Error;

use super::ops::{authorizers, gateway_responses, integration_responses, integrations, methods, models};
use super::records::{
    Authorizer, GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse, Model,
    RequestValidator, Resource, RestApi, Snapshot, Tree,
};
use super::refuse::Kind;
use crate::control::{bridge, errors, ids};
use crate::openapi::{Document, Operation};

type Parameters = BTreeMap<String, String>;

impl Snapshot {
    /// An API without anything but what makes it the same: id, root, tags.
    pub(crate) fn emptied(api: RestApi, root: Option<Resource>) -> Self {
        let mut tree = Tree::default();
        if let Some(mut root) = root {
            root.resource_methods.clear();
            tree.resources.insert(root.id.clone(), root);
        }
        let api = RestApi {
            id: api.id,
            name: api.name,
            created_date: api.created_date,
            tags: api.tags,
            root_resource_id: api.root_resource_id,
            api_key_source: api.api_key_source,
            endpoint_configuration: api.endpoint_configuration,
            ..RestApi::default()
        };
        Self { api, tree }
    }
}

/// Takes a document into an API, which may be empty.
pub(crate) fn import(
    document: &Document,
    parameters: &Parameters,
    before: Snapshot,
) -> Result<Snapshot, Error> {
    let Snapshot { mut api, mut tree } = before;
    if !tree.resources.values().any(|resource| resource.parent_id.is_none()) {
        let id = ids::root();
        let root = Resource { id: id.clone(), path: "/".to_owned(), ..Resource::default() };
        tree.resources.insert(id.clone(), root);
        api.root_resource_id = id;
    }
    describe(document, &mut api);
    let mut import = Import { document, tree, warnings: Vec::new() };
    import.gateway_responses()?;
    import.validators()?;
    import.models()?;
    import.authorizers()?;
    let mode = parameters.get("basepath").map(String::as_str);
    for operation in document.operations() {
        import.operation(&operation, mode)?;
    }
    api.warnings = (!import.warnings.is_empty()).then_some(import.warnings);
    Ok(Snapshot { api, tree: import.tree })
}

fn describe(document: &Document, api: &mut RestApi) {
    let root = &document.json;
    let text = |json: &Json| json.as_str().map(str::to_owned);
    api.name = text(&root["info"]["title"]).unwrap_or_else(|| std::mem::take(&mut api.name));
    api.description = text(&root["info"]["description"]).or(api.description.take());
    api.version = text(&root["info"]["version"]).or(api.version.take());
    if root["x-amazon-apigateway-policy"].is_object() {
        api.policy = Some(root["x-amazon-apigateway-policy"].to_string());
    }
    if let Some(types) = root["x-amazon-apigateway-binary-media-types"].as_array() {
        api.binary_media_types = Some(types.iter().filter_map(text).collect());
    }
    if let Some(size) = root["x-amazon-apigateway-minimum-compression-size"].as_i64() {
        api.minimum_compression_size = i32::try_from(size).ok();
    }
    if let Some(source) = text(&root["x-amazon-apigateway-api-key-source"]) {
        api.api_key_source = source;
    }
    let endpoint = if document.newer {
        &root["servers"][0]["x-amazon-apigateway-endpoint-configuration"]
    } else {
        &root["x-amazon-apigateway-endpoint-configuration"]
    };
    if let Some(disabled) = endpoint["disableExecuteApiEndpoint"].as_bool() {
        api.disable_execute_api_endpoint = disabled;
    }
}

struct Import<'d> {
    document: &'d Document,
    tree: Tree,
    warnings: Vec<String>,
}

/// A member of a document as one of our records.
fn record<R: serde::de::DeserializeOwned>(json: &Json) -> Result<R, Error> {
    bridge::record_of(json.clone())
}

impl Import<'_> {
    fn gateway_responses(&mut self) -> Result<(), Error> {
        let all = self.document.json["x-amazon-apigateway-gateway-responses"].as_object();
        for (kind, json) in all.into_iter().flatten() {
            if !Kind::NAMES.contains(&kind.as_str()) {
                return Err(errors::bad_request(format!("Invalid gateway response type: {kind}")));
            }
            let mut json = json.clone();
            if let Some(code) = json["statusCode"].as_i64() {
                json["statusCode"] = json!(code.to_string());
            }
            let mut response: GatewayResponse = bridge::record_of(json)?;
            response.response_type.clone_from(kind);
            gateway_responses::complete(&mut response);
            self.tree.gateway_responses.insert(kind.clone(), response);
        }
        Ok(())
    }

    fn validators(&mut self) -> Result<(), Error> {
        let all = self.document.json["x-amazon-apigateway-request-validators"].as_object();
        for (name, json) in all.into_iter().flatten() {
            let mut validator: RequestValidator = record(json)?;
            let known = self.tree.validators.values().find(|one| one.name.as_ref() == Some(name));
            validator.id = known.map_or_else(ids::part, |known| known.id.clone());
            validator.name = Some(name.clone());
            self.tree.validators.insert(validator.id.clone(), validator);
        }
        Ok(())
    }

    fn models(&mut self) -> Result<(), Error> {
        for (name, schema) in self.document.schemas().into_iter().flatten() {
            let model = Model {
                id: self.tree.models.get(name).map_or_else(ids::part, |known| known.id.clone()),
                name: name.clone(),
                description: schema["description"].as_str().map(str::to_owned),
                schema: Some(with_models(schema).to_string()),
                content_type: "application/json".to_owned(),
            };
            models::check(&model)?;
            self.tree.models.insert(name.clone(), model);
        }
        Ok(())
    }

    fn authorizers(&mut self) -> Result<(), Error> {
        for (name, scheme) in self.document.security_schemes().into_iter().flatten() {
            let json = &scheme["x-amazon-apigateway-authorizer"];
            if !json.is_object() {
                continue;
            }
            let mut authorizer: Authorizer = record(json)?;
            authorizer.kind = authorizer.kind.to_ascii_uppercase();
            authorizer.name.clone_from(name);
            authorizer.auth_type = scheme["x-amazon-apigateway-authtype"].as_str().map(str::to_owned);
            if authorizer.kind == "TOKEN" {
                let header = scheme["name"].as_str().unwrap_or("Authorization");
                authorizer.identity_source.get_or_insert_with(|| format!("method.request.header.{header}"));
            }
            authorizers::check(&authorizer)?;
            let known = self.tree.authorizers.values().find(|one| one.name == *name);
            authorizer.id = known.map_or_else(ids::part, |known| known.id.clone());
            self.tree.authorizers.insert(authorizer.id.clone(), authorizer);
        }
        Ok(())
    }

    /// The resource of a path, made with all above it where it is not there.
    fn resource(&mut self, path: &str) -> Result<String, Error> {
        let root = self.tree.resources.values().find(|resource| resource.parent_id.is_none());
        let mut at = root.map(|root| root.id.clone()).ok_or_else(errors::no_resource)?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let known = self.tree.resources.values().find(|resource| {
                resource.parent_id.as_ref() == Some(&at) && resource.path_part.as_deref() == Some(part)
            });
            at = match known {
                Some(known) => known.id.clone(),
                None => self.tree.add_resource(ids::part(), &at, part)?.id.clone(),
            };
        }
        Ok(at)
    }

    fn operation(&mut self, operation: &Operation<'_>, mode: Option<&str>) -> Result<(), Error> {
        let path = self.document.whole_path(operation.path, mode);
        let resource = self.resource(&path)?;
        let mut method = Method {
            http_method: operation.method.to_owned(),
            authorization_type: "NONE".to_owned(),
            operation_name: operation.json["operationId"].as_str().map(str::to_owned),
            ..Method::default()
        };
        self.secure(operation.json, &mut method)?;
        self.validate(operation.json, &mut method)?;
        self.parameters(operation, &mut method);
        self.responses(operation.json, &mut method);
        let integration = self.document.follow(&operation.json["x-amazon-apigateway-integration"]);
        if integration.is_object() {
            let found = integrated(integration, &resource, &mut method)?;
            method.method_integration = Some(found);
        } else {
            self.warnings.push(format!("No integration is described for {} {path}", operation.method));
        }
        methods::check(&method, &self.tree)?;
        let place = self.tree.resources.get_mut(&resource).ok_or_else(errors::no_resource)?;
        place.resource_methods.insert(operation.method.to_owned(), method);
        Ok(())
    }

    fn secure(&self, operation: &Json, method: &mut Method) -> Result<(), Error> {
        let own = operation["x-amazon-apigateway-auth"]["type"].as_str();
        if let Some(kind) = own.or(self.document.json["x-amazon-apigateway-auth"]["type"].as_str()) {
            kind.clone_into(&mut method.authorization_type);
        }
        let Some((name, scopes)) = self.document.security(operation) else { return Ok(()) };
        let scheme = self.document.security_schemes().and_then(|all| all.get(name)).unwrap_or(&Json::Null);
        if let Some(authorizer) = self.tree.authorizers.values().find(|one| one.name == name) {
            "CUSTOM".clone_into(&mut method.authorization_type);
            method.authorizer_id = Some(authorizer.id.clone());
            method.authorization_scopes =
                scopes.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        } else if scheme["x-amazon-apigateway-authtype"] == "awsSigv4" {
            "AWS_IAM".clone_into(&mut method.authorization_type);
        } else if scheme["type"] == "apiKey" {
            return Err(errors::unsupported(
                "API keys (a security scheme of the type apiKey without an authorizer)",
            ));
        }
        Ok(())
    }

    fn validate(&self, operation: &Json, method: &mut Method) -> Result<(), Error> {
        let own = operation["x-amazon-apigateway-request-validator"].as_str();
        let Some(name) = own.or(self.document.json["x-amazon-apigateway-request-validator"].as_str()) else {
            return Ok(());
        };
        let known = self.tree.validators.values().find(|one| one.name.as_deref() == Some(name));
        let known = known
            .ok_or_else(|| errors::bad_request(format!("Invalid request validator specified: {name}")))?;
        method.request_validator_id = Some(known.id.clone());
        Ok(())
    }

    fn parameters(&mut self, operation: &Operation<'_>, method: &mut Method) {
        let lists = [&operation.shared["parameters"], &operation.json["parameters"]];
        for json in lists.into_iter().filter_map(Json::as_array).flatten() {
            let json = self.document.follow(json);
            let (Some(place), name) = (json["in"].as_str(), json["name"].as_str().unwrap_or_default()) else {
                continue;
            };
            let required = json["required"].as_bool().unwrap_or(false);
            let place = match place {
                "query" => "querystring",
                "header" | "path" => place,
                "body" => {
                    if let Some(model) = self.model_of(&json["schema"]) {
                        method.request_models.insert("application/json".to_owned(), model);
                    }
                    continue;
                }
                _ => continue,
            };
            method.request_parameters.insert(format!("method.request.{place}.{name}"), required);
        }
        let content = &self.document.follow(&operation.json["requestBody"])["content"];
        for (kind, json) in content.as_object().cloned().into_iter().flatten() {
            if let Some(model) = self.model_of(&json["schema"]) {
                method.request_models.insert(kind, model);
            }
        }
    }

    /// The name of the model that a schema is; one that is written in place gets a model of its own.
    fn model_of(&mut self, schema: &Json) -> Option<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.tree.models.contains_key(name).then(|| name.to_owned());
        }
        if !schema.is_object() {
            return None;
        }
        let id = ids::part();
        let name = format!("MODEL{id}");
        let schema = Some(with_models(schema).to_string());
        let model = Model {
            id,
            name: name.clone(),
            schema,
            content_type: "application/json".to_owned(),
            description: None,
        };
        if models::check(&model).is_err() {
            self.warnings.push("A schema that cannot be read was left out".to_owned());
            return None;
        }
        self.tree.models.insert(name.clone(), model);
        Some(name)
    }

    fn responses(&mut self, operation: &Json, method: &mut Method) {
        for (status, json) in operation["responses"].as_object().cloned().into_iter().flatten() {
            if !status.parse::<u16>().is_ok_and(|status| (100..600).contains(&status)) {
                continue;
            }
            let json = self.document.follow(&json).clone();
            let mut response = MethodResponse { status_code: status.clone(), ..MethodResponse::default() };
            for (name, _) in json["headers"].as_object().into_iter().flatten() {
                response.response_parameters.insert(format!("method.response.header.{name}"), false);
            }
            let reference = |schema: &Json| {
                let name = schema["$ref"].as_str()?.rsplit('/').next()?.to_owned();
                self.tree.models.contains_key(&name).then_some(name)
            };
            if let Some(model) = reference(&json["schema"]) {
                response.response_models.insert("application/json".to_owned(), model);
            }
            for (kind, content) in json["content"].as_object().into_iter().flatten() {
                if let Some(model) = reference(&content["schema"]) {
                    response.response_models.insert(kind.clone(), model);
                }
            }
            method.method_responses.insert(status, response);
        }
    }
}

/// A schema whose references lead to the API's other models.
fn with_models(schema: &Json) -> Json {
    match schema {
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| {
                let value = match value.as_str() {
                    Some(reference) if name == "$ref" => {
                        let model = reference.rsplit('/').next().unwrap_or_default();
                        json!(format!("https://apigateway.amazonaws.com/restapis/self/models/{model}"))
                    }
                    _ => with_models(value),
                };
                (name.clone(), value)
            };
            Json::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
        Json::Array(items) => items.iter().map(with_models).collect(),
        other => other.clone(),
    }
}

/// An integration, and the method's responses that it needs.
fn integrated(json: &Json, resource: &str, method: &mut Method) -> Result<Integration, Error> {
    let mut integration: Integration = record(json)?;
    integration.kind = integration.kind.to_ascii_uppercase();
    integration.passthrough_behavior = integration.passthrough_behavior.to_ascii_uppercase();
    if let Some(kind) = &mut integration.connection_type {
        kind.make_ascii_uppercase();
    }
    integrations::complete(&mut integration, resource);
    integrations::check(&integration)?;
    for (pattern, json) in json["responses"].as_object().into_iter().flatten() {
        let mut json = json.clone();
        if let Some(code) = json["statusCode"].as_i64() {
            json["statusCode"] = json!(code.to_string());
        }
        let mut response: IntegrationResponse = bridge::record_of(json)?;
        response.selection_pattern = (pattern != "default").then(|| pattern.clone());
        integration_responses::check(&response)?;
        let status = response.status_code.clone();
        let declared = method
            .method_responses
            .entry(status.clone())
            .or_insert_with(|| MethodResponse { status_code: status.clone(), ..MethodResponse::default() });
        for name in response.response_parameters.keys() {
            declared.response_parameters.entry(name.clone()).or_insert(false);
        }
        integration.integration_responses.insert(status, response);
    }
    Ok(integration)
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
