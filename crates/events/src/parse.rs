//! From JSON to a pattern.

use serde_json::{Map, Value};

use crate::address::Range;
use crate::test::{Order, Test};
use crate::wildcard::Wildcard;
use crate::{DEPTH_MAX, Field, Node};

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason}")]
pub struct PatternError {
    reason: String,
}

impl PatternError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// The reason alone, for services that introduce it in words of their own.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

pub(crate) fn pattern(text: &str) -> Result<Node, PatternError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| PatternError::new(format!("Invalid JSON: {error}")))?;
    let Value::Object(fields) = value else { return Err(PatternError::new("Filter is not an object")) };
    if fields.is_empty() {
        return Err(PatternError::new("Empty filter"));
    }
    node(&fields, DEPTH_MAX)
}

fn node(fields: &Map<String, Value>, depth: usize) -> Result<Node, PatternError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(PatternError::new(format!("The pattern is nested more than {DEPTH_MAX} deep")));
    };
    let mut node = Node::default();
    for (name, value) in fields {
        match value {
            // A field may be called so; alternatives are objects only.
            Value::Array(items) if name == "$or" && items.iter().all(Value::is_object) => {
                node.alternatives.push(alternatives(items, depth)?);
            }
            Value::Array(items) => {
                node.fields.push((name.clone(), Field::Leaf(tests(name, items)?)));
            }
            Value::Object(inner) if !inner.is_empty() => {
                node.fields.push((name.clone(), Field::Inner(self::node(inner, depth)?)));
            }
            Value::Object(_) => return Err(PatternError::new("Empty objects are not allowed")),
            _ => {
                return Err(PatternError::new(format!("\"{name}\" must be an object or an array")));
            }
        }
    }
    Ok(node)
}

fn alternatives(items: &[Value], depth: usize) -> Result<Vec<Node>, PatternError> {
    if items.len() < 2 {
        return Err(PatternError::new("\"$or\" must be an array of at least two objects"));
    }
    items.iter().filter_map(Value::as_object).map(|fields| node(fields, depth)).collect()
}

fn tests(name: &str, items: &[Value]) -> Result<Vec<Test>, PatternError> {
    if items.is_empty() {
        return Err(PatternError::new("Empty arrays are not allowed"));
    }
    items.iter().map(|item| test(name, item)).collect()
}

fn test(name: &str, item: &Value) -> Result<Test, PatternError> {
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Array(_) => {
            return Err(PatternError::new(format!("\"{name}\" holds an array within an array")));
        }
        plain => return Ok(Test::Is(plain.clone())),
    };
    match single(fields) {
        Some((operator, operand)) => self::operator(operator, operand),
        None => Err(PatternError::new("Only one key allowed in match expression")),
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

fn operator(name: &str, operand: &Value) -> Result<Test, PatternError> {
    match name {
        "exists" => match operand {
            Value::Bool(true) => Ok(Test::Present),
            Value::Bool(false) => Ok(Test::Absent),
            _ => Err(PatternError::new("exists match pattern must be either true or false.")),
        },
        "numeric" => numeric(operand),
        "anything-but" => anything_but(operand).map(Test::AnythingBut),
        "cidr" => {
            let range = operand.as_str().and_then(Range::parse);
            range.map(Test::Address).ok_or_else(|| PatternError::new("Malformed CIDR"))
        }
        _ => of_text(name, operand),
    }
}

/// The operators that `anything-but` may turn round as well.
fn of_text(name: &str, operand: &Value) -> Result<Test, PatternError> {
    let ignoring = operand.as_object().and_then(single).filter(|(name, _)| *name == "equals-ignore-case");
    if let ("prefix" | "suffix", Some((_, operand))) = (name, ignoring) {
        let text = text(name, operand)?.to_lowercase();
        return Ok(if name == "prefix" {
            Test::PrefixIgnoringCase(text)
        } else {
            Test::SuffixIgnoringCase(text)
        });
    }
    match name {
        "prefix" => Ok(Test::Prefix(text(name, operand)?.to_owned())),
        "suffix" => Ok(Test::Suffix(text(name, operand)?.to_owned())),
        "equals-ignore-case" => Ok(Test::IgnoringCase(text(name, operand)?.to_lowercase())),
        "wildcard" => Wildcard::parse(text(name, operand)?).map(Test::Wildcard).map_err(PatternError::new),
        other => Err(PatternError::new(format!("Unrecognized match type {other}"))),
    }
}

fn text<'a>(name: &str, operand: &'a Value) -> Result<&'a str, PatternError> {
    operand.as_str().ok_or_else(|| PatternError::new(format!("{name} match pattern must be a string")))
}

fn anything_but(operand: &Value) -> Result<Vec<Test>, PatternError> {
    let wrong = || PatternError::new("Value of anything-but must be an array or single string/number value.");
    match operand {
        Value::String(_) | Value::Number(_) => Ok(vec![Test::Is(operand.clone())]),
        Value::Array(items) if items.is_empty() => Err(PatternError::new("Empty arrays are not allowed")),
        Value::Array(items) if items.iter().all(Value::is_string) || items.iter().all(Value::is_number) => {
            Ok(items.iter().cloned().map(Test::Is).collect())
        }
        Value::Object(fields) => {
            let (name, operand) = single(fields).ok_or_else(wrong)?;
            match operand {
                Value::Array(items) if items.is_empty() => {
                    Err(PatternError::new("Empty arrays are not allowed"))
                }
                Value::Array(items) => items.iter().map(|item| of_text(name, item)).collect(),
                operand => of_text(name, operand).map(|test| vec![test]),
            }
        }
        _ => Err(wrong()),
    }
}

fn numeric(operand: &Value) -> Result<Test, PatternError> {
    let wrong = |reason: &str| PatternError::new(reason);
    let items = operand.as_array().ok_or_else(|| wrong("Value of numeric must be an array."))?;
    let (pairs, rest) = items.as_chunks::<2>();
    if pairs.is_empty() || pairs.len() > 2 || !rest.is_empty() {
        return Err(wrong("Invalid numeric match: it has one or two operators, each with a number"));
    }
    let mut bounds = Vec::with_capacity(pairs.len());
    for [operator, number] in pairs {
        let order =
            operator.as_str().and_then(order).ok_or_else(|| wrong("Unrecognized numeric range operator"))?;
        let number = number.as_f64().ok_or_else(|| wrong("Value of numeric operator must be numeric"))?;
        // The documented range of EventBridge.
        if number.abs() > 5.0e9 {
            return Err(wrong("Value must be between -5.0E9 and 5.0E9, inclusive"));
        }
        bounds.push((order, number));
    }
    if let [(first, low), (second, high)] = bounds[..] {
        let is_range = matches!(first, Order::Greater | Order::GreaterOrEqual)
            && matches!(second, Order::Less | Order::LessOrEqual);
        if !is_range {
            return Err(wrong(
                "Bad numeric range operator: a range begins with > or >= and ends with < or <=",
            ));
        }
        if low >= high {
            return Err(wrong("Bottom must be less than top"));
        }
    }
    Ok(Test::Numeric(bounds))
}

fn order(text: &str) -> Option<Order> {
    Some(match text {
        "=" => Order::Equal,
        "<" => Order::Less,
        "<=" => Order::LessOrEqual,
        ">" => Order::Greater,
        ">=" => Order::GreaterOrEqual,
        _ => return None,
    })
}
