//! What conditions compare with: numbers, texts with wildcards, regular expressions.

use std::cmp::Ordering;

use crate::pattern::Invalid;
use crate::pattern::regexes::Expression;
use crate::pattern::scan::Scan;

/// A number; whole ones compare exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    /// Reads `1`, `+1.5`, `-10e-3`; nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let numeric = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.bytes().all(numeric) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        text.parse().ok().filter(|real: &f64| real.is_finite()).map(Self::Real)
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.real().partial_cmp(&b.real()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a whole number beside a real one is compared as one")]
    fn real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }
}

/// A text; `*` at its ends stands for any text, elsewhere for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wildcard {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl Wildcard {
    fn parse(text: &str) -> Self {
        if text.bytes().all(|b| b == b'*') && !text.is_empty() {
            return Self { text: String::new(), open_start: true, open_end: true };
        }
        let (start, end) = (text.strip_prefix('*'), text.ends_with('*'));
        let inner = start.unwrap_or(text);
        let inner = inner.strip_suffix('*').unwrap_or(inner);
        Self { text: inner.to_owned(), open_start: start.is_some(), open_end: end }
    }

    fn matches(&self, text: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => text == self.text,
            (true, false) => text.ends_with(&self.text),
            (false, true) => text.starts_with(&self.text),
            (true, true) => text.contains(&self.text),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Operator {
    /// The longer ones first.
    const ALL: [(&str, Self); 6] = [
        ("!=", Self::NotEqual),
        ("<=", Self::LessEqual),
        (">=", Self::GreaterEqual),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn take(scan: &mut Scan<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|(token, _)| scan.eat(token)).map(|(_, operator)| operator)
    }

    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterEqual => order != Ordering::Less,
        }
    }
}

/// A comparison with a value: `!= 4*`, `> 1000`, `= "a b"`, `= %re%`.
#[derive(Debug, Clone)]
pub(super) struct Test {
    operator: Operator,
    number: Option<Number>,
    text: Text,
}

#[derive(Debug, Clone)]
enum Text {
    Wildcard(Wildcard),
    Regex(Expression),
}

impl Test {
    /// Parses operator and value, if an operator is next. `plain` says which characters a value without quotes has.
    pub(super) fn parse(scan: &mut Scan<'_>, plain: fn(char) -> bool) -> Result<Option<Self>, Invalid> {
        let Some(operator) = Operator::take(scan) else { return Ok(None) };
        scan.next_solid();
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        if let Some(regex) = scan.regex()? {
            if !equality {
                return Err(Invalid::new("regular expressions are compared by = and != only"));
            }
            return Ok(Some(Self { operator, number: None, text: Text::Regex(regex) }));
        }
        let (text, number) = if let Some(text) = scan.quoted()? {
            (text, None)
        } else {
            let text = scan.take_while(plain);
            if text.is_empty() {
                return Err(Invalid::new("a value is missing"));
            }
            (text.to_owned(), Number::parse(text))
        };
        if !equality && number.is_none() {
            return Err(Invalid::new(format!("'{text}' is not a number")));
        }
        Ok(Some(Self { operator, number, text: Text::Wildcard(Wildcard::parse(&text)) }))
    }

    /// Whether anything may pass where `may_have` says which texts may be there.
    pub(super) fn may_pass(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        match (&self.text, self.operator, self.number) {
            (Text::Wildcard(wildcard), Operator::Equal, None) => may_have(wildcard.text.as_bytes()),
            (Text::Regex(regex), Operator::Equal, _) => regex.may_be_in(may_have),
            _ => true,
        }
    }

    /// Whether a text passes.
    pub(super) fn passes_text(&self, text: &str) -> bool {
        let equal = match &self.text {
            Text::Wildcard(wildcard) => wildcard.matches(text),
            Text::Regex(regex) => regex.is_in(text),
        };
        match self.operator {
            Operator::Equal => equal,
            Operator::NotEqual => !equal,
            _ => false,
        }
    }

    /// Whether a number, written as `text`, passes.
    pub(super) fn passes_number(&self, text: &str) -> bool {
        match (self.number, Number::parse(text)) {
            (Some(wanted), Some(found)) => {
                found.compare(wanted).is_some_and(|order| self.operator.allows(order))
            }
            _ => self.passes_text(text),
        }
    }
}
