//! The form of a template: its sections, their members, their limits.

use serde_json::{Map, Value};

use super::template::SERVERLESS;
use super::{DeletionPolicy, TemplateError};

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
];
const ATTRIBUTES: [&str; 9] = [
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];
/// Sections, what their limit calls their members, and the most that they may have.
const LIMITS: [(&str, &str, usize); 4] = [
    ("Parameters", "parameters", 200),
    ("Mappings", "mappings", 200),
    ("Resources", "resources", 500),
    ("Outputs", "outputs", 200),
];

/// What language extensions and transforms put where a name would stand.
fn is_loop(name: &str) -> bool {
    name.starts_with("Fn::ForEach::") || name == "Fn::Transform"
}

/// The names of the transforms that a document asks for, in order.
pub(super) fn transforms(document: &Value) -> Result<Vec<String>, TemplateError> {
    let name = |transform: &Value| match transform {
        Value::String(name) => Ok(name.clone()),
        Value::Object(members) => match members.get("Name").and_then(Value::as_str) {
            Some(name) => Ok(name.to_owned()),
            None => Err(TemplateError::format("Every Transform object must contain a Name member.")),
        },
        _ => Err(TemplateError::format("Every Transform member must be a string or an object.")),
    };
    match document.get("Transform") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(name).collect(),
        Some(one) => Ok(vec![name(one)?]),
    }
}

/// Checks a document. What transforms will change is checked once they have.
pub(super) fn check(document: &Value, transforms: &[String], extended: bool) -> Result<(), TemplateError> {
    let Some(sections) = document.as_object() else {
        return Err(TemplateError::format("unsupported structure."));
    };
    let serverless = transforms.iter().any(|name| name == SERVERLESS);
    known_sections(sections, serverless)?;
    head(sections)?;
    let resources =
        sections.get("Resources").and_then(Value::as_object).filter(|section| !section.is_empty());
    let Some(resources) = resources else {
        return Err(TemplateError::format("At least one Resources member must be defined."));
    };
    for (section, what, most) in LIMITS {
        let count = sections.get(section).and_then(Value::as_object).map_or(0, Map::len);
        if count > most {
            return Err(TemplateError::format(format!(
                "Number of {what}, {count}, is greater than maximum allowed, {most}"
            )));
        }
    }
    names(sections, extended)?;
    if transforms.is_empty() {
        no_nulls(document, &mut String::new())?;
    }
    for (name, resource) in resources.iter().filter(|(name, _)| !(extended && is_loop(name))) {
        self::resource(name, resource, serverless, extended)?;
    }
    mappings(sections, transforms)?;
    outputs(sections, extended)
}

fn known_sections(sections: &Map<String, Value>, serverless: bool) -> Result<(), TemplateError> {
    let known = |name: &str| {
        SECTIONS.contains(&name)
            || name == "Transform"
            || (serverless && name == "Globals")
            || name == "Fn::Transform"
    };
    let strangers: Vec<&str> = sections.keys().map(String::as_str).filter(|name| !known(name)).collect();
    if !strangers.is_empty() {
        let names = strangers.join(", ");
        return Err(TemplateError::new(format!("Invalid template property or properties [{names}]")));
    }
    for section in ["Conditions", "Mappings", "Outputs", "Parameters", "Resources", "Rules", "Metadata"] {
        if sections.get(section).is_some_and(|value| !value.is_object() && !(serverless && value.is_null())) {
            return Err(TemplateError::format(format!("{section} must be an object.")));
        }
    }
    Ok(())
}

fn head(sections: &Map<String, Value>) -> Result<(), TemplateError> {
    match sections.get("AWSTemplateFormatVersion") {
        None => {}
        Some(Value::String(version)) if version == "2010-09-09" => {}
        Some(version) => {
            let shown = super::value::scalar(version).unwrap_or_default();
            return Err(TemplateError::format(format!(
                "Unsupported value for AWSTemplateFormatVersion: {shown}."
            )));
        }
    }
    match sections.get("Description") {
        None => Ok(()),
        Some(Value::String(text)) if text.len() <= 1024 => Ok(()),
        Some(Value::String(_)) => Err(TemplateError::format("'Description' length is greater than 1024.")),
        Some(_) => Err(TemplateError::format("Every Description member must be a string.")),
    }
}

fn names(sections: &Map<String, Value>, extended: bool) -> Result<(), TemplateError> {
    for (section, what) in [
        ("Parameters", "Parameter"),
        ("Mappings", "Mapping"),
        ("Conditions", "Condition"),
        ("Resources", "Resource"),
        ("Outputs", "Output"),
    ] {
        let members = sections.get(section).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        for name in members.filter(|name| !(extended && is_loop(name))) {
            if name.is_empty() || !name.chars().all(|sign| sign.is_ascii_alphanumeric()) {
                return Err(TemplateError::format(format!("{what} name {name} is non alphanumeric.")));
            }
            if name.len() > 255 {
                return Err(TemplateError::format(format!(
                    "{what} name {name} is longer than 255 characters."
                )));
            }
        }
    }
    Ok(())
}

