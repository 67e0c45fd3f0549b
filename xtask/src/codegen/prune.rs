//! Cuts a published model down to the operations that are kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

/// What is left out wherever it stands: prose, and what only some clients use.
const DROPPED: &[&str] =
    &["documentation", "deprecated", "deprecatedMessage", "deprecatedSince", "endpoint", "examples", "box"];

/// Reads `service-2.json`, packed or not, of a published model's folder.
pub(crate) fn read(folder: &Path) -> Result<Value, String> {
    let plain = folder.join("service-2.json");
    let packed = folder.join("service-2.json.gz");
    let mut text = String::new();
    let outcome = if plain.is_file() {
        fs::read_to_string(&plain).map(|read| text = read)
    } else {
        File::open(&packed).and_then(|file| GzDecoder::new(file).read_to_string(&mut text).map(|_| ()))
    };
    outcome.map_err(|error| format!("`{}`: {error}", packed.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", plain.display()))
}

/// The model with only the operations in `kept`, the shapes that they reach, and the names of the others.
pub(crate) fn prune(model: &Value, kept: &[&str]) -> Result<Value, String> {
    let operations = model["operations"].as_object().ok_or("the model has no operations")?;
    if let Some(unknown) = kept.iter().find(|name| !operations.contains_key(**name)) {
        return Err(format!("the published model has no operation `{unknown}`"));
    }
    let mut left = Map::new();
    let mut missing = Vec::new();
    let mut reached = BTreeSet::new();
    for (name, operation) in operations {
        if kept.contains(&name.as_str()) {
            let operation = strip(operation);
            reach(&operation, model, &mut reached);
            left.insert(name.clone(), operation);
        } else {
            missing.push(json!([name, operation["http"]["method"], operation["http"]["requestUri"]]));
        }
    }
    let shapes = model["shapes"].as_object().ok_or("the model has no shapes")?;
    let shapes: Map<String, Value> = shapes
        .iter()
        .filter(|(name, _)| reached.contains(*name))
        .map(|(name, shape)| (name.clone(), strip(shape)))
        .collect();
    Ok(json!({
        "version": model["version"],
        "metadata": model["metadata"],
        "operations": left,
        "shapes": shapes,
        "x-weft-missing": missing,
    }))
}

/// The model as text, a line for each operation and shape.
pub(crate) fn print(model: &Value) -> String {
    let section = |value: &Value| match value {
        Value::Object(entries) => {
            let lines: Vec<String> =
                entries.iter().map(|(name, value)| format!("    {}: {value}", json!(name))).collect();
            format!("{{\n{}\n  }}", lines.join(",\n"))
        }
        Value::Array(entries) => {
            let lines: Vec<String> = entries.iter().map(|value| format!("    {value}")).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        }
        other => other.to_string(),
    };
    let sections = model.as_object().into_iter().flatten();
    let sections: Vec<String> =
        sections.map(|(name, value)| format!("  {}: {}", json!(name), section(value))).collect();
    format!("{{\n{}\n}}\n", sections.join(",\n"))
}

fn strip(value: &Value) -> Value {
    match value {
        // `members` maps names to members: a member may well be called `endpoint`.
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .filter(|(key, _)| !DROPPED.contains(&key.as_str()))
                .map(|(key, value)| {
                    (key.clone(), if key == "members" { strip_each(value) } else { strip(value) })
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(strip).collect()),
        other => other.clone(),
    }
}

fn strip_each(members: &Value) -> Value {
    let members = members.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, member)| (name.clone(), strip(member))).collect())
}

/// Adds every shape that a part of the model names, and what those name.
fn reach(part: &Value, model: &Value, reached: &mut BTreeSet<String>) {
    match part {
        Value::Object(entries) => {
            if let Some(name) = entries.get("shape").and_then(Value::as_str)
                && reached.insert(name.to_owned())
            {
                reach(&model["shapes"][name], model, reached);
            }
            entries.values().for_each(|value| reach(value, model, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(item, model, reached)),
        _ => {}
    }
}
