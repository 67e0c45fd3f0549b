//! Methods of texts, numbers, lists and maps, and operators: those of Java that templates use.

use std::cmp::Ordering;

use indexmap::IndexMap;
use regex::RegexBuilder;

use super::evaluate::{Failure, Run};
use super::{Operator, Val};

type Called = Option<Result<Val, String>>;

/// Bytes of the program that a pattern may become.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Calls a method. None where there is none of this name and number of arguments.
pub(super) fn call(run: &mut Run<'_>, of: &Val, name: &str, arguments: &[Val]) -> Result<Called, Failure> {
    if let (Val::Text(text), "replace" | "replaceAll" | "replaceFirst" | "split" | "concat") = (of, name) {
        run.step(text.len())?;
    }
    Ok(match of {
        Val::Text(text) => on_text(text, name, arguments),
        Val::List(items) => {
            run.step(items.borrow().len() / 16)?;
            on_list(of, &mut items.borrow_mut(), name, arguments)
        }
        Val::Map(entries) => {
            run.step(entries.borrow().len() / 16)?;
            on_map(&mut entries.borrow_mut(), name, arguments)
        }
        other => on_any(other, name, arguments),
    })
}

#[allow(clippy::unnecessary_wraps, reason = "as what has a method of this name gives it")]
fn ok(value: Val) -> Called {
    Some(Ok(value))
}

