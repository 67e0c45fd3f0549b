//! What mapping templates and parameters find around them: the request, its context, the stage's variables.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;

use crate::data::jsonpath;
use crate::data::request::{Incoming, lossy};
use crate::vtl::{self, Failure, Host, Template, Val};

/// What `java.net.URLEncoder` leaves.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_');

/// A request under way.
#[derive(Debug)]
pub(crate) struct Scene<'r> {
    pub(crate) incoming: &'r Incoming,
    /// `$context`, and what access logs read.
    pub(crate) context: Json,
    pub(crate) stage_variables: &'r BTreeMap<String, String>,
    /// Variables of the path, as they were written.
    pub(crate) path: Vec<(String, String)>,
}

impl Scene<'_> {
    /// The value of a parameter's source: `'text'`, `context.…`, `stageVariables.…`, `method.request.…`.
    pub(crate) fn parameter(&self, source: &str) -> Option<String> {
        if let Some(text) = source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(text.to_owned());
        }
        if let Some(path) = source.strip_prefix("context.") {
            return plain(path.split('.').try_fold(&self.context, |at, name| at.get(name))?);
        }
        if let Some(name) = source.strip_prefix("stageVariables.") {
            return self.stage_variables.get(name).cloned();
        }
        let place = source.strip_prefix("method.request.")?;
        if let Some(name) = place.strip_prefix("header.").or_else(|| place.strip_prefix("multivalueheader."))
        {
            return self.header(name);
        }
        if let Some(name) = place.strip_prefix("querystring.") {
            return self.incoming.query(name).map(str::to_owned);
        }
        if let Some(name) = place.strip_prefix("multivaluequerystring.") {
            let values: Vec<&str> = self
                .incoming
                .query
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .collect();
            return (!values.is_empty()).then(|| values.join(","));
        }
        if let Some(name) = place.strip_prefix("path.") {
            return self.variable(name);
        }
        body_parameter(place, &self.incoming.body)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.incoming.headers.get(name).map(|value| lossy(value).into_owned())
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// `body`, or `body.$.path` of a body of JSON.
pub(crate) fn body_parameter(place: &str, body: &[u8]) -> Option<String> {
    let path = place.strip_prefix("body")?;
    if path.is_empty() {
        return Some(String::from_utf8_lossy(body).into_owned());
    }
    let json: Json = serde_json::from_slice(body).ok()?;
    plain(&jsonpath::find(&json, path.strip_prefix('.')?).ok()?.into_json())
}

/// A value as a header or query has it.
pub(crate) fn plain(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A template at work.
pub(crate) struct Stageplay<'s> {
    scene: &'s Scene<'s>,
    /// What `$input` is of: the request's body, or the answer's.
    body: &'s [u8],
    json: OnceCell<Json>,
    context: Val,
    variables: Val,
}

impl<'s> Stageplay<'s> {
    pub(crate) fn new(scene: &'s Scene<'s>, body: &'s [u8]) -> Self {
        let variables = scene.stage_variables.iter();
        let variables = variables.map(|(key, value)| (key.clone(), Val::text(value.as_str()))).collect();
        let mut context = scene.context.clone();
        for place in ["requestOverride", "responseOverride"] {
            context[place] = serde_json::json!({ "header": {}, "path": {}, "querystring": {} });
        }
        let context = Val::from_json(&context);
        Self { scene, body, json: OnceCell::new(), context, variables: Val::map(variables) }
    }

    /// Runs a template; gives what it leaves, and what it set in `$context` (`responseOverride`, `requestOverride`).
    pub(crate) fn run(&self, template: &Template) -> Result<(String, Json), Failure> {
        let text = vtl::render(template, self)?;
        let Val::Map(context) = &self.context else { return Ok((text, Json::Null)) };
        let context = context.borrow();
        let mut overrides = serde_json::Map::new();
        for place in ["requestOverride", "responseOverride"] {
            let value = context.get(place).map_or(Json::Null, |value| value.to_json(0));
            overrides.insert(place.to_owned(), value);
        }
        Ok((text, Json::Object(overrides)))
    }

