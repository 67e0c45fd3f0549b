//! Packs the published schemas of `CloudFormation`'s resource types: what a property check, a diff and `Fn::GetAtt` need.
//!
//! The file is one zlib stream of text: a line of JSON per type, sorted by name. Kept of a schema are properties, their
//! types, what is required, definitions, and the lists of what is read only, set at creation only, and the identifier;
//! documentation, patterns, bounds and permissions are dropped.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value};

use crate::shell::root;

/// Members of a schema that say what it is for, never the names of properties.
const KEPT: &[&str] = &[
    "$ref",
    "additionalProperties",
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "definitions",
    "items",
    "patternProperties",
    "primaryIdentifier",
    "properties",
    "readOnlyProperties",
    "required",
    "type",
    "typeName",
];

/// Reads the schemas of the types that `models/resource-types.txt` names from `from`, the folder `data/schemas` of the
/// PyPI package `cfn-lint`, and packs them.
pub(crate) fn pack(from: &Path) -> Result<Vec<u8>, String> {
    let list = root().join("models/resource-types.txt");
    let list = fs::read_to_string(&list).map_err(|error| format!("`{}`: {error}", list.display()))?;
    let index = super::read_json(&from.join("providers/us-east-1.json"))?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for name in list.lines().filter(|line| !line.starts_with('#')) {
        let file = index[name].as_str().ok_or_else(|| format!("the package has no schema of `{name}`"))?;
        let schema = super::read_json(&from.join("resources").join(format!("{file}.json")))?;
        writeln!(encoder, "{}", pruned(&schema)).map_err(|error| error.to_string())?;
    }
    encoder.finish().map_err(|error| error.to_string())
}

/// A schema with the members that are kept.
fn pruned(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let kept = members.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
    let mut pruned: Map<String, Value> = kept
        .map(|(name, value)| {
            let value = match name.as_str() {
                "properties" | "definitions" | "patternProperties" => named(value),
                "items" | "additionalProperties" => pruned(value),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect();
    pruned.sort_keys();
    Value::Object(pruned)
}

/// Schemas by name, sorted.
fn named(schemas: &Value) -> Value {
    let members = schemas.as_object().into_iter().flatten();
    let mut pruned: Map<String, Value> =
        members.map(|(name, schema)| (name.clone(), pruned(schema))).collect();
    pruned.sort_keys();
    Value::Object(pruned)
}
