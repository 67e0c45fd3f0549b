//! Conditions of a statement, and where the values of their keys come from.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::operator::{AddressRange, Comparison, Operator, Quantifier, date, number};
use crate::pattern::{ResourcePattern, TextPattern};

/// The values of condition keys in a request. Keys are compared without regard to case, as AWS does.
pub trait ConditionKeys {
    /// What the request has for a key such as `aws:PrincipalArn`.
    fn find(&self, key: &str) -> Found<'_>;
}

/// What a request has for a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// The key is not in the request.
    Absent,
    /// One value.
    One(Cow<'a, str>),
    /// Several values.
    Many(&'a [String]),
}

/// Whether a condition is met. `Unknown` never helps a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Met {
    fn from(met: bool) -> Self {
        if met { Self::Yes } else { Self::No }
    }
}

/// One operator with one key and its values.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// The operator as it is written.
    pub(crate) name: Box<str>,
    /// None where the name is not known.
    pub(crate) operator: Option<Operator>,
    pub(crate) key: Box<str>,
    pub(crate) operands: Vec<Operand>,
    /// The values as they are written, to explain a refusal.
    pub(crate) written: Box<[Box<str>]>,
}

/// One value of a policy's condition, prepared for its operator.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Text(TextPattern),
    Arn(ResourcePattern),
    Bool(bool),
    Number(f64),
    Date(weft_types::Timestamp),
    Address(AddressRange),
    /// A value that the operator cannot read.
    Unreadable,
}

impl Condition {
    pub(crate) fn new(name: &str, key: &str, values: &[String], variables: bool) -> Self {
        let operator = Operator::parse(name).filter(|_| is_key(key));
        let operand = |text: &String| match operator {
            Some(operator) => Operand::new(operator.comparison, text, variables),
            None => Operand::Unreadable,
        };
        Self {
            name: name.into(),
            operator,
            key: key.into(),
            operands: values.iter().map(operand).collect(),
            written: values.iter().map(|value| value.as_str().into()).collect(),
        }
    }

    /// The keys of the variables among its values.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.operands.iter().flat_map(|operand| -> Box<dyn Iterator<Item = &str>> {
            match operand {
                Operand::Text(text) => Box::new(text.template().variables()),
                Operand::Arn(arn) => Box::new(arn.variables()),
                _ => Box::new(std::iter::empty()),
            }
        })
    }

    /// Whether it picks callers by their ARN, so that none is meant whose ARN it does not have.
    pub(crate) fn picks_principal(&self) -> bool {
        self.key.eq_ignore_ascii_case("aws:PrincipalArn")
            && self.operator.is_some_and(|operator| {
                !operator.negated && !operator.if_exists && operator.comparison != Comparison::Absent
            })
    }

    pub(crate) fn met(&self, keys: &dyn ConditionKeys) -> Met {
        let Some(operator) = self.operator else { return Met::Unknown };
        let found = keys.find(&self.key);
        if operator.comparison == Comparison::Absent {
            return self.absent(&found);
        }
        match (operator.quantifier, &found) {
            (Quantifier::All, Found::Absent) => Met::Yes,
            (Quantifier::Any, Found::Absent) => Met::from(operator.if_exists),
            (Quantifier::Single, Found::Absent) => Met::from(operator.if_exists || operator.negated),
            (Quantifier::All, _) => all(&found, |value| self.value_met(operator, value, keys)),
            // A key with several values under an operator for one: met by any of them, refused by any of them.
            (Quantifier::Single, _) if operator.negated => {
                all(&found, |value| self.value_met(operator, value, keys))
            }
            (Quantifier::Any | Quantifier::Single, _) => {
                any(&found, |value| self.value_met(operator, value, keys))
            }
        }
    }

    /// `Null`: `true` wants the key absent, `false` wants it there.
    fn absent(&self, found: &Found<'_>) -> Met {
        let is_absent = matches!(found, Found::Absent | Found::Many([]));
        let wanted = self.operands.iter().map(|operand| match operand {
            Operand::Bool(wanted) => Met::from(*wanted == is_absent),
            _ => Met::Unknown,
        });
        fold_any(wanted)
    }

    fn value_met(&self, operator: Operator, value: &str, keys: &dyn ConditionKeys) -> Met {
        let equal =
            fold_any(self.operands.iter().map(|operand| operand.compare(operator.comparison, value, keys)));
        match (equal, operator.negated) {
            (Met::Yes, true) => Met::No,
            (Met::No, true) => Met::Yes,
            (met, _) => met,
        }
    }
}

