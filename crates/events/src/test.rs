//! Tests of one value.

use std::net::IpAddr;

use serde_json::Value;

use crate::address::Range;
use crate::wildcard::Wildcard;

/// What one value must be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// This very value.
    Is(Value),
    /// This text, whatever its case. The text is in lower case.
    IgnoringCase(String),
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    Wildcard(Wildcard),
    /// Within these bounds, which are not empty.
    Numeric(Vec<(Order, f64)>),
    Address(Range),
    /// There is a value.
    Present,
    /// There is none.
    Absent,
    /// A value that passes none of these.
    AnythingBut(Vec<Test>),
}

/// How a number compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Test {
    /// Whether a value that is there passes.
    pub(crate) fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => is(wanted, value),
            Self::Present => true,
            Self::Absent => false,
            Self::AnythingBut(tests) => !tests.iter().any(|test| test.passes(value)),
            Self::Numeric(bounds) => value
                .as_f64()
                .is_some_and(|number| bounds.iter().all(|(order, bound)| order.holds(number, *bound))),
            text => value.as_str().is_some_and(|value| text.passes_text(value)),
        }
    }

    fn passes_text(&self, value: &str) -> bool {
        match self {
            Self::IgnoringCase(wanted) => value.to_lowercase() == *wanted,
            Self::Prefix(prefix) => value.starts_with(prefix.as_str()),
            Self::PrefixIgnoringCase(prefix) => value.to_lowercase().starts_with(prefix.as_str()),
            Self::Suffix(suffix) => value.ends_with(suffix.as_str()),
            Self::SuffixIgnoringCase(suffix) => value.to_lowercase().ends_with(suffix.as_str()),
            Self::Wildcard(wildcard) => wildcard.matches(value),
            Self::Address(range) => value.parse::<IpAddr>().is_ok_and(|address| range.contains(address)),
            _ => false,
        }
    }
}

/// Numbers are compared as they are written, as AWS compares them.
fn is(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Number(wanted), Value::Number(value)) => wanted.to_string() == value.to_string(),
        _ => wanted == value,
    }
}

impl Order {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => (number - bound).abs() < f64::EPSILON * bound.abs().max(1.0),
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}
