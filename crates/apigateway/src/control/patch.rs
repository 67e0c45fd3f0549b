//! Updates by patch operations (`op`, `path`, `value`), as the API for REST APIs takes them.
//!
//! Each resource lists the paths that can be patched and what is there; everything else is refused. Source:
//! <https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html>.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use weft_model::apigateway::PatchOperation;
use weft_service::Error;

use super::{bridge, errors};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A text that cannot be taken away.
    Needed,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// Texts in a list: `/binaryMediaTypes/image~1png` adds or removes one, `/binaryMediaTypes/0` replaces by place.
    Items,
    /// An entry of a map of texts: `/variables/name`.
    Entry,
    /// An entry of a map of booleans: `/requestParameters/method.request.querystring.q`.
    Flag,
}

/// A path that can be patched, without its last element for lists and maps.
pub(crate) type Rule = (&'static str, Kind);

/// Carries out the operations on a record.
pub(crate) fn apply<R: Serialize + DeserializeOwned>(
    record: &R,
    operations: &[PatchOperation],
    rules: &[Rule],
) -> Result<R, Error> {
    let mut json = serde_json::to_value(record).map_err(Error::internal)?;
    for operation in operations {
        one(&mut json, operation, rules)?;
    }
    bridge::record_of(json)
}

/// Undoes the escapes of JSON pointers.
pub(crate) fn unescape(element: &str) -> String {
    element.replace("~1", "/").replace("~0", "~")
}

pub(crate) fn refused(path: &str, rules: &[Rule]) -> Error {
    let known: Vec<String> = rules
        .iter()
        .map(|(path, kind)| match kind {
            Kind::Items | Kind::Entry | Kind::Flag => format!("{path}/*"),
            _ => (*path).to_owned(),
        })
        .collect();
    errors::bad_request(format!(
        "Invalid patch path  '{path}' specified for op 'replace'. Must be one of: [{}]",
        known.join(", ")
    ))
}

/// The rule of a path, and the last element where it is in a list or map.
fn rule_of<'r>(path: &str, rules: &'r [Rule]) -> Option<(&'r Rule, Option<String>)> {
    rules.iter().find_map(|rule| match rule.1 {
        Kind::Items | Kind::Entry | Kind::Flag => {
            if path == rule.0 {
                return Some((rule, None));
            }
            let rest = path.strip_prefix(rule.0)?.strip_prefix('/')?;
            Some((rule, Some(unescape(rest))))
        }
        _ => (path == rule.0).then_some((rule, None)),
    })
}

fn one(json: &mut Json, operation: &PatchOperation, rules: &[Rule]) -> Result<(), Error> {
    let op = operation.op.as_deref().unwrap_or_default();
    let path = operation.path.as_deref().unwrap_or_default();
    if !matches!(op, "add" | "replace" | "remove") {
        return Err(errors::bad_request(format!("Invalid patch operation specified: {op}")));
    }
    let Some((&(base, kind), element)) = rule_of(path, rules) else { return Err(refused(path, rules)) };
    let place = place(json, base);
    let value = operation.value.as_deref();
    match kind {
        Kind::Items => return items(place, op, element, value),
        Kind::Entry | Kind::Flag => return entry(place, op, kind, element, value),
        _ => {}
    }
    if op == "remove" {
        if kind == Kind::Needed {
            let message = format!("Invalid patch path  '{path}' specified for op 'remove'");
            return Err(errors::bad_request(message));
        }
        *place = Json::Null;
        return Ok(());
    }
    *place = read(kind, path, value)?;
    Ok(())
}

/// The place at a path, made where it is not there.
fn place<'j>(json: &'j mut Json, path: &str) -> &'j mut Json {
    path.split('/').skip(1).fold(json, |at, name| {
        if !at.is_object() {
            *at = Json::Object(Map::new());
        }
        &mut at[unescape(name)]
    })
}

fn read(kind: Kind, path: &str, value: Option<&str>) -> Result<Json, Error> {
    let invalid = || {
        let value = value.unwrap_or("null");
        errors::bad_request(format!("Invalid value '{value}' specified for path '{path}'"))
    };
    let Some(text) = value else {
        return match kind {
            Kind::Needed | Kind::Flag => Err(invalid()),
            _ => Ok(Json::Null),
        };
    };
    Ok(match kind {
        Kind::Needed if text.is_empty() => return Err(invalid()),
        Kind::Text | Kind::Needed | Kind::Entry | Kind::Items => Json::String(text.to_owned()),
        Kind::Integer if text.is_empty() => Json::Null,
        Kind::Integer => Json::from(text.parse::<i64>().map_err(|_| invalid())?),
        Kind::Number => Json::from(text.parse::<f64>().map_err(|_| invalid())?),
        Kind::Bool | Kind::Flag => Json::Bool(match text {
            "true" => true,
            "false" => false,
            _ => return Err(invalid()),
        }),
    })
}

