//! Packs what the transform of serverless applications needs: the policy templates, and the paths of the AWS-managed
//! policies that are not simply at `/`.
//!
//! The file is one zlib stream of JSON: `templates` has the statements of each policy template and its parameters,
//! `paths` the paths by policy name.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value, json};

use crate::shell::root;

/// Reads `policy_templates.json` of the `PyPI` package `aws-sam-translator` in `from`, and the committed managed policies.
pub(crate) fn pack(from: &Path) -> Result<Vec<u8>, String> {
    let published = super::read_json(&from.join("policy_templates.json"))?;
    let published = published["Templates"].as_object().ok_or("the package holds no policy templates")?;
    let mut templates: Map<String, Value> = published
        .iter()
        .map(|(name, template)| {
            let parameters: Vec<&String> =
                template["Parameters"].as_object().into_iter().flatten().map(|(key, _)| key).collect();
            (
                name.clone(),
                json!({"parameters": parameters, "statements": template["Definition"]["Statement"]}),
            )
        })
        .collect();
    templates.sort_keys();
    let text = json!({"templates": templates, "paths": paths()?}).to_string();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

/// The paths of managed policies by name, from the index of `managed-policies.bin`.
fn paths() -> Result<Map<String, Value>, String> {
    let path = root().join("models/managed-policies.bin");
    let packed = fs::read(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut index = String::new();
    let start = packed.get(4..).ok_or("models/managed-policies.bin is too short")?;
    ZlibDecoder::new(start).read_to_string(&mut index).map_err(|error| error.to_string())?;
    let lines = index.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?.to_owned(), Value::from(fields.next()?)))
    });
    Ok(lines.collect())
}
