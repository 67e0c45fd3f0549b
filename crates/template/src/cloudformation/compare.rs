//! How two states of a resource differ.

use serde_json::{Map, Value};

use super::condition::alike;
use super::{RequiresRecreation, Schema};

/// How two states of a resource differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Which properties: paths such as `Code/S3Key`. Lists are compared as a whole.
    pub paths: Vec<String>,
    /// Whether a new resource must take the place of the old one.
    pub replacement: bool,
}

impl Difference {
    /// Whether they are alike.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// Compares the resolved properties of a resource. The order of keys does not matter, nor whether a number is written as
/// text.
pub fn compare(kind: &str, old: &Value, new: &Value) -> Difference {
    let mut paths = Vec::new();
    walk(old, new, &mut String::new(), &mut paths);
    let schema = Schema::of(kind);
    let replacement = paths.iter().any(|path| recreation(schema, path) == RequiresRecreation::Always);
    Difference { paths, replacement }
}

/// Whether a change at a path asks for a new resource.
pub(super) fn recreation(schema: Option<&Schema>, path: &str) -> RequiresRecreation {
    let Some(schema) = schema else { return RequiresRecreation::Never };
    if schema.create_only().iter().any(|known| covers(known, path)) {
        return RequiresRecreation::Always;
    }
    if schema.conditional_create_only().iter().any(|known| covers(known, path)) {
        return RequiresRecreation::Conditionally;
    }
    RequiresRecreation::Never
}

/// Whether one of two paths lies within the other.
fn covers(known: &str, path: &str) -> bool {
    known.split('/').zip(path.split('/')).all(|(known, step)| known == step || known == "*")
}

fn walk(old: &Value, new: &Value, path: &mut String, paths: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new))
            if path.is_empty() || !(old.is_empty() || new.is_empty()) =>
        {
            members(old, new, path, paths);
        }
        _ if alike(old, new) => {}
        _ => paths.push(path.clone()),
    }
}

fn members(old: &Map<String, Value>, new: &Map<String, Value>, path: &mut String, paths: &mut Vec<String>) {
    let length = path.len();
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        if length > 0 {
            path.push('/');
        }
        path.push_str(key);
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => walk(old, new, path, paths),
            _ => paths.push(path.clone()),
        }
        path.truncate(length);
    }
}
