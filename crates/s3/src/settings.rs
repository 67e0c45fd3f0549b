//! Settings of buckets that few requests need, kept as JSON by the model's names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json};
use weft_model::{Schema, Shape, Type, Value};
use weft_service::Error;
use weft_types::Timestamp;

use crate::S3;
use crate::tables::{SETTINGS, Setting};
use crate::versions::require_bucket;

impl S3 {
    /// A setting of a bucket.
    pub(crate) async fn setting<T: Shape>(
        &self,
        bucket: &str,
        name: &'static str,
    ) -> Result<Option<T>, Error> {
        let bucket = bucket.to_owned();
        let found = self.read(move |tx| Ok(SETTINGS.get(tx, &(bucket.as_str(), name))?)).await?;
        found.map(|Setting(text)| unpack(&text)).transpose()
    }

    /// Sets, or with none removes, a setting of a bucket.
    pub(crate) async fn set<T: Shape>(
        &self,
        bucket: &str,
        name: &'static str,
        value: Option<T>,
    ) -> Result<(), Error> {
        let (bucket, text) = (bucket.to_owned(), value.map(pack));
        self.write(move |tx| {
            require_bucket(tx, &bucket)?;
            let key = (bucket.clone(), name.to_owned());
            match &text {
                Some(text) => SETTINGS.insert(tx, &key, &Setting(text.clone()))?,
                None => SETTINGS.remove(tx, &key)?,
            }
            Ok(())
        })
        .await
    }
}

/// A structure of the model as text.
pub(crate) fn pack<T: Shape>(value: T) -> String {
    to_json(&Type::Struct(|| T::SCHEMA), &value.into_value()).to_string()
}

/// Reads what [`pack`] wrote; members that this build does not know are left out.
pub(crate) fn unpack<T: Shape>(text: &str) -> Result<T, Error> {
    let json: Json = serde_json::from_str(text).map_err(Error::internal)?;
    let value = of_json(&Type::Struct(|| T::SCHEMA), &json);
    value.map(T::from_value).ok_or_else(|| Error::internal("a setting of a bucket cannot be read"))
}

fn to_json(kind: &Type, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Bool(flag)) => Json::Bool(*flag),
        (_, Value::Integer(number)) => Json::from(*number),
        (_, Value::Double(number)) => Json::from(*number),
        (_, Value::Text(text)) => Json::from(text.as_str()),
        (_, Value::Blob(bytes)) => Json::from(BASE64.encode(bytes)),
        (_, Value::Time(time)) => Json::from(time.as_millis()),
        (Type::List { element, .. }, Value::List(items)) => {
            items.iter().map(|item| to_json(element, item)).collect()
        }
        (Type::Map { value: kind, .. }, Value::Map(entries)) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), to_json(kind, value))).collect())
        }
        (Type::Struct(schema), Value::Struct(places)) => {
            let mut fields = Map::new();
            for (member, place) in schema().members.iter().zip(places) {
                if let Some(value) = place {
                    fields.insert(member.name.to_owned(), to_json(&member.shape, value));
                }
            }
            Json::Object(fields)
        }
        _ => Json::Null,
    }
}

fn of_json(kind: &Type, json: &Json) -> Option<Value> {
    Some(match kind {
        Type::Bool => Value::Bool(json.as_bool()?),
        Type::Integer | Type::Long => Value::Integer(json.as_i64()?),
        Type::Double => Value::Double(json.as_f64()?),
        Type::Text => Value::Text(json.as_str()?.to_owned()),
        Type::Blob => Value::Blob(BASE64.decode(json.as_str()?).ok()?.into()),
        Type::Time(_) => Value::Time(Timestamp::from_millis(json.as_i64()?)),
        Type::List { element, .. } => {
            Value::List(json.as_array()?.iter().map(|item| of_json(element, item)).collect::<Option<_>>()?)
        }
        Type::Map { value, .. } => {
            let entries = json.as_object()?.iter();
            Value::Map(entries.map(|(k, v)| Some((k.clone(), of_json(value, v)?))).collect::<Option<_>>()?)
        }
        Type::Struct(schema) => {
            let schema: &Schema = schema();
            let fields = json.as_object()?;
            let places = schema.members.iter().map(|member| match fields.get(member.name) {
                None => Some(None),
                Some(json) => of_json(&member.shape, json).map(Some),
            });
            Value::Struct(places.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::s3 as model;

    #[test]
    fn what_is_kept_is_read_again() {
        let rule = model::CORSRule {
            id: Some("one".to_owned()),
            allowed_methods: vec!["GET".to_owned()],
            allowed_origins: vec!["*".to_owned()],
            max_age_seconds: Some(5),
            ..Default::default()
        };
        let cors = model::CORSConfiguration { cors_rules: vec![rule] };
        assert_eq!(unpack::<model::CORSConfiguration>(&pack(cors.clone())).ok(), Some(cors));
        assert!(unpack::<model::CORSConfiguration>("[]").is_err());
    }
}
