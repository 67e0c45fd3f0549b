//! Change sets: what a template would change, computed by the server.

use std::time::Duration;

use weft_model::cloudformation::{
    Change, CreateChangeSetInput, CreateChangeSetOutput, DeleteChangeSetInput, DeleteChangeSetOutput,
    DeleteStackInput, DescribeChangeSetInput, DescribeChangeSetOutput, Parameter, ResourceChange, Stack, Tag,
};

use super::{Source, Wanted, find};
use crate::client::{CallError, Client};
use crate::failure::Failure;

/// How often a change set that is being made is asked for.
const POLL: Duration = Duration::from_millis(200);
/// What `weft up` acknowledges for the person who calls it.
const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];
/// What the reason of a change set without changes may have in it.
const NOTHING: [&str; 2] = ["didn't contain changes", "No updates are to be performed"];

/// A change set that can be carried out.
pub(super) struct ChangeSet {
    /// Its ARN.
    pub(super) id: String,
    pub(super) stack_id: String,
    pub(super) changes: Vec<ResourceChange>,
}

/// What differs between a template and its stack.
pub(crate) struct Difference {
    pub(crate) name: String,
    /// Whether the stack would be made.
    pub(crate) is_new: bool,
    pub(crate) changes: Vec<ResourceChange>,
}

/// Computes what a template would change, and leaves nothing behind.
pub(crate) async fn differences(client: &Client, wanted: &Wanted) -> Result<Difference, Failure> {
    let standing = find(client, &wanted.name).await?;
    // Nothing of a stack whose making failed can be changed: it is removed and made anew.
    if let Some(lost) = standing.as_ref().filter(|stack| is_lost(stack)) {
        return Err(Failure::Told(format!(
            "the stack `{}` is {}: `weft up` removes what is left of it and makes all of it anew",
            wanted.name, lost.stack_status
        )));
    }
    let is_new = standing.as_ref().is_none_or(is_unmade);
    let set = make(client, wanted, standing.as_ref(), true).await;
    if let Ok(Some(set)) = &set {
        discard(client, &set.id, &set.stack_id, standing.is_none()).await?;
    } else if standing.is_none() {
        forget(client, &wanted.name).await?;
    }
    let changes = set?.map(|set| set.changes).unwrap_or_default();
    Ok(Difference { name: wanted.name.clone(), is_new, changes })
}

/// Whether nothing can be made of a stack any more: its making failed, or its removal.
pub(super) fn is_lost(stack: &Stack) -> bool {
    matches!(
        stack.stack_status.as_str(),
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED"
    )
}

/// Whether a stack was named by a change set only.
pub(super) fn is_unmade(stack: &Stack) -> bool {
    stack.stack_status == "REVIEW_IN_PROGRESS"
}

