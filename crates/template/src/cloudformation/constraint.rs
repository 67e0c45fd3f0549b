//! What a parameter's declaration demands of its value.

use regex::RegexBuilder;

use super::parameter::{is_list, members, ssm_kind};
use super::{ParameterDeclaration, TemplateError};

/// The most that a compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// Checks a value as it is given.
pub(super) fn check(declaration: &ParameterDeclaration, value: &str) -> Result<(), TemplateError> {
    let kind = declaration.kind.as_str();
    let unmet = if is_list(kind) && ssm_kind(kind).is_none() {
        members(value).find_map(|member| unmet(declaration, member).transpose()).transpose()?
    } else {
        unmet(declaration, value)?
    };
    let Some(reason) = unmet else { return Ok(()) };
    let key = &declaration.key;
    Err(TemplateError::new(match &declaration.constraint_description {
        Some(description) => format!("Parameter {key} failed to satisfy constraint: {description}"),
        None => format!("Parameter '{key}' must {reason}"),
    }))
}

/// What one value or member must do and does not.
fn unmet(declaration: &ParameterDeclaration, value: &str) -> Result<Option<String>, TemplateError> {
    let length = value.chars().count() as u64;
    if let Some(least) = declaration.min_length.filter(|least| length < *least) {
        return Ok(Some(format!("contain at least {least} characters")));
    }
    if let Some(most) = declaration.max_length.filter(|most| length > *most) {
        return Ok(Some(format!("contain at most {most} characters")));
    }
    if let Some(reason) = number(declaration, value) {
        return Ok(Some(reason));
    }
    let allowed = &declaration.allowed_values;
    if !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == value) {
        return Ok(Some("be one of AllowedValues".to_owned()));
    }
    match &declaration.allowed_pattern {
        Some(pattern) if !matches(&declaration.key, pattern, value)? => {
            Ok(Some(format!("match pattern {pattern}")))
        }
        _ => Ok(None),
    }
}

fn number(declaration: &ParameterDeclaration, value: &str) -> Option<String> {
    if !matches!(declaration.kind.as_str(), "Number" | "List<Number>") {
        return None;
    }
    let Some(number) = value.trim().parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return Some("be a number".to_owned());
    };
    if let Some(least) = declaration.min_value.filter(|least| number < *least) {
        return Some(format!("be a number not less than {least}"));
    }
    let most = declaration.max_value.filter(|most| number > *most)?;
    Some(format!("be a number not greater than {most}"))
}

/// Whether the whole value matches.
fn matches(key: &str, pattern: &str, value: &str) -> Result<bool, TemplateError> {
    let compiled = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_SIZE).build();
    let compiled = compiled.map_err(|_| {
        TemplateError::format(format!(
            "AllowedPattern of parameter {key} cannot be used: {pattern} (expressions that look ahead or behind are not built)"
        ))
    })?;
    Ok(compiled.is_match(value))
}
