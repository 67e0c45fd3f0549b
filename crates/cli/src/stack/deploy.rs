//! Deploying one stack.

use std::collections::BTreeMap;

use weft_model::cloudformation::{ExecuteChangeSetInput, ExecuteChangeSetOutput, Stack};

use super::change_set::{ChangeSet, is_lost, is_unmade, make};
use super::progress::StackProgress;
use super::removal::{remove, retained};
use super::watch::{Ended, Watch, failures};
use super::{Wanted, find, shown, urls};
use crate::client::Client;
use crate::failure::Failure;

/// A stack that is as it was wanted.
pub(crate) struct Deployed {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) status: String,
    /// What was changed, a line each.
    pub(crate) changes: Vec<String>,
    pub(crate) outputs: BTreeMap<String, String>,
    /// Addresses of its APIs that answer on this server whatever the resolver knows.
    pub(crate) urls: Vec<String>,
    /// The names of its functions.
    pub(crate) functions: Vec<String>,
}

/// Brings a stack to what is wanted, with progress.
pub(crate) async fn deploy(client: &Client, wanted: &Wanted) -> Result<Deployed, Failure> {
    let standing = usable(client, &wanted.name).await?;
    let set = make(client, wanted, standing.as_ref(), false).await?;
    let changes = set.as_ref().map(|set| set.changes.iter().map(shown::change_line).collect());
    if let Some(set) = set {
        execute(client, wanted, &set).await?;
    } else {
        eprintln!("  {}  nothing to change", wanted.name);
    }
    let stack = find(client, &wanted.name).await?;
    let stack =
        stack.ok_or_else(|| Failure::Told(format!("the stack `{}` was deleted meanwhile", wanted.name)))?;
    describe(client, stack, changes.unwrap_or_default()).await
}

async fn describe(client: &Client, stack: Stack, changes: Vec<String>) -> Result<Deployed, Failure> {
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    let outputs = outputs.filter_map(|output| Some((output.output_key?, output.output_value?)));
    let reached = urls::of(client, &stack.stack_name).await?;
    Ok(Deployed {
        name: stack.stack_name,
        id: stack.stack_id.unwrap_or_default(),
        status: stack.stack_status,
        changes,
        outputs: outputs.collect(),
        urls: reached.urls,
        functions: reached.functions,
    })
}

/// The stack of a name in a state from which it can be changed. One whose making failed is removed first, as nothing can
/// be made of it.
async fn usable(client: &Client, name: &str) -> Result<Option<Stack>, Failure> {
    let Some(stack) = find(client, name).await? else { return Ok(None) };
    match stack.stack_status.as_str() {
        status if is_lost(&stack) => {
            eprintln!("  {name}  is {status}; removing what is left of it first");
            remove(client, &stack).await?;
            Ok(None)
        }
        "UPDATE_ROLLBACK_FAILED" => Err(Failure::Told(format!(
            "the stack `{name}` is UPDATE_ROLLBACK_FAILED\n  help: `aws cloudformation continue-update-rollback \
             --stack-name {name}` takes it back to what was there; `weft rm {name}` removes it"
        ))),
        status if status.ends_with("_IN_PROGRESS") && !is_unmade(&stack) => Err(Failure::Told(format!(
            "somebody else is changing the stack `{name}`: it is {status}\n  help: wait until that is done, and run this \
             again"
        ))),
        _ => Ok(Some(stack)),
    }
}

async fn execute(client: &Client, wanted: &Wanted, set: &ChangeSet) -> Result<(), Failure> {
    let watch = Watch::begin(client, &set.stack_id).await?;
    let request = ExecuteChangeSetInput { change_set_name: set.id.clone(), ..Default::default() };
    client.call::<_, ExecuteChangeSetOutput>("cloudformation", "ExecuteChangeSet", request).await?;
    let progress = StackProgress::new(&wanted.name);
    let ended = watch.until_end(&progress).await?;
    drop(progress);
    if matches!(ended.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") {
        return Ok(());
    }
    Err(Failure::Told(failed(&wanted.name, &set.stack_id, &ended)))
}

/// A failed deployment as a person reads it: what failed and why, what was done about it, and the next step.
fn failed(name: &str, stack_id: &str, ended: &Ended) -> String {
    let mut text = format!("the stack `{name}` failed and is now {}", ended.status);
    let mut reasons = failures(&ended.events, stack_id);
    if reasons.is_empty() {
        reasons.extend(ended.reason.clone());
    }
    for reason in reasons {
        text.push_str("\n  ");
        text.push_str(&reason);
    }
    for kept in ended.events.iter().filter_map(retained) {
        text.push_str("\n  kept, as the template says: ");
        text.push_str(&kept);
    }
    text.push_str("\n  help: ");
    text.push_str(match ended.status.as_str() {
        "ROLLBACK_COMPLETE" => {
            "what else had been made was removed again; mend the cause and run `weft up` again"
        }
        "UPDATE_ROLLBACK_COMPLETE" => {
            "what was there before serves on; mend the cause and run `weft up` again"
        }
        _ => "mend the cause and run `weft up` again, or `weft rm` to remove the stack",
    });
    text
}
