//! Bounds of the model, checked; every violation is collected, in AWS's words.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use regex::Regex;
use weft_model::{Constraint, Schema, Type, Value};

use crate::common::small_first;

/// The most of a value that a message repeats, in characters.
const SHOWN_MAX: usize = 1000;
/// The most violations that one message lists; the rest is only counted.
const LISTED_MAX: usize = 50;

/// Checks a structure against its schema. The error is AWS's message:
/// `2 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: …; Value …`.
pub fn validate(schema: &Schema, value: &Value) -> Result<(), String> {
    let mut violations = Vec::new();
    check_struct(schema, value, "", &mut violations);
    if violations.is_empty() {
        return Ok(());
    }
    let count = violations.len();
    let noun = if count == 1 { "error" } else { "errors" };
    violations.truncate(LISTED_MAX);
    Err(format!("{count} validation {noun} detected: {}", violations.join("; ")))
}

fn check_struct(schema: &Schema, value: &Value, path: &str, violations: &mut Vec<String>) {
    let Value::Struct(places) = value else { return };
    for (member, place) in schema.members.iter().zip(places) {
        let name = small_first(member.name);
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match place {
            None if member.required => violations.push(violation(None, &path, "Member must not be null")),
            None => {}
            Some(value) => {
                for rule in broken(&member.constraint, value) {
                    violations.push(violation(Some((value, &member.constraint)), &path, &rule));
                }
                check_inside(&member.shape, &member.constraint, value, &path, violations);
            }
        }
    }
}

/// Checks what a value holds.
fn check_inside(kind: &Type, outer: &Constraint, value: &Value, path: &str, violations: &mut Vec<String>) {
    match (kind, value) {
        (Type::Struct(schema), Value::Struct(_)) => check_struct(schema(), value, path, violations),
        (Type::List { element, constraint, .. }, Value::List(items)) => {
            let rules = items.iter().map(|item| broken(constraint, item)).find(|rules| !rules.is_empty());
            if let Some(rules) = rules {
                let rule = format!("Member must satisfy constraint: [{}]", rules.join(", "));
                let shown =
                    Constraint { sensitive: outer.sensitive || constraint.sensitive, ..Constraint::NONE };
                violations.push(violation(Some((value, &shown)), path, &rule));
            }
            for (index, item) in items.iter().enumerate() {
                check_inside(element, constraint, item, &format!("{path}.{}.member", index + 1), violations);
            }
        }
        (Type::Map { value: kind, key_constraint, value_constraint, .. }, Value::Map(entries)) => {
            let keys = entries.iter().map(|(key, _)| broken_text(key_constraint, key));
            let values = entries.iter().map(|(_, value)| broken(value_constraint, value));
            let mut rules = Vec::new();
            if let Some(broken) = keys.into_iter().find(|rules| !rules.is_empty()) {
                rules.push(format!("Map keys must satisfy constraint: [{}]", broken.join(", ")));
            }
            if let Some(broken) = values.into_iter().find(|rules| !rules.is_empty()) {
                rules.push(format!("Map value must satisfy constraint: [{}]", broken.join(", ")));
            }
            let sensitive = outer.sensitive || key_constraint.sensitive || value_constraint.sensitive;
            let shown = Constraint { sensitive, ..Constraint::NONE };
            violations.extend(rules.iter().map(|rule| violation(Some((value, &shown)), path, rule)));
            for (key, value) in entries {
                check_inside(kind, value_constraint, value, &format!("{path}.{key}.member"), violations);
            }
        }
        _ => {}
    }
}

/// The rules of a constraint that a value breaks.
fn broken(constraint: &Constraint, value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => broken_text(constraint, text),
        Value::Integer(number) => broken_bounds(constraint, *number, "value"),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "bounds are whole numbers; a fraction is rounded away from them"
        )]
        Value::Double(number) => {
            let rounded =
                if constraint.min.is_some_and(|_| *number < 0.0) { number.floor() } else { number.ceil() };
            broken_bounds(constraint, rounded as i64, "value")
        }
        Value::Blob(bytes) => broken_bounds(constraint, length(bytes.len()), "length"),
        Value::List(items) => broken_bounds(constraint, length(items.len()), "length"),
        Value::Map(entries) => broken_bounds(constraint, length(entries.len()), "length"),
        Value::Bool(_) | Value::Time(_) | Value::Struct(_) => Vec::new(),
    }
}

