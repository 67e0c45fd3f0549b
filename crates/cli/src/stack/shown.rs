//! Stacks and their differences as people and programs read them.

use std::fmt::Write as _;

use anstyle::AnsiColor;
use serde_json::{Value, json};
use weft_model::cloudformation::{ResourceChange, Stack};

use super::{Deployed, Difference};
use crate::table::{coloured, table};

/// Characters of a property's value that a difference shows.
const VALUE_CHARACTERS_MAX: usize = 120;

/// Outputs and addresses.
pub(crate) fn deployed_text(deployed: &Deployed) -> String {
    let mut text = format!("\n{}  {}\n", deployed.name, deployed.status);
    let rows: Vec<_> = deployed.outputs.iter().map(|(key, value)| vec![key.clone(), value.clone()]).collect();
    if !rows.is_empty() {
        text.push_str(&table(&["output", "value"], &rows));
    }
    for url in &deployed.urls {
        let _ = writeln!(text, "answers here: {url}");
    }
    text
}

/// The same for programs.
pub(crate) fn deployed_json(deployed: &Deployed) -> Value {
    json!({
        "name": deployed.name, "id": deployed.id, "status": deployed.status, "changes": deployed.changes,
        "outputs": deployed.outputs, "urls": deployed.urls,
    })
}

/// The stacks that are there.
pub(crate) fn stacks_text(stacks: &[Stack]) -> String {
    let changed = |s: &Stack| s.last_updated_time.unwrap_or(s.creation_time).iso8601_seconds();
    let rows: Vec<_> =
        stacks.iter().map(|s| vec![s.stack_name.clone(), s.stack_status.clone(), changed(s)]).collect();
    table(&["stack", "status", "changed"], &rows)
}

/// The same for programs.
pub(crate) fn stacks_json(stacks: &[Stack]) -> Vec<Value> {
    let outputs = |stack: &Stack| -> serde_json::Map<String, Value> {
        let outputs = stack.outputs.iter().flatten();
        outputs.filter_map(|o| Some((o.output_key.clone()?, json!(o.output_value)))).collect()
    };
    let all = stacks.iter().map(|stack| {
        json!({
            "name": stack.stack_name, "id": stack.stack_id, "status": stack.stack_status,
            "reason": stack.stack_status_reason, "outputs": outputs(stack),
        })
    });
    all.collect()
}

/// `+ Files AWS::S3::Bucket`, `~` for a change in place, `±` for a replacement, `-` for a removal.
pub(crate) fn change_line(change: &ResourceChange) -> String {
    let id = change.logical_resource_id.as_deref().unwrap_or_default();
    let kind = change.resource_type.as_deref().unwrap_or_default();
    let word = match sign(change) {
        '±' => " (replaced)",
        '?' => " (replaced, perhaps)",
        _ => "",
    };
    let sign = if sign(change) == '?' { '±' } else { sign(change) };
    format!("{sign} {id} {kind}{word}")
}

fn sign(change: &ResourceChange) -> char {
    match (change.action.as_deref(), change.replacement.as_deref()) {
        (Some("Add" | "Import"), _) => '+',
        (Some("Remove"), _) => '-',
        (_, Some("True")) => '±',
        (_, Some("Conditional")) => '?',
        _ => '~',
    }
}

/// A difference as text.
pub(crate) fn difference_text(difference: &Difference) -> String {
    let Difference { name, is_new, changes } = difference;
    if changes.is_empty() {
        return format!("{name}  no difference\n");
    }
    let mut text = format!("{name}{}\n", if *is_new { "  (new)" } else { "" });
    for change in changes {
        let colour = match sign(change) {
            '+' => AnsiColor::Green,
            '~' => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        let _ = writeln!(text, "  {}", coloured(&change_line(change), colour));
        for target in change.details.iter().flatten().filter_map(|detail| detail.target.as_ref()) {
            let attribute = target.attribute.as_deref().unwrap_or("Properties");
            let place =
                target.name.as_deref().map_or_else(|| attribute.to_owned(), |n| format!("{attribute}.{n}"));
            let place =
                target.path.as_deref().map_or(place, |path| path.trim_start_matches('/').replace('/', "."));
            let value = |value: Option<&String>| value.map_or_else(|| "nothing".to_owned(), |v| short(v));
            let values = match (&target.before_value, &target.after_value) {
                (None, None) => String::new(),
                (before, after) => format!(": {} → {}", value(before.as_ref()), value(after.as_ref())),
            };
            let _ = writeln!(text, "      {place}{values}");
        }
    }
    text
}

fn short(value: &str) -> String {
    if value.chars().count() <= VALUE_CHARACTERS_MAX {
        return value.to_owned();
    }
    let kept: String = value.chars().take(VALUE_CHARACTERS_MAX).collect();
    format!("{kept}…")
}

/// A difference for programs.
pub(crate) fn difference_json(difference: &Difference) -> Value {
    let changes = difference.changes.iter().map(|change| {
        let targets = change.details.iter().flatten().filter_map(|detail| detail.target.as_ref());
        let details = targets.map(|t| {
            json!({
                "attribute": t.attribute, "name": t.name, "path": t.path, "requiresRecreation": t.requires_recreation,
                "before": t.before_value, "after": t.after_value,
            })
        });
        json!({
            "action": change.action, "logicalId": change.logical_resource_id, "physicalId": change.physical_resource_id,
            "type": change.resource_type, "replacement": change.replacement, "details": details.collect::<Vec<_>>(),
        })
    });
    json!({"name": difference.name, "isNew": difference.is_new, "changes": changes.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(action: &str, replacement: Option<&str>, expected: &str) {
        let change = ResourceChange {
            action: Some(action.to_owned()),
            replacement: replacement.map(str::to_owned),
            logical_resource_id: Some("Files".to_owned()),
            resource_type: Some("AWS::S3::Bucket".to_owned()),
            ..Default::default()
        };
        assert_eq!(change_line(&change), expected);
    }

    #[test]
    fn a_change_is_a_line_whose_sign_says_what_it_does() {
        check("Add", None, "+ Files AWS::S3::Bucket");
        check("Modify", Some("False"), "~ Files AWS::S3::Bucket");
        check("Modify", Some("True"), "± Files AWS::S3::Bucket (replaced)");
        check("Modify", Some("Conditional"), "± Files AWS::S3::Bucket (replaced, perhaps)");
        check("Remove", None, "- Files AWS::S3::Bucket");
    }
}
