//! A template with its parameters: what can be known before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::context::Context;
use super::resolve::{Resolver, Unknown, is_unknown};
use super::uses::Uses;
use super::value::scalar;
use super::{
    DeletionPolicy, Environment, Known, NothingKnown, Parameters, ResolveError, Schema, Template,
    TemplateError, check, condition, graph, rule,
};

/// A template with its parameters, its rules and conditions evaluated: the resources that are wanted.
#[derive(Debug, Clone)]
pub struct Stack {
    context: Context,
    resources: Vec<Resource>,
    outputs: Vec<(String, Value)>,
    imports: BTreeMap<String, BTreeSet<String>>,
}

/// A resource that is wanted.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// What must be there before it: by `DependsOn`, `Ref`, `Fn::GetAtt` and `Fn::Sub`.
    pub depends_on: BTreeSet<String>,
    /// `DeletionPolicy`; without one, clusters and instances of databases are snapshot, the others deleted.
    pub deletion: DeletionPolicy,
    /// `UpdateReplacePolicy`.
    pub update_replace: DeletionPolicy,
    /// `CreationPolicy`, resolved as far as parameters go.
    pub creation_policy: Option<Value>,
    /// `UpdatePolicy`, resolved as far as parameters go.
    pub update_policy: Option<Value>,
    /// `Properties` as written.
    pub properties: Value,
    /// `Metadata` as written.
    pub metadata: Option<Value>,
}

/// An output with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// The name by which other stacks import it.
    pub export: Option<String>,
}

impl Stack {
    /// Evaluates rules and conditions of a template whose transforms are carried out, and refuses names that lead
    /// nowhere, circular dependencies and functions that cannot be evaluated whatever is made.
    pub fn new(
        template: &Template,
        parameters: &Parameters,
        environment: &Environment,
    ) -> Result<Self, TemplateError> {
        let mut context = Context::new(template, parameters, environment);
        rule::check(template, &context)?;
        context.conditions = condition::evaluate(template, &context)?;
        let mut stack =
            Self { resources: Vec::new(), outputs: Vec::new(), imports: BTreeMap::new(), context };
        stack.names(template)?;
        let wanted: BTreeMap<String, String> = template
            .resources()
            .filter(|(_, resource)| stack.holds(resource))
            .filter_map(|(name, resource)| Some((name.clone(), resource.get("Type")?.as_str()?.to_owned())))
            .collect();
        stack.take_resources(template, &wanted)?;
        stack.take_outputs(template, &wanted)?;
        let needs =
            stack.resources.iter().map(|known| (known.logical_id.as_str(), &known.depends_on)).collect();
        graph::no_circles(&needs)?;
        stack.evaluates()?;
        Ok(stack)
    }

    /// Checks all properties against the published schemas. Everything that is wrong is named in one error.
    pub fn check(&self) -> Result<(), TemplateError> {
        check::all(self)
    }

    /// Where the stack lives.
    pub fn environment(&self) -> &Environment {
        &self.context.environment
    }

