//! Condition operators: their names, and how each compares one value of a request with one of a policy.

use std::cmp::Ordering;
use std::net::IpAddr;

use weft_types::Timestamp;

/// How an operator treats keys with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// No prefix: the key is expected to have one value.
    Single,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Text,
    TextIgnoringCase,
    Like,
    Arn,
    Bool,
    Binary,
    Number(Order),
    Date(Order),
    Address,
    /// `Null`: whether the key is absent.
    Absent,
}

/// Which orders of request's and policy's value satisfy a numeric or date operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// A parsed operator name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) comparison: Comparison,
    /// Whether the comparison must fail with every value (`StringNotEquals`).
    pub(crate) negated: bool,
    /// Whether an absent key satisfies it.
    pub(crate) if_exists: bool,
}

impl Operator {
    /// Parses a name such as `ForAnyValue:StringLikeIfExists`; `None` where it is not known.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(_) => return None,
            None => (Quantifier::Single, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (comparison, negated) = comparison(base)?;
        if comparison == Comparison::Absent && (if_exists || quantifier != Quantifier::Single) {
            return None;
        }
        Some(Self { quantifier, comparison, negated, if_exists })
    }
}

fn comparison(base: &str) -> Option<(Comparison, bool)> {
    let found = match base {
        "StringEquals" => (Comparison::Text, false),
        "StringNotEquals" => (Comparison::Text, true),
        "StringEqualsIgnoreCase" => (Comparison::TextIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::TextIgnoringCase, true),
        "StringLike" => (Comparison::Like, false),
        "StringNotLike" => (Comparison::Like, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::Address, false),
        "NotIpAddress" => (Comparison::Address, true),
        "Null" => (Comparison::Absent, false),
        _ => {
            let (make, rest): (fn(Order) -> Comparison, _) = match base.strip_prefix("Numeric") {
                Some(rest) => (Comparison::Number, rest),
                None => (Comparison::Date, base.strip_prefix("Date")?),
            };
            let (order, negated) = match rest {
                "Equals" => (Order::Equal, false),
                "NotEquals" => (Order::Equal, true),
                "LessThan" => (Order::Less, false),
                "LessThanEquals" => (Order::LessOrEqual, false),
                "GreaterThan" => (Order::Greater, false),
                "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                _ => return None,
            };
            (make(order), negated)
        }
    };
    Some(found)
}

/// A decimal number as conditions have it.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

/// A date: ISO 8601, a day alone, or seconds since the epoch.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_millis(seconds.checked_mul(1000)?));
    }
    Timestamp::parse_iso8601(text).or_else(|| Timestamp::parse_iso8601(&format!("{text}T00:00:00Z")))
}

/// A range of addresses in CIDR notation; a lone address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressRange {
    base: IpAddr,
    prefix: u32,
}

impl AddressRange {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().ok()?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { base, prefix })
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}
