//! Conditions on columns: `[ip, user, ..., status = 4*, bytes > 1000]`.
//!
//! A message's columns are separated by spaces; what stands in brackets or double quotes is one column. A message has as
//! many columns as the pattern, unless the pattern has an ellipsis.

use std::collections::BTreeMap;

use crate::pattern::Invalid;
use crate::pattern::expression::Expression;
use crate::pattern::scan::Scan;
use crate::pattern::value::Test;

/// The columns before and after an ellipsis, and conditions on them.
#[derive(Debug, Default, Clone)]
pub(super) struct Columns {
    names: Vec<String>,
    /// How many columns stand before the ellipsis, where there is one.
    gap: Option<usize>,
    conditions: Vec<Expression<Condition>>,
}

/// A comparison of a column, by its place among the pattern's.
#[derive(Debug, Clone)]
struct Condition {
    column: usize,
    test: Test,
}

impl Columns {
    pub(super) fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        let mut columns = Self::default();
        scan.expect("[")?;
        loop {
            columns.parse_column(scan)?;
            if !scan.eat(",") {
                scan.expect("]")?;
                return Ok(columns);
            }
        }
    }

    fn parse_column(&mut self, scan: &mut Scan<'_>) -> Result<(), Invalid> {
        if scan.eat("...") || scan.eat("…") {
            if self.gap.replace(self.names.len()).is_some() {
                return Err(Invalid::new("more than one ellipsis"));
            }
            return Ok(());
        }
        if matches!(scan.next_solid(), Some(',' | ']')) {
            self.names.push(String::new());
            return Ok(());
        }
        if scan.peek() != Some('(') {
            let name = take_name(scan)?;
            let column = self.declare(name)?;
            let Some(test) = Test::parse(scan, is_plain)? else { return Ok(()) };
            return self.parse_rest(scan, Condition { column, test });
        }
        let condition = Expression::parse(scan, &mut |scan| self.parse_condition(scan))?;
        self.conditions.push(condition);
        Ok(())
    }

    /// Goes on after the first condition of a column: `status = 4* && status != 403`.
    fn parse_rest(&mut self, scan: &mut Scan<'_>, first: Condition) -> Result<(), Invalid> {
        if scan.next_solid() == Some('(') {
            return Err(Invalid::new("'(' after a condition"));
        }
        let mut first = Some(first);
        let expression = Expression::parse(scan, &mut |scan| match first.take() {
            Some(first) => Ok(first),
            None => self.parse_condition(scan),
        })?;
        self.conditions.push(expression);
        Ok(())
    }

    fn parse_condition(&mut self, scan: &mut Scan<'_>) -> Result<Condition, Invalid> {
        let name = take_name(scan)?;
        let known = self.names.iter().position(|known| *known == name);
        // A name that was not there yet is the next column, as in AWS's `[…, status_code = 4* && bytes > 1000]`.
        let column = match known {
            Some(column) => column,
            None => self.declare(name)?,
        };
        let test = Test::parse(scan, is_plain)?;
        Ok(Condition { column, test: test.ok_or_else(|| Invalid::new("a column without a condition"))? })
    }

    fn declare(&mut self, name: String) -> Result<usize, Invalid> {
        if self.names.contains(&name) {
            return Err(Invalid::new(format!("the column '{name}' is there twice")));
        }
        self.names.push(name);
        Ok(self.names.len() - 1)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let Some(found) = self.split(message) else { return false };
        let holds = |condition: &Condition| {
            let text = found[self.place(condition.column, found.len())];
            condition.test.passes_number(text)
        };
        self.conditions.iter().all(|condition| condition.holds(&holds))
    }

    /// See [`super::Pattern::may_match`].
    pub(super) fn may_match(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        let may_hold = |condition: &Condition| condition.test.may_pass(may_have);
        self.conditions.iter().all(|condition| condition.holds(&may_hold))
    }

    /// The message's columns, where it has as many as it must.
    fn split<'a>(&self, message: &'a str) -> Option<Vec<&'a str>> {
        let wanted = self.names.len();
        if self.gap.is_some() {
            let found: Vec<&str> = Split(message).collect();
            return (found.len() >= wanted).then_some(found);
        }
        let found: Vec<&str> = Split(message).take(wanted + 1).collect();
        (found.len() == wanted).then_some(found)
    }

    /// Where a column of the pattern is among the `count` of a message.
    fn place(&self, column: usize, count: usize) -> usize {
        match self.gap {
            Some(gap) if column >= gap => count - (self.names.len() - column),
            _ => column,
        }
    }

    /// The values by names; columns without one by their number, from 1.
    pub(super) fn extract(&self, message: &str) -> BTreeMap<String, String> {
        let Some(found) = self.split(message) else { return BTreeMap::new() };
        let count = found.len();
        let mut values: BTreeMap<usize, String> =
            found.iter().enumerate().map(|(at, _)| (at, format!("${}", at + 1))).collect();
        for (column, name) in self.names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            values.insert(self.place(column, count), format!("${name}"));
        }
        values.into_iter().map(|(at, name)| (name, found[at].to_owned())).collect()
    }
}

fn take_name(scan: &mut Scan<'_>) -> Result<String, Invalid> {
    scan.next_solid();
    let name = scan.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if name.is_empty() {
        return Err(Invalid::new("a column's name has letters, digits, '_' and '-'"));
    }
    Ok(name.to_owned())
}

/// What a value has that needs no quotes.
fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !",[]&|()\"%<>=!".contains(c)
}

/// A message's columns.
struct Split<'a>(&'a str);

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let closed = match first {
            '[' => text[1..].split_once(']'),
            '"' => text[1..].split_once('"'),
            _ => None,
        };
        let (column, rest) = closed.unwrap_or_else(|| {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            text.split_at(end)
        });
        self.0 = rest;
        Some(column)
    }
}
