//! `AWS::LanguageExtensions`: loops are unrolled here, the added functions are evaluated like the others.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::context::Context;
use super::resolve::{Resolver, Unknown};
use super::value::scalar;
use super::{Environment, NothingKnown, Parameters, ResolveError, Template, TemplateError};

const LOOP: &str = "Fn::ForEach::";
/// How many loops may stand within each other.
const MAX_LOOPS: usize = 5;
/// The most that all loops of a template may make, in bytes.
const MAX_SIZE: usize = 4 << 20;

/// Unrolls all loops of a document.
pub(super) fn transform(
    document: &Value,
    parameters: &Parameters,
    environment: &Environment,
) -> Result<Value, TemplateError> {
    let template = Template::from_document(document.clone())?;
    let context = Context::new(&template, parameters, environment);
    let unroller = Unroller { context: &context, room: Cell::new(MAX_SIZE) };
    let Value::Object(sections) = document else { return Ok(document.clone()) };
    let mut unrolled = Map::new();
    for (name, section) in sections {
        let loops = matches!(name.as_str(), "Resources" | "Outputs" | "Conditions");
        let section = if loops { unroller.value(section, &[])? } else { section.clone() };
        unrolled.insert(name.clone(), section);
    }
    Ok(Value::Object(unrolled))
}

/// A loop's variable and its value.
type Variables<'a> = [(&'a str, &'a str)];

struct Unroller<'a> {
    context: &'a Context,
    room: Cell<usize>,
}

impl Unroller<'_> {
    fn value(&self, value: &Value, variables: &Variables<'_>) -> Result<Value, TemplateError> {
        self.spend(16)?;
        match value {
            Value::String(text) => Ok(Value::String(self.text(text, variables)?)),
            Value::Array(items) => Ok(Value::Array(
                items.iter().map(|item| self.value(item, variables)).collect::<Result<_, _>>()?,
            )),
            Value::Object(members) => match reference(members, variables) {
                Some(found) => Ok(Value::from(found)),
                None => Ok(Value::Object(self.members(members, variables)?)),
            },
            other => Ok(other.clone()),
        }
    }

    fn members(
        &self,
        members: &Map<String, Value>,
        variables: &Variables<'_>,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut made = Map::new();
        for (key, value) in members {
            if key.starts_with(LOOP) {
                for (key, value) in self.unroll(key, value, variables)? {
                    put(&mut made, key, value)?;
                }
            } else {
                put(&mut made, self.text(key, variables)?, self.value(value, variables)?)?;
            }
        }
        Ok(made)
    }

    fn unroll(
        &self,
        name: &str,
        body: &Value,
        variables: &Variables<'_>,
    ) -> Result<Map<String, Value>, TemplateError> {
        let wrong = || TemplateError::function(format!("{name} layout is incorrect"));
        if variables.len() >= MAX_LOOPS {
            return Err(TemplateError::function(format!("{name} is nested in more than {MAX_LOOPS} loops")));
        }
        let Some([identifier, collection, Value::Object(fragment)]) = body.as_array().map(Vec::as_slice)
        else {
            return Err(wrong());
        };
        let identifier = identifier.as_str().ok_or_else(wrong)?;
        let mut made = Map::new();
        for item in self.collection(collection, variables)?.ok_or_else(wrong)? {
            let inner: Vec<(&str, &str)> =
                variables.iter().copied().chain([(identifier, item.as_str())]).collect();
            for (key, value) in self.members(fragment, &inner)? {
                put(&mut made, key, value)?;
            }
        }
        Ok(made)
    }

    /// The strings that a loop goes through; `None` is not a list of such.
    fn collection(
        &self,
        collection: &Value,
        variables: &Variables<'_>,
    ) -> Result<Option<Vec<String>>, TemplateError> {
        let collection = self.value(collection, variables)?;
        let resolver = Resolver::new(self.context, &NothingKnown, Unknown::Fail);
        match resolver.value(&collection) {
            Ok(Some(Value::Array(items))) => Ok(items.iter().map(scalar).collect()),
            Ok(_) => Ok(None),
            Err(ResolveError::Template(error)) => Err(error),
            Err(other) => {
                Err(TemplateError::function(format!("Fn::ForEach cannot resolve its collection: {other}")))
            }
        }
    }

    /// A text with `${NAME}` and `&{NAME}` replaced; the latter by what is alphanumeric of the value.
    fn text(&self, text: &str, variables: &Variables<'_>) -> Result<String, TemplateError> {
        let mut filled = text.to_owned();
        for (name, value) in variables {
            for (sign, value) in [('$', (*value).to_owned()), ('&', alphanumeric(value))] {
                let pattern = format!("{sign}{{{name}}}");
                let count = filled.matches(&pattern).count();
                self.spend(count * value.len())?;
                if count > 0 {
                    filled = filled.replace(&pattern, &value);
                }
            }
        }
        self.spend(filled.len())?;
        Ok(filled)
    }

    fn spend(&self, size: usize) -> Result<(), TemplateError> {
        let rest = self.room.get().checked_sub(size);
        let rest = rest.ok_or_else(|| TemplateError::function("Fn::ForEach makes the template too large"))?;
        self.room.set(rest);
        Ok(())
    }
}

/// The value of a variable that `Ref` names.
fn reference<'a>(members: &Map<String, Value>, variables: &Variables<'a>) -> Option<&'a str> {
    let name = members.get("Ref").filter(|_| members.len() == 1)?.as_str()?;
    variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn put(members: &mut Map<String, Value>, key: String, value: Value) -> Result<(), TemplateError> {
    if members.contains_key(&key) {
        return Err(TemplateError::function(format!("Fn::ForEach makes the key {key} more than once")));
    }
    members.insert(key, value);
    Ok(())
}