fn broken_text(constraint: &Constraint, text: &str) -> Vec<String> {
    let mut rules = Vec::new();
    if constraint.max.is_some() || constraint.min.is_some() {
        // AWS counts as Java does, in UTF-16.
        let count = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        rules = broken_bounds(constraint, length(count), "length");
    }
    if let Some(pattern) = constraint.pattern.filter(|pattern| !Pattern::of(pattern).matches(text)) {
        rules.push(format!("Member must satisfy regular expression pattern: {pattern}"));
    }
    if !constraint.values.is_empty() && !constraint.values.contains(&text) {
        rules.push(format!("Member must satisfy enum value set: [{}]", constraint.values.join(", ")));
    }
    rules
}

fn broken_bounds(constraint: &Constraint, number: i64, noun: &str) -> Vec<String> {
    let mut rules = Vec::new();
    if let Some(max) = constraint.max.filter(|max| number > *max) {
        rules.push(format!("Member must have {noun} less than or equal to {max}"));
    }
    if let Some(min) = constraint.min.filter(|min| number < *min) {
        rules.push(format!("Member must have {noun} greater than or equal to {min}"));
    }
    rules
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn violation(value: Option<(&Value, &Constraint)>, path: &str, rule: &str) -> String {
    let shown = match value {
        None => "null ".to_owned(),
        Some((Value::Blob(_), _) | (_, Constraint { sensitive: true, .. })) => String::new(),
        Some((value, _)) => {
            let mut text = String::new();
            show(value, &mut text);
            match text.char_indices().nth(SHOWN_MAX) {
                Some((end, _)) => format!("'{}...' ", &text[..end]),
                None => format!("'{text}' "),
            }
        }
    };
    format!("Value {shown}at '{path}' failed to satisfy constraint: {rule}")
}

/// A value as AWS's messages show it; stops soon after [`SHOWN_MAX`].
fn show(value: &Value, text: &mut String) {
    if text.len() > 4 * SHOWN_MAX {
        return;
    }
    match value {
        Value::Bool(flag) => _ = write!(text, "{flag}"),
        Value::Integer(number) => _ = write!(text, "{number}"),
        Value::Double(number) => _ = write!(text, "{number}"),
        Value::Text(inner) => text.push_str(inner),
        Value::Time(time) => _ = write!(text, "{time}"),
        Value::Blob(_) => text.push_str("(bytes)"),
        Value::List(items) => show_all(text, ['[', ']'], items.iter().map(|item| (None, item))),
        Value::Map(entries) => {
            show_all(text, ['{', '}'], entries.iter().map(|(key, value)| (Some(key.as_str()), value)));
        }
        Value::Struct(places) => show_all(text, ['(', ')'], places.iter().flatten().map(|item| (None, item))),
    }
}

fn show_all<'a>(
    text: &mut String,
    marks: [char; 2],
    items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
) {
    text.push(marks[0]);
    for (index, (key, value)) in items.enumerate() {
        if text.len() > 4 * SHOWN_MAX {
            break;
        }
        if index > 0 {
            text.push_str(", ");
        }
        if let Some(key) = key {
            let _ = write!(text, "{key}=");
        }
        show(value, text);
    }
    text.push(marks[1]);
}

/// A pattern of the model, made for `regex`, which has no look-around: a refusal at the start (`(?!…)`) or at
/// the end (`(?<!…)`) becomes an expression of its own.
struct Pattern {
    wanted: Option<Regex>,
    refused: Option<Regex>,
}

thread_local! {
    /// Every pattern that this thread has met: no lock on the way of a request.
    static PATTERNS: RefCell<HashMap<&'static str, Arc<Pattern>>> = RefCell::default();
}

impl Pattern {
    fn of(pattern: &'static str) -> Arc<Self> {
        PATTERNS.with_borrow_mut(|patterns| {
            Arc::clone(patterns.entry(pattern).or_insert_with(|| Arc::new(Self::new(pattern))))
        })
    }

