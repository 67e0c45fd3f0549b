//! YAML as templates are written in it: version 1.1's booleans, short tags for functions, no aliases.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

use super::TemplateError;
use super::document::MAX_DEPTH;

/// What short tags may stand for; `Ref` and `Condition` are written without `Fn::`.
const FUNCTIONS: [&str; 27] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Implies",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
    "ForEach",
];

/// A list or a map whose end has not been read yet.
enum Open {
    List { items: Vec<Value>, tag: Option<String> },
    Map { members: Map<String, Value>, key: Option<String>, tag: Option<String> },
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Value, TemplateError> {
    let mut reader = Reader { open: Vec::new(), root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| malformed(error.marker(), None))?;
        reader.take(event, &span.start)?;
    }
    reader.root.ok_or_else(|| TemplateError::format("unsupported structure."))
}

struct Reader {
    open: Vec<Open>,
    root: Option<Value>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, at: &Marker) -> Result<(), TemplateError> {
        match event {
            Event::Alias(_) => {
                Err(TemplateError::format("YAML aliases are not allowed in CloudFormation templates"))
            }
            Event::Scalar(text, style, _, tag) => self.scalar(text, style, tag.as_deref(), at),
            Event::SequenceStart(_, tag) => {
                let tag = function_tag(tag.as_deref(), at)?;
                self.begin(Open::List { items: Vec::new(), tag }, at)
            }
            Event::MappingStart(_, tag) => {
                let tag = function_tag(tag.as_deref(), at)?;
                self.begin(Open::Map { members: Map::new(), key: None, tag }, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, at: &Marker) -> Result<(), TemplateError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(malformed(at, Some("nested too deeply")));
        }
        if matches!(self.open.last(), Some(Open::Map { key: None, .. })) {
            return Err(malformed(at, Some("a key must be a string")));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, at: &Marker) -> Result<(), TemplateError> {
        let (value, tag) = match self.open.pop() {
            Some(Open::List { items, tag }) => (Value::Array(items), tag),
            Some(Open::Map { members, tag, .. }) => (Value::Object(members), tag),
            None => return Ok(()),
        };
        self.put(tagged(value, tag), at)
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: &Marker,
    ) -> Result<(), TemplateError> {
        if let Some(Open::Map { members, key: key @ None, .. }) = self.open.last_mut() {
            if members.contains_key(text.as_ref()) {
                return Err(malformed(at, Some(&format!("the key \"{text}\" is there already"))));
            }
            *key = Some(text.into_owned());
            return Ok(());
        }
        let value = match core_tag(tag) {
            Some("str" | "binary" | "timestamp") => Value::String(text.into_owned()),
            Some(_) => plain(&text),
            None => match function_tag(tag, at)? {
                Some(function) => tagged(Value::String(text.into_owned()), Some(function)),
                None if style == ScalarStyle::Plain && tag.is_none() => plain(&text),
                None => Value::String(text.into_owned()),
            },
        };
        self.put(value, at)
    }

    fn put(&mut self, value: Value, at: &Marker) -> Result<(), TemplateError> {
        match self.open.last_mut() {
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { members, key, .. }) => {
                if let Some(key) = key.take() {
                    let value = if key == "Fn::GetAtt" { attribute(value) } else { value };
                    members.insert(key, value);
                }
            }
            None if self.root.is_some() => return Err(malformed(at, Some("more than one document"))),
            None => self.root = Some(value),
        }
        Ok(())
    }
}

/// The name behind `!!`.
fn core_tag(tag: Option<&Tag>) -> Option<&str> {
    tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str())
}

/// The function that a short tag stands for, as it is written in full.
fn function_tag(tag: Option<&Tag>, at: &Marker) -> Result<Option<String>, TemplateError> {
    let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else { return Ok(None) };
    match tag.suffix.as_str() {
        "" => Ok(None),
        name @ ("Ref" | "Condition") if tag.handle == "!" => Ok(Some(name.to_owned())),
        name if tag.handle == "!" && FUNCTIONS.contains(&name) => Ok(Some(format!("Fn::{name}"))),
        name => Err(malformed(at, Some(&format!("the tag {}{name} is not known", tag.handle)))),
    }
}

/// A value under the function that its tag stands for.
fn tagged(value: Value, function: Option<String>) -> Value {
    let Some(function) = function else { return value };
    let value = if function == "Fn::GetAtt" { attribute(value) } else { value };
    Value::Object(Map::from_iter([(function, value)]))
}

/// `RESOURCE.ATTRIBUTE` as the list that it stands for.
fn attribute(path: Value) -> Value {
    match path.as_str().and_then(|path| path.split_once('.')) {
        Some((resource, attribute)) => Value::from(vec![resource, attribute]),
        None => path,
    }
}

/// What an unquoted scalar means. Numbers that are not written as JSON writes them stay text, so that an account's
/// leading zero, a version `1_0` or a time `12:30` reaches the resource as it was written.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) || digits.len() > 32 {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn malformed(at: &Marker, why: Option<&str>) -> TemplateError {
    let position = format!("YAML not well-formed. (line {}, column {})", at.line(), at.col() + 1);
    TemplateError::format(match why {
        Some(why) => format!("{position}: {why}"),
        None => position,
    })
}
