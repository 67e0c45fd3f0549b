//! Who may call the methods of an API.

use serde_json::{Map, Value, json};

use super::route::Route;
use super::{Sam, invalid};
use crate::cloudformation::TemplateError;

/// How an authorizer's function is called.
pub(super) fn function_uri(sam: &Sam<'_>, arn: &Value) -> Value {
    let partition = &sam.environment.partition;
    json!({"Fn::Sub": [
        format!("arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations"),
        {"__FunctionArn__": arn},
    ]})
}

/// The authorizers of an API's `Auth`, by name.
pub(super) fn all(auth: &Value) -> impl Iterator<Item = (&String, &Value)> {
    auth.get("Authorizers").and_then(Value::as_object).into_iter().flatten()
}

/// What a method's `security` says, if anything.
pub(super) fn security(
    api: &str,
    auth: &Value,
    route: Option<&Route>,
) -> Result<Option<Value>, TemplateError> {
    let default = auth.get("DefaultAuthorizer").and_then(Value::as_str);
    let own = route.and_then(|route| route.auth("Authorizer")).and_then(Value::as_str);
    let mut asked = Vec::new();
    match own.or(default) {
        Some("NONE") if default.is_some() => {
            asked.push(json!({"NONE": []}));
        }
        Some("NONE") | None => {}
        Some(name) => {
            let known = all(auth).find(|(known, _)| *known == name);
            if known.is_none() && name != "AWS_IAM" {
                return Err(invalid(
                    api,
                    &format!(
                        "Unable to set Authorizer [{name}] on API method because it wasn't defined in the API's Authorizers."
                    ),
                ));
            }
            let own = route.and_then(|route| route.auth("AuthorizationScopes"));
            let scopes =
                own.or_else(|| known.and_then(|(_, authorizer)| authorizer.get("AuthorizationScopes")));
            asked.push(json!({name: scopes.cloned().unwrap_or_else(|| json!([]))}));
        }
    }
    let key = route.and_then(|route| route.auth("ApiKeyRequired")).or_else(|| auth.get("ApiKeyRequired"));
    if key == Some(&Value::Bool(true)) {
        asked.push(json!({"api_key": []}));
    }
    Ok((!asked.is_empty()).then_some(Value::Array(asked)))
}

/// The definitions of a REST API's authorizers.
pub(super) fn definitions(
    sam: &Sam<'_>,
    api: &str,
    auth: &Value,
) -> Result<Map<String, Value>, TemplateError> {
    let mut definitions = Map::new();
    for (name, authorizer) in all(auth) {
        let definition = if let Some(pool) = authorizer.get("UserPoolArn") {
            let arns = pool.as_array().cloned().unwrap_or_else(|| vec![pool.clone()]);
            json!({
                "type": "apiKey", "name": header(authorizer), "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": arns},
            })
        } else {
            lambda(sam, api, name, authorizer)?
        };
        definitions.insert(name.clone(), definition);
    }
    Ok(definitions)
}

/// The header that says who calls.
fn header(authorizer: &Value) -> Value {
    authorizer.pointer("/Identity/Header").cloned().unwrap_or_else(|| json!("Authorization"))
}

fn lambda(sam: &Sam<'_>, api: &str, name: &str, authorizer: &Value) -> Result<Value, TemplateError> {
    let arn = authorizer.get("FunctionArn");
    let arn = arn.ok_or_else(|| {
        invalid(api, &format!("{name} Authorizer must have a 'FunctionArn' or a 'UserPoolArn'."))
    })?;
    let request = authorizer["FunctionPayloadType"] == "REQUEST";
    let identity = authorizer.get("Identity").unwrap_or(&Value::Null);
    let mut details = json!({
        "type": if request { "request" } else { "token" },
        "authorizerUri": function_uri(sam, arn),
    });
    if request {
        let sources = identity_sources(identity);
        if sources.is_empty() && identity.get("ReauthorizeEvery") != Some(&json!(0)) {
            return Err(invalid(
                api,
                &format!(
                    "{name} Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context."
                ),
            ));
        }
        if !sources.is_empty() {
            details["identitySource"] = Value::from(sources.join(", "));
        }
    }
    for (from, to) in [
        ("ReauthorizeEvery", "authorizerResultTtlInSeconds"),
        ("ValidationExpression", "identityValidationExpression"),
    ] {
        if let Some(value) = identity.get(from) {
            details[to] = value.clone();
        }
    }
    if let Some(role) = authorizer.get("FunctionInvokeRole") {
        details["authorizerCredentials"] = role.clone();
    }
    Ok(json!({
        "type": "apiKey", "name": if request { json!("Unused") } else { header(authorizer) }, "in": "header",
        "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": details,
    }))
}

fn identity_sources(identity: &Value) -> Vec<String> {
    let kinds = [
        ("Headers", "method.request.header."),
        ("QueryStrings", "method.request.querystring."),
        ("StageVariables", "stageVariables."),
        ("Context", "context."),
    ];
    let of = |(name, prefix): (&str, &str)| -> Vec<String> {
        let list =
            identity.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        list.map(|part| format!("{prefix}{part}")).collect()
    };
    kinds.into_iter().flat_map(of).collect()
}

/// Lets an API call the functions of its authorizers.
pub(super) fn permissions(sam: &mut Sam<'_>, api: &str, auth: &Value, resource: &Value, partition: &str) {
    let functions = all(auth).filter(|(_, authorizer)| authorizer.get("FunctionInvokeRole").is_none());
    let functions: Vec<(String, Value)> = functions
        .filter_map(|(name, authorizer)| Some((name.clone(), authorizer.get("FunctionArn")?.clone())))
        .collect();
    for (name, arn) in functions {
        let from = json!({"Fn::Sub": [
            format!("arn:{partition}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/authorizers/*"),
            {"__ApiId__": {"Ref": api}},
        ]});
        let made = json!({
            "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "apigateway.amazonaws.com", "SourceArn": from,
        });
        let made = made.as_object().cloned().unwrap_or_default();
        sam.put(
            &format!("{api}{name}AuthorizerPermission"),
            "AWS::Lambda::Permission",
            made,
            resource,
            Value::Null,
        );
    }
}