/// Makes a change set and waits for it; none where there is nothing to change.
pub(super) async fn make(
    client: &Client,
    wanted: &Wanted,
    standing: Option<&Stack>,
    with_values: bool,
) -> Result<Option<ChangeSet>, Failure> {
    let made: CreateChangeSetOutput =
        client.call("cloudformation", "CreateChangeSet", request(client, wanted, standing)).await?;
    let id = made.id.unwrap_or_default();
    let stack_id = made.stack_id.unwrap_or_default();
    loop {
        let answer = describe(client, &id, None, with_values).await?;
        match answer.status.as_deref() {
            Some("CREATE_COMPLETE") => {
                let changes = all_changes(client, &id, answer, with_values).await?;
                return Ok(Some(ChangeSet { id, stack_id, changes }));
            }
            Some("FAILED") => {
                discard(client, &id, &stack_id, standing.is_none()).await?;
                let reason = answer.status_reason.unwrap_or_default();
                if NOTHING.iter().any(|words| reason.contains(words)) {
                    return Ok(None);
                }
                return Err(Failure::Told(format!("the change set of `{}` failed: {reason}", wanted.name)));
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

fn request(client: &Client, wanted: &Wanted, standing: Option<&Stack>) -> CreateChangeSetInput {
    let (template_body, template_url) = match &wanted.template {
        Source::Body(text) => (Some(text.clone()), None),
        Source::Url(url) => (None, Some(url.clone())),
    };
    let is_new = standing.is_none_or(is_unmade);
    let tags = wanted.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
    CreateChangeSetInput {
        stack_name: wanted.name.clone(),
        template_body,
        template_url,
        parameters: Some(parameters(wanted, standing.filter(|stack| !is_unmade(stack)))),
        capabilities: Some(CAPABILITIES.map(str::to_owned).to_vec()),
        tags: Some(tags.collect()),
        change_set_name: format!("weft-{}", client.now().as_millis()),
        change_set_type: Some(if is_new { "CREATE" } else { "UPDATE" }.to_owned()),
        include_nested_stacks: Some(true),
        ..Default::default()
    }
}

/// What is given, and of the rest what the stack has already.
fn parameters(wanted: &Wanted, standing: Option<&Stack>) -> Vec<Parameter> {
    let given = wanted.parameters.iter().map(|(key, value)| Parameter {
        parameter_key: Some(key.clone()),
        parameter_value: Some(value.clone()),
        ..Default::default()
    });
    let is_given = |key: &str| wanted.parameters.iter().any(|(given, _)| given == key);
    let kept = standing.into_iter().flat_map(|stack| stack.parameters.iter().flatten());
    let kept = kept.filter_map(|parameter| parameter.parameter_key.clone());
    let kept = kept.filter(|key| wanted.declared.contains(key) && !is_given(key));
    let kept = kept.map(|key| Parameter {
        parameter_key: Some(key),
        use_previous_value: Some(true),
        ..Default::default()
    });
    given.chain(kept).collect()
}

async fn describe(
    client: &Client,
    id: &str,
    next_token: Option<String>,
    with_values: bool,
) -> Result<DescribeChangeSetOutput, CallError> {
    let request = DescribeChangeSetInput {
        change_set_name: id.to_owned(),
        next_token,
        include_property_values: Some(with_values),
        ..Default::default()
    };
    client.call("cloudformation", "DescribeChangeSet", request).await
}

async fn all_changes(
    client: &Client,
    id: &str,
    mut page: DescribeChangeSetOutput,
    with_values: bool,
) -> Result<Vec<ResourceChange>, CallError> {
    let mut changes = Vec::new();
    loop {
        let of_page: Vec<Change> = page.changes.take().unwrap_or_default();
        changes.extend(of_page.into_iter().filter_map(|change| change.resource_change));
        let Some(token) = page.next_token.take() else { return Ok(changes) };
        page = describe(client, id, Some(token), with_values).await?;
    }
}

/// Deletes a change set, and the stack in review that it made.
pub(super) async fn discard(
    client: &Client,
    id: &str,
    stack_id: &str,
    with_stack: bool,
) -> Result<(), CallError> {
    let request = DeleteChangeSetInput { change_set_name: id.to_owned(), stack_name: None };
    client.call::<_, DeleteChangeSetOutput>("cloudformation", "DeleteChangeSet", request).await?;
    if with_stack { forget(client, stack_id).await } else { Ok(()) }
}

/// Deletes a stack that only a change set has named.
async fn forget(client: &Client, stack: &str) -> Result<(), CallError> {
    match find(client, stack).await? {
        Some(stack) if is_unmade(&stack) => {
            let stack_name = stack.stack_id.unwrap_or(stack.stack_name);
            let request = DeleteStackInput { stack_name: stack_name.clone(), ..Default::default() };
            client.call::<_, ()>("cloudformation", "DeleteStack", request).await?;
            while find(client, &stack_name).await?.is_some_and(|s| s.stack_status == "DELETE_IN_PROGRESS") {
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        given: &[(&str, &str)],
        declared: &[&str],
        had: Option<&[&str]>,
        expected: &[(&str, Option<&str>)],
    ) {
        let text = |text: &&str| (*text).to_owned();
        let wanted = Wanted {
            name: "shop".to_owned(),
            template: Source::Body(String::new()),
            declared: declared.iter().map(text).collect(),
            parameters: given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            tags: Vec::new(),
        };
        let standing = had.map(|keys| Stack {
            parameters: Some(
                keys.iter()
                    .map(|key| Parameter { parameter_key: Some(text(key)), ..Default::default() })
                    .collect(),
            ),
            ..Default::default()
        });
        let found = parameters(&wanted, standing.as_ref());
        let found: Vec<_> = found
            .iter()
            .map(|p| (p.parameter_key.as_deref().unwrap_or_default(), p.parameter_value.as_deref()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_parameter_that_is_not_given_keeps_the_value_that_the_stack_has() {
        check(&[("A", "1")], &["A", "B"], None, &[("A", Some("1"))]);
        check(&[("A", "1")], &["A", "B"], Some(&["A", "B", "Gone"]), &[("A", Some("1")), ("B", None)]);
        check(&[], &[], Some(&["Gone"]), &[]);
    }
}