    /// Its parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.context.parameters
    }

    /// The resources whose condition holds, as the template orders them.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter()
    }

    /// One of them.
    pub fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }

    /// The exports that are imported, and by which resources or `Outputs.NAME`.
    pub fn imports(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.imports
    }

    /// A resource's properties, as its schema types them. Dynamic references are still in them.
    pub fn properties(&self, logical_id: &str, known: &dyn Known) -> Result<Value, ResolveError> {
        let Some(resource) = self.resource(logical_id) else {
            return Err(ResolveError::Unknown { logical_id: logical_id.to_owned(), attribute: None });
        };
        let resolved = Resolver::new(&self.context, known, Unknown::Fail).value(&resource.properties)?;
        Ok(self.typed(resource, resolved))
    }

    /// A resource's metadata.
    pub fn metadata(&self, logical_id: &str, known: &dyn Known) -> Result<Option<Value>, ResolveError> {
        match self.resource(logical_id).and_then(|resource| resource.metadata.as_ref()) {
            Some(metadata) => Resolver::new(&self.context, known, Unknown::Fail).value(metadata),
            None => Ok(None),
        }
    }

    /// A resource's properties as far as they are known; [`KNOWN_AFTER_APPLY`](super::KNOWN_AFTER_APPLY) stands for
    /// the rest.
    pub fn preview(&self, logical_id: &str, known: &dyn Known) -> Value {
        let Some(resource) = self.resource(logical_id) else { return Value::Object(Map::new()) };
        let resolved = Resolver::new(&self.context, known, Unknown::Mark).value(&resource.properties);
        self.typed(resource, resolved.unwrap_or_default())
    }

    /// The outputs whose condition holds.
    pub fn outputs(&self, known: &dyn Known) -> Result<Vec<Output>, ResolveError> {
        let resolver = Resolver::new(&self.context, known, Unknown::Fail);
        self.outputs.iter().map(|(key, output)| resolved_output(&resolver, key, output)).collect()
    }

    /// The stack with the values of parameters that are not to be shown replaced.
    pub(super) fn hidden(&self) -> Self {
        let mut hidden = self.clone();
        hidden.context.parameters = hidden.context.parameters.hidden();
        hidden
    }

    /// The outputs as far as they are known.
    pub(super) fn outputs_preview(&self, known: &dyn Known) -> Vec<Output> {
        let resolver = Resolver::new(&self.context, known, Unknown::Mark);
        self.outputs.iter().filter_map(|(key, output)| resolved_output(&resolver, key, output).ok()).collect()
    }

    /// A value of one of the stack's resources as far as it is known.
    pub(super) fn marked(&self, value: &Value, known: &dyn Known) -> Option<Value> {
        Resolver::new(&self.context, known, Unknown::Mark).value(value).ok().flatten()
    }

    /// What a value of this stack refers to, in the branches that are taken.
    pub(super) fn uses<'a>(&self, value: &'a Value) -> Uses<'a> {
        let mut uses = Uses::default();
        // What cannot be gathered was refused when the stack was made.
        let _ = uses.gather(value, Some(&self.context.conditions));
        uses
    }

    fn typed(&self, resource: &Resource, resolved: Option<Value>) -> Value {
        let properties = resolved.unwrap_or_else(|| Value::Object(Map::new()));
        match Schema::of(&resource.kind) {
            Some(schema) => schema.coerce(&properties).0,
            None => properties,
        }
    }

    fn holds(&self, member: &Value) -> bool {
        let condition = member.get("Condition").and_then(Value::as_str);
        condition.is_none_or(|name| self.context.conditions.get(name).copied().unwrap_or(false))
    }

    /// Refuses names that lead nowhere whatever the conditions say.
    fn names(&self, template: &Template) -> Result<(), TemplateError> {
        for section in ["Resources", "Outputs"] {
            let mut missing = BTreeSet::new();
            let there = |name: &str| self.context.declared.contains(name);
            for (_, member) in template.section(section) {
                let condition = member.get("Condition").and_then(Value::as_str);
                if let Some(name) = condition.filter(|name| !self.context.conditions.contains_key(*name)) {
                    return Err(TemplateError::format(format!(
                        "Unresolved condition dependency {name} in the {section} block of the template"
                    )));
                }
                let mut uses = Uses::default();
                for value in evaluated_parts(section, member) {
                    uses.gather(value, None)?;
                }
                graph::resources(&uses, &self.context, &there, &mut missing);
                let depends_on = graph::depends_on(member).into_iter().filter(|name| !there(name));
                missing.extend(depends_on.map(str::to_owned));
            }
            graph::unresolved(&missing, section)?;
        }
        Ok(())
    }

    fn take_resources(
        &mut self,
        template: &Template,
        wanted: &BTreeMap<String, String>,
    ) -> Result<(), TemplateError> {
        let there = |name: &str| wanted.contains_key(name);
        let mut missing = BTreeSet::new();
        for (name, member) in template.resources() {
            let Some(kind) = wanted.get(name) else { continue };
            let mut uses = Uses::default();
            for value in evaluated_parts("Resources", member) {
                uses.gather(value, Some(&self.context.conditions))?;
            }
            let mut depends_on = graph::resources(&uses, &self.context, &there, &mut missing);
            for other in graph::depends_on(member) {
                let set = if there(other) { &mut depends_on } else { &mut missing };
                set.insert(other.to_owned());
            }
            graph::attributes(&uses, &|name| wanted.get(name).cloned())?;
            self.import(&uses, name)?;
            let resource = self.resource_of(name, kind, member, depends_on)?;
            self.resources.push(resource);
        }
        graph::unresolved(&missing, "Resources")
    }

    fn take_outputs(
        &mut self,
        template: &Template,
        wanted: &BTreeMap<String, String>,
    ) -> Result<(), TemplateError> {
        let there = |name: &str| wanted.contains_key(name);
        let mut missing = BTreeSet::new();
        for (name, output) in template.section("Outputs") {
            if !self.holds(output) {
                continue;
            }
            let mut uses = Uses::default();
            uses.gather(output, Some(&self.context.conditions))?;
            graph::resources(&uses, &self.context, &there, &mut missing);
            graph::attributes(&uses, &|name| wanted.get(name).cloned())?;
            self.import(&uses, &format!("Outputs.{name}"))?;
            self.outputs.push((name.clone(), output.clone()));
        }
        graph::unresolved(&missing, "Outputs")
    }

    fn import(&mut self, uses: &Uses<'_>, by: &str) -> Result<(), TemplateError> {
        for export in &uses.imports {
            let resolver = Resolver::new(&self.context, &NothingKnown, Unknown::Mark);
            let name = made(resolver.value(export))?.as_ref().and_then(scalar);
            let Some(name) = name.filter(|name| !is_unknown(name)) else {
                return Err(TemplateError::function(
                    "the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs",
                ));
            };
            self.imports.entry(name).or_default().insert(by.to_owned());
        }
        Ok(())
    }

    fn resource_of(
        &self,
        name: &str,
        kind: &str,
        member: &Value,
        depends_on: BTreeSet<String>,
    ) -> Result<Resource, TemplateError> {
        let settled = |attribute: &str| match member.get(attribute) {
            Some(value) => made(Resolver::new(&self.context, &NothingKnown, Unknown::Mark).value(value)),
            None => Ok(None),
        };
        let policy = |attribute: &str| {
            let Some(value) = settled(attribute)? else { return Ok(None) };
            let policy = value.as_str().and_then(DeletionPolicy::parse);
            policy.map(Some).ok_or_else(|| {
                TemplateError::format(format!("Unrecognized {attribute} {value} for resource {name}"))
            })
        };
        Ok(Resource {
            logical_id: name.to_owned(),
            kind: kind.to_owned(),
            depends_on,
            deletion: policy("DeletionPolicy")?.unwrap_or(default_policy(kind)),
            update_replace: policy("UpdateReplacePolicy")?.unwrap_or_default(),
            creation_policy: settled("CreationPolicy")?,
            update_policy: settled("UpdatePolicy")?,
            properties: member.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new())),
            metadata: member.get("Metadata").cloned(),
        })
    }

    /// Evaluates everything with nothing known, so that what is wrong in any case is told at once.
    fn evaluates(&self) -> Result<(), TemplateError> {
        let resolver = Resolver::whole(&self.context, &NothingKnown, Unknown::Mark);
        for resource in &self.resources {
            made(resolver.value(&resource.properties))?;
            if let Some(metadata) = &resource.metadata {
                made(resolver.value(metadata))?;
            }
        }
        for (key, output) in &self.outputs {
            made(resolved_output(&resolver, key, output))?;
        }
        Ok(())
    }
}

