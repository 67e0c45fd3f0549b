//! Texts with wildcards and variables, compiled once.

use std::borrow::Cow;

use crate::condition::{ConditionKeys, Found};
use crate::memory::Memory;

/// One symbol of a compiled glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Byte(u8),
    /// `?`: exactly one character.
    One,
    /// `*`: any characters, also none.
    Any,
}

/// A text with `*` and `?`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glob(Vec<Symbol>);

impl Glob {
    fn push_text(&mut self, text: &str) {
        self.0.extend(text.bytes().map(Symbol::Byte));
    }

    fn push_wild(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'*' if self.0.last() == Some(&Symbol::Any) => {}
                b'*' => self.0.push(Symbol::Any),
                b'?' => self.0.push(Symbol::One),
                byte => self.0.push(Symbol::Byte(byte)),
            }
        }
    }

    fn is_any(&self) -> bool {
        self.0 == [Symbol::Any]
    }

    /// Whether the whole text matches. Time is at most pattern times text, memory constant.
    fn matches(&self, text: &str, same: impl Fn(u8, u8) -> bool) -> bool {
        let (pattern, text) = (&self.0, text.as_bytes());
        let (mut p, mut t) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(Symbol::Any) => {
                    p += 1;
                    retry = Some((p, t));
                    continue;
                }
                Some(Symbol::One) => {
                    p += 1;
                    t += character_bytes(text[t]);
                    continue;
                }
                Some(Symbol::Byte(byte)) if same(*byte, text[t]) => {
                    p += 1;
                    t += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = &mut retry else { return false };
            *from += 1;
            (p, t) = (*after, *from);
        }
        t == text.len() && pattern[p..].iter().all(|symbol| *symbol == Symbol::Any)
    }
}

impl Memory for Glob {
    fn owned(&self) -> usize {
        self.0.capacity() * size_of::<Symbol>()
    }
}

/// How many bytes the UTF-8 character with this first byte has.
fn character_bytes(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

/// An action with wildcards; letters match in either case.
#[derive(Debug, Clone)]
pub(crate) struct ActionPattern(Glob);

impl ActionPattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut glob = Glob::default();
        glob.push_wild(&text.to_ascii_lowercase());
        Self(glob)
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        self.0.is_any() || self.0.matches(action, |pattern, byte| pattern == byte.to_ascii_lowercase())
    }
}

impl Memory for ActionPattern {
    fn owned(&self) -> usize {
        self.0.owned()
    }
}

/// A piece of a text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text in which `*` and `?` are wildcards, where the place knows any.
    Wild(Box<str>),
    /// Text that stands for itself: `${*}`, `${?}`, `${$}`.
    Plain(Box<str>),
    /// `${key}` or `${key, 'default'}`.
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// A text that may have variables; those of the 2012 language only.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

impl Memory for Template {
    fn owned(&self) -> usize {
        self.pieces.owned()
    }
}

impl Memory for Piece {
    fn owned(&self) -> usize {
        match self {
            Self::Wild(text) | Self::Plain(text) => text.owned(),
            Self::Variable { key, default } => key.owned() + default.owned(),
        }
    }
}

/// A piece whose variable is filled in.
enum Filled<'a> {
    Wild(&'a str),
    Plain(Cow<'a, str>),
}

impl Template {
    pub(crate) fn new(text: &str, variables: bool) -> Self {
        if !variables {
            return Self { pieces: vec![Piece::Wild(text.into())] };
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inner, after)) = rest.split_once("${").and_then(|(before, tail)| {
            let (inner, after) = tail.split_once('}')?;
            Some((before, inner, after))
        }) {
            if !before.is_empty() {
                pieces.push(Piece::Wild(before.into()));
            }
            pieces.push(variable(inner));
            rest = after;
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Wild(rest.into()));
        }
        Self { pieces }
    }

    fn has_variables(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    /// The keys of its variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(&**key),
            Piece::Wild(_) | Piece::Plain(_) => None,
        })
    }

    /// The text with its variables filled in, wildcards as they stand; `None` where a variable has no value.
    pub(crate) fn text<'a>(&'a self, keys: &'a dyn ConditionKeys) -> Option<Cow<'a, str>> {
        if let [Piece::Wild(text)] = self.pieces.as_slice() {
            return Some(Cow::Borrowed(text));
        }
        let mut all = String::new();
        for piece in self.fill(keys)? {
            match piece {
                Filled::Wild(text) => all.push_str(text),
                Filled::Plain(text) => all.push_str(&text),
            }
        }
        Some(Cow::Owned(all))
    }

    /// The pieces with their variables filled in; `None` where one has no value.
    fn fill<'a>(&'a self, keys: &'a dyn ConditionKeys) -> Option<Vec<Filled<'a>>> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Wild(text) => Some(Filled::Wild(text)),
                Piece::Plain(text) => Some(Filled::Plain(Cow::Borrowed(text))),
                Piece::Variable { key, default } => match keys.find(key) {
                    Found::One(value) => Some(Filled::Plain(value)),
                    _ => default.as_deref().map(|text| Filled::Plain(Cow::Borrowed(text))),
                },
            })
            .collect()
    }
}

