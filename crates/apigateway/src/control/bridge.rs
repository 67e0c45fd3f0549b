//! Between the generated shapes and our records: both have the wire's names, so that one walk over the schema turns any
//! into any. What a path, query or header of a request holds is no part of a record and is left out.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as Json};
use weft_model::{Location, Schema, Shape, Type, Value};
use weft_service::Error;
use weft_types::Timestamp;

/// The members of a request's body, by their names on the wire.
pub(crate) fn body_of<S: Shape>(input: S) -> Json {
    structure(S::SCHEMA, input.into_value())
}

/// A record as an operation's output. What the record has beyond the shape is left out.
pub(crate) fn shape_of<S: Shape>(record: &impl Serialize) -> Result<S, Error> {
    let json = serde_json::to_value(record).map_err(Error::internal)?;
    Ok(S::from_value(place(S::SCHEMA, &json)))
}

/// JSON as a record; the message of a failure is the caller's to read.
pub(crate) fn record_of<R: DeserializeOwned>(mut json: Json) -> Result<R, Error> {
    without_nulls(&mut json);
    serde_json::from_value(json).map_err(|error| super::errors::bad_request(error.to_string()))
}

/// Takes away what is null: it counts as not there.
fn without_nulls(json: &mut Json) {
    if let Json::Object(members) = json {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

fn structure(schema: &Schema, value: Value) -> Json {
    let Value::Struct(places) = value else { return Json::Null };
    let mut object = Map::new();
    for (member, place) in schema.members.iter().zip(places) {
        if let (Location::Body, Some(value)) = (member.location, place) {
            object.insert(member.wire_name.to_owned(), json(&member.shape, value));
        }
    }
    Json::Object(object)
}

fn json(shape: &Type, value: Value) -> Json {
    match (shape, value) {
        (_, Value::Bool(value)) => Json::Bool(value),
        (_, Value::Integer(value)) => Json::Number(value.into()),
        (_, Value::Double(value)) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        (_, Value::Text(value)) => Json::String(value),
        (_, Value::Time(value)) => Json::Number(value.as_millis().into()),
        (Type::List { element, .. }, Value::List(items)) => {
            items.into_iter().map(|item| json(element, item)).collect()
        }
        (Type::Map { value: shape, .. }, Value::Map(entries)) => {
            Json::Object(entries.into_iter().map(|(key, value)| (key, json(shape, value))).collect())
        }
        (Type::Struct(schema), value @ Value::Struct(_)) => structure(schema(), value),
        _ => Json::Null,
    }
}

fn place(schema: &Schema, json: &Json) -> Value {
    let member = |member: &weft_model::Member| value(&member.shape, json.get(member.wire_name)?);
    Value::Struct(schema.members.iter().map(member).collect())
}

fn value(shape: &Type, json: &Json) -> Option<Value> {
    Some(match (shape, json) {
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Integer | Type::Long, Json::Number(number)) => Value::Integer(number.as_i64()?),
        (Type::Double, Json::Number(number)) => Value::Double(number.as_f64()?),
        (Type::Text, Json::String(text)) => Value::Text(text.clone()),
        (Type::Time(_), Json::Number(number)) => Value::Time(Timestamp::from_millis(number.as_i64()?)),
        (Type::List { element, .. }, Json::Array(items)) => {
            Value::List(items.iter().filter_map(|item| value(element, item)).collect())
        }
        (Type::Map { value: shape, .. }, Json::Object(entries)) => {
            let entry = |(key, json): (&String, &Json)| Some((key.clone(), value(shape, json)?));
            Value::Map(entries.iter().filter_map(entry).collect())
        }
        (Type::Struct(schema), Json::Object(_)) => place(schema(), json),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use weft_model::apigateway as model;

    use super::*;

    #[test]
    fn a_request_becomes_its_body_and_a_record_its_shape() {
        let input = model::PutIntegrationRequest {
            rest_api_id: "a".to_owned(),
            http_method: "GET".to_owned(),
            integration_http_method: Some("POST".to_owned()),
            timeout_in_millis: Some(50),
            ..Default::default()
        };
        let body = body_of(input);
        assert_eq!(body, serde_json::json!({ "type": "", "httpMethod": "POST", "timeoutInMillis": 50 }));
        let shape: model::Integration = shape_of(&body).unwrap();
        assert_eq!(shape.http_method.as_deref(), Some("POST"));
        assert_eq!(shape.timeout_in_millis, Some(50));
    }

    #[test]
    fn times_are_milliseconds_in_records() {
        let api = model::RestApi { created_date: Some(Timestamp::from_millis(1500)), ..Default::default() };
        let json = body_of(api.clone());
        assert_eq!(json, serde_json::json!({ "createdDate": 1500 }));
        assert_eq!(shape_of::<model::RestApi>(&json).unwrap(), api);
    }
}
