//! The functions of the language that give values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::resolve::{Resolver, is_unknown};
use super::sub::{Piece, pieces};
use super::value::scalar;
use super::{KNOWN_AFTER_APPLY, ResolveError, TemplateError, cidr};

type Resolved = Result<Option<Value>, ResolveError>;

const JOIN: &str = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
const SPLIT: &str = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
const SELECT: &str = "Fn::Select requires a list argument with two elements: an integer index and a list";
const SUB: &str = "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
const FIND: &str = "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
const ATTRIBUTE: &str =
    "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";

/// Evaluates a function.
pub(super) fn call(resolver: &Resolver<'_>, name: &str, argument: &Value) -> Resolved {
    match name {
        "Ref" => reference(resolver, argument),
        "Fn::GetAtt" => attribute(resolver, argument),
        "Fn::Join" => join(resolver, argument),
        "Fn::Sub" => sub(resolver, argument),
        "Fn::Select" => select(resolver, argument),
        "Fn::Split" => split(resolver, argument),
        "Fn::If" => choose(resolver, argument),
        "Fn::FindInMap" => find(resolver, argument),
        "Fn::Base64" => {
            let text = resolver.text(argument, "every Fn::Base64 object must have a String-typed value.")?;
            resolver.spend(text.len() * 4 / 3)?;
            Ok(Some(Value::from(if is_unknown(&text) { text } else { STANDARD.encode(text) })))
        }
        "Fn::Cidr" => cidr::blocks(resolver, argument),
        "Fn::GetAZs" => zones(resolver, argument),
        "Fn::ImportValue" => import(resolver, argument),
        "Fn::Length" | "Fn::ToJsonString" if resolver.context.extended => extension(resolver, name, argument),
        "Fn::Transform" => {
            let name = argument.get("Name").and_then(Value::as_str).unwrap_or_default();
            Err(TemplateError::new(format!("No transform named {name} found.")).into())
        }
        _ => Err(TemplateError::format(format!("Unrecognized or misplaced function {name}")).into()),
    }
}

/// The arguments of a function that takes exactly so many.
pub(super) fn arguments<'v, const N: usize>(
    value: &'v Value,
    otherwise: &str,
) -> Result<&'v [Value; N], TemplateError> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.try_into().map_err(|_| TemplateError::function(otherwise))
}

fn reference(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let Some(name) = argument.as_str() else {
        return Err(TemplateError::function("every Ref object must have a single String value.").into());
    };
    named(resolver, name)
}

/// What `Ref` gives for a name.
fn named(resolver: &Resolver<'_>, name: &str) -> Resolved {
    let context = resolver.context;
    if name == "AWS::NoValue" {
        return Ok(None);
    }
    if let Some(parameter) = context.parameters.get(name) {
        resolver.spend(parameter.given.len())?;
        return Ok(Some(parameter.value.clone()));
    }
    if let Some(value) = context.environment.pseudo(name) {
        return Ok(Some(value));
    }
    match resolver.known.reference(name) {
        Some(value) => Ok(Some(value)),
        None => resolver.unknown(ResolveError::Unknown { logical_id: name.to_owned(), attribute: None }),
    }
}

fn attribute(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let (resource, name) = attribute_path(argument)?;
    let name = resolver.text(name, ATTRIBUTE)?;
    attribute_of(resolver, resource, &name)
}

/// The resource and the attribute that `Fn::GetAtt` asks for.
pub(super) fn attribute_path(argument: &Value) -> Result<(&str, &Value), TemplateError> {
    let [resource, name] = arguments(argument, ATTRIBUTE)?;
    let filled = |text: &&str| !text.is_empty();
    let resource = resource.as_str().filter(filled).ok_or_else(|| TemplateError::function(ATTRIBUTE))?;
    if name.as_str().is_some_and(str::is_empty) {
        return Err(TemplateError::function(ATTRIBUTE));
    }
    Ok((resource, name))
}

