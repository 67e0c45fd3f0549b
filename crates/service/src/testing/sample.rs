//! Inputs that satisfy a schema, made from the schema alone.

use bytes::Bytes;
use weft_model::{Constraint, Member, Schema, Type, Value};
use weft_types::Timestamp;
use weft_wire::validate;

/// Texts that satisfy most of the patterns in the models, tried in this order.
const TEXTS: &[&str] = &[
    "aaaaaaaaaaaaaaaaaaaa",
    "aaaa",
    "a",
    "arn:aws:iam::000000000000:role/aaaa",
    "arn:aws:lambda:us-east-1:000000000000:function:aaaa",
    "arn:aws:logs:us-east-1:000000000000:log-group:aaaa",
    "v1",
    "/",
    "1",
    "0",
    "123456",
    "0123456789abcdef0123456789abcdef",
    "us-east-1",
    "",
];

/// A value with the required members alone, each as small as its constraint lets it be. `given` overrides, also for members
/// that are not required.
pub fn sample(schema: &'static Schema, given: &dyn Fn(&str) -> Option<Value>) -> Value {
    let member = |(at, member): (usize, &'static Member)| {
        if let Some(value) = given(member.name) {
            return Some(value);
        }
        if !member.required {
            return None;
        }
        let accepted = |value: &Value| {
            let mut alone = vec![None; schema.members.len()];
            alone[at] = Some(value.clone());
            let path = first_small(member.name);
            match validate(schema, &Value::Struct(alone)) {
                Ok(()) => true,
                Err(message) => {
                    !message.contains(&format!("'{path}' failed")) && !message.contains(&format!("'{path}."))
                }
            }
        };
        let mut candidates = of_type(&member.shape, &member.constraint, given);
        let found = candidates.iter().position(accepted).unwrap_or(0);
        Some(candidates.swap_remove(found))
    };
    Value::Struct(schema.members.iter().enumerate().map(member).collect())
}

fn first_small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Values to try; never empty.
fn of_type(shape: &Type, bounds: &Constraint, given: &dyn Fn(&str) -> Option<Value>) -> Vec<Value> {
    match shape {
        Type::Bool => vec![Value::Bool(false)],
        Type::Integer | Type::Long => vec![Value::Integer(bounds.min.unwrap_or(1))],
        Type::Double => vec![Value::Double(1.0)],
        Type::Blob => vec![Value::Blob(Bytes::from_static(b"aaaa"))],
        Type::Time(_) => vec![Value::Time(Timestamp::from_seconds(1_700_000_000))],
        Type::Text => {
            let known = bounds.values.first().map(|value| Value::Text((*value).to_owned()));
            let long = usize::try_from(bounds.min.unwrap_or(1)).unwrap_or(1);
            let others = TEXTS.iter().map(|text| Value::Text((*text).to_owned()));
            known.into_iter().chain(others).chain([Value::Text("a".repeat(long))]).collect()
        }
        Type::List { element, constraint, .. } => {
            let count = usize::try_from(bounds.min.unwrap_or(1)).unwrap_or(1);
            let one = of_type(element, constraint, given);
            one.into_iter().map(|value| Value::List(vec![value; count])).collect()
        }
        Type::Map { .. } => vec![Value::Map(Vec::new())],
        Type::Struct(schema) => vec![sample(schema(), given)],
    }
}