fn items(place: &mut Json, op: &str, element: Option<String>, value: Option<&str>) -> Result<(), Error> {
    if !place.is_array() {
        *place = Json::Array(Vec::new());
    }
    let list = place.as_array_mut().map(std::mem::take).unwrap_or_default();
    let mut list: Vec<String> =
        list.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
    match (op, element, value) {
        ("remove", None, None) => list.clear(),
        ("remove", element, value) => {
            let gone = element.or(value.map(str::to_owned)).unwrap_or_default();
            if !list.contains(&gone) {
                return Err(errors::not_found(format!("Invalid patch path: {gone} is not in the list")));
            }
            list.retain(|item| *item != gone);
        }
        ("replace", None, value) => {
            list = value
                .unwrap_or_default()
                .split(',')
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect();
        }
        ("replace", Some(old), Some(new)) => match old.parse::<usize>().ok().filter(|at| *at < list.len()) {
            Some(at) => new.clone_into(&mut list[at]),
            None => match list.iter_mut().find(|item| **item == old) {
                Some(item) => new.clone_into(item),
                None => list.push(new.to_owned()),
            },
        },
        (_, element, value) => {
            let new = element.or(value.map(str::to_owned)).unwrap_or_default();
            if !list.contains(&new) {
                list.push(new);
            }
        }
    }
    *place = list.into();
    Ok(())
}

fn entry(
    place: &mut Json,
    op: &str,
    kind: Kind,
    element: Option<String>,
    value: Option<&str>,
) -> Result<(), Error> {
    if !place.is_object() {
        *place = Json::Object(Map::new());
    }
    let (Some(key), Some(map)) = (element, place.as_object_mut()) else {
        if op == "remove" {
            *place = Json::Null;
            return Ok(());
        }
        return Err(errors::bad_request("Invalid patch path: the name of an entry is missing"));
    };
    if op == "remove" {
        if map.remove(&key).is_none() {
            return Err(errors::not_found(format!("Invalid patch path: {key} is not there")));
        }
        return Ok(());
    }
    let value = read(kind, &key, Some(value.unwrap_or(if kind == Kind::Flag { "false" } else { "" })))?;
    map.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: &[Rule] = &[
        ("/name", Kind::Needed),
        ("/description", Kind::Text),
        ("/size", Kind::Integer),
        ("/types", Kind::Items),
        ("/variables", Kind::Entry),
        ("/deep/flag", Kind::Bool),
    ];

    fn check(op: &str, path: &str, value: Option<&str>, expected: Option<&Json>) {
        let record = json!({ "name": "a", "types": ["x/y", "z"], "variables": { "v": "1" } });
        let text = |text: &str| Some(text.to_owned());
        let operation =
            PatchOperation { op: text(op), path: text(path), value: value.map(str::to_owned), from: None };
        let found = apply(&record, &[operation], RULES).ok();
        assert_eq!(found.as_ref(), expected, "{op} {path} {value:?}");
    }

    #[test]
    fn what_is_listed_can_be_patched_and_nothing_else() {
        let with = |name: &str, value: Json| {
            let mut record = json!({ "name": "a", "types": ["x/y", "z"], "variables": { "v": "1" } });
            record[name] = value;
            Some(record)
        };
        check("replace", "/name", Some("b"), with("name", json!("b")).as_ref());
        check("remove", "/name", None, None);
        check("replace", "/name", Some(""), None);
        check("replace", "/nothing", Some("b"), None);
        check("move", "/name", Some("b"), None);
        check("replace", "/description", Some("d"), with("description", json!("d")).as_ref());
        let same = json!({ "name": "a", "types": ["x/y", "z"], "variables": { "v": "1" } });
        check("remove", "/description", None, Some(&same));
        check("replace", "/size", Some("12"), with("size", json!(12)).as_ref());
        check("replace", "/size", Some("x"), None);
        check("add", "/types/image~1png", None, with("types", json!(["x/y", "z", "image/png"])).as_ref());
        check("remove", "/types/x~1y", None, with("types", json!(["z"])).as_ref());
        check("remove", "/types/q", None, None);
        check("replace", "/types/0", Some("new"), with("types", json!(["new", "z"])).as_ref());
        check("add", "/variables/w", Some("2"), with("variables", json!({ "v": "1", "w": "2" })).as_ref());
        check("remove", "/variables/v", None, with("variables", json!({})).as_ref());
        check("replace", "/deep/flag", Some("true"), with("deep", json!({ "flag": true })).as_ref());
        check("replace", "/deep/flag", Some("yes"), None);
    }
}
