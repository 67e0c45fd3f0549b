//! The transform `AWS::Serverless-2016-10-31`: serverless resources become plain ones.
//!
//! What comes out is what the public translator makes, resource by resource and property by property, but for the suffix
//! of a deployment's name: there it is a digest of how one language prints a map, here of the API's definition as JSON.
//! Both change when the definition does, and only then.

mod api;
mod authorizer;
mod cors;
mod data;
mod event;
mod function;
mod function_parts;
mod globals;
mod http_api;
mod layer;
mod names;
mod policy;
mod pull;
mod push;
mod references;
mod route;
mod schedule;
mod table;

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cloudformation::{Environment, Parameters, TemplateError};

/// The API that functions' events belong to where they name none.
const IMPLICIT_API: &str = "ServerlessRestApi";
/// The HTTP API that functions' events belong to where they name none.
const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// The most that parameters which are filled in may take, in bytes.
const MAX_FILLED: usize = 1 << 20;

/// Carries out the transform.
pub fn transform(
    document: &Value,
    parameters: &Parameters,
    environment: &Environment,
) -> Result<Value, TemplateError> {
    let Value::Object(sections) = document else { return Ok(document.clone()) };
    let mut sections = sections.clone();
    let globals = sections.shift_remove("Globals");
    let Some(Value::Object(resources)) = sections.shift_remove("Resources") else {
        return Err(document_invalid("'Resources' section is required"));
    };
    let resources = globals::merge(globals.as_ref(), resources)?;
    let conditions = match sections.shift_remove("Conditions") {
        Some(Value::Object(conditions)) => conditions,
        _ => Map::new(),
    };
    let mut sam = Sam {
        parameters,
        environment,
        routes: BTreeMap::new(),
        made: Map::new(),
        renamed: BTreeMap::new(),
        conditions,
        room: Cell::new(MAX_FILLED),
    };
    sam.carry_out(&resources, globals.as_ref())?;
    if !sam.conditions.is_empty() {
        sections.insert("Conditions".to_owned(), Value::Object(sam.conditions));
    }
    sections.insert("Resources".to_owned(), Value::Object(sam.made));
    let mut done = Value::Object(sections);
    references::rename(&mut done, &sam.renamed);
    Ok(done)
}

/// A transform under way.
struct Sam<'a> {
    parameters: &'a Parameters,
    environment: &'a Environment,
    /// The routes that functions' events ask for, by the name of the API.
    routes: BTreeMap<String, Vec<route::Route>>,
    /// Plain resources.
    made: Map<String, Value>,
    /// What names that templates may refer to have become.
    renamed: BTreeMap<String, String>,
    conditions: Map<String, Value>,
    /// What parameters that are filled in may still take, in bytes.
    room: Cell<usize>,
}

