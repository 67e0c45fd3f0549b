//! How a stack changes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::detail::{Pair, details};
use super::{
    Change, ChangeAction, Changes, DeletionPolicy, Evaluation, Known, PolicyAction, Replacement,
    RequiresRecreation, Resource, Scope, Stack, TemplateError, graph,
};

/// A stack that is there.
#[derive(Debug, Clone, Copy)]
pub struct Old<'a> {
    /// As it was last deployed.
    pub stack: &'a Stack,
    /// The physical ids of the resources that exist, by logical id.
    pub physical_ids: &'a BTreeMap<String, String>,
}

/// How a stack changes. `known` tells what is known today of the resources that exist, and the exports of other stacks.
pub fn diff(old: Option<&Old<'_>>, new: &Stack, known: &dyn Known) -> Result<Changes, TemplateError> {
    let mut found: BTreeMap<&str, Change> = BTreeMap::new();
    if let Some(old) = old {
        same_kinds(old, new)?;
    }
    let hidden = new.hidden();
    let old_hidden = old.map(|old| old.stack.hidden());
    for resource in graph::order(new) {
        let there = old.and_then(|old| {
            let before = old.stack.resource(&resource.logical_id)?;
            Some((old, old_hidden.as_ref()?, before, old.physical_ids.get(&resource.logical_id)?))
        });
        let after_known = Shifted { known, old, changes: &found };
        let change = match there {
            None => Some(addition(resource, &hidden, &after_known)),
            Some((old, old_hidden, before, id)) => {
                let (old, after, after_known) = (old.stack, resource, &after_known);
                let new_hidden = &hidden;
                let pair = Pair { old, new, old_hidden, new_hidden, before, after, known, after_known };
                modification(&pair, id, &found)
            }
        };
        if let Some(change) = change {
            found.insert(&resource.logical_id, change);
        }
    }
    let after_known = Shifted { known, old, changes: &found };
    let outputs_changed = match old {
        Some(old) => old.stack.outputs_preview(known) != new.outputs_preview(&after_known),
        None => !new.outputs_preview(&after_known).is_empty(),
    };
    let mut changes: Vec<Change> = Vec::new();
    for resource in new.resources() {
        changes.extend(found.remove(resource.logical_id.as_str()));
    }
    changes.extend(old.into_iter().flat_map(|old| removals(old, new, known)));
    Ok(Changes { changes, outputs_changed })
}

/// Refuses a resource that keeps its name and changes its type.
fn same_kinds(old: &Old<'_>, new: &Stack) -> Result<(), TemplateError> {
    let differs = |resource: &&Resource| {
        let there = old.physical_ids.contains_key(&resource.logical_id);
        there && old.stack.resource(&resource.logical_id).is_some_and(|before| before.kind != resource.kind)
    };
    let names: Vec<&str> =
        new.resources().filter(differs).map(|resource| resource.logical_id.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(TemplateError::new(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        names.join(", ")
    )))
}

fn addition(resource: &Resource, hidden: &Stack, known: &dyn Known) -> Change {
    Change {
        action: ChangeAction::Add,
        logical_id: resource.logical_id.clone(),
        physical_id: None,
        kind: resource.kind.clone(),
        replacement: None,
        policy: None,
        scope: Vec::new(),
        details: Vec::new(),
        before: None,
        after: Some(shown(hidden, resource, known)),
    }
}

