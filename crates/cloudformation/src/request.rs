//! What several operations take.

use std::collections::{BTreeMap, BTreeSet};

use weft_model::cloudformation as model;
use weft_service::{Access, Error, Scope};
use weft_template::cloudformation::Given;

use crate::begin::pass_role;
use crate::errors;
use crate::names::StackRef;
use crate::prepare::{Source, Submitted};
use crate::tables::OnFailure;

/// Where a template is, of which exactly one form is needed.
pub(crate) fn source(
    body: Option<String>,
    url: Option<String>,
    previous: Option<bool>,
) -> Result<Source, Error> {
    match (body, url.filter(|url| !url.is_empty()), previous == Some(true)) {
        (Some(body), None, false) => Ok(Source::Body(body)),
        (None, Some(url), false) => Ok(Source::Url(url)),
        (None, None, true) => Ok(Source::Previous),
        (None, None, false) => {
            Err(errors::validation("Either Template URL or Template Body must be specified."))
        }
        _ => {
            Err(errors::validation("Specify only one of TemplateURL, TemplateBody, or UsePreviousTemplate."))
        }
    }
}

/// Values of parameters.
pub(crate) fn parameters(list: Option<Vec<model::Parameter>>) -> Result<BTreeMap<String, Given>, Error> {
    let mut given = BTreeMap::new();
    for parameter in list.unwrap_or_default() {
        let Some(key) = parameter.parameter_key else {
            return Err(errors::validation("Parameters must have a ParameterKey."));
        };
        let value = match (parameter.parameter_value, parameter.use_previous_value == Some(true)) {
            (Some(_), true) => {
                return Err(errors::validation(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value \
                     for a parameter"
                )));
            }
            (value, false) => Given::Value(value.unwrap_or_default()),
            (None, true) => Given::Previous,
        };
        if given.insert(key.clone(), value).is_some() {
            return Err(errors::validation(format!("Duplicate parameter keys: {key}")));
        }
    }
    Ok(given)
}

/// Tags, none twice; at most fifty.
pub(crate) fn tags(list: Option<Vec<model::Tag>>) -> Result<Option<BTreeMap<String, String>>, Error> {
    let Some(list) = list else { return Ok(None) };
    if list.len() > 50 {
        return Err(errors::validation("Too many tags. The limit is 50."));
    }
    let mut tags = BTreeMap::new();
    for tag in list {
        if tag.key.starts_with("aws:") {
            return Err(errors::validation("aws: prefixed tag key names are not allowed for external use."));
        }
        if tags.insert(tag.key.clone(), tag.value).is_some() {
            return Err(errors::validation(format!("Duplicate tag keys: {}", tag.key)));
        }
    }
    Ok(Some(tags))
}

/// What follows a failure.
pub(crate) fn on_failure(
    disable_rollback: Option<bool>,
    on_failure: Option<&str>,
) -> Result<OnFailure, Error> {
    match (disable_rollback, on_failure) {
        (Some(_), Some(_)) => {
            Err(errors::validation("Either DisableRollback or OnFailure can be specified, not both."))
        }
        (Some(true), None) | (None, Some("DO_NOTHING")) => Ok(OnFailure::DoNothing),
        (None, Some("DELETE")) => Ok(OnFailure::Delete),
        _ => Ok(OnFailure::Rollback),
    }
}

/// The accesses of an operation on a stack with a template: the operation itself and the role that is handed over.
pub(crate) fn accesses(
    action: &'static str,
    stack: &StackRef,
    submitted: &Submitted,
    scope: &Scope,
) -> Vec<Access> {
    let mut access = Access::to(action, stack.access(scope));
    if let Some(tags) = &submitted.tags {
        access = access.with_request_tags(tags);
    }
    if let Source::Url(url) = &submitted.source {
        access = access.with("cloudformation:TemplateUrl", url.clone());
    }
    if let Some(role) = &submitted.role {
        access = access.with("cloudformation:RoleArn", role.clone());
    }
    let mut accesses = vec![access];
    accesses.extend(submitted.role.as_deref().map(pass_role));
    accesses
}

/// Logical ids of resources to keep.
pub(crate) fn names(list: Option<Vec<String>>) -> BTreeSet<String> {
    list.unwrap_or_default().into_iter().collect()
}

/// A page's token: the number of the first item of the next page.
pub(crate) fn offset(token: Option<&str>) -> Result<usize, Error> {
    match token {
        None => Ok(0),
        Some(token) => token.parse().map_err(|_| errors::validation(format!("The token {token} is invalid"))),
    }
}

/// A page of items, and the token of the next one.
pub(crate) fn page<T>(items: Vec<T>, offset: usize, size: usize) -> (Vec<T>, Option<String>) {
    let more = items.len() > offset + size;
    let page = items.into_iter().skip(offset).take(size).collect();
    (page, more.then(|| (offset + size).to_string()))
}
