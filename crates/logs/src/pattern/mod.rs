//! Filter patterns: plain terms, conditions on JSON, conditions on columns, and regular expressions in any of them.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>. Pure: a pattern is parsed
//! once and then says of each message whether it matches, in time that grows with the message's length alone.

mod columns;
pub(crate) mod criteria;
mod expression;
#[cfg(test)]
mod hostile;
mod json;
mod regexes;
mod scan;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use weft_service::Error;

use crate::errors::invalid_parameter;
use crate::pattern::columns::Columns;
use crate::pattern::json::Json;
use crate::pattern::scan::Scan;
use crate::pattern::terms::Terms;

/// Characters of a pattern, as the API's model has it.
const CHARS_MAX: usize = 1024;

/// A parsed pattern; matching is case-sensitive.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pattern(Kind);

#[derive(Debug, Default, Clone)]
enum Kind {
    #[default]
    Everything,
    Terms(Terms),
    Json(Json),
    Columns(Columns),
}

/// Why a text is no pattern, or no criteria.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid(String);

impl Invalid {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The error that says it of a parameter other than a pattern.
    pub(crate) fn of(self, what: &str) -> Error {
        invalid_parameter(format!("Invalid {what}: {}", self.0))
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        invalid.of("filter pattern")
    }
}

impl Pattern {
    /// Parses a pattern; the empty one matches everything.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > CHARS_MAX {
            return Err(Invalid::new(format!("it has more than {CHARS_MAX} characters")));
        }
        let mut scan = Scan::new(text.trim());
        let kind = match scan.peek() {
            None => Kind::Everything,
            Some('{') => Kind::Json(Json::parse(&mut scan)?),
            Some('[') => Kind::Columns(Columns::parse(&mut scan)?),
            Some(_) => Kind::Terms(Terms::parse(&mut scan)?),
        };
        if let Some(c) = scan.next_solid() {
            return Err(Invalid::new(format!("'{c}' after its end")));
        }
        Ok(Self(kind))
    }

    /// Whether a message is what was asked for.
    pub(crate) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Everything => true,
            Kind::Terms(terms) => terms.matches(message),
            Kind::Json(json) => json.matches(message),
            Kind::Columns(columns) => columns.matches(message),
        }
    }

    /// Whether any message of some may match, where `may_have` says whether a text may be in any of them. Where this says no,
    /// none does.
    pub(crate) fn may_match(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        match &self.0 {
            Kind::Everything => true,
            Kind::Terms(terms) => terms.may_match(may_have),
            Kind::Json(json) => json.may_match(may_have),
            Kind::Columns(columns) => columns.may_match(may_have),
        }
    }

    /// The values of a matching message by the names of its columns (`$status`, or `$6` without a name); empty for other patterns.
    pub(crate) fn extract(&self, message: &str) -> BTreeMap<String, String> {
        match &self.0 {
            Kind::Columns(columns) => columns.extract(message),
            _ => BTreeMap::new(),
        }
    }
}
