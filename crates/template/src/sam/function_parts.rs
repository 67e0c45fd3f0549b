//! What stands beside a function: code, version, alias, URL, what happens to results.

use serde_json::{Map, Value, json};

use super::policy::Role;
use super::{Sam, invalid, names, pick, properties};
use crate::cloudformation::TemplateError;

/// What event sources call: a function, or its alias.
pub(super) struct Target {
    /// As a permission names it.
    pub(super) name: Value,
    /// Its ARN.
    pub(super) arn: Value,
    /// How `Fn::Sub` names its ARN.
    pub(super) variable: String,
    /// The alias, or the unpublished version.
    qualifier: Value,
}

impl Target {
    pub(super) fn function(name: &str) -> Self {
        Self {
            name: json!({"Ref": name}),
            arn: json!({"Fn::GetAtt": [name, "Arn"]}),
            variable: format!("${{{name}.Arn}}"),
            qualifier: json!("$LATEST"),
        }
    }
}

/// Tags as a list; a list stays one.
pub(super) fn tag_list(tags: &Value) -> Value {
    match tags {
        Value::Object(tags) => tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect(),
        other => other.clone(),
    }
}

/// Where a function's code is.
pub(super) fn code(name: &str, given: &Value) -> Result<Value, TemplateError> {
    let image = given["PackageType"] == "Image";
    if image {
        let uri = given.get("ImageUri").ok_or_else(|| invalid(name, "'ImageUri' must be set."))?;
        return Ok(json!({"ImageUri": uri}));
    }
    if given.get("Runtime").is_none() || given.get("Handler").is_none() {
        return Err(invalid(
            name,
            "Runtime and Handler needs to be present when PackageType is of type `Zip`",
        ));
    }
    let mut code = match (given.get("InlineCode"), given.get("CodeUri")) {
        (Some(text), None) => json!({"ZipFile": text}),
        (None, Some(uri)) => location(name, "CodeUri", uri)?,
        (Some(_), Some(_)) => {
            return Err(invalid(
                name,
                "Only one of the following properties can be used: CodeUri or InlineCode",
            ));
        }
        (None, None) => return Err(invalid(name, "Either 'InlineCode' or 'CodeUri' must be set.")),
    };
    if let Some(key) = given.get("SourceKMSKeyArn") {
        code["SourceKMSKeyArn"] = key.clone();
    }
    Ok(code)
}

/// A place in S3: `s3://BUCKET/KEY?versionId=VERSION` or a map.
pub(super) fn location(name: &str, property: &str, uri: &Value) -> Result<Value, TemplateError> {
    let wrong = || {
        invalid(
            name,
            &format!(
                "'{property}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter."
            ),
        )
    };
    let mut place = Map::new();
    match uri {
        Value::String(text) => {
            let (path, version) = match text.split_once("?versionId=") {
                Some((path, version)) => (path, Some(version)),
                None => (text.as_str(), None),
            };
            let parts = path.strip_prefix("s3://").and_then(|path| path.split_once('/'));
            let (bucket, key) =
                parts.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()).ok_or_else(wrong)?;
            place.insert("S3Bucket".into(), Value::from(bucket));
            place.insert("S3Key".into(), Value::from(key));
            if let Some(version) = version {
                place.insert("S3ObjectVersion".into(), Value::from(version));
            }
        }
        Value::Object(parts) if parts.contains_key("Bucket") && parts.contains_key("Key") => {
            for (from, to) in [("Bucket", "S3Bucket"), ("Key", "S3Key"), ("Version", "S3ObjectVersion")] {
                if let Some(value) = parts.get(from) {
                    place.insert(to.into(), value.clone());
                }
            }
        }
        _ => {
            return Err(invalid(
                name,
                &format!("'{property}' requires Bucket and Key properties to be specified."),
            ));
        }
    }
    Ok(Value::Object(place))
}

