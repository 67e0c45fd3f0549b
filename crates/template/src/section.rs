//! Reads one table of a TOML document, key by key, and collects what is wrong.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use toml_edit::{Item, TableLike, Value};

use crate::Diagnostic;

/// What is wrong so far, and where it is.
pub(crate) struct Problems {
    file: String,
    text: Arc<str>,
    found: Vec<Diagnostic>,
}

impl Problems {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), text: Arc::from(text), found: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (file, text) = (self.file.clone(), Arc::clone(&self.text));
        self.found.push(Diagnostic { file, text, span, message: message.into(), help });
    }

    /// All problems in the order of the text; nothing where there is none.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        self.found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// A text and its place.
pub(crate) type Placed<'a> = (&'a str, Option<Range<usize>>);

/// One table, and which of its keys were asked for.
pub(crate) struct Section<'a> {
    table: &'a dyn TableLike,
    /// How the table is called in messages: `[service.web]`.
    name: String,
    /// Where the table is, for what it lacks.
    pub(crate) span: Option<Range<usize>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(table: &'a dyn TableLike, name: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Self { table, name: name.into(), span, known: Vec::new() }
    }

    /// A key's item and its place.
    pub(crate) fn item(&mut self, key: &'static str) -> Option<&'a Item> {
        self.known.push(key);
        self.table.get(key).filter(|item| !item.is_none())
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|item| !item.is_none())
    }

    /// Where a key's value is.
    pub(crate) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.table.get(key).and_then(Item::span).or_else(|| self.span.clone())
    }

    pub(crate) fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'a str> {
        let item = self.item(key)?;
        let text = item.as_str();
        if text.is_none() {
            wrong_type(key, item, "a text in quotes", problems);
        }
        text
    }

    pub(crate) fn flag(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let item = self.item(key)?;
        let flag = item.as_bool();
        if flag.is_none() {
            wrong_type(key, item, "true or false", problems);
        }
        flag
    }

    /// A whole number within bounds; `unit` says what it counts.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u32>,
        unit: &str,
        problems: &mut Problems,
    ) -> Option<u32> {
        let item = self.item(key)?;
        let Some(number) = item.as_integer() else {
            wrong_type(key, item, "a whole number", problems);
            return None;
        };
        let inside = u32::try_from(number).ok().filter(|number| bounds.contains(number));
        if inside.is_none() {
            let message =
                format!("`{key}` must be from {} to {}, not {number}", bounds.start(), bounds.end());
            problems.add(item.span(), message, Some(format!("`{key}` is in {unit}")));
        }
        inside
    }

    /// A number of seconds: `30`, or a text with a unit, `"90s"`, `"2m"`.
    pub(crate) fn seconds(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<u32> {
        let item = self.table.get(key)?;
        let Some(text) = item.as_str() else {
            return self.number(key, bounds, "seconds", problems);
        };
        self.known.push(key);
        let inside = seconds(text).filter(|number| bounds.contains(number));
        if inside.is_none() {
            let (min, max) = (bounds.start(), bounds.end());
            let message = format!("`{key}` must be a time from {min} to {max} seconds, not `{text}`");
            problems.add(
                item.span(),
                message,
                Some("write a number of seconds, or `\"90s\"`, `\"2m\"`, `\"1h\"`".into()),
            );
        }
        inside
    }

    /// One text or a list of texts, each with its place.
    pub(crate) fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<Placed<'a>>> {
        let item = self.item(key)?;
        if let Some(text) = item.as_str() {
            return Some(vec![(text, item.span())]);
        }
        let Some(array) = item.as_array() else {
            wrong_type(key, item, "a text in quotes, or a list of them", problems);
            return None;
        };
        let mut texts = Vec::new();
        for value in array {
            match value.as_str() {
                Some(text) => texts.push((text, value.span())),
                None => {
                    problems.add(value.span(), format!("`{key}` holds texts, not {}", article(value)), None);
                }
            }
        }
        Some(texts)
    }

    /// A table's entries of texts; numbers and booleans become texts.
    pub(crate) fn variables(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Vec<(String, String, Option<Range<usize>>)> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let Some(table) = item.as_table_like() else {
            wrong_type(key, item, "a table such as `{ NAME = \"value\" }`", problems);
            return Vec::new();
        };
        let mut variables = Vec::new();
        for (name, item) in table.iter() {
            let text = match item.as_value() {
                Some(Value::String(text)) => text.value().clone(),
                Some(Value::Integer(number)) => number.value().to_string(),
                Some(Value::Float(number)) => number.value().to_string(),
                Some(Value::Boolean(flag)) => flag.value().to_string(),
                _ => {
                    problems.add(item.span(), format!("`{name}` must be a text in quotes"), None);
                    continue;
                }
            };
            variables.push((name.to_owned(), text, item.span()));
        }
        variables
    }

    /// A table within this one.
    pub(crate) fn section(&mut self, key: &'static str, problems: &mut Problems) -> Option<Section<'a>> {
        let item = self.item(key)?;
        let Some(table) = item.as_table_like() else {
            wrong_type(key, item, "a table such as `{ … }`", problems);
            return None;
        };
        Some(Section::new(table, format!("`{key}`"), item.span()))
    }

    /// The entries of a table of tables: `[service.web]`, `[service.api]`, each with its name's place.
    pub(crate) fn sections(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Vec<(&'a str, Option<Range<usize>>, Section<'a>)> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let Some(table) = item.as_table_like() else {
            wrong_type(key, item, "tables", problems);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, item) in table.iter() {
            let place = table.key(name).and_then(toml_edit::Key::span);
            let Some(inner) = item.as_table_like() else {
                let help = format!("write `[{key}.{name}]` on a line of its own, and its settings below");
                problems.add(item.span(), format!("`{key}.{name}` must be a table"), Some(help));
                continue;
            };
            let span = item.span().or_else(|| place.clone());
            sections.push((name, place, Section::new(inner, format!("[{key}.{name}]"), span)));
        }
        sections
    }

    /// Reports keys that nobody asked for.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for (key, item) in self.table.iter() {
            if self.known.contains(&key) {
                continue;
            }
            let span = self.table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            let help = match nearest(key, &self.known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            problems.add(span, format!("unknown key `{key}` in {}", self.name), Some(help));
        }
    }
}

/// Seconds from `30`, `90s`, `2m` or `1h`.
fn seconds(text: &str) -> Option<u32> {
    let (digits, factor) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1),
        b'm' => (&text[..text.len() - 1], 60),
        b'h' => (&text[..text.len() - 1], 3600),
        _ => (text, 1),
    };
    digits.parse::<u32>().ok()?.checked_mul(factor)
}

pub(crate) fn wrong_type(key: &str, item: &Item, expected: &str, problems: &mut Problems) {
    let found = item.as_value().map_or("a table", article);
    problems.add(item.span(), format!("`{key}` must be {expected}, not {found}"), None);
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}

/// The known word that a misspelt one most likely means: at most two letters wrong, or a third of a long word.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, near) = known.iter().map(|known| (distance(word, known), *known)).min()?;
    (distance <= 2.max(word.len() / 3) && distance < near.len()).then_some(near)
}

/// How many letters must be added, removed or replaced to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = corner + usize::from(ca != *cb);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_finds_its_neighbour() {
        let known = ["path", "command", "runtime", "route", "routes", "memory"];
        for (word, expected) in [
            ("comand", Some("command")),
            ("run_time", Some("runtime")),
            ("Route", Some("route")),
            ("memmory", Some("memory")),
            ("volumes", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, expected) in [
            ("30", Some(30)),
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
