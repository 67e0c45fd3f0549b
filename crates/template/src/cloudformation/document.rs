//! A template's text as a document: JSON or YAML, nothing twice, not too deep.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Template, TemplateError, yaml};

/// How many lists and maps may stand within each other.
pub(super) const MAX_DEPTH: usize = 96;

/// Reads a text of at most [`Template::MAX_FILE`] bytes.
pub(super) fn read(text: &str) -> Result<Value, TemplateError> {
    if text.len() > Template::MAX_FILE {
        return Err(TemplateError::new(format!(
            "Template may not exceed {} bytes in size.",
            Template::MAX_FILE
        )));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = if text.trim_start().starts_with('{') { json(text)? } else { yaml::parse(text)? };
    match document {
        Value::Object(_) => Ok(document),
        _ => Err(TemplateError::format("unsupported structure.")),
    }
}

fn json(text: &str) -> Result<Value, TemplateError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Node { depth: 0 }.deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let position = format!("JSON not well-formed. (line {}, column {})", error.line(), error.column());
        let why = error.to_string();
        let own = ["is there already", "nested too deeply"].iter().any(|own| why.contains(own));
        let why = why.split(" at line ").next().filter(|_| own);
        TemplateError::format(why.map_or(position.clone(), |why| format!("{position}: {why}")))
    })
}

/// A JSON value at some depth, which refuses a key that is there twice.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Node {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            Err(E::custom("nested too deeply"))
        } else {
            Ok(Self { depth: self.depth + 1 })
        }
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!("the key \"{key}\" is there already")));
            }
            let value = access.next_value_seed(inner)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}
