//! What a description makes of an HTTP API, and the other way round.

use serde_json::{Map, Value as Json, json};
use weft_service::Error;

use super::ops::{authorizers, integrations, routes};
use super::records::{Api, Authorizer, Integration, JwtConfiguration, Route, Snapshot, Tree};
use crate::control::{bridge, errors, ids};
use crate::openapi::{Document, METHODS, Operation};

/// Takes a document into an API without routes.
pub(crate) fn import(document: &Document, mode: Option<&str>, mut api: Api) -> Result<Snapshot, Error> {
    if !document.newer {
        return Err(errors::bad_request("Only OpenAPI 3 descriptions of HTTP APIs can be imported"));
    }
    let root = &document.json;
    let text = |json: &Json| json.as_str().map(str::to_owned);
    api.name =
        text(&root["info"]["title"]).ok_or_else(|| errors::bad_request("The description has no title"))?;
    api.description = text(&root["info"]["description"]);
    api.version = text(&root["info"]["version"]);
    "HTTP".clone_into(&mut api.protocol_type);
    let cors = &root["x-amazon-apigateway-cors"];
    api.cors_configuration = cors.is_object().then(|| bridge::record_of(cors.clone())).transpose()?;
    let mut import = Import { document, tree: Tree::default(), warnings: Vec::new() };
    import.authorizers()?;
    for operation in document.operations() {
        import.operation(&operation, mode)?;
    }
    api.warnings = (!import.warnings.is_empty()).then_some(import.warnings);
    Ok(Snapshot { api, tree: import.tree })
}

struct Import<'d> {
    document: &'d Document,
    tree: Tree,
    warnings: Vec<String>,
}

impl Import<'_> {
    fn authorizers(&mut self) -> Result<(), Error> {
        for (name, scheme) in self.document.security_schemes().into_iter().flatten() {
            let json = &scheme["x-amazon-apigateway-authorizer"];
            if !json.is_object() {
                continue;
            }
            let text = |name: &str| json[name].as_str().map(str::to_owned);
            // Sources are a list in the API, and a text with commas in descriptions.
            let sources = match &json["identitySource"] {
                Json::String(text) => text.split(',').map(|one| one.trim().to_owned()).collect(),
                Json::Array(all) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
                _ => Vec::new(),
            };
            let jwt = &json["jwtConfiguration"];
            let mut authorizer = Authorizer {
                authorizer_id: ids::http_part(),
                name: name.clone(),
                authorizer_type: text("type").unwrap_or_default().to_ascii_uppercase(),
                authorizer_uri: text("authorizerUri"),
                authorizer_credentials_arn: text("authorizerCredentials"),
                authorizer_payload_format_version: text("authorizerPayloadFormatVersion"),
                authorizer_result_ttl_in_seconds: json["authorizerResultTtlInSeconds"]
                    .as_i64()
                    .and_then(|seconds| i32::try_from(seconds).ok()),
                enable_simple_responses: json["enableSimpleResponses"].as_bool(),
                identity_source: sources,
                jwt_configuration: jwt
                    .is_object()
                    .then(|| bridge::record_of::<JwtConfiguration>(jwt.clone()))
                    .transpose()?,
                ..Authorizer::default()
            };
            authorizers::complete(&mut authorizer);
            authorizers::check(&authorizer)?;
            self.tree.authorizers.insert(authorizer.authorizer_id.clone(), authorizer);
        }
        Ok(())
    }

    fn operation(&mut self, operation: &Operation<'_>, mode: Option<&str>) -> Result<(), Error> {
        let is_default = operation.path == "/$default" || operation.json["isDefaultRoute"] == true;
        let path = self.document.whole_path(operation.path, mode);
        let key = if is_default { "$default".to_owned() } else { format!("{} {path}", operation.method) };
        let mut route = Route {
            route_id: ids::http_part(),
            route_key: key,
            operation_name: operation.json["operationId"].as_str().map(str::to_owned),
            ..Route::default()
        };
        let json = self.document.follow(&operation.json["x-amazon-apigateway-integration"]);
        if json.is_object() {
            route.target = Some(format!("integrations/{}", self.integration(json)?));
        } else {
            self.warnings.push(format!("No integration is described for {}", route.route_key));
        }
        self.secure(operation.json, &mut route);
        routes::complete(&mut route);
        routes::check(&route, &self.tree)?;
        self.tree.routes.insert(route.route_id.clone(), route);
        Ok(())
    }

    fn integration(&mut self, json: &Json) -> Result<String, Error> {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let mut integration = Integration {
            integration_id: ids::http_part(),
            integration_type: text("type").unwrap_or_default().to_ascii_uppercase(),
            integration_subtype: text("integrationSubtype"),
            integration_method: text("httpMethod"),
            integration_uri: text("uri"),
            connection_type: text("connectionType").unwrap_or_default().to_ascii_uppercase(),
            connection_id: text("connectionId"),
            credentials_arn: text("credentials"),
            payload_format_version: text("payloadFormatVersion").unwrap_or_default(),
            request_parameters: bridge::record_of(json["requestParameters"].clone()).ok(),
            response_parameters: bridge::record_of(json["responseParameters"].clone()).ok(),
            timeout_in_millis: json["timeoutInMillis"]
                .as_i64()
                .and_then(|ms| i32::try_from(ms).ok())
                .unwrap_or(0),
            ..Integration::default()
        };
        integrations::complete(&mut integration);
        integrations::check(&integration)?;
        // Routes that lead to the same place share it.
        let same = |known: &&Integration| {
            Integration { integration_id: integration.integration_id.clone(), ..(*known).clone() }
                == integration
        };
        if let Some(known) = self.tree.integrations.values().find(same) {
            return Ok(known.integration_id.clone());
        }
        let id = integration.integration_id.clone();
        self.tree.integrations.insert(id.clone(), integration);
        Ok(id)
    }

    fn secure(&self, operation: &Json, route: &mut Route) {
        let Some((name, scopes)) = self.document.security(operation) else { return };
        let scheme = self.document.security_schemes().and_then(|all| all.get(name)).unwrap_or(&Json::Null);
        if let Some(known) = self.tree.authorizers.values().find(|one| one.name == name) {
            let kind = if known.authorizer_type == "JWT" { "JWT" } else { "CUSTOM" };
            kind.clone_into(&mut route.authorization_type);
            route.authorizer_id = Some(known.authorizer_id.clone());
            let scopes: Vec<String> =
                scopes.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
            route.authorization_scopes = (!scopes.is_empty()).then_some(scopes);
        } else if scheme["x-amazon-apigateway-authtype"] == "awsSigv4" {
            "AWS_IAM".clone_into(&mut route.authorization_type);
        }
    }
}

