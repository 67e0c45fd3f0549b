//! `AWS::Serverless::LayerVersion`: a version of a layer that gets a new name with each change.

use serde_json::{Map, Value, json};

use super::function_parts::location;
use super::{Sam, invalid, names, pick, properties};
use crate::cloudformation::TemplateError;

pub(super) fn make(sam: &mut Sam<'_>, name: &str, resource: &Value) -> Result<(), TemplateError> {
    let given = properties(resource);
    let mut filled = given.as_object().cloned().unwrap_or_default();
    for property in ["LayerName", "LicenseInfo", "Description", "RetentionPolicy"] {
        if let Some(value) = filled.get_mut(property) {
            *value = sam.filled(value);
        }
    }
    let policy = match filled.get("RetentionPolicy").and_then(Value::as_str).map(str::to_lowercase).as_deref()
    {
        None => resource.get("DeletionPolicy").cloned().unwrap_or_else(|| json!("Retain")),
        Some("retain") => json!("Retain"),
        Some("delete") => json!("Delete"),
        Some(_) => {
            return Err(invalid(
                name,
                "'RetentionPolicy' must be one of the following options: ['Retain', 'Delete']",
            ));
        }
    };
    let mut hashed = Map::new();
    for attribute in ["Type", "Condition", "DependsOn"] {
        if let Some(value) = resource.get(attribute) {
            hashed.insert(attribute.to_owned(), value.clone());
        }
    }
    hashed.insert("Properties".to_owned(), Value::Object(filled.clone()));
    let new_name = format!("{name}{}", names::digest_of(&json!({name: hashed}), 10));
    let content =
        given.get("ContentUri").ok_or_else(|| invalid(name, "Missing required property 'ContentUri'"))?;
    let filled = Value::Object(filled);
    let mut layer = pick(
        &filled,
        &["LayerName", "Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"],
    );
    layer.entry("LayerName").or_insert_with(|| Value::from(name));
    layer.insert("Content".into(), location(name, "ContentUri", content)?);
    let mut more = pick(resource, &["DependsOn", "Metadata"]);
    more.insert("DeletionPolicy".into(), policy);
    sam.put(&new_name, "AWS::Lambda::LayerVersion", layer, resource, Value::Object(more));
    sam.renamed.insert(name.to_owned(), new_name);
    Ok(())
}
