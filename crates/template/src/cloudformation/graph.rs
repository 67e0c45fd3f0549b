//! What depends on what, and circles in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::context::Context;
use super::uses::Uses;
use super::{Schema, TemplateError};

/// Names in a section that lead nowhere.
pub(super) fn unresolved(names: &BTreeSet<String>, section: &str) -> Result<(), TemplateError> {
    if names.is_empty() {
        return Ok(());
    }
    let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(TemplateError::format(format!(
        "Unresolved resource dependencies [{names}] in the {section} block of the template"
    )))
}

/// The resources that uses lead to; what is neither a parameter nor `there` goes to `missing`.
pub(super) fn resources(
    uses: &Uses<'_>,
    context: &Context,
    there: &dyn Fn(&str) -> bool,
    missing: &mut BTreeSet<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let by_name = uses.names.iter().copied().filter(|name| !context.is_parameter(name));
    for name in by_name.chain(uses.attributes.iter().map(|(resource, _)| *resource)) {
        let set = if there(name) { &mut found } else { &mut *missing };
        set.insert(name.to_owned());
    }
    found
}

/// Refuses attributes that a type does not have.
pub(super) fn attributes(
    uses: &Uses<'_>,
    kind_of: &dyn Fn(&str) -> Option<String>,
) -> Result<(), TemplateError> {
    for (resource, attribute) in &uses.attributes {
        let (Some(kind), Some(attribute)) = (kind_of(resource), attribute) else { continue };
        if Schema::of(&kind).is_some_and(|schema| !schema.has_attribute(attribute)) {
            return Err(TemplateError::function(format!(
                "resource {resource} does not support attribute type {attribute} in Fn::GetAtt"
            )));
        }
    }
    Ok(())
}

/// The names in `DependsOn`.
pub(super) fn depends_on(resource: &Value) -> Vec<&str> {
    match resource.get("DependsOn") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Refuses a graph with circles and names what stands in them.
pub(super) fn no_circles(needs: &BTreeMap<&str, &BTreeSet<String>>) -> Result<(), TemplateError> {
    // What needs nothing that is left goes first, then what nothing that is left needs; only circles and the ways
    // between them stay.
    let mut left: BTreeSet<&str> = needs.keys().copied().collect();
    peel(&mut left, needs);
    let mut needed_by: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, others) in needs {
        for other in *others {
            needed_by.entry(other).or_default().insert((*name).to_owned());
        }
    }
    let none = BTreeSet::new();
    let turned = needs.keys().map(|name| (*name, needed_by.get(name).unwrap_or(&none))).collect();
    peel(&mut left, &turned);
    if left.is_empty() {
        return Ok(());
    }
    let names = left.into_iter().collect::<Vec<_>>().join(", ");
    Err(TemplateError::new(format!("Circular dependency between resources: [{names}]")))
}

/// Takes away what needs nothing that is left, again and again.
fn peel<'a>(left: &mut BTreeSet<&'a str>, needs: &BTreeMap<&'a str, &BTreeSet<String>>) {
    loop {
        let free: Vec<&str> = left
            .iter()
            .copied()
            .filter(|name| {
                needs.get(name).is_none_or(|others| others.iter().all(|other| !left.contains(other.as_str())))
            })
            .collect();
        if free.is_empty() {
            return;
        }
        for name in free {
            left.remove(name);
        }
    }
}

/// The resources of a stack, each after what it needs. There are no circles.
pub(super) fn order(stack: &super::Stack) -> Vec<&super::Resource> {
    let mut ordered: Vec<&super::Resource> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&super::Resource> = stack.resources().collect();
    while !left.is_empty() {
        let (free, rest): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|resource| resource.depends_on.iter().all(|name| done.contains(name.as_str())));
        if free.is_empty() {
            ordered.extend(rest);
            break;
        }
        done.extend(free.iter().map(|resource| resource.logical_id.as_str()));
        ordered.extend(free);
        left = rest;
    }
    ordered
}
