//! Properties as a schema types them.

use serde_json::{Map, Number, Value};

use super::resolve::is_unknown;
use super::schema::{Problem, Schema};
use super::value::scalar;

/// Types the properties of a resource.
pub(super) fn properties(schema: &Schema, properties: &Value) -> (Value, Vec<Problem>) {
    let mut typing = Typing { schema, path: String::from("#"), problems: Vec::new() };
    let typed = if schema.is_custom() {
        typing.required(&schema.document, properties);
        as_text(properties)
    } else {
        typing.value(&schema.document, properties)
    };
    (typed, typing.problems)
}

/// A custom resource's function gets all that is not a list or a map as text.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), as_text(value))).collect())
        }
        other => scalar(other).map_or(Value::Null, Value::String),
    }
}

struct Typing<'a> {
    schema: &'a Schema,
    path: String,
    problems: Vec<Problem>,
}

impl<'a> Typing<'a> {
    fn problem(&mut self, text: String) {
        self.problems.push(Problem { path: self.path.clone(), text });
    }

    fn within<T>(&mut self, step: &str, then: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        let result = then(self);
        self.path.truncate(length);
        result
    }

    /// The definition that a schema refers to.
    fn followed(&self, mut node: &'a Value) -> &'a Value {
        for _ in 0..8 {
            let Some(path) = node.get("$ref").and_then(Value::as_str) else { break };
            match self.schema.document.pointer(path.trim_start_matches('#')) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    fn value(&mut self, node: &'a Value, value: &Value) -> Value {
        let node = self.followed(node);
        // What is only known later is checked later.
        if value.as_str().is_some_and(|text| is_unknown(text) || text.starts_with("{{resolve:")) {
            return value.clone();
        }
        let kinds = kinds(node);
        let kind = kind_of(value);
        let fits =
            kinds.is_empty() || kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
        match value {
            Value::Object(members) if fits => self.members(node, members),
            Value::Array(items) if fits => self.items(node, items),
            _ if fits => value.clone(),
            _ => kinds.iter().find_map(|kind| converted(kind, value)).unwrap_or_else(|| {
                let expected = kinds.iter().map(|kind| capital(kind)).collect::<Vec<_>>().join(" or ");
                self.problem(format!("expected type: {expected}, found: {}", capital(kind)));
                value.clone()
            }),
        }
    }

    fn items(&mut self, node: &'a Value, items: &[Value]) -> Value {
        let Some(schema) = node.get("items").filter(|schema| schema.is_object()) else {
            return Value::Array(items.to_vec());
        };
        let typed = items.iter().enumerate();
        Value::Array(
            typed
                .map(|(index, item)| self.within(&index.to_string(), |typing| typing.value(schema, item)))
                .collect(),
        )
    }

    fn members(&mut self, node: &'a Value, members: &Map<String, Value>) -> Value {
        let known = node.get("properties").and_then(Value::as_object);
        let patterns = node.get("patternProperties").and_then(Value::as_object);
        if known.is_none() && patterns.is_none() {
            return Value::Object(members.clone());
        }
        let others = patterns.and_then(|patterns| patterns.values().next());
        let others = others.or_else(|| node.get("additionalProperties").filter(|schema| schema.is_object()));
        let closed = others.is_none() && node.get("additionalProperties") == Some(&Value::Bool(false));
        let mut typed = Map::new();
        for (name, value) in members {
            let value = match (known.and_then(|known| known.get(name)), others) {
                (Some(schema), _) => self.within(name, |typing| typing.value(schema, value)),
                // A map whose values may be anything scalar is one of texts.
                (None, Some(schema)) if kinds(schema).contains(&"string") && scalar(value).is_some() => {
                    scalar(value).map_or(Value::Null, Value::String)
                }
                (None, Some(schema)) => self.within(name, |typing| typing.value(schema, value)),
                (None, None) => {
                    if closed {
                        self.problem(format!("extraneous key [{name}] is not permitted"));
                    }
                    value.clone()
                }
            };
            typed.insert(name.clone(), value);
        }
        let typed = Value::Object(typed);
        self.required(node, &typed);
        typed
    }

    fn required(&mut self, node: &Value, members: &Value) {
        for name in
            node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if members.get(name).is_none() {
                self.problem(format!("required key [{name}] not found"));
            }
        }
    }
}

/// The types that a schema allows; empty allows any.
fn kinds(node: &Value) -> Vec<&str> {
    match node.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if node.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn capital(kind: &str) -> &str {
    match kind {
        "null" => "Null",
        "boolean" => "Boolean",
        "number" => "Number",
        "integer" => "Integer",
        "string" => "String",
        "array" => "JSONArray",
        _ => "JSONObject",
    }
}

/// A scalar as another type, where that is possible.
fn converted(kind: &str, value: &Value) -> Option<Value> {
    let text = scalar(value)?;
    match kind {
        "string" => Some(Value::String(text)),
        "boolean" if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        "boolean" if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        "integer" => whole(&text),
        "number" => whole(&text).or_else(|| {
            let number = text.trim().parse().ok().and_then(Number::from_f64);
            number.map(Value::Number)
        }),
        _ => None,
    }
}

fn whole(text: &str) -> Option<Value> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse::<i64>().ok().map(Value::from)
}
