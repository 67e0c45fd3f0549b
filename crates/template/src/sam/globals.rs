//! `Globals`: properties that all resources of a type have.

use serde_json::{Map, Value};

use super::{document_invalid, serverless};
use crate::cloudformation::TemplateError;

const SECTIONS: [&str; 7] =
    ["Function", "Api", "HttpApi", "SimpleTable", "StateMachine", "LayerVersion", "CapacityProvider"];
/// The most that what is common may take in all resources together, in bytes.
const MAX_COMMON: usize = 4 << 20;
/// What functions cannot have in common.
const OWN: [&str; 4] = ["Role", "Policies", "FunctionName", "Events"];

/// Merges the section into the resources: maps are merged, lists joined, and what a resource says itself wins.
pub(super) fn merge(
    globals: Option<&Value>,
    mut resources: Map<String, Value>,
) -> Result<Map<String, Value>, TemplateError> {
    let globals = match globals {
        None | Some(Value::Null) => return Ok(resources),
        Some(Value::Object(globals)) => globals,
        Some(_) => {
            return Err(document_invalid("'Globals' section is invalid. It must be a non-empty dictionary"));
        }
    };
    let mut room = MAX_COMMON;
    for (section, common) in globals {
        if !SECTIONS.contains(&section.as_str()) {
            return Err(document_invalid(&format!(
                "'Globals' section is invalid. '{section}' is not supported. Must be one of the following values - {SECTIONS:?}"
            )));
        }
        let own = common.as_object().into_iter().flat_map(Map::keys);
        let own = own.filter(|name| section == "Function" && OWN.contains(&name.as_str()));
        if let Some(name) = own.into_iter().next() {
            return Err(document_invalid(&format!(
                "'Globals' section is invalid. '{name}' is not a supported property of '{section}'"
            )));
        }
        let count = resources.values().filter(|resource| serverless(resource) == Some(section)).count();
        room = room.saturating_sub(common.to_string().len() * count);
        if room == 0 {
            return Err(document_invalid("'Globals' section is too large for so many resources"));
        }
        for resource in resources.values_mut().filter(|resource| serverless(resource) == Some(section)) {
            let ignored = resource.get("IgnoreGlobals").cloned();
            if ignored.as_ref().and_then(Value::as_str) == Some("*") {
                continue;
            }
            let mut common = common.clone();
            for name in ignored.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
                common.as_object_mut().and_then(|members| members.shift_remove(name));
            }
            let own = resource.get("Properties").cloned().unwrap_or_default();
            resource["Properties"] = if own.is_null() { common } else { merged(&common, &own) };
        }
    }
    Ok(resources)
}

/// The properties that an implicit API gets.
pub(super) fn of_implicit(globals: Option<&Value>, section: &str) -> Value {
    let common = globals.and_then(|globals| globals.get(section)).filter(|common| common.is_object());
    common.cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

fn is_function(members: &Map<String, Value>) -> bool {
    members.len() == 1 && members.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

fn merged(common: &Value, own: &Value) -> Value {
    match (common, own) {
        (Value::Object(common), Value::Object(own)) if !is_function(common) && !is_function(own) => {
            let mut all = common.clone();
            for (key, value) in own {
                let value = common.get(key).map_or_else(|| value.clone(), |common| merged(common, value));
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (Value::Array(common), Value::Array(own)) => common.iter().chain(own).cloned().collect(),
        _ => own.clone(),
    }
}
