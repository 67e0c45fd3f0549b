//! Patch operations from what was to what shall be.

use serde_json::{Value as Json, json};

use crate::convert;
use crate::task::Task;

/// What stands where a property is gone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gone {
    /// Nothing: the value is removed.
    Removed,
    /// This text.
    Is(&'static str),
}

/// Patch operations in their order.
#[derive(Debug, Default)]
pub(super) struct Patches(Vec<Json>);

impl Patches {
    pub(super) fn replace(&mut self, path: impl Into<String>, value: impl Into<String>) {
        self.0.push(json!({"Op": "replace", "Path": path.into(), "Value": value.into()}));
    }

    pub(super) fn add(&mut self, path: impl Into<String>, value: impl Into<String>) {
        self.0.push(json!({"Op": "add", "Path": path.into(), "Value": value.into()}));
    }

    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.0.push(json!({"Op": "remove", "Path": path.into()}));
    }

    pub(super) fn remove_value(&mut self, path: &str, value: &str) {
        self.0.push(json!({"Op": "remove", "Path": path, "Value": value}));
    }

    /// The operations; none where there is nothing to do.
    pub(super) fn some(self) -> Option<Json> {
        (!self.0.is_empty()).then(|| self.0.into())
    }

    /// A property that is one value.
    pub(super) fn value(&mut self, task: &Task<'_>, property: &str, path: &str, gone: Gone) {
        if !task.changed(property) {
            return;
        }
        match (task.text(property), gone) {
            (Some(text), _) => self.replace(path, text),
            (None, Gone::Is(text)) => self.replace(path, text),
            (None, Gone::Removed) => self.remove(path),
        }
    }

    /// A property that is one value, which a creation has to set as well.
    pub(super) fn value_if_there(&mut self, task: &Task<'_>, property: &str, path: &str) {
        if task.previous.is_some() || task.get(property).is_some() {
            self.value(task, property, path, Gone::Removed);
        }
    }

    /// A property that is a list of texts.
    pub(super) fn list(&mut self, task: &Task<'_>, property: &str, path: &str) {
        let texts = |value: Option<&Json>| -> Vec<String> {
            value.and_then(Json::as_array).into_iter().flatten().map(convert::text).collect()
        };
        let before = texts(task.previous.and_then(|previous| previous.get(property)));
        self.items(&before, &texts(task.get(property)), path);
    }

    /// A list of texts.
    pub(super) fn items(&mut self, before: &[String], now: &[String], path: &str) {
        for item in before.iter().filter(|item| !now.contains(item)) {
            self.remove_value(path, item);
        }
        for item in now.iter().filter(|item| !before.contains(item)) {
            self.add(path, item.as_str());
        }
    }

    /// A property that is a map of texts or booleans.
    pub(super) fn entries(&mut self, task: &Task<'_>, property: &str, path: &str) {
        let empty = serde_json::Map::new();
        let object = |value: Option<&'_ Json>| value.and_then(Json::as_object).cloned();
        let before = object(task.previous.and_then(|previous| previous.get(property)))
            .unwrap_or_else(|| empty.clone());
        let now = object(task.get(property)).unwrap_or(empty);
        for key in before.keys().filter(|key| !now.contains_key(*key)) {
            self.remove(format!("{path}/{}", escaped(key)));
        }
        for (key, value) in &now {
            match before.get(key) {
                None => self.add(format!("{path}/{}", escaped(key)), convert::text(value)),
                Some(old) if convert::text(old) != convert::text(value) => {
                    self.replace(format!("{path}/{}", escaped(key)), convert::text(value));
                }
                Some(_) => {}
            }
        }
    }
}

/// A part of a path, as JSON pointers write it.
pub(super) fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}