fn number(value: usize) -> Val {
    Val::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn place(found: Option<usize>) -> Val {
    found.map_or(Val::Integer(-1), number)
}

fn on_any(of: &Val, name: &str, arguments: &[Val]) -> Called {
    match (name, arguments) {
        ("toString", []) => ok(Val::text(of.to_text())),
        ("equals", [other]) => ok(Val::Bool(of.equals(other))),
        ("intValue" | "longValue", []) => match of {
            Val::Integer(_) => ok(of.clone()),
            #[allow(clippy::cast_possible_truncation, reason = "as Java cuts fractions off")]
            Val::Float(value) => ok(Val::Integer(*value as i64)),
            _ => None,
        },
        ("doubleValue" | "floatValue", []) => of.as_number().map(|value| Ok(Val::Float(value))),
        ("compareTo", [other]) => ok(Val::Integer(match compare(of, other) {
            Some(Ordering::Less) => -1,
            Some(Ordering::Greater) => 1,
            _ => 0,
        })),
        _ => None,
    }
}

fn on_text(text: &str, name: &str, arguments: &[Val]) -> Called {
    let texts: Vec<String> = arguments.iter().map(Val::to_text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let value = match (name, texts.as_slice()) {
        ("length" | "size", []) => number(text.encode_utf16().count()),
        ("isEmpty", []) => Val::Bool(text.is_empty()),
        ("isBlank", []) => Val::Bool(text.trim().is_empty()),
        ("contains", [part]) => Val::Bool(text.contains(part)),
        ("startsWith", [part]) => Val::Bool(text.starts_with(part)),
        ("endsWith", [part]) => Val::Bool(text.ends_with(part)),
        ("equalsIgnoreCase", [other]) => Val::Bool(text.to_lowercase() == other.to_lowercase()),
        ("toLowerCase", []) => Val::text(text.to_lowercase()),
        ("toUpperCase", []) => Val::text(text.to_uppercase()),
        ("trim", []) => Val::text(text.trim()),
        ("concat", [other]) => Val::text(format!("{text}{other}")),
        ("indexOf", [part]) => place(text.find(part).map(|at| text[..at].chars().count())),
        ("lastIndexOf", [part]) => place(text.rfind(part).map(|at| text[..at].chars().count())),
        ("replace", ["", to]) => Val::text(format!("{to}{text}")),
        ("replace", [from, to]) => return Some(bounded(text, from, to, &text.replace(from, to))),
        ("replaceAll" | "replaceFirst" | "split" | "matches", _) => return by_pattern(text, name, &texts),
        ("substring", _) => return substring(text, arguments),
        ("charAt", _) => match arguments {
            [Val::Integer(at)] => match usize::try_from(*at).ok().and_then(|at| text.chars().nth(at)) {
                Some(sign) => Val::text(sign.to_string()),
                None => return Some(Err(format!("String index out of range: {at}"))),
            },
            _ => return None,
        },
        _ => return on_any(&Val::text(text), name, arguments),
    };
    ok(value)
}

/// A text that grew too long is not kept.
fn bounded(text: &str, from: &str, to: &str, result: &str) -> Result<Val, String> {
    if result.len() > (10 << 20) {
        return Err(format!("replacing {from} by {to} in {} bytes leaves too much", text.len()));
    }
    Ok(Val::text(result))
}

fn by_pattern(text: &str, name: &str, texts: &[&str]) -> Called {
    let pattern = |pattern: &str| {
        let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
        built.map_err(|_| format!("the pattern {pattern} is wrong"))
    };
    // Java and we write groups alike, but for the braces.
    let with = |to: &str| to.replace("\\$", "$$").replace("\\\\", "\\");
    Some(match (name, texts) {
        ("replaceAll", [from, to]) => pattern(from)
            .and_then(|regex| bounded(text, from, to, &regex.replace_all(text, with(to).as_str()))),
        ("replaceFirst", [from, to]) => {
            pattern(from).map(|regex| Val::text(regex.replace(text, with(to).as_str()).as_ref()))
        }
        ("matches", [whole]) => {
            pattern(&format!("^(?:{whole})$")).map(|regex| Val::Bool(regex.is_match(text)))
        }
        ("split", [by]) => pattern(by).map(|regex| {
            let mut parts: Vec<&str> = regex.split(text).collect();
            while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
                parts.pop();
            }
            Val::list(parts.into_iter().map(Val::text).collect())
        }),
        _ => return None,
    })
}

fn substring(text: &str, arguments: &[Val]) -> Called {
    let (from, to) = match arguments {
        [Val::Integer(from)] => (*from, None),
        [Val::Integer(from), Val::Integer(to)] => (*from, Some(*to)),
        _ => return None,
    };
    let length = text.chars().count();
    let at = |value: i64| usize::try_from(value).ok().filter(|value| *value <= length);
    let (Some(from), Some(to)) = (at(from), to.map_or(Some(length), at)) else {
        return Some(Err(format!("String index out of range: {from}")));
    };
    if from > to {
        return Some(Err(format!("String index out of range: {from}")));
    }
    ok(Val::text(text.chars().skip(from).take(to - from).collect::<String>()))
}

/// Items that a list or map may have.
const ITEMS_MAX: usize = 100_000;

fn on_list(of: &Val, items: &mut Vec<Val>, name: &str, arguments: &[Val]) -> Called {
    let at = |index: &Val| match index {
        Val::Integer(index) => usize::try_from(*index).ok(),
        _ => None,
    };
    if items.len() > ITEMS_MAX {
        return Some(Err("a list has too many items".to_owned()));
    }
    if !arguments.iter().all(|one| one.is_free(&mut ITEMS_MAX.clone(), 0))
        && matches!(name, "add" | "addAll" | "set")
    {
        return Some(Err("a list cannot hold itself".to_owned()));
    }
    let value = match (name, arguments) {
        ("size" | "length", []) => number(items.len()),
        ("isEmpty", []) => Val::Bool(items.is_empty()),
        ("contains", [item]) => Val::Bool(items.iter().any(|one| one.equals(item))),
        ("indexOf", [item]) => place(items.iter().position(|one| one.equals(item))),
        ("get", [index]) => match at(index).and_then(|at| items.get(at)) {
            Some(item) => item.clone(),
            None => return Some(Err(format!("Index {} out of bounds", index.to_text()))),
        },
        ("add", [item]) => {
            items.push(item.clone());
            Val::Bool(true)
        }
        ("add", [index, item]) => match at(index).filter(|at| *at <= items.len()) {
            Some(at) => {
                items.insert(at, item.clone());
                Val::Null
            }
            None => return Some(Err(format!("Index {} out of bounds", index.to_text()))),
        },
        ("addAll", [Val::List(more)]) => {
            items.extend(more.borrow().iter().cloned());
            Val::Bool(true)
        }
        ("set", [index, item]) => match at(index).and_then(|at| items.get_mut(at)) {
            Some(place) => std::mem::replace(place, item.clone()),
            None => return Some(Err(format!("Index {} out of bounds", index.to_text()))),
        },
        ("remove", [Val::Integer(index)]) => {
            match usize::try_from(*index).ok().filter(|at| *at < items.len()) {
                Some(at) => items.remove(at),
                None => return Some(Err(format!("Index {index} out of bounds"))),
            }
        }
        ("remove", [item]) => match items.iter().position(|one| one.equals(item)) {
            Some(at) => {
                items.remove(at);
                Val::Bool(true)
            }
            None => Val::Bool(false),
        },
        ("clear", []) => {
            items.clear();
            Val::Null
        }
        ("toString", []) => Val::text(Val::list(items.clone()).to_text()),
        ("equals", [other]) => match other {
            Val::List(other) => match other.try_borrow() {
                Ok(other) => Val::Bool(
                    items.len() == other.len()
                        && items.iter().zip(&*other).all(|(one, other)| one.equals(other)),
                ),
                Err(_) => Val::Bool(true),
            },
            _ => Val::Bool(false),
        },
        ("iterator", []) => of.clone(),
        _ => return None,
    };
    ok(value)
}

fn on_map(entries: &mut IndexMap<String, Val>, name: &str, arguments: &[Val]) -> Called {
    if entries.len() > ITEMS_MAX {
        return Some(Err("a map has too many entries".to_owned()));
    }
    if !arguments.iter().all(|one| one.is_free(&mut ITEMS_MAX.clone(), 0)) && matches!(name, "put" | "putAll")
    {
        return Some(Err("a map cannot hold itself".to_owned()));
    }
    let found = |entries: &IndexMap<String, Val>, key: &Val| entries.get(&key.to_text()).cloned();
    let value = match (name, arguments) {
        ("size", []) => number(entries.len()),
        ("isEmpty", []) => Val::Bool(entries.is_empty()),
        ("get", [key]) => found(entries, key).unwrap_or(Val::Null),
        ("getOrDefault", [key, other]) => found(entries, key).unwrap_or_else(|| other.clone()),
        ("containsKey", [key]) => Val::Bool(entries.contains_key(&key.to_text())),
        ("containsValue", [value]) => Val::Bool(entries.values().any(|one| one.equals(value))),
        ("put", [key, value]) => entries.insert(key.to_text(), value.clone()).unwrap_or(Val::Null),
        ("putAll", [Val::Map(more)]) => {
            if let Ok(more) = more.try_borrow() {
                entries.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            Val::Null
        }
        ("remove", [key]) => entries.shift_remove(&key.to_text()).unwrap_or(Val::Null),
        ("keySet", []) => Val::list(entries.keys().map(|key| Val::text(key.as_str())).collect()),
        ("values", []) => Val::list(entries.values().cloned().collect()),
        ("entrySet", []) => {
            let entry = |(key, value): (&String, &Val)| {
                Val::map(IndexMap::from([
                    ("key".to_owned(), Val::text(key.as_str())),
                    ("value".to_owned(), value.clone()),
                ]))
            };
            Val::list(entries.iter().map(entry).collect())
        }
        // Of an entry of `entrySet`.
        ("getKey", []) => entries.get("key").cloned().unwrap_or(Val::Null),
        ("getValue", []) => entries.get("value").cloned().unwrap_or(Val::Null),
        ("toString", []) => Val::text(Val::map(entries.clone()).to_text()),
        ("clear", []) => {
            entries.clear();
            Val::Null
        }
        _ => return None,
    };
    ok(value)
}

/// What is at an index or key.
pub(super) fn item(of: &Val, index: &Val) -> Val {
    match (of, index) {
        (Val::List(items), Val::Integer(index)) => {
            let items = items.borrow();
            let at = if *index < 0 {
                items.len().checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
            } else {
                usize::try_from(*index).ok()
            };
            at.and_then(|at| items.get(at)).cloned().unwrap_or(Val::Null)
        }
        (Val::Map(entries), key) => entries.borrow().get(&key.to_text()).cloned().unwrap_or(Val::Null),
        _ => Val::Null,
    }
}

fn compare(left: &Val, right: &Val) -> Option<Ordering> {
    match (left, right) {
        (Val::Text(left), Val::Text(right)) => Some(left.cmp(right)),
        _ => left.as_number()?.partial_cmp(&right.as_number()?),
    }
}

/// An operator on two values. What makes no sense is null, as in Velocity.
pub(super) fn binary(left: &Val, operator: Operator, right: &Val) -> Val {
    let ordered = |wanted: fn(Ordering) -> bool| Val::Bool(compare(left, right).is_some_and(wanted));
    match operator {
        Operator::Equal => Val::Bool(left.equals(right)),
        Operator::Unequal => Val::Bool(!left.equals(right)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterEqual => ordered(Ordering::is_ge),
        Operator::Add if matches!(left, Val::Text(_)) || matches!(right, Val::Text(_)) => {
            Val::text(left.to_text() + &right.to_text())
        }
        _ => arithmetic(left, operator, right).unwrap_or(Val::Null),
    }
}

fn arithmetic(left: &Val, operator: Operator, right: &Val) -> Option<Val> {
    if let (Val::Integer(left), Val::Integer(right)) = (left, right) {
        let value = match operator {
            Operator::Add => left.checked_add(*right),
            Operator::Subtract => left.checked_sub(*right),
            Operator::Multiply => left.checked_mul(*right),
            Operator::Divide => left.checked_div(*right),
            Operator::Remainder => left.checked_rem(*right),
            _ => None,
        };
        return value.map(Val::Integer);
    }
    let (left, right) = (left.as_number()?, right.as_number()?);
    Some(Val::Float(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right != 0.0 => left / right,
        Operator::Remainder if right != 0.0 => left % right,
        _ => return None,
    }))
}
