//! Changes of requests and answers on their way.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html>.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value as Json;

use crate::data::jsonpath;
use crate::data::request::{Incoming, lossy};
use crate::rest::templates::plain;

/// What a key changes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place<'k> {
    Header(&'k str),
    Query(&'k str),
    Path,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Append,
    Overwrite,
    Remove,
}

fn parse(key: &str) -> Option<(Action, Place<'_>)> {
    let (action, place) = key.split_once(':')?;
    let action = match action {
        "append" => Action::Append,
        "overwrite" => Action::Overwrite,
        "remove" => Action::Remove,
        _ => return None,
    };
    let place = match place.split_once('.') {
        Some(("header", name)) => Place::Header(name),
        Some(("querystring", name)) => Place::Query(name),
        None if place == "path" && action == Action::Overwrite => Place::Path,
        None if place == "statuscode" && action == Action::Overwrite => Place::Status,
        _ => return None,
    };
    Some((action, place))
}

/// Checks a change.
pub(crate) fn check(key: &str, _value: &str) -> Result<(), String> {
    let reserved = [
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-location",
        "forwarded",
        "host",
        "origin",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    match parse(key) {
        Some((_, Place::Header(name)))
            if reserved.contains(&name.to_ascii_lowercase().as_str())
                || name.to_ascii_lowercase().starts_with("x-amz") =>
        {
            Err(format!("Operations on header {name} are restricted"))
        }
        Some(_) => Ok(()),
        None => Err(format!("Invalid mapping expression specified: {key}")),
    }
}

/// Where values come from.
pub(crate) struct Source<'s> {
    pub(crate) incoming: &'s Incoming,
    pub(crate) context: &'s Json,
    pub(crate) stage_variables: &'s BTreeMap<String, String>,
    pub(crate) path: &'s [(String, String)],
    /// The answer's headers and body, where there is one.
    pub(crate) answer: Option<(&'s HeaderMap, &'s [u8])>,
}

impl Source<'_> {
    /// The text of a value, in which references stand for what they mean.
    fn text(&self, value: &str) -> String {
        let mut out = String::new();
        let mut rest = value;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let formal = rest[at + 1..].starts_with('{');
            let name = &rest[at + 1 + usize::from(formal)..];
            let is_part =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'[' | b']');
            let length = if formal {
                name.find('}').unwrap_or(name.len())
            } else {
                name.bytes().take_while(is_part).count()
            };
            out.push_str(&self.find(&name[..length]).unwrap_or_default());
            rest = &name[length..];
            if formal {
                rest = rest.strip_prefix('}').unwrap_or(rest);
            }
        }
        out.push_str(rest);
        out
    }

    /// What a reference means.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        let incoming = self.incoming;
        let body = |body: &[u8], path: &str| -> Option<String> {
            let Some(path) = path.strip_prefix('.') else {
                return Some(String::from_utf8_lossy(body).into_owned());
            };
            let json: Json = serde_json::from_slice(body).ok()?;
            plain(&jsonpath::find(&json, &format!("$.{path}")).ok()?.into_json())
        };
        let header = |headers: &HeaderMap, name: &str| {
            let values: Vec<_> = headers.get_all(name).iter().map(lossy).collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        if let Some(name) = name.strip_prefix("request.header.") {
            return header(&incoming.headers, name);
        }
        if let Some(name) = name.strip_prefix("request.querystring.") {
            return incoming.query(name).map(str::to_owned);
        }
        if let Some(name) = name.strip_prefix("request.path.") {
            return self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        }
        if let Some(path) = name.strip_prefix("request.body") {
            return body(&incoming.body, path);
        }
        if let Some(name) = name.strip_prefix("response.header.") {
            return header(self.answer?.0, name);
        }
        if let Some(path) = name.strip_prefix("response.body") {
            return body(self.answer?.1, path);
        }
        if let Some(path) = name.strip_prefix("context.") {
            return plain(path.split('.').try_fold(self.context, |at, name| at.get(name))?);
        }
        if let Some(name) = name.strip_prefix("stageVariables.") {
            return self.stage_variables.get(name).cloned();
        }
        (name == "request.path").then(|| incoming.path.clone())
    }
}

/// Changes a request: its headers, its query, its path.
pub(crate) fn change_request(
    changes: &BTreeMap<String, String>,
    source: &Source<'_>,
    headers: &mut HeaderMap,
    query: &mut Vec<(String, String)>,
) -> Option<String> {
    let mut path = None;
    for (key, value) in changes {
        let Some((action, place)) = parse(key) else { continue };
        match place {
            Place::Header(name) => change_header(headers, action, name, || source.text(value)),
            Place::Query(name) => {
                if action != Action::Append {
                    query.retain(|(known, _)| known != name);
                }
                if action != Action::Remove {
                    query.push((name.to_owned(), source.text(value)));
                }
            }
            Place::Path => path = Some(source.text(value)),
            Place::Status => {}
        }
    }
    path
}

/// Changes an answer: its headers and its status.
pub(crate) fn change_answer(
    changes: &BTreeMap<String, String>,
    source: &Source<'_>,
    headers: &mut HeaderMap,
    status: &mut StatusCode,
) {
    for (key, value) in changes {
        match parse(key) {
            Some((action, Place::Header(name))) => {
                change_header(headers, action, name, || source.text(value));
            }
            Some((_, Place::Status)) => {
                let new = source.text(value).parse().ok().filter(|status| *status >= 200);
                *status = new.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(*status);
            }
            _ => {}
        }
    }
}

fn change_header(headers: &mut HeaderMap, action: Action, name: &str, value: impl Fn() -> String) {
    let Ok(name) = name.parse::<HeaderName>() else { return };
    if action != Action::Append {
        headers.remove(&name);
    }
    if action != Action::Remove
        && let Ok(value) = HeaderValue::from_str(&value())
    {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::incoming;

    #[test]
    fn requests_change_as_they_are_told_to() {
        let incoming = incoming("POST", "/pets/7?q=1", &[("x-a", "b")], br#"{"name":"rex"}"#);
        let variables = BTreeMap::from([("v".to_owned(), "w".to_owned())]);
        let path = [("id".to_owned(), "7".to_owned())];
        let context = serde_json::json!({ "requestId": "r" });
        let source = Source {
            incoming: &incoming,
            context: &context,
            stage_variables: &variables,
            path: &path,
            answer: None,
        };
        let changes = [
            ("append:header.x-new", "$request.header.x-a-${request.path.id}"),
            ("overwrite:header.x-a", "$context.requestId $stageVariables.v"),
            ("overwrite:querystring.q", "$request.body.name"),
            ("append:querystring.r", "text"),
            ("overwrite:path", "/new/$request.path.id"),
            ("remove:header.host", "''"),
        ];
        let changes = changes.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let (mut headers, mut query) = (incoming.headers.clone(), incoming.query.clone());
        let path = change_request(&changes, &source, &mut headers, &mut query);
        assert_eq!(path.as_deref(), Some("/new/7"));
        assert_eq!(headers["x-a"], "r w");
        assert!(!headers.contains_key("host"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(query, [pair("r", "text"), pair("q", "rex")]);
    }

    #[test]
    fn what_cannot_be_changed_is_refused() {
        let check_key = |key: &str, expected: bool| assert_eq!(check(key, "x").is_ok(), expected, "{key}");
        check_key("append:header.x", true);
        check_key("overwrite:statuscode", true);
        check_key("append:path", false);
        check_key("overwrite:header.Host", false);
        check_key("header.x", false);
        check_key("overwrite:header.x-amz-a", false);
    }
}