/// A version that is new whenever the code is, and an alias on it.
pub(super) fn version(
    sam: &mut Sam<'_>,
    name: &str,
    alias: &Value,
    function: &mut Map<String, Value>,
    resource: &Value,
) -> Result<Target, TemplateError> {
    let given = properties(resource);
    let alias = sam.filled(alias);
    let alias = alias.as_str().filter(|alias| !alias.is_empty());
    let alias = alias.ok_or_else(|| {
        invalid(name, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
    })?;
    let sha = given.get("AutoPublishCodeSha256").map(|sha| sam.filled(sha));
    let suffix = match sha.as_ref().map(|sha| sha.as_str().ok_or("AutoPublishCodeSha256 must be a string")) {
        Some(Ok(sha)) => {
            let description = function.get("Description").map(|text| sam.filled(text));
            let description = match description {
                None => json!(sha),
                Some(Value::String(text)) => json!(format!("{text} {sha}")),
                Some(other) => json!({"Fn::Join": [" ", [other, sha]]}),
            };
            function.insert("Description".into(), description);
            sha.chars().take(10).collect()
        }
        Some(Err(why)) => return Err(invalid(name, why)),
        None => names::digest_of(&hashed(sam, given, function), 10),
    };
    let version = format!("{name}Version{suffix}");
    let mut made = Map::from_iter([("FunctionName".to_owned(), json!({"Ref": name}))]);
    if let Some(description) = given.get("VersionDescription") {
        made.insert("Description".into(), description.clone());
    }
    let kept = given.get("VersionDeletionPolicy").or_else(|| resource.get("DeletionPolicy"));
    let more = json!({"DeletionPolicy": kept.cloned().unwrap_or_else(|| json!("Retain"))});
    sam.put(&version, "AWS::Lambda::Version", made, resource, more);

    let alias_name = format!("{name}Alias{}", alias.replace('-', "D").replace('_', "U"));
    let mut made = json!({
        "Name": alias,
        "FunctionName": {"Ref": name},
        "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
    });
    if let Some(config) = given.get("ProvisionedConcurrencyConfig") {
        made["ProvisionedConcurrencyConfig"] = config.clone();
    }
    let made = made.as_object().cloned().unwrap_or_default();
    sam.put(&alias_name, "AWS::Lambda::Alias", made, resource, Value::Null);
    sam.renamed.insert(format!("{name}.Version"), version);
    sam.renamed.insert(format!("{name}.Alias"), alias_name.clone());
    let reference = json!({"Ref": alias_name});
    Ok(Target {
        name: reference.clone(),
        arn: reference,
        variable: format!("${{{alias_name}}}"),
        qualifier: Value::from(alias),
    })
}

/// What makes a new version when it changes.
fn hashed(sam: &Sam<'_>, given: &Value, function: &Map<String, Value>) -> Value {
    if given["AutoPublishAliasAllProperties"] == true {
        return Value::Object(function.clone());
    }
    let mut hashed = match function.get("Code").map(|code| sam.filled(code)) {
        Some(Value::Object(code)) => code,
        _ => Map::new(),
    };
    if let Some(Value::Object(environment)) = function.get("Environment") {
        hashed.extend(environment.clone());
    }
    if let Some(size) = function.get("MemorySize") {
        hashed.insert("MemorySize".into(), size.clone());
    }
    if let Some(snap) = function.get("SnapStart").filter(|snap| snap["ApplyOn"] != "None") {
        hashed.insert("SnapStart".into(), snap.clone());
    }
    Value::Object(hashed)
}

/// A URL, and where it is open to anybody the two permissions that it takes.
pub(super) fn url(
    sam: &mut Sam<'_>,
    name: &str,
    config: &Value,
    target: &Target,
    resource: &Value,
) -> Result<(), TemplateError> {
    let kind = config.get("AuthType").ok_or_else(|| {
        invalid(name, "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.")
    })?;
    let mut made = pick(config, &["AuthType", "Cors", "InvokeMode"]);
    made.insert("TargetFunctionArn".into(), target.name.clone());
    sam.put(&format!("{name}Url"), "AWS::Lambda::Url", made, resource, Value::Null);
    if kind != "NONE" {
        return Ok(());
    }
    let open = json!({
        "Action": "lambda:InvokeFunctionUrl", "FunctionName": target.name, "Principal": "*", "FunctionUrlAuthType": kind,
    });
    let invoke = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": target.name, "Principal": "*", "InvokedViaFunctionUrl": true,
    });
    for (suffix, permission) in [("UrlPublicPermissions", open), ("URLInvokeAllowPublicAccess", invoke)] {
        let permission = permission.as_object().cloned().unwrap_or_default();
        sam.put(&format!("{name}{suffix}"), "AWS::Lambda::Permission", permission, resource, Value::Null);
    }
    Ok(())
}

/// What happens to events that a function is asked to handle later.
pub(super) fn invoke_config(
    sam: &mut Sam<'_>,
    name: &str,
    config: &Value,
    target: &Target,
    resource: &Value,
    role: &mut Role,
) -> Result<(), TemplateError> {
    let id = format!("{name}EventInvokeConfig");
    let mut made = pick(config, &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"]);
    made.insert("FunctionName".into(), json!({"Ref": name}));
    made.insert("Qualifier".into(), target.qualifier.clone());
    let mut destinations = Map::new();
    for side in ["OnSuccess", "OnFailure"] {
        let Some(destination) = config.get("DestinationConfig").and_then(|config| config.get(side)) else {
            continue;
        };
        let Some(place) = destination.get("Destination") else {
            return Err(invalid(name, "A 'DestinationConfig' without a 'Destination' is not built"));
        };
        let kind = destination.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| {
            invalid(name, "'Type: EventBridge | Lambda | SNS | SQS | S3Bucket' must be set for a destination")
        })?;
        role.destination(&format!("{id}{side}"), kind, place)
            .ok_or_else(|| invalid(name, &format!("'Type' of a destination cannot be {kind}")))?;
        destinations.insert(side.to_owned(), json!({"Destination": place}));
    }
    if !destinations.is_empty() {
        made.insert("DestinationConfig".into(), Value::Object(destinations));
    }
    // The version that the alias points to must be there.
    let more = target
        .name
        .get("Ref")
        .filter(|_| target.qualifier != "$LATEST")
        .map(|alias| json!({"DependsOn": [alias]}));
    sam.put(&id, "AWS::Lambda::EventInvokeConfig", made, resource, more.unwrap_or_default());
    Ok(())
}
