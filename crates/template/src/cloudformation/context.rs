//! What functions can be evaluated with before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::environment::is_pseudo;
use super::{Environment, Parameters, Template};

/// Parameters, mappings, conditions and names of a template.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) parameters: Parameters,
    pub(super) environment: Environment,
    pub(super) mappings: Map<String, Value>,
    /// Conditions that are evaluated already.
    pub(super) conditions: BTreeMap<String, bool>,
    /// All resources that the template declares, whatever their conditions.
    pub(super) declared: BTreeSet<String>,
    /// Whether the functions of the language extensions may be used.
    pub(super) extended: bool,
}

impl Context {
    pub(super) fn new(template: &Template, parameters: &Parameters, environment: &Environment) -> Self {
        Self {
            parameters: parameters.clone(),
            environment: environment.clone(),
            mappings: template.section("Mappings").map(|(key, value)| (key.clone(), value.clone())).collect(),
            conditions: BTreeMap::new(),
            declared: template.resources().map(|(name, _)| name.clone()).collect(),
            extended: template.is_extended(),
        }
    }

    /// Whether a name is a parameter's or a pseudo parameter's.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        is_pseudo(name) || self.parameters.get(name).is_some()
    }
}