fn attribute_of(resolver: &Resolver<'_>, resource: &str, name: &str) -> Resolved {
    match resolver.known.attribute(resource, name) {
        Some(value) => Ok(Some(value)),
        None => resolver.unknown(ResolveError::Unknown {
            logical_id: resource.to_owned(),
            attribute: Some(name.to_owned()),
        }),
    }
}

fn join(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let [delimiter, list] = arguments(argument, JOIN)?;
    let delimiter = delimiter.as_str().ok_or_else(|| TemplateError::function(JOIN))?;
    let Some(items) = resolver.list(list, JOIN)? else { return Ok(Some(Value::from(KNOWN_AFTER_APPLY))) };
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = scalar(item).ok_or_else(|| TemplateError::function(JOIN))?;
        resolver.spend(item.len() + delimiter.len())?;
        if index > 0 {
            joined.push_str(delimiter);
        }
        joined.push_str(&item);
    }
    Ok(Some(Value::String(joined)))
}

/// The text and the variables of `Fn::Sub`.
pub(super) fn sub_parts(argument: &Value) -> Result<(&str, Option<&Map<String, Value>>), TemplateError> {
    let wrong = || TemplateError::function(SUB);
    match argument {
        Value::String(text) => Ok((text, None)),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(text)] => Ok((text, None)),
            [Value::String(text), Value::Object(variables)] => Ok((text, Some(variables))),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn sub(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let (text, variables) = sub_parts(argument)?;
    let mut filled = String::new();
    let mut done: Map<String, Value> = Map::new();
    for piece in pieces(text)? {
        let start = filled.len();
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Literal(name) => {
                filled.push_str("${");
                filled.push_str(name);
                filled.push('}');
            }
            Piece::Variable(name) => {
                let local = variables.and_then(|variables| variables.get(name));
                let value = match (done.get(name), local) {
                    (Some(value), _) => Some(value.clone()),
                    (None, Some(local)) => resolver.value(local)?,
                    (None, None) => variable(resolver, name)?,
                };
                let value = value.unwrap_or(Value::from(""));
                let text = scalar(&value).ok_or_else(|| {
                    TemplateError::function(format!(
                        "Fn::Sub expression does not resolve to a string: ${{{name}}}"
                    ))
                })?;
                filled.push_str(&text);
                if local.is_some() {
                    done.insert(name.to_owned(), value);
                }
            }
        }
        resolver.spend(filled.len() - start)?;
    }
    Ok(Some(Value::String(filled)))
}

fn variable(resolver: &Resolver<'_>, name: &str) -> Resolved {
    match name.split_once('.') {
        Some((resource, attribute)) => attribute_of(resolver, resource, attribute),
        None => named(resolver, name),
    }
}

fn select(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let [index, list] = arguments(argument, SELECT)?;
    let index = resolver.text(index, SELECT)?;
    let items = match list {
        // Items that are not chosen may be unknown, and items without a value keep their places.
        Value::Array(items) => items.as_slice(),
        _ => match resolver.list(list, SELECT)? {
            Some(items) => return selected(&index, &items).map(Some),
            None => return Ok(Some(Value::from(KNOWN_AFTER_APPLY))),
        },
    };
    resolver.value(&selected(&index, items)?)
}

fn selected(index: &str, items: &[Value]) -> Result<Value, ResolveError> {
    let number: i64 = index.trim().parse().map_err(|_| TemplateError::function(SELECT))?;
    let item = usize::try_from(number).ok().and_then(|number| items.get(number));
    let item = item.ok_or_else(|| {
        TemplateError::function(format!("Fn::Select cannot select nonexistent value at index {number}"))
    })?;
    Ok(item.clone())
}