/// The parts of a section's member whose functions are evaluated.
fn evaluated_parts<'a>(section: &str, member: &'a Value) -> Vec<&'a Value> {
    if section == "Outputs" {
        return vec![member];
    }
    let parts =
        ["Properties", "Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"];
    parts.iter().filter_map(|part| member.get(part)).collect()
}

/// What becomes of a resource that does not say so.
fn default_policy(kind: &str) -> DeletionPolicy {
    if kind == "AWS::RDS::DBCluster" { DeletionPolicy::Snapshot } else { DeletionPolicy::Delete }
}

fn resolved_output(resolver: &Resolver<'_>, key: &str, output: &Value) -> Result<Output, ResolveError> {
    let wrong = format!(
        "Output {key} is malformed. The Value field of every Outputs member must evaluate to a String."
    );
    let text = |value: Option<&Value>| match value {
        Some(value) => Ok(resolver.value(value)?.as_ref().and_then(scalar)),
        None => Ok::<_, ResolveError>(None),
    };
    let Some(value) = text(output.get("Value"))? else { return Err(TemplateError::format(wrong).into()) };
    Ok(Output {
        key: key.to_owned(),
        value,
        description: text(output.get("Description"))?,
        export: text(output.pointer("/Export/Name"))?,
    })
}

/// The result of an evaluation in which unknown things are marked: what fails is the template.
fn made<T>(result: Result<T, ResolveError>) -> Result<T, TemplateError> {
    result.map_err(|error| match error {
        ResolveError::Template(error) => error,
        other => TemplateError::new(other.to_string()),
    })
}
