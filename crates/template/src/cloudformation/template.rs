//! A template: read, of the right form, not evaluated.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Binding, Environment, Given, ParameterDeclaration, Parameters, TemplateError, document, extension,
    parameters, shape,
};

/// A template whose form is right. Its functions are not evaluated.
#[derive(Debug, Clone)]
pub struct Template {
    document: Value,
    transforms: Vec<String>,
    parameters: Vec<ParameterDeclaration>,
    extended: bool,
}

/// What the caller has to acknowledge before a template is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `CAPABILITY_IAM`, `CAPABILITY_NAMED_IAM` or `CAPABILITY_AUTO_EXPAND`.
    pub name: &'static str,
    /// The types of resources, or the transforms, that need it.
    pub resource_types: Vec<String>,
}

/// The transform that adds functions to the language.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";
/// The transform of serverless applications.
pub(crate) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

impl Template {
    /// The greatest length of a template that comes with a request, in bytes.
    pub const MAX_BODY: usize = 51_200;
    /// The greatest length of a template that lies in S3, in bytes.
    pub const MAX_FILE: usize = 1_048_576;

    /// Reads JSON or YAML of at most [`Template::MAX_FILE`] bytes and checks its form.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::from_document(document::read(text)?)
    }

    /// Checks the form of what is read already.
    pub fn from_document(document: Value) -> Result<Self, TemplateError> {
        Self::checked(document, false)
    }

    fn checked(document: Value, extended: bool) -> Result<Self, TemplateError> {
        let transforms = shape::transforms(&document)?;
        let extended = extended || transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS);
        shape::check(&document, &transforms, extended)?;
        let parameters = parameters::declared(&document)?;
        Ok(Self { document, transforms, parameters, extended })
    }

    /// The document as it was read, short tags written in full.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// `Description`.
    pub fn description(&self) -> Option<&str> {
        self.document.get("Description").and_then(Value::as_str)
    }

    /// `Metadata`.
    pub fn metadata(&self) -> Option<&Value> {
        self.document.get("Metadata")
    }

    /// The transforms that are still to be carried out.
    pub fn transforms(&self) -> &[String] {
        &self.transforms
    }

    /// The parameters as they are declared, in order.
    pub fn parameters(&self) -> &[ParameterDeclaration] {
        &self.parameters
    }

    /// The types of resources, each once, in order.
    pub fn resource_types(&self) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        for kind in self.resources().filter_map(|(_, resource)| resource.get("Type")?.as_str()) {
            if !types.iter().any(|known| known == kind) {
                types.push(kind.to_owned());
            }
        }
        types
    }

    /// What the caller has to acknowledge.
    pub fn capabilities(&self) -> Vec<Capability> {
        let mut plain = Vec::new();
        let mut named = Vec::new();
        for (_, resource) in self.resources() {
            let Some(kind) = resource.get("Type").and_then(Value::as_str) else { continue };
            let Some(name) = iam_name(kind) else { continue };
            let is_named =
                name.is_some_and(|name| resource.pointer(&format!("/Properties/{name}")).is_some());
            let types: &mut Vec<String> = if is_named { &mut named } else { &mut plain };
            if !types.iter().any(|known| known == kind) {
                types.push(kind.to_owned());
            }
        }
        let mut needed = Vec::new();
        if !named.is_empty() {
            named.extend(plain.into_iter().filter(|kind| !named.contains(kind)).collect::<Vec<_>>());
            needed.push(Capability { name: "CAPABILITY_NAMED_IAM", resource_types: named });
        } else if !plain.is_empty() {
            needed.push(Capability { name: "CAPABILITY_IAM", resource_types: plain });
        }
        if !self.transforms.is_empty() {
            needed
                .push(Capability { name: "CAPABILITY_AUTO_EXPAND", resource_types: self.transforms.clone() });
        }
        needed
    }

    /// Joins what the caller gives with what is declared. `previous` is what [`Binding::given`] said when the stack was
    /// last deployed; empty for a new stack.
    pub fn bind(
        &self,
        given: &BTreeMap<String, Given>,
        previous: &BTreeMap<String, String>,
    ) -> Result<Binding, TemplateError> {
        Binding::new(&self.parameters, given, previous)
    }

    /// Carries out the transforms; a template without any comes back as it is.
    pub fn expand(&self, parameters: &Parameters, environment: &Environment) -> Result<Self, TemplateError> {
        let mut document = self.document.clone();
        for transform in &self.transforms {
            document = match transform.as_str() {
                LANGUAGE_EXTENSIONS => extension::transform(&document, parameters, environment)?,
                SERVERLESS => crate::sam::transform(&document, parameters, environment)?,
                name => {
                    return Err(TemplateError::new(format!(
                        "No transform named {name} found. Rollback requested by user."
                    )));
                }
            };
        }
        if let Value::Object(sections) = &mut document {
            sections.shift_remove("Transform");
        }
        Self::checked(document, self.extended)
    }

    /// Whether the functions that [`LANGUAGE_EXTENSIONS`] adds may be used.
    pub(super) fn is_extended(&self) -> bool {
        self.extended
    }

    /// A section's members; none where the section is not there.
    pub(super) fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.document.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
    }

    /// `Resources`.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.section("Resources")
    }
}

/// For a type that changes rights: the property that names it, if it has one.
fn iam_name(kind: &str) -> Option<Option<&'static str>> {
    Some(match kind {
        "AWS::IAM::Role" => Some("RoleName"),
        "AWS::IAM::User" => Some("UserName"),
        "AWS::IAM::Group" => Some("GroupName"),
        "AWS::IAM::InstanceProfile" => Some("InstanceProfileName"),
        "AWS::IAM::ManagedPolicy" => Some("ManagedPolicyName"),
        "AWS::IAM::Policy"
        | "AWS::IAM::AccessKey"
        | "AWS::IAM::UserToGroupAddition"
        | "AWS::IAM::RolePolicy"
        | "AWS::IAM::UserPolicy"
        | "AWS::IAM::GroupPolicy" => None,
        _ => return None,
    })
}
