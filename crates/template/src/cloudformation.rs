//! `CloudFormation`: a template's text → [`Template`] → [`Stack`] → [`Changes`] → [`Plan`].
//!
//! [`Template::parse`] reads JSON or YAML. [`Template::bind`] joins what the caller gave with the template's parameters
//! and names the parameters of `AWS::SSM::Parameter::Value<…>` types that have to be looked up. [`Template::expand`]
//! carries out transforms. [`Stack::new`] evaluates rules and conditions, refuses names that lead nowhere and circular
//! dependencies; [`Stack::check`] compares all properties with the published schemas. At execution time
//! [`Stack::properties`] resolves one resource, with what a [`Known`] tells of those that it depends on.
//!
//! Invariants: the order of keys stays as it was written; nothing that a template can say makes reading it exceed its
//! bounds in time and size; errors are worded as `CloudFormation` words them and name everything that is wrong at once.

mod change;
mod check;
mod cidr;
mod coerce;
mod compare;
mod condition;
mod constraint;
mod context;
mod declaration;
mod detail;
mod diff;
mod document;
mod dynamic;
mod environment;
mod error;
mod extension;
mod function;
mod graph;
mod known;
mod parameter;
mod parameters;
mod plan;
mod resolve;
mod resource_kind;
mod rollback;
mod rule;
mod schema;
mod shape;
mod stack;
mod sub;
mod template;
mod uses;
mod value;
mod yaml;

pub use change::{
    Change, ChangeAction, ChangeSource, Changes, Detail, Evaluation, PolicyAction, Replacement,
    RequiresRecreation, Scope, Target,
};
pub use compare::{Difference, compare};
pub use declaration::{DeletionPolicy, ParameterDeclaration};
pub use diff::{Old, diff};
pub use dynamic::{DynamicReference, dynamic_references, substitute};
pub use environment::Environment;
pub use error::{ResolveError, TemplateError};
pub use known::{Known, NothingKnown};
pub use parameter::{Binding, Given, ParameterValue, Parameters, SsmLookup};
pub use plan::{Phase, Plan, Step, StepAction};
pub use schema::{Problem, Schema};
pub use serde_json::{Map, Value};
pub use stack::{Output, Resource, Stack};
pub use template::{Capability, Template};

/// What stands where a value is known only once something has been made, as change sets show it.
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";
