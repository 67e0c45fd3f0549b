//! Every difference of a resource and its cause.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::{compare, recreation};
use super::condition::alike;
use super::resolve::is_unknown;
use super::value::scalar;
use super::{
    Change, ChangeAction, ChangeSource, DeletionPolicy, Detail, Evaluation, Known, Replacement,
    RequiresRecreation, Resource, Schema, Scope, Stack, Target,
};

/// A resource before and after.
pub(super) struct Pair<'a> {
    pub(super) old: &'a Stack,
    pub(super) new: &'a Stack,
    /// The same without the values of hidden parameters.
    pub(super) old_hidden: &'a Stack,
    pub(super) new_hidden: &'a Stack,
    pub(super) before: &'a Resource,
    pub(super) after: &'a Resource,
    pub(super) known: &'a dyn Known,
    pub(super) after_known: &'a dyn Known,
}

/// All differences.
pub(super) fn details(pair: &Pair<'_>, found: &BTreeMap<&str, Change>) -> Vec<Detail> {
    let mut details = properties(pair, found);
    let marked = |stack: &Stack, value: &Option<Value>, known: &dyn Known| {
        value.as_ref().and_then(|value| stack.marked(value, known))
    };
    let (before, after) = (pair.before, pair.after);
    let name = |policy: DeletionPolicy| Some(Value::from(policy.name()));
    let others = [
        (
            Scope::Metadata,
            marked(pair.old, &before.metadata, pair.known),
            marked(pair.new, &after.metadata, pair.after_known),
        ),
        (Scope::CreationPolicy, before.creation_policy.clone(), after.creation_policy.clone()),
        (Scope::UpdatePolicy, before.update_policy.clone(), after.update_policy.clone()),
        (Scope::DeletionPolicy, name(before.deletion), name(after.deletion)),
        (Scope::UpdateReplacePolicy, name(before.update_replace), name(after.update_replace)),
    ];
    for (scope, before, after) in others {
        let same = match (&before, &after) {
            (Some(before), Some(after)) => alike(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if !same {
            let target = target(scope, None, RequiresRecreation::Never, before.as_ref(), after.as_ref());
            details.push(detail(target, Evaluation::Static, ChangeSource::DirectModification, None));
        }
    }
    if after.kind == "AWS::CloudFormation::Stack" {
        let target = target(Scope::Properties, None, RequiresRecreation::Never, None, None);
        details.push(detail(target, Evaluation::Dynamic, ChangeSource::Automatic, None));
    }
    details
}

fn properties(pair: &Pair<'_>, found: &BTreeMap<&str, Change>) -> Vec<Detail> {
    let before = pair.old.preview(&pair.before.logical_id, pair.known);
    let after = pair.new.preview(&pair.after.logical_id, pair.after_known);
    let (shown_before, shown_after) = (
        pair.old_hidden.preview(&pair.before.logical_id, pair.known),
        pair.new_hidden.preview(&pair.after.logical_id, pair.after_known),
    );
    let schema = Schema::of(&pair.after.kind);
    let mut details = Vec::new();
    for path in compare(&pair.after.kind, &before, &after).paths {
        let name = path.split('/').next().unwrap_or(&path);
        let scope = if name == "Tags" { Scope::Tags } else { Scope::Properties };
        let at = format!("/{path}");
        let dynamic = after.pointer(&at).is_some_and(|value| is_unknown(&value.to_string()));
        let evaluation = if dynamic { Evaluation::Dynamic } else { Evaluation::Static };
        let (source, entity) = cause(pair, name, found);
        let target = target(
            scope,
            Some(&path),
            recreation(schema, &path),
            shown_before.pointer(&at),
            shown_after.pointer(&at),
        );
        details.push(detail(target, evaluation, source, entity));
    }
    details
}

/// Why a property differs: its text, a parameter, a resource or an attribute of one.
fn cause(pair: &Pair<'_>, name: &str, found: &BTreeMap<&str, Change>) -> (ChangeSource, Option<String>) {
    let (before, after) = (pair.before.properties.get(name), pair.after.properties.get(name));
    let direct = (ChangeSource::DirectModification, None);
    let Some(after) = after.filter(|after| before == Some(*after)) else { return direct };
    let uses = pair.new.uses(after);
    let parameters = (pair.old.parameters(), pair.new.parameters());
    for name in &uses.names {
        let value =
            |parameters: &super::Parameters| parameters.get(name).map(|parameter| parameter.value.clone());
        if value(parameters.0) != value(parameters.1) {
            return (ChangeSource::ParameterReference, Some((*name).to_owned()));
        }
    }
    let moves = |resource: &str| {
        found.get(resource).is_some_and(|change| change.replacement != Some(Replacement::False))
    };
    if let Some(resource) = uses.names.iter().find(|name| moves(name)) {
        return (ChangeSource::ResourceReference, Some((*resource).to_owned()));
    }
    let attribute = uses.attributes.iter().find(|(resource, _)| found.contains_key(resource));
    match attribute {
        Some((resource, attribute)) => {
            (ChangeSource::ResourceAttribute, Some(format!("{resource}.{}", attribute.unwrap_or_default())))
        }
        None => direct,
    }
}

fn target(
    attribute: Scope,
    path: Option<&str>,
    requires_recreation: RequiresRecreation,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Target {
    let text = |value: &Value| scalar(value).unwrap_or_else(|| value.to_string());
    let section = match attribute {
        Scope::Tags => "Properties".to_owned(),
        other => format!("{other:?}"),
    };
    Target {
        attribute,
        name: path.and_then(|path| path.split('/').next()).map(str::to_owned),
        requires_recreation,
        path: path.map_or_else(|| format!("/{section}"), |path| format!("/{section}/{path}")),
        before_value: before.map(text),
        after_value: after.map(text),
        attribute_change_type: match (before, after) {
            (None, Some(_)) => ChangeAction::Add,
            (Some(_), None) => ChangeAction::Remove,
            _ => ChangeAction::Modify,
        },
    }
}

fn detail(
    target: Target,
    evaluation: Evaluation,
    source: ChangeSource,
    causing_entity: Option<String>,
) -> Detail {
    Detail { target, evaluation, change_source: Some(source), causing_entity }
}
