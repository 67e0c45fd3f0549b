//! Names that stay the same while what they stand for does.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

/// The first digits of a text's digest.
pub(super) fn digest(text: &str, length: usize) -> String {
    let mut digits = String::new();
    for byte in Sha1::digest(text.as_bytes()) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits.truncate(length);
    digits
}

/// The digest of a value's JSON.
pub(super) fn digest_of(value: &Value, length: usize) -> String {
    let mut text = String::new();
    print(value, &mut text);
    digest(&text, length)
}

/// JSON with sorted keys, no white space, and nothing but ASCII.
fn print(value: &Value, to: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            to.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                to.push_str(if index > 0 { "," } else { "" });
                ascii(key, to);
                to.push(':');
                print(value, to);
            }
            to.push('}');
        }
        Value::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                to.push_str(if index > 0 { "," } else { "" });
                print(item, to);
            }
            to.push(']');
        }
        Value::String(text) => ascii(text, to),
        other => to.push_str(&other.to_string()),
    }
}

fn ascii(text: &str, to: &mut String) {
    for sign in Value::from(text).to_string().chars() {
        if sign.is_ascii() && sign != '\u{7f}' {
            to.push(sign);
            continue;
        }
        for unit in sign.encode_utf16(&mut [0; 2]) {
            let _ = write!(to, "\\u{unit:04x}");
        }
    }
}

/// A name with a suffix: the suffix itself where it is alphanumeric, else its digest.
pub(super) fn suffixed(prefix: &str, suffix: &str) -> String {
    if suffix.chars().all(char::is_alphanumeric) && !suffix.is_empty() {
        return format!("{prefix}{suffix}");
    }
    if suffix.is_empty() { prefix.to_owned() } else { format!("{prefix}{}", digest(suffix, 10)) }
}

/// `Fn::Or` of conditions; more than ten are nested in conditions of their own.
pub(super) fn either(conditions: &mut Map<String, Value>, name: &str, mut parts: Vec<Value>) -> Value {
    let mut number = 0;
    while parts.len() > 10 {
        let ten: Vec<Value> = parts.drain(..10).collect();
        let nested = format!("{name}{number}");
        conditions.insert(nested.clone(), json!({"Fn::Or": ten}));
        parts.push(json!({"Condition": nested}));
        number += 1;
    }
    json!({"Fn::Or": parts})
}