/// Describes an API; with the extensions it can be imported again.
pub(crate) fn export(snapshot: &Snapshot, extensions: bool) -> Json {
    let Snapshot { api, tree } = snapshot;
    let version = api.version.clone().unwrap_or_else(|| api.created_date.iso8601_seconds());
    let mut paths = Map::new();
    for route in tree.routes.values() {
        let (method, path) = routes::parts(&route.route_key).unwrap_or(("ANY", "/$default"));
        let method = METHODS.iter().find(|(_, name)| *name == method).map_or("get", |(name, _)| *name);
        let item = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        item[method] = operation(route, tree, extensions);
    }
    let mut document = json!({
        "openapi": "3.0.1",
        "info": { "title": api.name, "version": version },
        "paths": paths,
    });
    if let Some(description) = &api.description {
        document["info"]["description"] = json!(description);
    }
    if extensions {
        if let Some(cors) = &api.cors_configuration {
            document["x-amazon-apigateway-cors"] = without_nulls(json!(cors));
        }
        document["x-amazon-apigateway-importexport-version"] = json!("1.0");
        for authorizer in tree.authorizers.values() {
            document["components"]["securitySchemes"][&authorizer.name] = scheme(authorizer);
        }
        if tree.routes.values().any(|route| route.authorization_type == "AWS_IAM") {
            document["components"]["securitySchemes"]["sigv4"] = json!({
                "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
            });
        }
    }
    document
}

fn without_nulls(mut json: Json) -> Json {
    if let Some(members) = json.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    json
}

