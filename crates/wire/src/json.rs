//! JSON documents: `serde_json` reads and writes, the schema leads.

use std::cell::{Cell, RefCell};
use std::fmt;

use base64::Engine as _;
use bytes::Bytes;
use http::response;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserializer, Serialize, Serializer};
use weft_model::{Location, Schema, TimestampFormat, Type, Value};
use weft_types::Timestamp;

use crate::fault::Spelled;
use crate::scalar::{self, BASE64};
use crate::{ServiceFault, VALUES_MAX, WireFault};

/// Reads a document into the members of a structure that travel in the body. An empty body is an empty document.
pub(crate) fn read_document(schema: &Schema, body: &[u8]) -> Result<Value, WireFault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Struct(vec![None; schema.members.len()]));
    }
    let limits = Limits { left: Cell::new(VALUES_MAX), problem: RefCell::new(None) };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Seed { target: Target::Struct(schema), limits: &limits }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Ok(Value::Struct(vec![None; schema.members.len()])),
        Err(error) => Err(WireFault::serialization(
            limits
                .problem
                .take()
                .unwrap_or_else(|| format!("Could not parse the request body as JSON: {error}")),
        )),
    }
}

/// Writes the members of a structure that travel in the body.
pub(crate) fn write_document(schema: &Schema, value: &Value) -> Result<Bytes, WireFault> {
    let bytes = serde_json::to_vec(&Typed { kind: Kind::Struct(schema), value });
    bytes.map(Bytes::from).map_err(|error| WireFault::serialization(error.to_string()))
}

/// An error's document. The JSON protocols name the code in it (`__type`), REST-JSON in a header.
pub(crate) fn write_error(error: &Spelled<'_>, with_type: bool) -> Bytes {
    let mut document = serde_json::Map::new();
    if with_type {
        document.insert("__type".to_owned(), error.code.as_ref().into());
    }
    let members = error.schema.map_or(&[][..], |schema| schema.schema.members);
    // Lambda's errors say whose fault they are.
    let has_type = members.iter().any(|member| member.name == "Type");
    if has_type && !error.fault.members.iter().any(|(name, _)| name == "Type") {
        document.insert("Type".to_owned(), if error.is_senders() { "User" } else { "Service" }.into());
    }
    document.insert(error.message_name().to_owned(), error.fault.message.as_str().into());
    for (name, value) in &error.fault.members {
        let Some(member) = members.iter().find(|member| member.name == name) else { continue };
        if member.location == Location::Body {
            let typed = serde_json::to_value(Typed { kind: Kind::Type(&member.shape), value });
            document.insert(member.wire_name.to_owned(), typed.unwrap_or_default());
        }
    }
    Bytes::from(serde_json::Value::Object(document).to_string())
}

/// Reads an error's document: the code from the header or `__type`, without its namespace.
pub(crate) fn read_error(parts: &response::Parts, body: &[u8]) -> ServiceFault {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| document[*name].as_str());
    let header = parts.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let code = header.or_else(|| text(&["__type", "code", "Code"])).unwrap_or("UnknownError");
    let code = code.split(':').next().unwrap_or(code);
    let code = code.rsplit('#').next().unwrap_or(code);
    let message = text(&["message", "Message", "errorMessage"]).unwrap_or_default();
    ServiceFault::new(parts, code.to_owned(), message.to_owned())
}

/// What is still allowed, and what was wrong in our own words.
struct Limits {
    left: Cell<usize>,
    problem: RefCell<Option<String>>,
}

impl Limits {
    fn refuse<E: serde::de::Error>(&self, problem: impl Into<String>) -> E {
        *self.problem.borrow_mut() = Some(problem.into());
        E::custom("refused")
    }