fn modification(pair: &Pair<'_>, id: &str, found: &BTreeMap<&str, Change>) -> Option<Change> {
    let details = details(pair, found);
    if details.is_empty() {
        return None;
    }
    let mut scope: Vec<Scope> = details.iter().map(|detail| detail.target.attribute).collect();
    scope.sort();
    scope.dedup();
    let any = |recreation, evaluation: Option<Evaluation>| {
        details.iter().any(|detail| {
            detail.target.requires_recreation == recreation
                && evaluation.is_none_or(|evaluation| detail.evaluation == evaluation)
        })
    };
    let replacement = if any(RequiresRecreation::Always, Some(Evaluation::Static)) {
        Replacement::True
    } else if any(RequiresRecreation::Always, None) || any(RequiresRecreation::Conditionally, None) {
        Replacement::Conditional
    } else {
        Replacement::False
    };
    let policy = (replacement != Replacement::False).then_some(match pair.after.update_replace {
        DeletionPolicy::Delete => PolicyAction::ReplaceAndDelete,
        DeletionPolicy::Snapshot => PolicyAction::ReplaceAndSnapshot,
        _ => PolicyAction::ReplaceAndRetain,
    });
    Some(Change {
        action: ChangeAction::Modify,
        logical_id: pair.after.logical_id.clone(),
        physical_id: Some(id.to_owned()),
        kind: pair.after.kind.clone(),
        replacement: Some(replacement),
        policy,
        scope,
        details,
        before: Some(shown(pair.old_hidden, pair.before, pair.known)),
        after: Some(shown(pair.new_hidden, pair.after, pair.after_known)),
    })
}

fn removals(old: &Old<'_>, new: &Stack, known: &dyn Known) -> Vec<Change> {
    let hidden = old.stack.hidden();
    let gone = old.stack.resources().filter(|resource| new.resource(&resource.logical_id).is_none());
    gone.filter_map(|resource| {
        let id = old.physical_ids.get(&resource.logical_id)?;
        Some(Change {
            action: ChangeAction::Remove,
            logical_id: resource.logical_id.clone(),
            physical_id: Some(id.clone()),
            kind: resource.kind.clone(),
            replacement: None,
            policy: Some(match resource.deletion {
                DeletionPolicy::Delete => PolicyAction::Delete,
                DeletionPolicy::Snapshot => PolicyAction::Snapshot,
                _ => PolicyAction::Retain,
            }),
            scope: Vec::new(),
            details: Vec::new(),
            before: Some(shown(&hidden, resource, known)),
            after: None,
        })
    })
    .collect()
}

/// A resource as a change set shows it.
fn shown(stack: &Stack, resource: &Resource, known: &dyn Known) -> String {
    let mut context = Map::new();
    let properties = stack.preview(&resource.logical_id, known);
    if properties.as_object().is_some_and(|properties| !properties.is_empty()) {
        context.insert("Properties".to_owned(), properties);
    }
    if let Some(metadata) = resource.metadata.as_ref().and_then(|metadata| stack.marked(metadata, known)) {
        context.insert("Metadata".to_owned(), metadata);
    }
    for (name, policy) in
        [("CreationPolicy", &resource.creation_policy), ("UpdatePolicy", &resource.update_policy)]
    {
        if let Some(policy) = policy {
            context.insert(name.to_owned(), policy.clone());
        }
    }
    for (name, policy) in
        [("UpdateReplacePolicy", resource.update_replace), ("DeletionPolicy", resource.deletion)]
    {
        if policy != DeletionPolicy::Delete {
            context.insert(name.to_owned(), Value::from(policy.name()));
        }
    }
    Value::Object(context).to_string()
}

/// What will be known of resources: nothing of those that are made anew or may be replaced.
struct Shifted<'a> {
    known: &'a dyn Known,
    old: Option<&'a Old<'a>>,
    changes: &'a BTreeMap<&'a str, Change>,
}

impl Shifted<'_> {
    fn stays(&self, logical_id: &str) -> bool {
        self.old.is_some_and(|old| old.physical_ids.contains_key(logical_id))
            && self.changes.get(logical_id).is_none_or(|change| {
                change.action == ChangeAction::Modify && change.replacement == Some(Replacement::False)
            })
    }
}

impl Known for Shifted<'_> {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        self.known.reference(logical_id).filter(|_| self.stays(logical_id))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Option<Value> {
        // What functions of custom resources answer and what nested stacks give out may be something else next time.
        let fixed = self.changes.get(logical_id).is_none_or(|change| {
            let kind = change.kind.as_str();
            !kind.starts_with("Custom::") && !kind.starts_with("AWS::CloudFormation::")
        });
        self.known.attribute(logical_id, attribute).filter(|_| fixed && self.stays(logical_id))
    }

    fn import(&self, export: &str) -> Option<Value> {
        self.known.import(export)
    }
}
