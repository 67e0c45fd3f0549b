//! References to what has another name after the transform, and to parameters before it.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::cloudformation::{Environment, Parameters};

/// Gives references the names that what they refer to has now: `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`.
pub(super) fn rename(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                match key.as_str() {
                    "Ref" => replace(value, renamed),
                    "DependsOn" => {
                        replace(value, renamed);
                        value.as_array_mut().into_iter().flatten().for_each(|name| replace(name, renamed));
                    }
                    "Fn::GetAtt" => attribute(value, renamed),
                    "Fn::Sub" => substitution(value, renamed),
                    _ => {}
                }
                rename(value, renamed);
            }
        }
        _ => {}
    }
}

fn replace(value: &mut Value, renamed: &BTreeMap<String, String>) {
    if let Some(name) = value.as_str().and_then(|name| renamed.get(name)) {
        *value = Value::from(name.as_str());
    }
}

/// `Fn.Version.Version` asks for the attribute `Version` of `Fn.Version`.
fn attribute(value: &mut Value, renamed: &BTreeMap<String, String>) {
    let Value::Array(parts) = value else { return };
    let path: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
    let Some(path) = path.map(|path| path.join(".")) else { return };
    for (at, _) in path.rmatch_indices('.') {
        if let Some(name) = renamed.get(&path[..at]) {
            *parts = vec![Value::from(name.as_str()), Value::from(&path[at + 1..])];
            return;
        }
    }
}

fn substitution(value: &mut Value, renamed: &BTreeMap<String, String>) {
    let text = match value {
        Value::Array(parts) => parts.first_mut(),
        other => Some(other),
    };
    let Some(Value::String(text)) = text else { return };
    for (old, new) in renamed {
        if !text.contains(old.as_str()) {
            continue;
        }
        *text = text.replace(&format!("${{{old}}}"), &format!("${{{new}}}"));
        *text = text.replace(&format!("${{{old}."), &format!("${{{new}."));
    }
}

/// A value with the parameters that it refers to filled in; what there is no room left for stays as it is.
pub(super) fn fill(
    value: &Value,
    parameters: &Parameters,
    environment: &Environment,
    room: &Cell<usize>,
) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| fill(item, parameters, environment, room)).collect(),
        Value::Object(members) => {
            if let Some(name) = members.get("Ref").filter(|_| members.len() == 1).and_then(Value::as_str) {
                if name == "AWS::Region" {
                    return Value::from(environment.region.as_str());
                }
                let parameter = parameters.get(name);
                let rest = parameter.and_then(|parameter| room.get().checked_sub(parameter.given.len()));
                if let (Some(parameter), Some(rest)) = (parameter, rest) {
                    room.set(rest);
                    return parameter.value.clone();
                }
            }
            let filled =
                members.iter().map(|(key, value)| (key.clone(), fill(value, parameters, environment, room)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    }
}
