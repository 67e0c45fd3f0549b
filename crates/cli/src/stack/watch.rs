//! Following a stack's events until its operation ends.

use std::collections::HashSet;
use std::time::Duration;

use weft_model::cloudformation::{DescribeStackEventsInput, DescribeStackEventsOutput, StackEvent};

use super::progress::StackProgress;
use crate::client::{CallError, Client};

/// How often events are asked for.
const POLL: Duration = Duration::from_millis(200);

/// Tells what happens to a stack from now on.
pub(super) struct Watch<'a> {
    client: &'a Client,
    stack_id: String,
    seen: HashSet<String>,
}

/// How an operation ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The stack's last status.
    pub(super) status: String,
    pub(super) reason: Option<String>,
    /// Everything that happened, in order.
    pub(super) events: Vec<StackEvent>,
}

impl<'a> Watch<'a> {
    /// Begins after the events that are there.
    pub(super) async fn begin(client: &'a Client, stack_id: &str) -> Result<Self, CallError> {
        let mut watch = Self { client, stack_id: stack_id.to_owned(), seen: HashSet::new() };
        watch.news().await?;
        Ok(watch)
    }

    /// Follows until the stack itself comes to rest.
    pub(super) async fn until_end(mut self, progress: &StackProgress) -> Result<Ended, CallError> {
        let mut ended = Ended::default();
        loop {
            for event in self.news().await? {
                progress.event(&event);
                if is_end(&event, &self.stack_id) {
                    ended.status = event.resource_status.clone().unwrap_or_default();
                    ended.reason.clone_from(&event.resource_status_reason);
                }
                ended.events.push(event);
            }
            if !ended.status.is_empty() {
                return Ok(ended);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What has happened since the last call, the oldest first.
    async fn news(&mut self) -> Result<Vec<StackEvent>, CallError> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let request = DescribeStackEventsInput { stack_name: self.stack_id.clone(), next_token };
            let page: DescribeStackEventsOutput =
                self.client.call("cloudformation", "DescribeStackEvents", request).await?;
            let events = page.stack_events.unwrap_or_default();
            let reaches_back = events.iter().any(|event| self.seen.contains(&event.event_id));
            found.extend(events.into_iter().filter(|event| !self.seen.contains(&event.event_id)));
            next_token = page.next_token.filter(|_| !reaches_back);
            if next_token.is_none() {
                break;
            }
        }
        self.seen.extend(found.iter().map(|event| event.event_id.clone()));
        found.reverse();
        Ok(found)
    }
}

/// Whether an event says that the stack itself has come to rest.
fn is_end(event: &StackEvent, stack_id: &str) -> bool {
    let status = event.resource_status.as_deref().unwrap_or_default();
    event.physical_resource_id.as_deref() == Some(stack_id)
        && event.resource_type.as_deref() == Some("AWS::CloudFormation::Stack")
        && !status.ends_with("_IN_PROGRESS")
}

/// The resources that failed and why, those left out that only were stopped by another's failure.
pub(super) fn failures(events: &[StackEvent], stack_id: &str) -> Vec<String> {
    let of_resources = events.iter().filter(|event| event.physical_resource_id.as_deref() != Some(stack_id));
    let failed =
        of_resources.filter(|e| e.resource_status.as_deref().is_some_and(|s| s.ends_with("_FAILED")));
    let told = failed.filter_map(|event| {
        let reason = event.resource_status_reason.as_deref().unwrap_or("no reason was given");
        let is_stopped = reason.contains("cancelled");
        let id = event.logical_resource_id.as_deref().unwrap_or_default();
        let kind = event.resource_type.as_deref().unwrap_or_default();
        (!is_stopped).then(|| format!("{id} ({kind}): {reason}"))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, kind: &str, status: &str, reason: Option<&str>) -> StackEvent {
        StackEvent {
            logical_resource_id: Some(id.to_owned()),
            physical_resource_id: Some(format!("arn:{id}")),
            resource_type: Some(kind.to_owned()),
            resource_status: Some(status.to_owned()),
            resource_status_reason: reason.map(str::to_owned),
            ..Default::default()
        }
    }

    #[test]
    fn an_operation_ends_when_the_stack_itself_rests() {
        let check = |id, kind, status, expected| {
            assert_eq!(is_end(&event(id, kind, status, None), "arn:shop"), expected, "{status}");
        };
        check("shop", "AWS::CloudFormation::Stack", "UPDATE_COMPLETE", true);
        check("shop", "AWS::CloudFormation::Stack", "ROLLBACK_COMPLETE", true);
        check("shop", "AWS::CloudFormation::Stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false);
        check("inner", "AWS::CloudFormation::Stack", "CREATE_COMPLETE", false);
    }

    #[test]
    fn failures_are_those_that_failed_by_themselves() {
        let events = [
            event("A", "AWS::S3::Bucket", "CREATE_FAILED", Some("it exists")),
            event("B", "AWS::Logs::LogGroup", "CREATE_FAILED", Some("Resource creation cancelled")),
            event("C", "AWS::Logs::LogGroup", "CREATE_COMPLETE", None),
        ];
        assert_eq!(failures(&events, "arn:shop"), ["A (AWS::S3::Bucket): it exists"]);
    }
}
