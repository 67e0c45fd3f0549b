//! What a value refers to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::TemplateError;
use super::function::{attribute_path, branches, sub_parts};
use super::sub::{Piece, pieces};
use super::value::function;

/// Names that a value refers to.
#[derive(Debug, Default)]
pub(super) struct Uses<'a> {
    /// By `Ref` and `Fn::Sub`: parameters, pseudo parameters and resources.
    pub(super) names: BTreeSet<&'a str>,
    /// By `Fn::GetAtt` and `Fn::Sub`: resources and their attributes, which are none where a function gives them.
    pub(super) attributes: BTreeSet<(&'a str, Option<&'a str>)>,
    /// What `Fn::ImportValue` names.
    pub(super) imports: Vec<&'a Value>,
}

impl<'a> Uses<'a> {
    /// Gathers from a value. With conditions, only the branches that are taken count.
    pub(super) fn gather(
        &mut self,
        value: &'a Value,
        conditions: Option<&BTreeMap<String, bool>>,
    ) -> Result<(), TemplateError> {
        match function(value) {
            Some(("Ref", argument)) => {
                let name = argument.as_str();
                let wrong = || TemplateError::function("every Ref object must have a single String value.");
                self.names.insert(name.ok_or_else(wrong)?);
                Ok(())
            }
            Some(("Fn::GetAtt", argument)) => {
                let (resource, attribute) = attribute_path(argument)?;
                self.attributes.insert((resource, attribute.as_str()));
                self.gather(attribute, conditions)
            }
            Some(("Fn::Sub", argument)) => self.sub(argument, conditions),
            Some(("Fn::If", argument)) => match (branches(argument)?, conditions) {
                ((name, yes, no), Some(conditions)) => match conditions.get(name) {
                    Some(true) => self.gather(yes, Some(conditions)),
                    Some(false) => self.gather(no, Some(conditions)),
                    None => Err(unresolved_condition(name)),
                },
                ((_, yes, no), None) => self.gather(yes, None).and_then(|()| self.gather(no, None)),
            },
            Some(("Fn::ImportValue", argument)) => {
                self.imports.push(argument);
                self.gather(argument, conditions)
            }
            _ => match value {
                Value::Array(items) => items.iter().try_for_each(|item| self.gather(item, conditions)),
                Value::Object(members) => {
                    members.values().try_for_each(|value| self.gather(value, conditions))
                }
                _ => Ok(()),
            },
        }
    }

    fn sub(
        &mut self,
        argument: &'a Value,
        conditions: Option<&BTreeMap<String, bool>>,
    ) -> Result<(), TemplateError> {
        let (text, variables) = sub_parts(argument)?;
        for piece in pieces(text)? {
            let Piece::Variable(name) = piece else { continue };
            if variables.is_some_and(|variables| variables.contains_key(name)) {
                continue;
            }
            match name.split_once('.') {
                Some((resource, attribute)) => {
                    self.attributes.insert((resource, Some(attribute)));
                }
                None => {
                    self.names.insert(name);
                }
            }
        }
        let mut values = variables.into_iter().flat_map(Map::values);
        values.try_for_each(|value| self.gather(value, conditions))
    }
}

pub(super) fn unresolved_condition(name: &str) -> TemplateError {
    TemplateError::function(format!("unresolved condition dependency {name} in Fn::If"))
}
