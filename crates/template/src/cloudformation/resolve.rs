//! Values with their functions evaluated.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::context::Context;
use super::value::{function, scalar};
use super::{KNOWN_AFTER_APPLY, Known, ResolveError, TemplateError, function as functions};

/// The most that one value may grow to, in bytes of text and 32 for each item.
const MAX_SIZE: usize = 8 << 20;

/// What stands for something that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It is an error.
    Fail,
    /// [`KNOWN_AFTER_APPLY`] stands for it.
    Mark,
}

/// Evaluates the functions of one value.
pub(super) struct Resolver<'a> {
    pub(super) context: &'a Context,
    pub(super) known: &'a dyn Known,
    unknown: Unknown,
    room: Cell<usize>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(context: &'a Context, known: &'a dyn Known, unknown: Unknown) -> Self {
        Self { context, known, unknown, room: Cell::new(MAX_SIZE) }
    }

    /// One for all values of a stack together.
    pub(super) fn whole(context: &'a Context, known: &'a dyn Known, unknown: Unknown) -> Self {
        Self { context, known, unknown, room: Cell::new(4 * MAX_SIZE) }
    }

    /// A value with its functions evaluated; `None` is `AWS::NoValue`.
    pub(super) fn value(&self, value: &Value) -> Result<Option<Value>, ResolveError> {
        self.spend(32)?;
        if let Some((name, argument)) = function(value)
            && name != "Condition"
        {
            return functions::call(self, name, argument);
        }
        Ok(Some(match value {
            Value::String(text) => {
                self.spend(text.len())?;
                value.clone()
            }
            Value::Array(items) => Value::Array(self.items(items)?),
            Value::Object(members) => {
                let mut resolved = Map::new();
                for (key, value) in members {
                    self.spend(key.len())?;
                    if let Some(value) = self.value(value)? {
                        resolved.insert(key.clone(), value);
                    }
                }
                Value::Object(resolved)
            }
            _ => value.clone(),
        }))
    }

    /// The items that have a value.
    pub(super) fn items(&self, items: &[Value]) -> Result<Vec<Value>, ResolveError> {
        items.iter().filter_map(|item| self.value(item).transpose()).collect()
    }

    /// A value that must be a string, number or boolean.
    pub(super) fn text(&self, value: &Value, otherwise: &str) -> Result<String, ResolveError> {
        let resolved = self.value(value)?;
        resolved.as_ref().and_then(scalar).ok_or_else(|| TemplateError::function(otherwise).into())
    }

    /// A value that must be a list; `None` where it is not known yet.
    pub(super) fn list(&self, value: &Value, otherwise: &str) -> Result<Option<Vec<Value>>, ResolveError> {
        match self.value(value)? {
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(Value::String(text)) if is_unknown(&text) => Ok(None),
            _ => Err(TemplateError::function(otherwise).into()),
        }
    }

    /// What stands for something that is not known.
    pub(super) fn unknown(&self, error: ResolveError) -> Result<Option<Value>, ResolveError> {
        match self.unknown {
            Unknown::Fail => Err(error),
            Unknown::Mark => Ok(Some(Value::from(KNOWN_AFTER_APPLY))),
        }
    }

    /// Counts what a value grows by.
    pub(super) fn spend(&self, size: usize) -> Result<(), ResolveError> {
        match self.room.get().checked_sub(size) {
            Some(rest) => {
                self.room.set(rest);
                Ok(())
            }
            None => Err(TemplateError::new(
                "Template error: a value becomes too large once its functions are evaluated",
            )
            .into()),
        }
    }
}

/// Whether a text has something in it that is not known yet.
pub(super) fn is_unknown(text: &str) -> bool {
    text.contains(KNOWN_AFTER_APPLY)
}