impl Operand {
    fn new(comparison: Comparison, text: &str, variables: bool) -> Self {
        let read = match comparison {
            Comparison::Text | Comparison::TextIgnoringCase | Comparison::Like | Comparison::Binary => {
                Some(Self::Text(TextPattern::new(text, variables)))
            }
            Comparison::Arn => Some(Self::Arn(ResourcePattern::new(text, variables))),
            Comparison::Bool | Comparison::Absent => boolean(text).map(Self::Bool),
            Comparison::Number(_) => number(text).map(Self::Number),
            Comparison::Date(_) => date(text).map(Self::Date),
            Comparison::Address => AddressRange::parse(text).map(Self::Address),
        };
        read.unwrap_or(Self::Unreadable)
    }

    fn compare(&self, comparison: Comparison, value: &str, keys: &dyn ConditionKeys) -> Met {
        let met = match (self, comparison) {
            (Self::Text(text), Comparison::Like) => text.matches(value, keys),
            (Self::Text(text), Comparison::TextIgnoringCase) => {
                text.template().text(keys).map(|text| lower(&text).eq(lower(value)))
            }
            (Self::Text(text), _) => text.template().text(keys).map(|text| text == value),
            (Self::Arn(arn), _) => arn.matches(value, keys),
            (Self::Bool(wanted), _) => boolean(value).map(|value| value == *wanted),
            (Self::Number(wanted), Comparison::Number(order)) => {
                number(value).and_then(|n| n.partial_cmp(wanted)).map(|found| order.holds(found))
            }
            (Self::Date(wanted), Comparison::Date(order)) => {
                date(value).map(|time| order.holds(time.cmp(wanted)))
            }
            (Self::Address(range), _) => value.parse::<IpAddr>().ok().map(|address| range.contains(address)),
            _ => None,
        };
        met.map_or(Met::Unknown, Met::from)
    }
}

/// A text's characters in lower case, without a copy of it.
fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether a key has a form that requests can carry: `vendor:name`, where the name may go on after a `/`.
pub(crate) fn is_key(key: &str) -> bool {
    let Some((vendor, name)) = key.split_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !vendor.is_empty() && vendor.chars().all(plain) && !name.is_empty() && !name.starts_with('/')
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn any(found: &Found<'_>, met: impl Fn(&str) -> Met) -> Met {
    match found {
        Found::Absent => Met::No,
        Found::One(value) => met(value),
        Found::Many(values) => fold_any(values.iter().map(|value| met(value))),
    }
}

fn all(found: &Found<'_>, met: impl Fn(&str) -> Met) -> Met {
    match found {
        Found::Absent => Met::Yes,
        Found::One(value) => met(value),
        Found::Many(values) => fold_all(values.iter().map(|value| met(value))),
    }
}

fn fold_any(mets: impl Iterator<Item = Met>) -> Met {
    let mut result = Met::No;
    for met in mets {
        match met {
            Met::Yes => return Met::Yes,
            Met::Unknown => result = Met::Unknown,
            Met::No => {}
        }
    }
    result
}

/// Whether all are met; one that is not met settles it, whatever is unknown.
pub(crate) fn fold_all(mets: impl Iterator<Item = Met>) -> Met {
    let mut result = Met::Yes;
    for met in mets {
        match met {
            Met::No => return Met::No,
            Met::Unknown => result = Met::Unknown,
            Met::Yes => {}
        }
    }
    result
}