    /// The body as JSON; a body that is none is an empty object, as AWS has it.
    fn json(&self) -> &Json {
        self.json.get_or_init(|| {
            if self.body.is_empty() {
                return Json::Object(serde_json::Map::new());
            }
            serde_json::from_slice(self.body)
                .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(self.body).into_owned()))
        })
    }

    fn params(&self, place: &str) -> Val {
        let entry = |(key, value): (&String, &String)| (key.clone(), Val::text(value.as_str()));
        let incoming = self.scene.incoming;
        let entries: IndexMap<String, Val> = match place {
            "path" => self.scene.path.iter().map(|(key, value)| entry((key, value))).collect(),
            "querystring" => incoming.query.iter().map(|(key, value)| entry((key, value))).collect(),
            _ => incoming
                .headers
                .iter()
                .map(|(key, value)| {
                    (crate::data::request::title_case(key.as_str()), Val::text(lossy(value).as_ref()))
                })
                .collect(),
        };
        Val::map(entries)
    }

    /// A parameter by its name alone: of the path, the query, or a header, in this order.
    fn param(&self, name: &str) -> Val {
        let scene = self.scene;
        let found = scene
            .variable(name)
            .or_else(|| scene.incoming.query(name).map(str::to_owned))
            .or_else(|| scene.header(name));
        Val::text(found.unwrap_or_default())
    }
}

impl Host for Stageplay<'_> {
    fn variable(&self, name: &str) -> Option<Val> {
        match name {
            "input" => Some(Val::Host("input")),
            "util" => Some(Val::Host("util")),
            "context" => Some(self.context.clone()),
            "stageVariables" => Some(self.variables.clone()),
            _ => None,
        }
    }

    fn property(&self, of: &'static str, name: &str) -> Option<Val> {
        match (of, name) {
            ("input", "body") => Some(Val::text(String::from_utf8_lossy(self.body).as_ref())),
            ("params", place) => Some(self.params(place)),
            _ => None,
        }
    }

    fn call(&self, of: &'static str, method: &str, arguments: &[Val]) -> Option<Result<Val, String>> {
        let found = |path: &Val| jsonpath::find(self.json(), &path.to_text()).map(jsonpath::Found::into_json);
        match (of, method, arguments) {
            ("input", "path", [path]) => Some(found(path).map(|json| Val::from_json(&json))),
            ("input", "json", [path]) => Some(found(path).map(|json| Val::text(json.to_string()))),
            ("input", "params", []) => Some(Ok(Val::Host("params"))),
            ("input", "params", [name]) => Some(Ok(self.param(&name.to_text()))),
            ("params", "get", [place]) => Some(Ok(self.params(&place.to_text()))),
            ("params", "keySet", []) => {
                Some(Ok(Val::list(["path", "querystring", "header"].map(Val::text).to_vec())))
            }
            ("input", "getBody", []) => self.property(of, "body").map(Ok),
            ("util", name, [argument]) => utility(name, argument),
            _ => None,
        }
    }
}