    fn new(pattern: &str) -> Self {
        let (wanted, refused) = translate(pattern);
        // A pattern that cannot be understood refuses nothing; `every_pattern_of_the_models_is_understood` finds it.
        Self {
            wanted: Regex::new(&wanted).ok(),
            refused: refused.and_then(|refused| Regex::new(&refused).ok()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.is_match(text))
            && !self.refused.as_ref().is_some_and(|refused| refused.is_match(text))
    }
}

/// The expression that a text matches as a whole, and the one that it must not match.
fn translate(pattern: &str) -> (String, Option<String>) {
    let pattern = ascii_classes(pattern);
    let pattern = unwrapped(&pattern);
    let whole = |inner: &str| format!(r"\A(?:{inner})\z");
    if let Some(rest) = pattern.strip_prefix("(?!")
        && let Some((refused, wanted)) = split_group(rest)
    {
        return (whole(wanted), Some(format!(r"\A(?:{refused})")));
    }
    if let Some((wanted, refused)) = pattern.rsplit_once("(?<!")
        && let Some(refused) = refused.strip_suffix(')')
    {
        return (whole(wanted), Some(format!(r"(?:{refused})\z")));
    }
    // `-(?!-)`: what may not follow a character may not stand behind it anywhere.
    if let Some((before, rest)) = pattern.split_once("(?!")
        && let Some((refused, after)) = split_group(rest)
        && let Some(last @ ('^' | '-')) = before.chars().next_back()
    {
        return (whole(&format!("{before}{after}")), Some(format!("{last}(?:{refused})")));
    }
    (whole(pattern), None)
}

/// A pattern without the group around all of it, where that begins with what it refuses.
fn unwrapped(pattern: &str) -> &str {
    let inner = pattern.strip_prefix('(').filter(|inner| inner.starts_with("(?!"));
    match inner.and_then(split_group) {
        Some((inner, "")) => inner,
        _ => pattern,
    }
}

/// What stands before the bracket that closes a group, and what after it.
fn split_group(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    let mut escaped = false;
    for (index, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..index], &text[index + 1..]));
        }
    }
    None
}

