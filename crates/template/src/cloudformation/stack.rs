//! Stack.
use std::collections::{BTreeMap, BTreeSet};
use serde_json::Value;
use super::*;
/// A template with its parameters.
#[derive(Debug, Clone)]
pub struct Stack {}
/// A resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// What must be there before it: by `DependsOn`, `Ref`, `Fn::GetAtt` and `Fn::Sub`.
    pub depends_on: BTreeSet<String>,
    /// `DeletionPolicy`.
    pub deletion: DeletionPolicy,
    /// `UpdateReplacePolicy`.
    pub update_replace: DeletionPolicy,
    /// `CreationPolicy`, resolved as far as parameters go.
    pub creation_policy: Option<Value>,
    /// `UpdatePolicy`.
    pub update_policy: Option<Value>,
    /// `Properties` as written.
    pub properties: Value,
    /// `Metadata` as written.
    pub metadata: Option<Value>,
}
/// An output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is.
    pub description: Option<String>,
    /// The name by which other stacks import it.
    pub export: Option<String>,
}
impl Stack {
    /// Evaluates.
    pub fn new(template: &Template, parameters: &Parameters, environment: &Environment) -> Result<Self, TemplateError> { todo!() }
    /// Checks all properties.
    pub fn check(&self) -> Result<(), TemplateError> { todo!() }
    /// Where it lives.
    pub fn environment(&self) -> &Environment { todo!() }
    /// Its parameters.
    pub fn parameters(&self) -> &Parameters { todo!() }
    /// Its resources.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> { [].iter() }
    /// One.
    pub fn resource(&self, logical_id: &str) -> Option<&Resource> { todo!() }
    /// Exports that it imports.
    pub fn imports(&self) -> &BTreeMap<String, BTreeSet<String>> { todo!() }
    /// Resolved.
    pub fn properties(&self, logical_id: &str, known: &dyn Known) -> Result<Value, ResolveError> { todo!() }
    /// Resolved.
    pub fn metadata(&self, logical_id: &str, known: &dyn Known) -> Result<Option<Value>, ResolveError> { todo!() }
    /// Resolved as far as known.
    pub fn preview(&self, logical_id: &str, known: &dyn Known) -> Value { todo!() }
    /// Resolved.
    pub fn outputs(&self, known: &dyn Known) -> Result<Vec<Output>, ResolveError> { todo!() }
}
