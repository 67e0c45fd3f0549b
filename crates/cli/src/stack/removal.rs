//! Removing a stack.

use weft_model::cloudformation::{DeleteStackInput, Stack, StackEvent};

use super::progress::StackProgress;
use super::watch::{Watch, failures};
use crate::client::Client;
use crate::failure::Failure;

/// What a removal did.
pub(crate) struct Removed {
    /// What the template says is to stay: `Files (AWS::S3::Bucket) shop-files-1x2y`.
    pub(crate) retained: Vec<String>,
}

/// Deletes a stack, with progress.
pub(crate) async fn remove(client: &Client, stack: &Stack) -> Result<Removed, Failure> {
    let name = &stack.stack_name;
    let id = stack.stack_id.clone().unwrap_or_else(|| name.clone());
    if stack.enable_termination_protection == Some(true) {
        return Err(Failure::Told(format!(
            "the stack `{name}` is protected from deletion\n  help: `aws cloudformation update-termination-protection \
             --no-enable-termination-protection --stack-name {name}` lifts that"
        )));
    }
    let watch = Watch::begin(client, &id).await?;
    let request = DeleteStackInput { stack_name: id.clone(), ..Default::default() };
    client.call::<_, ()>("cloudformation", "DeleteStack", request).await?;
    if stack.stack_status == "REVIEW_IN_PROGRESS" {
        return Ok(Removed { retained: Vec::new() });
    }
    let progress = StackProgress::new(name);
    let ended = watch.until_end(&progress).await?;
    drop(progress);
    if ended.status == "DELETE_COMPLETE" {
        return Ok(Removed { retained: ended.events.iter().filter_map(retained).collect() });
    }
    let mut text = format!("the stack `{name}` could not be removed and is now {}", ended.status);
    for reason in failures(&ended.events, &id) {
        text.push_str("\n  ");
        text.push_str(&reason);
    }
    text.push_str("\n  help: take away what keeps it (a bucket has to be empty), and run this again");
    Err(Failure::Told(text))
}

/// What an event says of a resource that stays.
pub(super) fn retained(event: &StackEvent) -> Option<String> {
    let is_kept = event.resource_status.as_deref() == Some("DELETE_SKIPPED");
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    is_kept.then(|| {
        let (id, kind) = (text(&event.logical_resource_id), text(&event.resource_type));
        format!("{id} ({kind}) {}", text(&event.physical_resource_id))
    })
}