fn no_nulls(value: &Value, path: &mut String) -> Result<(), TemplateError> {
    let length = path.len();
    let mut inner = |step: &str, value: &Value| {
        path.push('/');
        path.push_str(step);
        no_nulls(value, path)?;
        path.truncate(length);
        Ok(())
    };
    match value {
        Value::Null => {
            Err(TemplateError::new(format!("[{path}] 'null' values are not allowed in templates")))
        }
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| inner(&index.to_string(), item))
        }
        Value::Object(members) => members.iter().try_for_each(|(key, value)| inner(key, value)),
        _ => Ok(()),
    }
}

fn resource(name: &str, resource: &Value, serverless: bool, extended: bool) -> Result<(), TemplateError> {
    let wrong = |text: &str| Err(TemplateError::format(format!("[/Resources/{name}] {text}")));
    let Some(members) = resource.as_object() else {
        return wrong("Every Resources member must be an object.");
    };
    match members.get("Type") {
        Some(Value::String(_)) => {}
        Some(_) => return wrong("Every Type member must be a string."),
        None => return wrong("Every Resources object must contain a Type member."),
    }
    let known = |attribute: &str| {
        ATTRIBUTES.contains(&attribute)
            || (serverless && matches!(attribute, "Connectors" | "IgnoreGlobals"))
            || attribute == "Fn::Transform"
    };
    if let Some(stranger) = members.keys().find(|attribute| !known(attribute)) {
        return Err(TemplateError::new(format!("Invalid template resource property '{stranger}'")));
    }
    if members.get("Properties").is_some_and(|properties| !properties.is_object()) && !serverless {
        return wrong("Every Properties member must be an object.");
    }
    if members.get("Condition").is_some_and(|condition| !condition.is_string()) {
        return wrong("Every Condition member must be a string.");
    }
    depends_on(name, members.get("DependsOn"))?;
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        policy(name, attribute, members.get(attribute), extended)?;
    }
    Ok(())
}

fn depends_on(name: &str, names: Option<&Value>) -> Result<(), TemplateError> {
    match names {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err(TemplateError::format(format!(
            "[/Resources/{name}] Every DependsOn value must be a string or a list of strings."
        ))),
    }
}

fn policy(name: &str, attribute: &str, policy: Option<&Value>, extended: bool) -> Result<(), TemplateError> {
    match policy {
        None => Ok(()),
        Some(Value::String(text)) => match DeletionPolicy::parse(text) {
            Some(DeletionPolicy::RetainExceptOnCreate) if attribute == "UpdateReplacePolicy" => {
                Err(bad_policy(name, attribute, text))
            }
            Some(_) => Ok(()),
            None => Err(bad_policy(name, attribute, text)),
        },
        Some(Value::Object(_)) if extended => Ok(()),
        Some(_) => Err(TemplateError::format(format!("Every {attribute} member must be a string."))),
    }
}

fn bad_policy(name: &str, attribute: &str, text: &str) -> TemplateError {
    TemplateError::format(format!("Unrecognized {attribute} {text} for resource {name}"))
}

fn mappings(sections: &Map<String, Value>, transforms: &[String]) -> Result<(), TemplateError> {
    let Some(mappings) = sections.get("Mappings").and_then(Value::as_object) else { return Ok(()) };
    let own = |name: &str| name == "Fn::Transform" && !transforms.is_empty();
    for (name, mapping) in mappings.iter().filter(|(name, _)| !own(name)) {
        let Some(keys) = mapping.as_object() else {
            return Err(TemplateError::format("Every Mappings member must be a map."));
        };
        if let Some((key, _)) = keys.iter().find(|(key, value)| !value.is_object() && !is_loop(key)) {
            return Err(TemplateError::format(format!(
                "[/Mappings/{name}/{key}] Every Mappings attribute must be a map"
            )));
        }
    }
    Ok(())
}

fn outputs(sections: &Map<String, Value>, extended: bool) -> Result<(), TemplateError> {
    let Some(outputs) = sections.get("Outputs").and_then(Value::as_object) else { return Ok(()) };
    for (name, output) in outputs.iter().filter(|(name, _)| !(extended && is_loop(name))) {
        let Some(members) = output.as_object() else {
            return Err(TemplateError::format("Every Outputs member must be an object."));
        };
        if !members.contains_key("Value") {
            return Err(TemplateError::format("Every Outputs member must contain a Value object"));
        }
        let known = |name: &str| matches!(name, "Value" | "Description" | "Export" | "Condition");
        if let Some(stranger) = members.keys().find(|name| !known(name)) {
            return Err(TemplateError::new(format!("Invalid template output property '{stranger}'")));
        }
        if members.get("Export").is_some_and(|export| export.get("Name").is_none()) {
            return Err(TemplateError::format(format!(
                "Output {name} is malformed. The Name field of every Export member must be specified."
            )));
        }
    }
    Ok(())
}
