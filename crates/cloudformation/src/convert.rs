//! Between the JSON of properties and the values of the API models.
//!
//! Property names are those of the API but for the case of their first letter and, here and there, an acronym; numbers and
//! booleans may come as texts. So a handler names only what differs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};
use weft_model::{Schema, Type, Value};
use weft_types::Timestamp;

/// How deep values nest; the models' own shapes may contain themselves.
const DEPTH_MAX: usize = 40;

/// A structure of `schema` from an object. A name that the structure does not have is left out: what an API does not take, the
/// property schemas have refused before.
pub(crate) fn to_struct(schema: &Schema, json: &Json) -> Result<Value, String> {
    structure(schema, json, 0)
}

fn structure(schema: &Schema, json: &Json, depth: usize) -> Result<Value, String> {
    let Json::Object(fields) = json else { return Err(format!("an object is needed, not {json}")) };
    let places = schema.members.iter().map(|member| {
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(member.name));
        let found = found.filter(|(_, value)| !value.is_null());
        let value = found.map(|(name, value)| {
            to_value(&member.shape, value, depth + 1).map_err(|problem| format!("{name}: {problem}"))
        });
        value.transpose()
    });
    Ok(Value::Struct(places.collect::<Result<_, _>>()?))
}

fn to_value(kind: &Type, json: &Json, depth: usize) -> Result<Value, String> {
    if depth > DEPTH_MAX {
        return Err("the value is nested too deeply".to_owned());
    }
    let wrong = |wanted: &str| Err(format!("{wanted} is needed, not {json}"));
    match kind {
        Type::Bool => match json {
            Json::Bool(value) => Ok(Value::Bool(*value)),
            Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            _ => wrong("a boolean"),
        },
        Type::Integer | Type::Long => match whole(json) {
            Some(number) => Ok(Value::Integer(number)),
            None => wrong("a whole number"),
        },
        Type::Double => match json.as_f64().or_else(|| json.as_str()?.parse().ok()) {
            Some(number) => Ok(Value::Double(number)),
            None => wrong("a number"),
        },
        Type::Text => Ok(Value::Text(text(json))),
        Type::Blob => match STANDARD.decode(text(json)) {
            Ok(bytes) => Ok(Value::Blob(bytes.into())),
            Err(_) => wrong("base64"),
        },
        Type::Time(_) => match time(json) {
            Some(time) => Ok(Value::Time(time)),
            None => wrong("a time"),
        },
        Type::List { element, .. } => match json {
            Json::Array(items) => {
                let items = items.iter().map(|item| to_value(element, item, depth + 1));
                Ok(Value::List(items.collect::<Result<_, _>>()?))
            }
            // One item where a list is meant.
            one => Ok(Value::List(vec![to_value(element, one, depth + 1)?])),
        },
        Type::Map { value: kind, .. } => match json {
            Json::Object(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| Ok((key.clone(), to_value(kind, value, depth + 1)?)));
                Ok(Value::Map(entries.collect::<Result<_, String>>()?))
            }
            _ => wrong("a map"),
        },
        Type::Struct(schema) => structure(schema(), json, depth + 1),
    }
}

/// What stands for a text: itself, a number or boolean as it is written, and documents as JSON.
pub(crate) fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn whole(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => {
            // `7.0` is a whole number as well.
            number.as_i64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
        }
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn time(json: &Json) -> Option<Timestamp> {
    match json {
        Json::Number(number) => Some(Timestamp::from_seconds(number.as_i64()?)),
        Json::String(text) => Timestamp::parse_iso8601(text),
        _ => None,
    }
}

/// An object of a structure's members, by the model's names.
pub(crate) fn to_json(schema: &Schema, value: &Value) -> Json {
    let Value::Struct(places) = value else { return Json::Null };
    let fields =
        schema.members.iter().zip(places).filter_map(|(member, place)| {
            Some((member.name.to_owned(), json(&member.shape, place.as_ref()?)))
        });
    Json::Object(fields.collect::<Map<_, _>>())
}

fn json(kind: &Type, value: &Value) -> Json {
    match (value, kind) {
        (Value::Bool(value), _) => Json::Bool(*value),
        (Value::Integer(number), _) => Json::Number((*number).into()),
        (Value::Double(number), _) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        (Value::Text(text), _) => Json::String(text.clone()),
        (Value::Blob(bytes), _) => Json::String(STANDARD.encode(bytes)),
        (Value::Time(time), _) => Json::String(time.iso8601()),
        (Value::List(items), Type::List { element, .. }) => {
            Json::Array(items.iter().map(|item| json(element, item)).collect())
        }
        (Value::Map(entries), Type::Map { value: kind, .. }) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), json(kind, value))).collect())
        }
        (Value::Struct(_), Type::Struct(schema)) => to_json(schema(), value),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weft_model::Shape as _;
    use weft_model::lambda::CreateFunctionRequest;
    use weft_model::logs::CreateLogGroupRequest;

    use super::*;

    #[test]
    fn properties_become_inputs_whatever_their_case_and_kind() {
        let properties = json!({"LogGroupName": "a", "Tags": {"x": "1"}, "Other": 3});
        let value = to_struct(CreateLogGroupRequest::SCHEMA, &properties).expect("a structure");
        let request = CreateLogGroupRequest::from_value(value);
        assert_eq!(request.log_group_name, "a");
        assert_eq!(request.tags.and_then(|tags| tags.get("x").cloned()).as_deref(), Some("1"));

        let properties =
            json!({"MemorySize": "256", "Publish": "true", "Environment": {"Variables": {"N": 7}}});
        let value = to_struct(CreateFunctionRequest::SCHEMA, &properties).expect("a structure");
        let request = CreateFunctionRequest::from_value(value.clone());
        assert_eq!((request.memory_size, request.publish), (Some(256), Some(true)));
        let back = to_json(CreateFunctionRequest::SCHEMA, &value);
        assert_eq!(
            back,
            json!({"MemorySize": 256, "Publish": true, "Environment": {"Variables": {"N": "7"}}})
        );
    }

    #[test]
    fn what_is_of_another_kind_is_named() {
        let problem = to_struct(CreateFunctionRequest::SCHEMA, &json!({"MemorySize": "much"}));
        assert_eq!(problem, Err("MemorySize: a whole number is needed, not \"much\"".to_owned()));
    }
}
