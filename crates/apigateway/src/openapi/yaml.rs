//! YAML as descriptions of APIs are written in it: no aliases, no tags of one's own; plain words mean what JSON's do.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value as Json};

/// Levels of lists and maps.
const DEPTH_MAX: usize = 100;

enum Open {
    List(Vec<Json>),
    Map(Map<String, Json>, Option<String>),
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let (mut open, mut root) = (Vec::<Open>::new(), None);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let wrong = |what: &str| format!("{what} (line {})", span.start.line());
        let value = match event {
            Event::Alias(_) => return Err(wrong("aliases are not read")),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEPTH_MAX => {
                return Err(wrong("nested too deeply"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Json::Array(items),
                Some(Open::Map(members, _)) => Json::Object(members),
                None => continue,
            },
            Event::Scalar(text, style, _, _) => {
                if let Some(Open::Map(_, key @ None)) = open.last_mut() {
                    *key = Some(text.into_owned());
                    continue;
                }
                if style == ScalarStyle::Plain { plain(&text) } else { Json::String(text.into_owned()) }
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(members, key)) => match key.take() {
                Some(key) => {
                    members.insert(key, value);
                }
                None => return Err(wrong("a key must be a text")),
            },
            None if root.is_some() => return Err(wrong("more than one document")),
            None => root = Some(value),
        }
    }
    root.ok_or_else(|| "the document is empty".to_owned())
}

fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" => Json::Null,
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ => {
            let is_number = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'-');
            let number = if is_number { serde_json::from_str::<Json>(text).ok() } else { None };
            number.filter(Json::is_number).unwrap_or_else(|| Json::String(text.to_owned()))
        }
    }
}

/// Writes a document: maps and lists by lines, texts in quotes, so that none is taken for anything else.
pub(super) fn write(json: &Json) -> String {
    let mut out = String::from("---\n");
    block(json, 0, &mut out);
    out
}

fn block(json: &Json, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match json {
        Json::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                out.push_str(&pad);
                out.push_str(&Json::String(key.clone()).to_string());
                out.push(':');
                value_of(value, depth, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&pad);
                out.push('-');
                value_of(item, depth, out);
            }
        }
        other => {
            out.push_str(&pad);
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn value_of(value: &Json, depth: usize, out: &mut String) {
    let is_block = match value {
        Json::Object(members) => !members.is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        out.push(' ');
        out.push_str(&value.to_string());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let json = json!({ "a": { "b": [1, "true", { "c": null }, []] }, "d": "x: y\n", "e": {}, "f": 1.5, "g": true });
        assert_eq!(parse(&write(&json)), Ok(json));
    }

    #[test]
    fn plain_words_are_what_they_look_like() {
        let found =
            parse("a: 1\nb: '1'\nc: true\nd: 1.2.3\ne:\n- x\nf: |\n  two\n  lines\n200: ok\n").unwrap();
        let expected = json!({ "a": 1, "b": "1", "c": true, "d": "1.2.3", "e": ["x"], "f": "two\nlines\n", "200": "ok" });
        assert_eq!(found, expected);
    }
}
