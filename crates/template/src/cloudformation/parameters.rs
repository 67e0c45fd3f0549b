//! The section `Parameters`.

use serde_json::{Map, Value};

use super::parameter::ssm_kind;
use super::{ParameterDeclaration, TemplateError};

/// Reads the section; none is an empty one.
pub(super) fn declared(document: &Value) -> Result<Vec<ParameterDeclaration>, TemplateError> {
    let Some(section) = document.get("Parameters").and_then(Value::as_object) else { return Ok(Vec::new()) };
    section.iter().map(|(key, declaration)| declare(key, declaration)).collect()
}

fn declare(key: &str, declaration: &Value) -> Result<ParameterDeclaration, TemplateError> {
    let Some(members) = declaration.as_object() else {
        return Err(TemplateError::format("Any Parameters member must be an object."));
    };
    if let Some(stranger) = members.keys().find(|name| !is_attribute(name)) {
        return Err(TemplateError::new(format!("Invalid template parameter property '{stranger}'")));
    }
    let Some(kind) = members.get("Type").and_then(Value::as_str) else {
        return Err(TemplateError::format("Every Parameters object must contain a Type member."));
    };
    if !is_type(kind) {
        return Err(TemplateError::format(format!("Unrecognized parameter type: {kind}")));
    }
    let read = |name: &str| text(members, name);
    Ok(ParameterDeclaration {
        key: key.to_owned(),
        kind: kind.to_owned(),
        default: read("Default")?,
        no_echo: read("NoEcho")?.is_some_and(|text| text.eq_ignore_ascii_case("true")),
        description: read("Description")?,
        constraint_description: read("ConstraintDescription")?,
        allowed_values: allowed(members)?,
        allowed_pattern: read("AllowedPattern")?,
        min_length: number(members, "MinLength")?,
        max_length: number(members, "MaxLength")?,
        min_value: number(members, "MinValue")?,
        max_value: number(members, "MaxValue")?,
    })
}

fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "Type"
            | "Default"
            | "NoEcho"
            | "Description"
            | "ConstraintDescription"
            | "AllowedValues"
            | "AllowedPattern"
            | "MinLength"
            | "MaxLength"
            | "MinValue"
            | "MaxValue"
    )
}

fn is_type(kind: &str) -> bool {
    let inner = ssm_kind(kind).unwrap_or(kind);
    let single = inner.strip_prefix("List<").and_then(|inner| inner.strip_suffix('>')).unwrap_or(inner);
    match single {
        "String" | "Number" | "CommaDelimitedList" => true,
        "AWS::EC2::AvailabilityZone::Name"
        | "AWS::EC2::Image::Id"
        | "AWS::EC2::Instance::Id"
        | "AWS::EC2::KeyPair::KeyName"
        | "AWS::EC2::SecurityGroup::GroupName"
        | "AWS::EC2::SecurityGroup::Id"
        | "AWS::EC2::Subnet::Id"
        | "AWS::EC2::Volume::Id"
        | "AWS::EC2::VPC::Id"
        | "AWS::Route53::HostedZone::Id" => true,
        "AWS::SSM::Parameter::Name" => kind == single,
        _ => false,
    }
}

fn allowed(members: &Map<String, Value>) -> Result<Vec<String>, TemplateError> {
    match members.get("AllowedValues") {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(|value| scalar("AllowedValues", value)).collect(),
        Some(_) => Err(TemplateError::format("Every AllowedValues value must be a list.")),
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, TemplateError> {
    members.get(name).map(|value| scalar(name, value)).transpose()
}

fn number<T: std::str::FromStr>(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Option<T>, TemplateError> {
    let Some(text) = text(members, name)? else { return Ok(None) };
    let read = text
        .trim()
        .parse()
        .map_err(|_| TemplateError::format(format!("Every {name} value must be a number.")));
    read.map(Some)
}

fn scalar(name: &str, value: &Value) -> Result<String, TemplateError> {
    super::value::scalar(value)
        .ok_or_else(|| TemplateError::format(format!("Every {name} member must be a string.")))
}