fn split(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let [delimiter, text] = arguments(argument, SPLIT)?;
    let delimiter =
        delimiter.as_str().filter(|text| !text.is_empty()).ok_or_else(|| TemplateError::function(SPLIT))?;
    let text = resolver.text(text, SPLIT)?;
    if is_unknown(&text) {
        return Ok(Some(Value::from(KNOWN_AFTER_APPLY)));
    }
    resolver.spend(text.len() * 32)?;
    Ok(Some(text.split(delimiter).map(Value::from).collect()))
}

/// The condition and the two branches of `Fn::If`.
pub(super) fn branches(argument: &Value) -> Result<(&str, &Value, &Value), TemplateError> {
    let [condition, yes, no] = arguments(argument, "Fn::If requires a list argument with three elements")?;
    let condition = condition.as_str().ok_or_else(|| {
        TemplateError::function("Fn::If requires a list argument with the first element being a condition")
    })?;
    Ok((condition, yes, no))
}

fn choose(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let (condition, yes, no) = branches(argument)?;
    match resolver.context.conditions.get(condition) {
        Some(true) => resolver.value(yes),
        Some(false) => resolver.value(no),
        None => {
            Err(TemplateError::function(format!("unresolved condition dependency {condition} in Fn::If"))
                .into())
        }
    }
}

fn find(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let list = argument.as_array().filter(|list| list.len() == 3 || list.len() == 4);
    let list = list.ok_or_else(|| TemplateError::function(FIND))?;
    let mut names = Vec::with_capacity(3);
    for name in &list[..3] {
        names.push(resolver.text(name, FIND)?);
    }
    let default = list.get(3).and_then(|options| options.get("DefaultValue"));
    if list.len() == 4 && (default.is_none() || !resolver.context.extended) {
        return Err(TemplateError::function(FIND).into());
    }
    let [map, key, name] = names.as_slice() else { return Err(TemplateError::function(FIND).into()) };
    let mapping = resolver.context.mappings.get(map);
    match (mapping.and_then(|mapping| mapping.get(key)?.get(name)), default) {
        (Some(found), _) => {
            resolver.spend(found.as_array().map_or(32, |items| items.len() * 64))?;
            Ok(Some(found.clone()))
        }
        (None, Some(default)) => resolver.value(default),
        (None, None) if mapping.is_none() => Err(TemplateError::function(format!(
            "Mapping named '{map}' is not present in the 'Mappings' section of template."
        ))
        .into()),
        (None, None) => {
            Err(TemplateError::function(format!("Unable to get mapping for {map}::{key}::{name}")).into())
        }
    }
}

fn zones(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let region = resolver.text(argument, "every Fn::GetAZs object must have a String-typed value.")?;
    let environment = &resolver.context.environment;
    if region.is_empty() || region == environment.region {
        return Ok(Some(environment.availability_zones.iter().cloned().map(Value::String).collect()));
    }
    Ok(Some(["a", "b", "c"].iter().map(|zone| Value::from(format!("{region}{zone}"))).collect()))
}

fn import(resolver: &Resolver<'_>, argument: &Value) -> Resolved {
    let export = resolver.text(argument, "every Fn::ImportValue object must have a String-typed value.")?;
    match resolver.known.import(&export) {
        Some(value) => Ok(Some(value)),
        None => resolver.unknown(ResolveError::Import { export }),
    }
}

fn extension(resolver: &Resolver<'_>, name: &str, argument: &Value) -> Resolved {
    if name == "Fn::Length" {
        let items = resolver.list(argument, "Fn::Length requires a list argument")?;
        return Ok(Some(items.map_or(Value::from(KNOWN_AFTER_APPLY), |items| Value::from(items.len()))));
    }
    let value = resolver.value(argument)?.filter(|value| value.is_object() || value.is_array());
    let value =
        value.ok_or_else(|| TemplateError::function("Fn::ToJsonString requires an object or a list"))?;
    let text = value.to_string();
    resolver.spend(text.len())?;
    Ok(Some(Value::String(text)))
}