/// `\w`, `\d` and `\s` as Java means them: ASCII only. Nested classes also make `[\w-_]` legal.
fn ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('d') => out.push_str("[0-9]"),
            Some('s') => out.push_str(r"[ \t\n\x0B\f\r]"),
            Some('S') => out.push_str(r"[^ \t\n\x0B\f\r]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use weft_model::{SERVICES, Shape as _, lambda, logs};

    use super::*;

    fn message<S: weft_model::Shape>(input: S) -> String {
        validate(S::SCHEMA, &input.into_value()).err().unwrap_or_default()
    }

    #[test]
    fn every_pattern_of_the_models_is_understood() {
        fn walk(kind: &Type, constraint: &Constraint, seen: &mut Vec<&'static str>, depth: usize) {
            if let Some(pattern) = constraint.pattern {
                let (wanted, refused) = translate(pattern);
                assert!(Regex::new(&wanted).is_ok(), "{pattern} → {wanted}");
                assert!(refused.is_none_or(|refused| Regex::new(&refused).is_ok()), "{pattern}");
                seen.push(pattern);
            }
            match kind {
                _ if depth > 12 => {}
                Type::Struct(schema) => {
                    schema().members.iter().for_each(|m| walk(&m.shape, &m.constraint, seen, depth + 1));
                }
                Type::List { element, constraint, .. } => walk(element, constraint, seen, depth + 1),
                Type::Map { value, key_constraint, value_constraint, .. } => {
                    walk(&Type::Text, key_constraint, seen, depth + 1);
                    walk(value, value_constraint, seen, depth + 1);
                }
                _ => {}
            }
        }
        let mut seen = Vec::new();
        for operation in SERVICES.iter().flat_map(|service| service.operations) {
            for member in operation.input.members {
                walk(&member.shape, &member.constraint, &mut seen, 0);
            }
        }
        assert!(seen.len() > 50, "{}", seen.len());
    }

    #[test]
    fn patterns_match_whole_texts_as_java_does() {
        let check = |pattern: &'static str, text: &str, expected: bool| {
            assert_eq!(Pattern::of(pattern).matches(text), expected, "{pattern} {text}");
        };
        check("[a-z]+", "abc", true);
        check("[a-z]+", "abc1", false);
        check("[a-z]+", "abc\n", false);
        check("[a-z]|[a-z]{3}", "abc", true);
        check(r"[\w-_]*", "a-_b", true);
        check(r"\w+", "é", false);
        check(r"\d{12}", "٣٣٣٣٣٣٣٣٣٣٣٣", false);
        check(r"[\p{L}\p{Z}]+", "é ü", true);
        check(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "12a", true);
        check(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "12", false);
        check(r"[0-9A-Za-z\.\-_]*(?<!\.)", "my.bucket", true);
        check(r"[0-9A-Za-z\.\-_]*(?<!\.)", "my.bucket.", false);
        for (text, expected) in [("my-alias", true), ("my--alias", false), ("my-alias-", false)] {
            check("^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", text, expected);
        }
        check(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", "1a", true);
        check(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", "11", false);
        check(r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)", "systems", true);
        check(r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)", "system.a", false);
        check(r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{\n}\t", true);
        check(r"[\u0009\u000A\u000D\u0020-\u00FF]+", "\u{1}", false);
    }

    #[test]
    fn violations_are_told_in_awss_words() {
        let check = |given: String, expected: &str| assert_eq!(given, expected);
        let group =
            |name: &str| logs::CreateLogGroupRequest { log_group_name: name.into(), ..Default::default() };
        check(message(group("fine")), "");
        check(
            message(group("")),
            "2 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have \
             length greater than or equal to 1; Value '' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        );
        check(
            message(group("a:b")),
            "1 validation error detected: Value 'a:b' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        );
        check(
            message(logs::DescribeLogGroupsRequest { limit: Some(51), ..Default::default() }),
            "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value \
             less than or equal to 50",
        );
        check(
            message(lambda::UntagResourceRequest { resource: "x".into(), tag_keys: vec![] })
                .replace("taggable", ""),
            "1 validation error detected: Value 'x' at 'resource' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\
             \\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|\
             event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|\
             capacity-provider:[a-zA-Z0-9-_]+)",
        );
    }

    #[test]
    fn absent_members_lists_and_maps_have_paths() {
        let absent = Value::Struct(vec![None; lambda::CreateFunctionRequest::SCHEMA.members.len()]);
        let told = validate(lambda::CreateFunctionRequest::SCHEMA, &absent).unwrap_err();
        assert!(
            told.starts_with("3 validation errors detected: Value null at 'functionName' failed"),
            "{told}"
        );
        assert!(told.contains("Value null at 'code' failed to satisfy constraint: Member must not be null"));
        let told = message(logs::PutLogEventsRequest {
            log_group_name: "g".into(),
            log_stream_name: "s".into(),
            log_events: vec![logs::InputLogEvent { timestamp: -1, message: String::new() }],
            ..Default::default()
        });
        assert_eq!(
            told,
            "2 validation errors detected: Value '-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: \
             Member must have value greater than or equal to 0; Value '' at 'logEvents.1.member.message' failed to \
             satisfy constraint: Member must have length greater than or equal to 1",
        );
        let tags = [(String::new(), "v".repeat(257))].into();
        let told = message(logs::CreateLogGroupRequest {
            log_group_name: "g".into(),
            tags: Some(tags),
            ..Default::default()
        });
        assert!(told.contains(
            "at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must"
        ));
        assert!(told.contains(
            "Map value must satisfy constraint: [Member must have length less than or equal to 256]"
        ));
    }

    #[test]
    fn secrets_are_not_repeated() {
        let environment = lambda::Environment { variables: Some([("1".into(), "secret".into())].into()) };
        let told = message(lambda::UpdateFunctionConfigurationRequest {
            function_name: "f".into(),
            environment: Some(environment),
            ..Default::default()
        });
        assert!(told.contains("Value at 'environment.variables' failed"), "{told}");
        assert!(!told.contains("secret"));
    }
}
