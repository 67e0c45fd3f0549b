//! What handlers of several services share: lists of texts, and how tags differ.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::convert;
use crate::task::{Failure, Task};

/// The texts of a list property; none where it is not there.
pub(super) fn texts(properties: Option<&Map<String, Json>>, name: &str) -> Vec<String> {
    match properties.and_then(|properties| properties.get(name)) {
        Some(Json::Array(items)) => items.iter().map(convert::text).collect(),
        None | Some(Json::Null) => Vec::new(),
        Some(one) => vec![convert::text(one)],
    }
}

/// A text of an answer; empty where it is not there.
pub(super) fn answered(answer: &Json, pointer: &str) -> String {
    answer.pointer(pointer).map(convert::text).unwrap_or_default()
}

/// The keys of tags that an update takes away.
pub(super) fn tags_gone(task: &Task<'_>) -> Vec<String> {
    let kept: BTreeMap<String, String> = task.tags();
    let before: Vec<String> = match task.previous.and_then(|previous| previous.get("Tags")) {
        Some(Json::Array(items)) => {
            items.iter().filter_map(|item| item.get("Key").map(convert::text)).collect()
        }
        Some(Json::Object(entries)) => entries.keys().cloned().collect(),
        _ => Vec::new(),
    };
    before.into_iter().filter(|key| !kept.contains_key(key)).collect()
}

/// Refuses properties that Weft has not, by name.
pub(super) fn refuse(task: &Task<'_>, names: &[&str]) -> Result<(), Failure> {
    match names.iter().find(|name| task.get(name).is_some()) {
        Some(name) => Err(Failure::new(format!("{name} of {} is not supported by Weft yet.", task.kind))),
        None => Ok(()),
    }
}
