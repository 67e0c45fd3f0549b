//! Parameters.
use std::collections::BTreeMap;
use serde_json::Value;
use super::{ParameterDeclaration, TemplateError};

/// What the caller of an operation gives for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// `ParameterValue`.
    Value(String),
    /// `UsePreviousValue`.
    Previous,
}

/// A parameter whose value is the name of a parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmLookup {
    /// The template's parameter.
    pub parameter: String,
    /// The name in Systems Manager.
    pub name: String,
    /// The type that its value must have, such as `String` or `List<String>`.
    pub kind: String,
}

/// Parameters with their values, before what Systems Manager holds is known.
#[derive(Debug, Clone)]
pub struct Binding {
    declarations: Vec<ParameterDeclaration>,
    given: BTreeMap<String, String>,
}

impl Binding {
    /// What has to be looked up.
    pub fn lookups(&self) -> Vec<SsmLookup> { todo!() }
    /// The value of each parameter as given or by default: what `UsePreviousValue` means next time.
    pub fn given(&self) -> &BTreeMap<String, String> { &self.given }
    /// Looks up what has to be, and checks it. Names all that are not found.
    pub fn resolve(self, look: &mut dyn FnMut(&SsmLookup) -> Option<String>) -> Result<Parameters, TemplateError> { todo!() }
}

/// All parameters of a stack with their values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters { values: Vec<(String, ParameterValue)> }

impl Parameters {
    /// One parameter.
    pub fn get(&self, key: &str) -> Option<&ParameterValue> { todo!() }
    /// All of them, as the template orders them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> { self.values.iter().map(|(key, value)| (key.as_str(), value)) }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue {
    /// What `Ref` gives: a string or a list of strings.
    pub value: Value,
    /// As given, or the default.
    pub given: String,
    /// What Systems Manager holds, for types that are looked up there.
    pub resolved: Option<String>,
    /// Whether it is hidden.
    pub no_echo: bool,
}

impl ParameterValue {
    /// The value as `DescribeStacks` shows it.
    pub fn shown(&self) -> &str { if self.no_echo { "****" } else { &self.given } }
}