fn variable(inner: &str) -> Piece {
    match inner {
        "*" | "?" | "$" => return Piece::Plain(inner.into()),
        _ => {}
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let text = default.trim();
            (key, Some(text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).unwrap_or(text)))
        }
        None => (inner, None),
    };
    Piece::Variable { key: key.trim().into(), default: default.map(Into::into) }
}

/// A text with wildcards and variables.
#[derive(Debug, Clone)]
pub(crate) struct TextPattern {
    template: Template,
    /// The compiled glob, where there is no variable.
    glob: Option<Glob>,
}

impl TextPattern {
    pub(crate) fn new(text: &str, variables: bool) -> Self {
        let template = Template::new(text, variables);
        let glob = (!template.has_variables()).then(|| {
            let mut glob = Glob::default();
            for piece in &template.pieces {
                match piece {
                    Piece::Wild(text) => glob.push_wild(text),
                    Piece::Plain(text) => glob.push_text(text),
                    Piece::Variable { .. } => {}
                }
            }
            glob
        });
        Self { template, glob }
    }

    /// The text as a template, for operators that know no wildcards.
    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Whether the whole text matches; `None` where a variable has no value.
    pub(crate) fn matches(&self, text: &str, keys: &dyn ConditionKeys) -> Option<bool> {
        if let Some(glob) = &self.glob {
            return Some(glob.is_any() || glob.matches(text, |a, b| a == b));
        }
        let mut glob = Glob::default();
        for piece in self.template.fill(keys)? {
            match piece {
                Filled::Wild(text) => glob.push_wild(text),
                Filled::Plain(text) => glob.push_text(&text),
            }
        }
        Some(glob.matches(text, |a, b| a == b))
    }
}

impl Memory for TextPattern {
    fn owned(&self) -> usize {
        self.template.owned() + self.glob.owned()
    }
}

/// A resource: `*`, or an ARN whose six segments match one by one, so that a wildcard never spans two of them (the
/// last segment takes all that is left). Missing segments match anything.
#[derive(Debug, Clone)]
pub(crate) enum ResourcePattern {
    Any,
    Segments(Vec<TextPattern>),
}

impl ResourcePattern {
    pub(crate) fn new(text: &str, variables: bool) -> Self {
        if text == "*" {
            return Self::Any;
        }
        let segments = split_segments(text, variables).into_iter();
        Self::Segments(segments.map(|segment| TextPattern::new(segment, variables)).collect())
    }

    /// The keys of its variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let segments = if let Self::Segments(segments) = self { segments.as_slice() } else { &[] };
        segments.iter().flat_map(|segment| segment.template().variables())
    }

    /// Whether the resource matches; `None` where a variable has no value.
    pub(crate) fn matches(&self, resource: &str, keys: &dyn ConditionKeys) -> Option<bool> {
        let Self::Segments(patterns) = self else { return Some(true) };
        if !resource.starts_with("arn:") {
            return Some(false);
        }
        let mut segments = resource.splitn(6, ':');
        for pattern in patterns {
            let Some(segment) = segments.next() else { return Some(false) };
            if !pattern.matches(segment, keys)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// Cuts an ARN into at most six segments; colons inside `${…}` do not count.
fn split_segments(text: &str, variables: bool) -> Vec<&str> {
    let mut segments = Vec::with_capacity(6);
    let (mut start, mut inside) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'$' if variables && text[at..].starts_with("${") => inside = true,
            b'}' => inside = false,
            b':' if !inside && segments.len() < 5 => {
                segments.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    segments.push(&text[start..]);
    segments
}
