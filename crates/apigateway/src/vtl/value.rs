//! Values of templates. Lists and maps are shared, as in Java: what is added to one is seen by all who hold it.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

/// Bytes after which a text is not written on.
const TEXT_BYTES_MAX: usize = 16 << 20;

type Shared<T> = Rc<RefCell<T>>;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Rc<str>),
    List(Shared<Vec<Val>>),
    Map(Shared<IndexMap<String, Val>>),
    /// `$input`, `$util` and what they hand out that only has methods.
    Host(&'static str),
}

impl Val {
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: Vec<Val>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub(crate) fn map(entries: IndexMap<String, Val>) -> Self {
        Self::Map(Rc::new(RefCell::new(entries)))
    }

    pub(crate) fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Self::Integer(value),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => {
                Self::map(entries.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }

    /// Whether it can be put into the container that is borrowed for it: not where it holds that container, as that would
    /// never be let go. What is too large or too deep to tell cannot.
    pub(crate) fn is_free(&self, budget: &mut usize, depth: usize) -> bool {
        if *budget == 0 || depth > 64 {
            return false;
        }
        *budget -= 1;
        match self {
            Self::List(items) => {
                items.try_borrow().is_ok_and(|items| items.iter().all(|item| item.is_free(budget, depth + 1)))
            }
            Self::Map(entries) => entries
                .try_borrow()
                .is_ok_and(|entries| entries.values().all(|value| value.is_free(budget, depth + 1))),
            _ => true,
        }
    }

    /// As JSON. What is nested deeper than 64 levels becomes null.
    pub(crate) fn to_json(&self, depth: usize) -> Json {
        if depth > 64 {
            return Json::Null;
        }
        match self {
            Self::Null | Self::Host(_) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(items) => items.borrow().iter().map(|item| item.to_json(depth + 1)).collect(),
            Self::Map(entries) => {
                let entries = entries.borrow();
                Json::Object(
                    entries.iter().map(|(key, value)| (key.clone(), value.to_json(depth + 1))).collect(),
                )
            }
        }
    }

    /// Whether a condition holds: all but `false`, null, zero and what is empty.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Text(text) => !text.is_empty(),
            Self::Integer(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::List(items) => !items.borrow().is_empty(),
            Self::Map(entries) => !entries.borrow().is_empty(),
            Self::Host(_) => true,
        }
    }

    /// Appends the text that a reference to it leaves, as Java writes it.
    pub(crate) fn write(&self, out: &mut String, depth: usize) {
        // One value may stand in a container many times, and that container too.
        if depth > 64 || out.len() > TEXT_BYTES_MAX {
            return;
        }
        match self {
            Self::Null | Self::Host(_) => out.push_str(if depth > 0 { "null" } else { "" }),
            Self::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Integer(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Float(value) => {
                let _ = write!(out, "{value:?}");
            }
            Self::Text(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.borrow().iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(out, depth + 1);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.borrow().iter().enumerate() {
                    let _ = write!(out, "{}{key}=", if at > 0 { ", " } else { "" });
                    value.write(out, depth + 1);
                }
                out.push('}');
            }
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "comparisons of numbers of different kinds")]
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(_), Self::List(_)) | (Self::Map(_), Self::Map(_)) => {
                self.to_json(0) == other.to_json(0)
            }
            (one, other) => match (one.as_number(), other.as_number()) {
                (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
                (None, None) => {
                    one.to_text() == other.to_text()
                        && !matches!((one, other), (Self::Null, _) | (_, Self::Null))
                }
                // Velocity compares what it does not know by its text.
                _ => {
                    !matches!((one, other), (Self::Null, _) | (_, Self::Null))
                        && one.to_text() == other.to_text()
                }
            },
        }
    }
}
