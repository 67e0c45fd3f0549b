//! Stacks of `CloudFormation`, as every tool deploys them: a change set, its execution, and the events until it ends.

mod change_set;
mod deploy;
mod progress;
mod removal;
mod shown;
mod urls;
mod watch;

use weft_model::cloudformation::{DescribeStacksInput, DescribeStacksOutput, Stack};

use crate::client::{CallError, Client};

pub(crate) use change_set::{Difference, differences};
pub(crate) use deploy::{Deployed, deploy};
pub(crate) use removal::remove;
pub(crate) use shown::{
    deployed_json, deployed_text, difference_json, difference_text, stacks_json, stacks_text,
};

/// Bytes of a template that may travel within a request; a greater one is uploaded first.
pub(crate) const BODY_BYTES_MAX: usize = 51_200;

/// What a stack is to become.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) template: Source,
    /// The parameters that the template declares.
    pub(crate) declared: Vec<String>,
    /// The parameters that are given.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
}

/// Where a template is.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Body(String),
    /// An object of S3, by its URL.
    Url(String),
}

/// Reads a stack by name or ARN; none where there is none.
pub(crate) async fn find(client: &Client, name: &str) -> Result<Option<Stack>, CallError> {
    let request = DescribeStacksInput { stack_name: Some(name.to_owned()), next_token: None };
    match client.call::<_, DescribeStacksOutput>("cloudformation", "DescribeStacks", request).await {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
        Err(error) if says(&error, "does not exist") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every stack that is not deleted and not part of another. None where the key may not list them.
pub(crate) async fn all(client: &Client) -> Result<Vec<Stack>, CallError> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let request = DescribeStacksInput { stack_name: None, next_token: token };
        let page = client.call::<_, DescribeStacksOutput>("cloudformation", "DescribeStacks", request).await;
        let page = match page {
            Err(error) if matches!(error.code(), Some("AccessDenied" | "AccessDeniedException")) => {
                return Ok(Vec::new());
            }
            page => page?,
        };
        found.extend(page.stacks.unwrap_or_default().into_iter().filter(|stack| stack.parent_id.is_none()));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a refusal's message has these words.
fn says(error: &CallError, words: &str) -> bool {
    matches!(error, CallError::Refused { source, .. } if source.message.contains(words))
}