fn scheme(authorizer: &Authorizer) -> Json {
    let jwt = authorizer.authorizer_type == "JWT";
    let settings = without_nulls(json!({
        "type": authorizer.authorizer_type.to_ascii_lowercase(),
        "identitySource": authorizer.identity_source.join(","),
        "authorizerUri": authorizer.authorizer_uri,
        "authorizerCredentials": authorizer.authorizer_credentials_arn,
        "authorizerPayloadFormatVersion": authorizer.authorizer_payload_format_version,
        "authorizerResultTtlInSeconds": authorizer.authorizer_result_ttl_in_seconds,
        "enableSimpleResponses": authorizer.enable_simple_responses,
        "jwtConfiguration": authorizer.jwt_configuration,
    }));
    let mut scheme = if jwt {
        json!({ "type": "oauth2", "flows": {} })
    } else {
        json!({ "type": "apiKey", "name": "Authorization", "in": "header" })
    };
    scheme["x-amazon-apigateway-authorizer"] = settings;
    scheme
}

fn operation(route: &Route, tree: &Tree, extensions: bool) -> Json {
    let mut operation = json!({ "responses": { "default": { "description": format!("Default response for {}", route.route_key) } } });
    if let Some(name) = &route.operation_name {
        operation["operationId"] = json!(name);
    }
    if !extensions {
        return operation;
    }
    if route.route_key == "$default" {
        operation["isDefaultRoute"] = json!(true);
    }
    let id = route.target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
    if let Some(one) = id.and_then(|id| tree.integrations.get(id)) {
        operation["x-amazon-apigateway-integration"] = without_nulls(json!({
            "type": one.integration_type.to_ascii_lowercase(),
            "httpMethod": one.integration_method,
            "uri": one.integration_uri,
            "connectionType": one.connection_type,
            "credentials": one.credentials_arn,
            "payloadFormatVersion": one.payload_format_version,
            "requestParameters": one.request_parameters,
            "responseParameters": one.response_parameters,
            "timeoutInMillis": one.timeout_in_millis,
        }));
    }
    let authorizer = route.authorizer_id.as_ref().and_then(|id| tree.authorizers.get(id));
    if let Some(authorizer) = authorizer {
        let scopes = route.authorization_scopes.clone().unwrap_or_default();
        operation["security"] = json!([{ authorizer.name.clone(): scopes }]);
    } else if route.authorization_type == "AWS_IAM" {
        operation["security"] = json!([{ "sigv4": [] }]);
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"
openapi: 3.0.1
info: {title: shop, version: "1.0"}
paths:
  /pets/{id}:
    get:
      security: [{issuer: [read]}]
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, payloadFormatVersion: "2.0", uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"}
  /$default:
    x-amazon-apigateway-any-method:
      isDefaultRoute: true
      x-amazon-apigateway-integration: {type: http_proxy, httpMethod: ANY, payloadFormatVersion: "1.0", uri: "http://a.shop.weft.localhost/", requestParameters: {"append:header.x": "y"}}
components:
  securitySchemes:
    issuer:
      type: oauth2
      x-amazon-apigateway-authorizer: {type: jwt, identitySource: $request.header.Authorization, jwtConfiguration: {issuer: "http://i.example", audience: [me]}}
x-amazon-apigateway-cors: {allowOrigins: ["*"], maxAge: 5}
"#;

    #[test]
    fn a_description_becomes_an_api_and_again() {
        let read =
            |text: &str| import(&Document::parse(text.as_bytes()).unwrap(), None, Api::default()).unwrap();
        let first = read(SHOP);
        let route = |snapshot: &Snapshot, key: &str| {
            snapshot.tree.routes.values().find(|route| route.route_key == key).cloned().unwrap()
        };
        let get = route(&first, "GET /pets/{id}");
        assert_eq!(
            (get.authorization_type.as_str(), get.authorization_scopes),
            ("JWT", Some(vec!["read".to_owned()]))
        );
        assert_eq!(first.api.cors_configuration.as_ref().unwrap().max_age, Some(5));
        let again = read(&export(&first, true).to_string());
        assert_eq!(again.api, first.api);
        assert_eq!(
            (again.tree.routes.len(), again.tree.integrations.len(), again.tree.authorizers.len()),
            (2, 2, 1)
        );
        assert_eq!(route(&again, "$default").authorization_type, "NONE");
    }
}
