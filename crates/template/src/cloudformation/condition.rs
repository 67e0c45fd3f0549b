//! Conditions: named truths about parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::context::Context;
use super::resolve::{Resolver, Unknown};
use super::value::{function, scalar};
use super::{NothingKnown, ResolveError, Template, TemplateError};

/// What a condition is while the conditions are evaluated.
#[derive(Clone, Copy)]
enum State {
    Begun,
    Done(bool),
}

/// Evaluates all conditions of a template.
pub(super) fn evaluate(
    template: &Template,
    context: &Context,
) -> Result<BTreeMap<String, bool>, TemplateError> {
    let section: Map<String, Value> =
        template.section("Conditions").map(|(name, value)| (name.clone(), value.clone())).collect();
    let resolver = Resolver::new(context, &NothingKnown, Unknown::Fail);
    let mut conditions = Conditions { section: &section, resolver, states: BTreeMap::new() };
    let mut evaluated = BTreeMap::new();
    for name in section.keys() {
        evaluated.insert(name.clone(), conditions.named(name)?);
    }
    Ok(evaluated)
}

struct Conditions<'a> {
    section: &'a Map<String, Value>,
    resolver: Resolver<'a>,
    states: BTreeMap<String, State>,
}

impl Conditions<'_> {
    fn named(&mut self, name: &str) -> Result<bool, TemplateError> {
        match self.states.get(name) {
            Some(State::Done(truth)) => return Ok(*truth),
            Some(State::Begun) => {
                return Err(TemplateError::format(format!(
                    "Circular dependency between conditions: [{name}]"
                )));
            }
            None => {}
        }
        let section = self.section;
        let Some(condition) = section.get(name) else {
            return Err(TemplateError::function(format!(
                "unresolved condition dependency {name} in Condition"
            )));
        };
        self.states.insert(name.to_owned(), State::Begun);
        let truth = self.truth(condition)?;
        self.states.insert(name.to_owned(), State::Done(truth));
        Ok(truth)
    }

    fn truth(&mut self, condition: &Value) -> Result<bool, TemplateError> {
        let Some((name, argument)) = function(condition) else { return Err(not_boolean()) };
        if name == "Condition" {
            let name = argument.as_str().ok_or_else(not_boolean)?;
            return self.named(name);
        }
        connective(name, argument, &mut |part| self.truth(part)).unwrap_or_else(|| match name {
            "Fn::Equals" => equals(&self.resolver, argument),
            _ => Err(not_boolean()),
        })
    }
}

fn not_boolean() -> TemplateError {
    TemplateError::format("Conditions can only be boolean operations on parameters and other conditions")
}

/// `Fn::And`, `Fn::Or` and `Fn::Not`; `None` is another function.
pub(super) fn connective(
    name: &str,
    argument: &Value,
    truth: &mut dyn FnMut(&Value) -> Result<bool, TemplateError>,
) -> Option<Result<bool, TemplateError>> {
    let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    match name {
        "Fn::And" | "Fn::Or" if !(2..=10).contains(&parts.len()) => Some(Err(TemplateError::function(
            format!("every {name} object requires a list of at least 2 and at most 10 boolean parameters."),
        ))),
        "Fn::And" | "Fn::Or" => {
            // All are evaluated, so that what is wrong in a later one is told whatever the earlier ones say.
            let truths: Result<Vec<bool>, _> = parts.iter().map(truth).collect();
            Some(truths.map(|truths| {
                if name == "Fn::And" { truths.iter().all(|truth| *truth) } else { truths.contains(&true) }
            }))
        }
        "Fn::Not" => Some(match parts {
            [part] => truth(part).map(|truth| !truth),
            _ => Err(TemplateError::function("every Fn::Not object requires one boolean parameter.")),
        }),
        _ => None,
    }
}

/// `Fn::Equals`.
pub(super) fn equals(resolver: &Resolver<'_>, argument: &Value) -> Result<bool, TemplateError> {
    let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    let [left, right] = parts else {
        return Err(TemplateError::function(
            "every Fn::Equals object requires a list of 2 string parameters.",
        ));
    };
    Ok(alike(&settled(resolver, left)?, &settled(resolver, right)?))
}

/// A value of parameters and mappings alone.
pub(super) fn settled(resolver: &Resolver<'_>, value: &Value) -> Result<Value, TemplateError> {
    match resolver.value(value) {
        Ok(value) => Ok(value.unwrap_or(Value::Null)),
        Err(ResolveError::Template(error)) => Err(error),
        Err(ResolveError::Unknown { logical_id, .. }) => Err(TemplateError::format(format!(
            "Unresolved dependencies [{logical_id}]. Cannot reference resources in the Conditions block of the template"
        ))),
        Err(ResolveError::Import { .. }) => {
            Err(TemplateError::function("Cannot use Fn::ImportValue in Conditions."))
        }
    }
}

/// Whether two values are the same to a template, to which 1 and "1" are.
pub(super) fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| alike(value, other)))
        }
        _ => left == right || scalar(left).is_some_and(|left| scalar(right) == Some(left)),
    }
}
