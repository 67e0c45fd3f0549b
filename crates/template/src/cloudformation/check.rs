//! All properties of a stack against the schemas.

use std::fmt::Write as _;

use super::{NothingKnown, Schema, Stack, TemplateError, resource_kind};

/// The most problems that one error names.
const MAX_PROBLEMS: usize = 200;

/// Names everything that is wrong in one error.
pub(super) fn all(stack: &Stack) -> Result<(), TemplateError> {
    let mut strangers: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut count = 0;
    for resource in stack.resources() {
        if Schema::of(&resource.kind).is_none() && !resource_kind::is_own(&resource.kind) {
            if !strangers.contains(&resource.kind.as_str()) {
                strangers.push(&resource.kind);
            }
            continue;
        }
        let Some(schema) = Schema::of(&resource.kind) else { continue };
        let raw = stack.marked(&resource.properties, &NothingKnown).unwrap_or_default();
        let (_, problems) = schema.coerce(&if raw.is_null() { serde_json::json!({}) } else { raw });
        if problems.is_empty() || count > MAX_PROBLEMS {
            continue;
        }
        count += problems.len();
        let told: Vec<String> = problems
            .iter()
            .take(MAX_PROBLEMS)
            .map(|problem| format!("{}: {}", problem.path, problem.text))
            .collect();
        let line = if text.is_empty() { "" } else { "\n" };
        let _ = write!(
            text,
            "{line}Properties validation failed for resource {} with message:\n[{}]",
            resource.logical_id,
            told.join(", ")
        );
    }
    if !strangers.is_empty() {
        let line = if text.is_empty() { "" } else { "\n" };
        let names = strangers.join(", ");
        text = format!("Template format error: Unrecognized resource types: [{names}]{line}{text}");
    }
    if text.is_empty() { Ok(()) } else { Err(TemplateError::new(text)) }
}
