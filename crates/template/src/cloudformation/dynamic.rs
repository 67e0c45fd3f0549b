//! Dynamic references: `{{resolve:SERVICE:NAME}}` in a text.

use serde_json::{Map, Value};

/// What a dynamic reference asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DynamicReference {
    /// `{{resolve:ssm:NAME:VERSION}}`.
    Ssm {
        /// The parameter.
        name: String,
        /// Its version; the latest where none is given.
        version: Option<u64>,
    },
    /// `{{resolve:ssm-secure:NAME:VERSION}}`.
    SsmSecure {
        /// The parameter.
        name: String,
        /// Its version; the latest where none is given.
        version: Option<u64>,
    },
    /// `{{resolve:secretsmanager:SECRET:SecretString:KEY:STAGE:VERSION}}`.
    SecretsManager {
        /// The secret's name or ARN.
        secret: String,
        /// The key in its JSON; the whole string where none is given.
        json_key: Option<String>,
        /// The version's stage.
        version_stage: Option<String>,
        /// The version's id.
        version_id: Option<String>,
    },
}

const START: &str = "{{resolve:";

/// All dynamic references in a value, each once, in order.
pub fn dynamic_references(value: &Value) -> Vec<DynamicReference> {
    let mut found = Vec::new();
    gather(value, &mut found);
    found
}

fn gather(value: &Value, found: &mut Vec<DynamicReference>) {
    match value {
        Value::String(text) => {
            for (reference, _, _) in in_text(text) {
                if !found.contains(&reference) {
                    found.push(reference);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => members.values().for_each(|value| gather(value, found)),
        _ => {}
    }
}

/// A value with its dynamic references replaced by what `look` gives. What is put in is not looked at again.
pub fn substitute<E>(
    value: &Value,
    look: &mut dyn FnMut(&DynamicReference) -> Result<String, E>,
) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => {
            let mut filled = String::new();
            let mut end = 0;
            for (reference, from, to) in in_text(text) {
                filled.push_str(&text[end..from]);
                filled.push_str(&look(&reference)?);
                end = to;
            }
            filled.push_str(&text[end..]);
            Value::String(filled)
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| substitute(item, look)).collect::<Result<_, E>>()?)
        }
        Value::Object(members) => {
            let mut filled = Map::new();
            for (key, value) in members {
                filled.insert(key.clone(), substitute(value, look)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

/// The references in a text with the bytes that they take.
fn in_text(text: &str) -> Vec<(DynamicReference, usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(START).map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at) else { break };
        match parse(&text[start + START.len()..end]) {
            Some(reference) => {
                found.push((reference, start, end + 2));
                from = end + 2;
            }
            None => from = start + START.len(),
        }
    }
    found
}

fn parse(text: &str) -> Option<DynamicReference> {
    let (service, rest) = text.split_once(':')?;
    match service {
        "ssm" => parameter(rest).map(|(name, version)| DynamicReference::Ssm { name, version }),
        "ssm-secure" => parameter(rest).map(|(name, version)| DynamicReference::SsmSecure { name, version }),
        "secretsmanager" => secret(rest),
        _ => None,
    }
}

/// A parameter's name, which may be an ARN, and its version.
fn parameter(text: &str) -> Option<(String, Option<u64>)> {
    let (name, version) = match text.rsplit_once(':') {
        Some((name, version)) if version.parse::<u64>().is_ok() => (name, version.parse().ok()),
        _ => (text, None),
    };
    (!name.is_empty()).then(|| (name.to_owned(), version))
}

fn secret(text: &str) -> Option<DynamicReference> {
    let parts: Vec<&str> = text.split(':').collect();
    let length = if text.starts_with("arn:") { 7 } else { 1 };
    let secret = parts.get(..length)?.join(":");
    let mut rest = parts[length..].iter().copied();
    if !matches!(rest.next(), None | Some("" | "SecretString")) || secret.is_empty() {
        return None;
    }
    let mut next = || rest.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let (json_key, version_stage, version_id) = (next(), next(), next());
    Some(DynamicReference::SecretsManager { secret, json_key, version_stage, version_id })
}
