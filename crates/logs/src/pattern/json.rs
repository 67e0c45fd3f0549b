//! Conditions on JSON: `{ $.user.id = 1 && ($.latency > 500 || $.error IS TRUE) }`.
//!
//! A condition on a field that is missing, or that is an object or a list, does not hold, whatever it compares.

use serde_json::Value;

use crate::pattern::Invalid;
use crate::pattern::expression::Expression;
use crate::pattern::scan::Scan;
use crate::pattern::value::Test;

/// A combination of conditions on fields.
#[derive(Debug, Clone)]
pub(super) struct Json(Expression<Condition>);

#[derive(Debug, Clone)]
struct Condition {
    path: Vec<Step>,
    check: Check,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

#[derive(Debug, Clone)]
enum Check {
    Compare(Test),
    Null,
    Bool(bool),
    Exists(bool),
}

impl Json {
    pub(super) fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        scan.expect("{")?;
        let expression = Expression::parse(scan, &mut Condition::parse)?;
        scan.expect("}")?;
        Ok(Self(expression))
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        if !message.trim_start().starts_with(['{', '[']) {
            return false;
        }
        serde_json::from_str::<Value>(message)
            .is_ok_and(|root| self.0.holds(&|condition| condition.holds(&root)))
    }
}

impl Json {
    /// See [`super::Pattern::may_match`].
    pub(super) fn may_match(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        self.0.holds(&|condition| condition.may_hold(may_have))
    }
}

impl Condition {
    /// The names of its fields must be there, and what they are compared with. A text stands in JSON as it is, but for what is
    /// escaped there.
    fn may_hold(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b" _-.:@".contains(b);
        // Numbers may be written in other ways than they are compared.
        let numeric = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
        let may_have = |text: &[u8]| {
            let unsure = text.iter().all(numeric) || !text.iter().all(plain);
            unsure || may_have(text) || may_have(b"\\u00")
        };
        let there = |step: &Step| match step {
            Step::Field(name) => may_have(name.as_bytes()),
            Step::Index(_) => true,
        };
        match &self.check {
            Check::Exists(false) => true,
            Check::Compare(test) => self.path.iter().all(there) && test.may_pass(&may_have),
            Check::Exists(true) | Check::Null | Check::Bool(_) => self.path.iter().all(there),
        }
    }

    fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        let path = parse_path(scan)?;
        let check = if scan.eat_word("IS") {
            if scan.eat_word("NULL") {
                Check::Null
            } else if scan.eat_word("TRUE") {
                Check::Bool(true)
            } else if scan.eat_word("FALSE") {
                Check::Bool(false)
            } else {
                return Err(Invalid::new("IS is followed by NULL, TRUE or FALSE"));
            }
        } else if scan.eat_word("NOT") {
            if !scan.eat_word("EXISTS") {
                return Err(Invalid::new("NOT is followed by EXISTS"));
            }
            Check::Exists(false)
        } else if scan.eat_word("EXISTS") {
            Check::Exists(true)
        } else {
            let test = Test::parse(scan, |c| c.is_ascii_alphanumeric() || "*.-_+:/@".contains(c))?;
            Check::Compare(test.ok_or_else(|| Invalid::new("a field without a condition"))?)
        };
        Ok(Self { path, check })
    }

    fn holds(&self, root: &Value) -> bool {
        let found = find(root, &self.path);
        match &self.check {
            Check::Exists(wanted) => found.is_some() == *wanted,
            Check::Null => found.is_some_and(Value::is_null),
            Check::Bool(wanted) => found.and_then(Value::as_bool) == Some(*wanted),
            Check::Compare(comparison) => match found {
                Some(Value::String(text)) => comparison.passes_text(text),
                Some(Value::Number(number)) => comparison.passes_number(&number.to_string()),
                _ => false,
            },
        }
    }
}

fn find<'a>(root: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Field(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

/// Parses `$.a.b[0].c`.
fn parse_path(scan: &mut Scan<'_>) -> Result<Vec<Step>, Invalid> {
    scan.expect("$")?;
    let mut path = Vec::new();
    loop {
        match scan.peek() {
            Some('.') => {
                scan.eat(".");
                let name = scan.take_while(|c| c.is_alphanumeric() || c == '-' || c == '_');
                if name.is_empty() {
                    return Err(Invalid::new("a field's name is missing after '.'"));
                }
                path.push(Step::Field(name.to_owned()));
            }
            Some('[') => {
                scan.eat("[");
                let index = scan.take_while(|c| c.is_ascii_digit()).parse();
                path.push(Step::Index(
                    index.map_err(|_| Invalid::new("a list's index is a number in brackets"))?,
                ));
                scan.expect("]")?;
            }
            _ if path.is_empty() => return Err(Invalid::new("a field is named as $.name")),
            _ => return Ok(path),
        }
    }
}
