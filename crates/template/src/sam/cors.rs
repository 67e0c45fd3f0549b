//! CORS of a REST API: a method `OPTIONS` on each path that answers by itself.

use serde_json::{Map, Value, json};

use super::route::{ANY, is_method};

/// Adds it where a path has none. Gives the paths that got it.
pub(super) fn add(paths: &mut Map<String, Value>, cors: &Value) -> Vec<String> {
    let of = |name: &str| cors.get(name).cloned();
    let function = cors
        .as_object()
        .is_some_and(|members| members.keys().all(|key| key == "Ref" || key.starts_with("Fn::")));
    let plain = cors.is_string() || function;
    let origin = if plain { Some(cors.clone()) } else { of("AllowOrigin") };
    let mut added = Vec::new();
    for (name, path) in paths.iter_mut() {
        let Some(methods) = path.as_object_mut().filter(|methods| !methods.contains_key("options")) else {
            continue;
        };
        let allowed = if plain { None } else { of("AllowMethods") };
        let allowed = allowed.unwrap_or_else(|| Value::from(format!("'{}'", all_methods(methods))));
        let mut headers =
            vec![("Access-Control-Allow-Origin", origin.clone().unwrap_or_else(|| json!("'*'")))];
        headers.push(("Access-Control-Allow-Methods", allowed));
        if !plain {
            for (name, property) in
                [("Access-Control-Allow-Headers", "AllowHeaders"), ("Access-Control-Max-Age", "MaxAge")]
            {
                headers.extend(of(property).map(|value| (name, value)));
            }
            if of("AllowCredentials") == Some(Value::Bool(true)) {
                headers.push(("Access-Control-Allow-Credentials", json!("'true'")));
            }
        }
        methods.insert("options".to_owned(), options(&headers));
        added.push(name.clone());
    }
    added
}

/// The methods of a path and `OPTIONS`, in order.
fn all_methods(methods: &Map<String, Value>) -> String {
    if methods.contains_key(ANY) {
        return "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT".to_owned();
    }
    let mut names: Vec<String> =
        methods.keys().filter(|name| is_method(name)).map(|name| name.to_uppercase()).collect();
    names.push("OPTIONS".to_owned());
    names.sort();
    names.join(",")
}

fn options(headers: &[(&str, Value)]) -> Value {
    let parameters =
        headers.iter().map(|(name, value)| (format!("method.response.header.{name}"), value.clone()));
    let parameters: Map<String, Value> = parameters.collect();
    let declared = headers.iter().map(|(name, _)| {
        let kind = if *name == "Access-Control-Max-Age" { "integer" } else { "string" };
        ((*name).to_owned(), json!({"type": kind}))
    });
    let declared: Map<String, Value> = declared.collect();
    json!({
        "summary": "CORS support",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\n  \"statusCode\" : 200\n}\n"},
            "responses": {"default": {
                "statusCode": "200",
                "responseParameters": parameters,
                "responseTemplates": {"application/json": "{}\n"},
            }},
        },
        "responses": {"200": {"description": "Default response for CORS method", "headers": declared}},
    })
}