fn utility(name: &str, argument: &Val) -> Option<Result<Val, String>> {
    let text = argument.to_text();
    Some(Ok(match name {
        "escapeJavaScript" => Val::text(escape_javascript(&text)),
        "urlEncode" => Val::text(utf8_percent_encode(&text, FORM).to_string().replace("%20", "+")),
        "urlDecode" => {
            Val::text(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
        }
        "base64Encode" => Val::text(STANDARD.encode(text)),
        "base64Decode" => match STANDARD.decode(text.trim()) {
            Ok(bytes) => Val::text(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) => return Some(Err("base64Decode: the text is not base64".to_owned())),
        },
        "parseJson" => match serde_json::from_str::<Json>(&text) {
            Ok(json) => Val::from_json(&json),
            Err(_) => return Some(Err("parseJson: the text is not JSON".to_owned())),
        },
        _ => return None,
    }))
}

/// As Apache Commons' `escapeJavaScript`: quotes, slashes, control characters, and all beyond ASCII.
fn escape_javascript(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(sign),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out
}

/// Fills in the references of a gateway response. It is not a program: what is wrong stays as it is.
pub(crate) fn render_plain(text: &str, scene: &Scene<'_>) -> String {
    match Template::parse(text) {
        Ok(template) => match Stageplay::new(scene, &scene.incoming.body).run(&template) {
            Ok((text, _)) => text,
            Err(_) => text.to_owned(),
        },
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::incoming;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let incoming = incoming(
            "POST",
            "/pets/7?q=a%20b&q=c",
            &[("x-a", "1")],
            br#"{"name":"rex","tags":["x","y"],"n":null}"#,
        );
        let variables = BTreeMap::from([("table".to_owned(), "pets".to_owned())]);
        let context = serde_json::json!({ "requestId": "r", "identity": { "sourceIp": "1.2.3.4" } });
        let path = vec![("id".to_owned(), "7".to_owned())];
        let scene = Scene { incoming: &incoming, context, stage_variables: &variables, path };
        let template = Template::parse(template).unwrap();
        let found = Stageplay::new(&scene, &incoming.body).run(&template).map(|(text, _)| text);
        assert_eq!(found.as_deref(), Ok(expected));
    }

    #[test]
    fn a_template_finds_the_request_around_it() {
        check("$input.body", r#"{"name":"rex","tags":["x","y"],"n":null}"#);
        check(
            "$input.json('$.tags') $input.json('$')",
            r#"["x","y"] {"name":"rex","tags":["x","y"],"n":null}"#,
        );
        check("$input.path('$.name')$input.path('$').tags[1]$!input.path('$.none')", "rexy");
        check(
            "$input.params('id') $input.params('q') $input.params('x-a') $input.params('none').",
            "7 c 1 .",
        );
        check(
            "$input.params().path.id $input.params().get('querystring').q $input.params().header.X-A",
            "7 c 1",
        );
        check("#foreach($type in $input.params().keySet())$type #end", "path querystring header ");
        check(
            "$context.requestId $context.identity.sourceIp$context.none $stageVariables.table ${stageVariables.get('table')}",
            "r 1.2.3.4 pets pets",
        );
        check(r#"$util.escapeJavaScript("a'b""c/é")"#, r#"a\'b\"c\/\u00E9"#);
        check(
            "$util.urlEncode('a b&c') $util.urlDecode('a+b%26') $util.base64Encode('a') $util.base64Decode('YQ==')",
            "a+b%26c a b& YQ== a",
        );
        check("#set($o = $util.parseJson('{\"a\":[1]}'))$o.a[0]", "1");
    }

    #[test]
    fn parameters_come_from_where_they_say() {
        let incoming = incoming("POST", "/pets/7?q=a&q=b", &[("x-a", "1")], br#"{"name":"rex"}"#);
        let variables = BTreeMap::new();
        let context = serde_json::json!({ "authorizer": { "principalId": "p" } });
        let path = vec![("id".to_owned(), "7".to_owned())];
        let scene = Scene { incoming: &incoming, context, stage_variables: &variables, path };
        for (source, expected) in [
            ("'text'", Some("text")),
            ("method.request.header.X-A", Some("1")),
            ("method.request.querystring.q", Some("b")),
            ("method.request.multivaluequerystring.q", Some("a,b")),
            ("method.request.path.id", Some("7")),
            ("method.request.body", Some(r#"{"name":"rex"}"#)),
            ("method.request.body.$.name", Some("rex")),
            ("context.authorizer.principalId", Some("p")),
            ("context.none", None),
            ("nothing", None),
        ] {
            assert_eq!(scene.parameter(source).as_deref(), expected, "{source}");
        }
    }
}
