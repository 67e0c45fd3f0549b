//! `EventBridge`'s event patterns: what a rule, or the filter of an event source mapping, wants an event to look like.
//!
//! [`EventPattern::parse`] reads a pattern once and says in one sentence what is wrong with it;
//! [`EventPattern::matches`] then decides about events, in time that grows with pattern and event and nothing else.
//!
//! Invariants: no input makes parsing or matching panic, recurse without bound ([`DEPTH_MAX`]) or take exponential time; a
//! pattern that was parsed has no operator that matching would not know.
//!
//! The crate deliberately does not know where events come from, or which part of a record a service matches. Source:
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>. One difference: numbers
//! that are written in different ways are told apart as `300` and `300.0` are, but `3.0e2` is read as `300.0`.

mod address;
mod parse;
mod test;
mod wildcard;

use serde_json::Value;

pub use parse::PatternError;
use test::Test;

/// How deep patterns may nest; deeper parts of an event are never looked at.
pub const DEPTH_MAX: usize = 64;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    root: Node,
}

impl EventPattern {
    /// Reads a pattern from its JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::pattern(text).map(|root| Self { root })
    }

    /// Whether an event is as the pattern wants it. An event that is not an object matches only a pattern that wants
    /// nothing to be there.
    pub fn matches(&self, event: &Value) -> bool {
        self.root.matches(event)
    }
}

/// What an object must be like: every field as it says, and one of each list of alternatives.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) fields: Vec<(String, Field)>,
    pub(crate) alternatives: Vec<Vec<Node>>,
}

/// What a field must be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    /// Its value passes one of these.
    Leaf(Vec<Test>),
    /// It is an object, or a list that has one, like this.
    Inner(Node),
}

impl Node {
    fn matches(&self, event: &Value) -> bool {
        match event {
            // All that is asked of one object is asked of the same element.
            Value::Array(items) => items.iter().any(|item| self.matches_one(item)),
            other => self.matches_one(other),
        }
    }

    fn matches_one(&self, event: &Value) -> bool {
        self.fields.iter().all(|(name, field)| field.matches(event.get(name)))
            && self.alternatives.iter().all(|nodes| nodes.iter().any(|node| node.matches_one(event)))
    }
}

impl Field {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Inner(node) => node.matches(value.unwrap_or(&Value::Null)),
            Self::Leaf(tests) => {
                let leaves = leaves(value);
                tests.iter().any(|test| match test {
                    Test::Absent => leaves.is_empty(),
                    test => leaves.iter().any(|leaf| test.passes(leaf)),
                })
            }
        }
    }
}

/// The values of a field that tests look at: itself, or what a list holds; an object is none.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut open: Vec<&Value> = value.into_iter().collect();
    while let Some(next) = open.pop() {
        match next {
            Value::Array(items) => open.extend(items),
            Value::Object(_) => {}
            leaf => found.push(leaf),
        }
    }
    found
}

#[cfg(test)]
mod tests;