    fn take<E: serde::de::Error>(&self, count: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(count);
        self.left.set(left.ok_or_else(|| self.refuse("The request holds too many values"))?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Target<'a> {
    Type(&'a Type),
    Struct(&'a Schema),
}

/// Reads one value of a type; `None` for null.
#[derive(Clone, Copy)]
struct Seed<'a> {
    target: Target<'a>,
    limits: &'a Limits,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<Value>, D::Error> {
        self.limits.take(1)?;
        reader.deserialize_any(self)
    }
}

impl Seed<'_> {
    /// The refusal of a scalar, as AWS words it.
    fn refuse<E: serde::de::Error>(&self, given: &str) -> E {
        let wanted = match self.target {
            Target::Struct(_) | Target::Type(Type::Struct(_)) => return self.limits.refuse("Expected null"),
            Target::Type(Type::List { .. }) => return self.limits.refuse("Expected list or null"),
            Target::Type(Type::Map { .. }) => return self.limits.refuse("Expected map or null"),
            Target::Type(Type::Text) => "a String",
            Target::Type(Type::Bool) => "a Boolean",
            Target::Type(Type::Integer) => "an Integer",
            Target::Type(Type::Long) => "a Long",
            Target::Type(Type::Double) => "a Double",
            Target::Type(Type::Blob) => "a Blob",
            Target::Type(Type::Time(_)) => "a Timestamp",
        };
        self.limits.refuse(format!("{given} can not be converted to {wanted}"))
    }

    fn whole<E: serde::de::Error>(&self, number: i64) -> Result<Option<Value>, E> {
        match self.target {
            Target::Type(Type::Integer) if i32::try_from(number).is_err() => Err(self.refuse("NUMBER_VALUE")),
            Target::Type(Type::Integer | Type::Long) => Ok(Some(Value::Integer(number))),
            #[expect(clippy::cast_precision_loss, reason = "what JSON calls a double")]
            Target::Type(Type::Double) => Ok(Some(Value::Double(number as f64))),
            Target::Type(Type::Time(TimestampFormat::Epoch)) => {
                let millis = number.checked_mul(1000).filter(|millis| millis.abs() <= 253_402_300_799_999);
                let millis = millis.ok_or_else(|| self.refuse("NUMBER_VALUE"))?;
                Ok(Some(Value::Time(Timestamp::from_millis(millis))))
            }
            _ => Err(self.refuse("NUMBER_VALUE")),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the model's type")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Option<Value>, E> {
        match self.target {
            Target::Type(Type::Bool) => Ok(Some(Value::Bool(flag))),
            _ => Err(self.refuse(if flag { "TRUE_VALUE" } else { "FALSE_VALUE" })),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Option<Value>, E> {
        self.whole(number)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Option<Value>, E> {
        match (i64::try_from(number), self.target) {
            (Ok(number), _) => self.whole(number),
            #[expect(clippy::cast_precision_loss, reason = "what JSON calls a double")]
            (Err(_), Target::Type(Type::Double)) => Ok(Some(Value::Double(number as f64))),
            (Err(_), _) => Err(self.refuse("NUMBER_VALUE")),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Option<Value>, E> {
        match self.target {
            Target::Type(Type::Double) => Ok(Some(Value::Double(number))),
            Target::Type(Type::Time(TimestampFormat::Epoch)) => {
                let time = scalar::time_from_seconds(number).ok_or_else(|| self.refuse("NUMBER_VALUE"))?;
                Ok(Some(Value::Time(time)))
            }
            // `3.0` is a whole number, as in Java; beyond 2^53 it no longer says which.
            Target::Type(Type::Integer | Type::Long)
                if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole and within the bounds just checked"
                )]
                self.whole(number as i64)
            }
            _ => Err(self.refuse("NUMBER_VALUE")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<Value>, E> {
        match self.target {
            Target::Type(Type::Text) => Ok(Some(Value::Text(text.to_owned()))),
            Target::Type(Type::Blob) => match BASE64.decode(text) {
                Ok(bytes) => Ok(Some(Value::Blob(Bytes::from(bytes)))),
                Err(_) => Err(self.refuse("STRING_VALUE")),
            },
            Target::Type(Type::Double) if matches!(text, "NaN" | "Infinity" | "-Infinity") => {
                Ok(scalar::read_double(text).map(Value::Double))
            }
            Target::Type(kind @ Type::Time(TimestampFormat::Iso8601 | TimestampFormat::Rfc822)) => {
                scalar::read(kind, text).map(Some).map_err(|_| self.refuse("STRING_VALUE"))
            }
            _ => Err(self.refuse("STRING_VALUE")),
        }
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Option<Value>, E> {
        match self.target {
            Target::Type(Type::Text) => Ok(Some(Value::Text(text))),
            _ => self.visit_str(&text),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Value>, A::Error> {
        let Target::Type(Type::List { element, .. }) = self.target else {
            return Err(self.limits.refuse("Start of list found where not expected"));
        };
        let mut list = Vec::new();
        let seed = Seed { target: Target::Type(element), limits: self.limits };
        while let Some(item) = items.next_element_seed(seed)? {
            match item {
                Some(item) => list.push(item),
                None => return Err(self.limits.refuse("Lists may not hold null")),
            }
        }
        Ok(Some(Value::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Value>, A::Error> {
        let schema = match self.target {
            Target::Struct(schema) => schema,
            Target::Type(Type::Struct(schema)) => schema(),
            Target::Type(Type::Map { value, .. }) => {
                let seed = Seed { target: Target::Type(value), limits: self.limits };
                let mut map = Vec::new();
                while let Some(key) = entries.next_key::<String>()? {
                    if let Some(value) = entries.next_value_seed(seed)? {
                        map.push((key, value));
                    }
                }
                return Ok(Some(Value::Map(map)));
            }
            Target::Type(_) => {
                return Err(self.limits.refuse("Start of structure or map found where not expected."));
            }
        };
        self.limits.take(schema.members.len())?;
        let mut places = vec![None; schema.members.len()];
        while let Some(index) = entries.next_key_seed(Key(schema))? {
            match index {
                Some(index) => {
                    let target = Target::Type(&schema.members[index].shape);
                    places[index] = entries.next_value_seed(Seed { target, limits: self.limits })?;
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(Value::Struct(places)))
    }
}

/// Reads a key as the index of a member of the body; `None` for a name that the schema does not have.
struct Key<'a>(&'a Schema);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<usize>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Option<usize>, E> {
        let in_body = |member: &&weft_model::Member| member.location == Location::Body;
        let members = self.0.members;
        Ok(members.iter().position(|member| member.wire_name == name && in_body(&member)))
    }
}

enum Kind<'a> {
    Type(&'a Type),
    Struct(&'a Schema),
}

/// A value with its type, as `serde` writes it.
struct Typed<'a> {
    kind: Kind<'a>,
    value: &'a Value,
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match (self.value, &self.kind) {
            (Value::List(items), Kind::Type(Type::List { element, .. })) => {
                let mut list = writer.serialize_seq(Some(items.len()))?;
                for value in items {
                    list.serialize_element(&Typed { kind: Kind::Type(element), value })?;
                }
                list.end()
            }
            (Value::Map(entries), Kind::Type(Type::Map { value: kind, .. })) => {
                let mut map = writer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Typed { kind: Kind::Type(kind), value })?;
                }
                map.end()
            }
            (Value::Struct(places), Kind::Type(Type::Struct(schema))) => {
                write_struct(writer, schema(), places)
            }
            (Value::Struct(places), Kind::Struct(schema)) => write_struct(writer, schema, places),
            (value, Kind::Type(kind)) => write_scalar(writer, kind, value),
            (_, Kind::Struct(_)) => Err(serde::ser::Error::custom("the value is not a structure")),
        }
    }
}

fn write_struct<S: Serializer>(
    writer: S,
    schema: &Schema,
    places: &[Option<Value>],
) -> Result<S::Ok, S::Error> {
    let mut map = writer.serialize_map(None)?;
    for (member, place) in schema.members.iter().zip(places) {
        if let (Some(value), Location::Body) = (place, member.location) {
            map.serialize_entry(member.wire_name, &Typed { kind: Kind::Type(&member.shape), value })?;
        }
    }
    map.end()
}

fn write_scalar<S: Serializer>(writer: S, kind: &Type, value: &Value) -> Result<S::Ok, S::Error> {
    match value {
        Value::Bool(flag) => writer.serialize_bool(*flag),
        Value::Integer(number) => writer.serialize_i64(*number),
        Value::Double(number) if number.is_finite() => writer.serialize_f64(*number),
        Value::Text(text) => writer.serialize_str(text),
        Value::Time(time) if matches!(kind, Type::Time(TimestampFormat::Epoch)) => {
            if time.as_millis().rem_euclid(1000) == 0 {
                writer.serialize_i64(time.as_seconds())
            } else {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds of our age fit into 53 bits")]
                writer.serialize_f64(time.as_millis() as f64 / 1000.0)
            }
        }
        Value::Double(_) | Value::Blob(_) | Value::Time(_) => {
            writer.serialize_str(&scalar::write(kind, value))
        }
        Value::List(_) | Value::Map(_) | Value::Struct(_) => {
            Err(serde::ser::Error::custom("the value is not of the schema's type"))
        }
    }
}