impl Sam<'_> {
    fn carry_out(
        &mut self,
        resources: &Map<String, Value>,
        globals: Option<&Value>,
    ) -> Result<(), TemplateError> {
        // Events change buckets, so what is plain already comes first.
        for (name, resource) in resources.iter().filter(|(_, resource)| serverless(resource).is_none()) {
            self.made.insert(name.clone(), resource.clone());
        }
        for (name, resource) in resources {
            if serverless(resource) == Some("Function") {
                function::make(self, name, resource, resources)?;
            }
        }
        for (name, resource) in resources {
            match serverless(resource) {
                Some("Api") => api::make(self, name, resource)?,
                Some("HttpApi") => http_api::make(self, name, resource)?,
                Some("SimpleTable") => table::make(self, name, resource)?,
                Some("LayerVersion") => layer::make(self, name, resource)?,
                None | Some("Function") => {}
                Some(kind) => {
                    return Err(invalid(
                        name,
                        &format!("Resources of the type AWS::Serverless::{kind} are not built"),
                    ));
                }
            }
        }
        for (name, resource) in [(IMPLICIT_API, "Api"), (IMPLICIT_HTTP_API, "HttpApi")] {
            if !self.routes.contains_key(name) || resources.contains_key(name) {
                continue;
            }
            let condition = self.condition_of(name);
            let global = globals::of_implicit(globals, resource);
            let mut implicit = json!({"Type": format!("AWS::Serverless::{resource}"), "Properties": global});
            if let Some(condition) = condition {
                implicit["Condition"] = Value::from(condition);
            }
            for (number, attribute) in ["DeletionPolicy", "UpdateReplacePolicy"].into_iter().enumerate() {
                if let Some(policy) = self.policy_of(name, number) {
                    implicit[attribute] = Value::from(policy);
                }
            }
            self.path_conditions_of(name);
            if resource == "Api" {
                implicit["Properties"]["StageName"] = Value::from("Prod");
                api::make(self, name, &implicit)?;
            } else {
                http_api::make(self, name, &implicit)?;
            }
        }
        Ok(())
    }

    /// The condition under which an API is needed that has only conditional routes.
    fn condition_of(&mut self, api: &str) -> Option<String> {
        let routes = self.routes.get(api)?;
        let conditions: Option<std::collections::BTreeSet<&str>> =
            routes.iter().map(|route| route.condition.as_deref()).collect();
        let conditions: Vec<&str> = conditions?.into_iter().collect();
        if let [one] = conditions.as_slice() {
            return Some((*one).to_owned());
        }
        let name = format!("{api}Condition");
        let either: Vec<Value> = conditions.iter().map(|condition| json!({"Condition": condition})).collect();
        let combined = names::either(&mut self.conditions, &name, either);
        self.conditions.insert(name.clone(), combined);
        Some(name)
    }

    /// The strongest of the policies of an implicit API's functions.
    fn policy_of(&self, api: &str, number: usize) -> Option<&'static str> {
        let policies = self.routes.get(api)?.iter().filter_map(|route| route.policies[number].as_deref());
        let policies: Vec<&str> = policies.collect();
        ["Retain", "Snapshot", "Delete"].into_iter().find(|policy| policies.contains(policy))
    }

    /// Declares the conditions of paths that have several.
    fn path_conditions_of(&mut self, api: &str) {
        let Some(routes) = self.routes.get(api) else { return };
        for route in routes {
            let conditions =
                route::path_conditions(routes, &route.path).filter(|conditions| conditions.len() > 1);
            let Some(conditions) = conditions else { continue };
            let either: Vec<Value> =
                conditions.iter().map(|condition| json!({"Condition": condition})).collect();
            let name = route::path_condition(api, &route.path);
            let combined = names::either(&mut self.conditions, &name, either);
            self.conditions.insert(name, combined);
        }
    }

    /// Adds a plain resource with the attributes that its serverless one passes on.
    fn put(&mut self, name: &str, kind: &str, properties: Map<String, Value>, from: &Value, more: Value) {
        let mut resource = Map::new();
        resource.insert("Type".to_owned(), Value::from(kind));
        for attribute in ["Condition", "DeletionPolicy", "UpdateReplacePolicy"] {
            if let Some(value) = from.get(attribute) {
                resource.insert(attribute.to_owned(), value.clone());
            }
        }
        if let Value::Object(more) = more {
            resource.extend(more);
        }
        resource.insert("Properties".to_owned(), Value::Object(properties));
        self.made.insert(name.to_owned(), Value::Object(resource));
    }

    /// A value with the parameters that it refers to filled in.
    fn filled(&self, value: &Value) -> Value {
        references::fill(value, self.parameters, self.environment, &self.room)
    }
}

/// The type of a serverless resource, without its prefix.
fn serverless(resource: &Value) -> Option<&str> {
    resource.get("Type")?.as_str()?.strip_prefix("AWS::Serverless::")
}

/// The properties of a resource.
fn properties(resource: &Value) -> &Value {
    resource.get("Properties").unwrap_or(&Value::Null)
}

/// Those of the named properties that are there, under their own names.
fn pick(from: &Value, names: &[&str]) -> Map<String, Value> {
    let there = names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(name)?.clone())));
    there.filter(|(_, value)| !value.is_null()).collect()
}

/// Sets a member of what should be a map, and is one afterwards.
fn set(value: &mut Value, name: &str, member: Value) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value[name] = member;
}

/// A resource that cannot be transformed.
fn invalid(name: &str, why: &str) -> TemplateError {
    document_invalid(&format!("Resource with id [{name}] is invalid. {why}"))
}

fn document_invalid(why: &str) -> TemplateError {
    TemplateError::new(format!(
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. {why}. Rollback requested by user."
    ))
}
