//! Template.
use std::collections::BTreeMap;
use serde_json::Value;
use super::*;

/// A template.
#[derive(Debug, Clone)]
pub struct Template { document: Value }
/// A capability that a template needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `CAPABILITY_IAM`, `CAPABILITY_NAMED_IAM` or `CAPABILITY_AUTO_EXPAND`.
    pub name: &'static str,
    /// The types, or transforms, that need it.
    pub resource_types: Vec<String>,
}
impl Template {
    /// The greatest length of a template that comes with a request, in bytes.
    pub const MAX_BODY: usize = 51_200;
    /// The greatest length of a template that lies in S3, in bytes.
    pub const MAX_FILE: usize = 1_048_576;
    /// Reads JSON or YAML.
    pub fn parse(text: &str) -> Result<Self, TemplateError> { todo!() }
    /// Takes what is read already.
    pub fn from_document(document: Value) -> Result<Self, TemplateError> { todo!() }
    /// The document.
    pub fn document(&self) -> &Value { &self.document }
    /// `Description`.
    pub fn description(&self) -> Option<&str> { todo!() }
    /// `Metadata`.
    pub fn metadata(&self) -> Option<&Value> { todo!() }
    /// `Transform`.
    pub fn transforms(&self) -> &[String] { todo!() }
    /// `Parameters`.
    pub fn parameters(&self) -> &[ParameterDeclaration] { todo!() }
    /// The types of resources.
    pub fn resource_types(&self) -> Vec<String> { todo!() }
    /// What the caller must acknowledge.
    pub fn capabilities(&self) -> Vec<Capability> { todo!() }
    /// Joins with what is given.
    pub fn bind(&self, given: &BTreeMap<String, Given>, previous: &BTreeMap<String, String>) -> Result<Binding, TemplateError> { todo!() }
    /// Carries out transforms.
    pub fn expand(&self, parameters: &Parameters, environment: &Environment) -> Result<Self, TemplateError> { todo!() }
}
