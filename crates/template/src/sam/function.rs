//! `AWS::Serverless::Function`: a function, its role, version, alias, URL and event sources.

use serde_json::{Map, Value, json};

use super::function_parts::{Target, code, invoke_config, tag_list, url, version};
use super::policy::Role;
use super::{Sam, event, invalid, pick, properties};
use crate::cloudformation::TemplateError;

/// Properties that a function has under the same name.
const SAME: &[&str] = &[
    "Architectures",
    "CodeSigningConfigArn",
    "Description",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "FunctionScalingConfig",
    "Handler",
    "ImageConfig",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "TenancyConfig",
    "Timeout",
    "VpcConfig",
];

/// Properties that mean something else than a property of the function.
const OTHERS: &[&str] = &[
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CodeUri",
    "DeadLetterQueue",
    "EventInvokeConfig",
    "Events",
    "FunctionUrlConfig",
    "ImageUri",
    "InlineCode",
    "PermissionsBoundary",
    "Policies",
    "ProvisionedConcurrencyConfig",
    "RolePath",
    "SourceKMSKeyArn",
    "Tags",
    "Tracing",
    "VersionDeletionPolicy",
    "VersionDescription",
];

pub(super) fn make(
    sam: &mut Sam<'_>,
    name: &str,
    resource: &Value,
    resources: &Map<String, Value>,
) -> Result<(), TemplateError> {
    let given = properties(resource);
    known(name, given)?;
    if resource.get("Connectors").is_some() {
        return Err(invalid(name, "Connectors are not built"));
    }
    let mut function = plain(name, given)?;
    let role = role(sam, name, given)?;
    let target = match given.get("AutoPublishAlias") {
        Some(alias) => version(sam, name, alias, &mut function, resource)?,
        None if given.get("ProvisionedConcurrencyConfig").is_some() => {
            return Err(invalid(
                name,
                "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function",
            ));
        }
        None => Target::function(name),
    };
    if let Some(config) = given.get("FunctionUrlConfig") {
        url(sam, name, config, &target, resource)?;
    }
    let mut role = role;
    if let Some(config) = given.get("EventInvokeConfig") {
        invoke_config(sam, name, config, &target, resource, &mut role)?;
    }
    for (event, body) in given.get("Events").and_then(Value::as_object).into_iter().flatten() {
        let source = event::Source::new(name, event, body, resource, &target)?;
        event::make(sam, &source, &mut role, resources)?;
    }
    if !function.contains_key("Role") {
        function.insert("Role".into(), json!({"Fn::GetAtt": [format!("{name}Role"), "Arn"]}));
        let role = role.resource(given, tag_list(&tags(given)));
        sam.put(&format!("{name}Role"), "AWS::IAM::Role", role, resource, Value::Null);
    }
    let more = pick(resource, &["DependsOn", "Metadata"]);
    sam.put(name, "AWS::Lambda::Function", function, resource, Value::Object(more));
    Ok(())
}

/// Refuses properties that a function has not, and those that are not built.
fn known(name: &str, given: &Value) -> Result<(), TemplateError> {
    for property in given.as_object().into_iter().flat_map(Map::keys) {
        let property = property.as_str();
        if matches!(
            property,
            "DeploymentPreference" | "PropagateTags" | "CapacityProviderConfig" | "PublishToLatestPublished"
        ) {
            return Err(invalid(name, &format!("The property {property} is not built")));
        }
        if !SAME.contains(&property) && !OTHERS.contains(&property) {
            return Err(invalid(
                name,
                &format!("property {property} not defined for resource of type AWS::Serverless::Function"),
            ));
        }
    }
    Ok(())
}

/// The function's own properties, without its role.
fn plain(name: &str, given: &Value) -> Result<Map<String, Value>, TemplateError> {
    let mut function = pick(given, SAME);
    function.insert("Code".into(), code(name, given)?);
    function.insert("Tags".into(), tag_list(&tags(given)));
    if let Some(mode) = given.get("Tracing").filter(|mode| !mode.is_null()) {
        function.insert("TracingConfig".into(), json!({"Mode": mode}));
    }
    if let Some(queue) = given.get("DeadLetterQueue") {
        let arn = queue.get("TargetArn").filter(|_| matches!(queue["Type"].as_str(), Some("SQS" | "SNS")));
        let arn = arn.ok_or_else(|| {
            invalid(name, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
        })?;
        function.insert("DeadLetterConfig".into(), json!({"TargetArn": arn}));
    }
    Ok(function)
}

/// The tags of a function, with the one that says where it comes from.
fn tags(given: &Value) -> Value {
    let mut tags = Map::from_iter([("lambda:createdBy".to_owned(), json!("SAM"))]);
    tags.extend(given.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default());
    Value::Object(tags)
}

/// The role with what the properties of the function ask for.
fn role(sam: &Sam<'_>, name: &str, given: &Value) -> Result<Role, TemplateError> {
    let mut role = Role::new(&sam.environment.partition);
    role.managed("AWSLambdaBasicExecutionRole");
    let tracing = given.get("Tracing").map(|mode| sam.filled(mode));
    if tracing.is_some_and(|mode| mode != "Disabled") {
        role.managed("AWSXrayWriteOnlyAccess");
    }
    if given.get("VpcConfig").is_some() {
        role.managed("AWSLambdaVPCAccessExecutionRole");
    }
    if let Some(policies) = given.get("Policies") {
        role.add_all(name, policies)?;
    }
    if let Some(queue) = given.get("DeadLetterQueue") {
        let action = if queue["Type"] == "SNS" { "sns:Publish" } else { "sqs:SendMessage" };
        role.policies.push(json!({
            "PolicyName": "DeadLetterQueuePolicy",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": action, "Resource": queue["TargetArn"], "Effect": "Allow"}],
            },
        }));
    }
    Ok(role)
}
