//! What the store holds.
//!
//! A stack's record is small and changes with every event; texts, resources, events and the operation under way stand beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weft_service::{Error, Scope};
use weft_store::{Read, Record, StoreError, Table, WriteTx};
use weft_types::{Arn, Timestamp};

use crate::errors;
use crate::names::StackRef;
use crate::status::StackStatus;

/// Account, region, the ARN's last part.
pub(crate) type StackKey = (u64, String, String);

pub(crate) const STACKS: Table<StackKey, StackRecord> = Table::new("stacks");
/// Stacks that are not deleted: account, region, name.
pub(crate) const NAMES: Table<(u64, String, String), Named> = Table::new("names");
/// Templates: stack or change set, which one.
pub(crate) const TEXTS: Table<(String, String), Text> = Table::new("texts");
/// Stack, logical id.
pub(crate) const RESOURCES: Table<(String, String), ResourceRecord> = Table::new("resources");
/// Stack, number.
pub(crate) const EVENTS: Table<(String, u64), EventRecord> = Table::new("events");
/// Stack, the last part of the change set's ARN.
pub(crate) const CHANGE_SETS: Table<(String, String), ChangeSetRecord> = Table::new("change_sets");
/// Account, region, name of the export.
pub(crate) const EXPORTS: Table<(u64, String, String), ExportRecord> = Table::new("exports");
/// Account, region, name of the export, stack that imports it.
pub(crate) const IMPORTS: Table<(u64, String, String, String), Mark> = Table::new("imports");
/// Operations under way: stack.
pub(crate) const OPERATIONS: Table<(String,), OperationRecord> = Table::new("operations");
/// Steps that began: operation, step, whether of its rollback.
pub(crate) const STEPS: Table<(String, u64, u64), StepRecord> = Table::new("operation_steps");

/// The text that was submitted.
pub(crate) const ORIGINAL: &str = "original";
/// The document after transforms.
pub(crate) const PROCESSED: &str = "processed";
/// What is deployed: the document before the operation under way.
pub(crate) const BEFORE: &str = "before";

/// The place of a scope's records.
pub(crate) fn place(scope: &Scope) -> (u64, String) {
    (scope.account.as_u64(), scope.region.as_str().to_owned())
}

/// A stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StackRecord {
    pub(crate) name: String,
    pub(crate) unique: String,
    pub(crate) account: u64,
    pub(crate) region: String,
    pub(crate) status: StackStatus,
    pub(crate) reason: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) deleted: Option<Timestamp>,
    pub(crate) settings: Settings,
    pub(crate) outputs: Vec<OutputRecord>,
    /// The stack that it is nested in.
    pub(crate) parent: Option<String>,
    pub(crate) root: Option<String>,
    pub(crate) protected: bool,
    /// The document of its stack policy.
    pub(crate) policy: Option<String>,
    pub(crate) change_set: Option<String>,
    /// The number of the next event.
    pub(crate) next_event: u64,
    /// The last operation: its id and the caller's token.
    pub(crate) last_operation: Option<String>,
    pub(crate) token: Option<String>,
    /// Whether what fails stays as it is.
    #[serde(default)]
    pub(crate) disable_rollback: bool,
}
impl Record for StackRecord {}

/// What a caller sets with a template.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) description: Option<String>,
    /// What was given or is the default, by key: the previous values of the next update.
    pub(crate) given: BTreeMap<String, String>,
    pub(crate) parameters: Vec<ParameterRecord>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) notification_arns: Vec<String>,
    pub(crate) timeout_minutes: Option<i32>,
}

/// A parameter as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ParameterRecord {
    pub(crate) key: String,
    /// `****` where it must not be shown.
    pub(crate) shown: String,
    /// What a lookup found.
    pub(crate) resolved: Option<String>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutputRecord {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// Which stack has a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) unique: String,
}
impl Record for Named {}

/// A template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) text: String,
}
impl Record for Text {}

/// A mark without content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mark {}
impl Record for Mark {}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceRecord {
    pub(crate) kind: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) updated: Timestamp,
    /// What it was made from, as JSON.
    pub(crate) properties: String,
    /// What `GetAtt` gives, as JSON.
    pub(crate) attributes: String,
    /// What `Ref` gives, where that is not the physical id.
    pub(crate) reference: Option<String>,
    /// The template's metadata, as JSON.
    #[serde(default)]
    pub(crate) metadata: Option<String>,
}
impl Record for ResourceRecord {}

/// What happened to a stack or a resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) properties: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) operation: Option<String>,
}
impl Record for EventRecord {}

/// A change set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChangeSetRecord {
    pub(crate) name: String,
    pub(crate) unique: String,
    pub(crate) kind: String,
    pub(crate) created: Timestamp,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) execution: String,
    pub(crate) description: Option<String>,
    pub(crate) settings: Settings,
    pub(crate) on_failure: Option<String>,
    pub(crate) include_nested: bool,
    pub(crate) import_existing: bool,
    pub(crate) mode: Option<String>,
    /// The `ResourceChange`s, as JSON.
    pub(crate) changes: String,
    pub(crate) client_token: Option<String>,
}
impl Record for ChangeSetRecord {}

/// A value that a stack exports.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExportRecord {
    pub(crate) stack_id: String,
    pub(crate) unique: String,
    pub(crate) value: String,
}
impl Record for ExportRecord {}

/// With whose rights an operation goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Deployer {
    /// A role, assumed by CloudFormation.
    Role(String),
    /// Who asked, by the key that signed the request.
    Key {
        /// Its id.
        id: String,
        /// The session token that came with it.
        token: Option<String>,
    },
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OperationKind {
    Create,
    Update,
    Delete,
    /// Back from a failed update, asked for by `ContinueUpdateRollback` or `RollbackStack`.
    Rollback,
}

/// Where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The plan's work.
    Work,
    /// Removing what the work replaced or no longer has.
    Cleanup,
    /// The way back.
    Rollback,
    /// Removing what the way back left over.
    RollbackCleanup,
}

/// An operation under way: all that is needed to go on after a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OperationRecord {
    pub(crate) id: String,
    pub(crate) kind: OperationKind,
    pub(crate) began: Timestamp,
    pub(crate) deployer: Deployer,
    pub(crate) stage: Stage,
    /// The plan, as JSON.
    pub(crate) plan: String,
    /// The plan of the way back, once there is one.
    pub(crate) back: Option<String>,
    /// The settings in force when the operation is done.
    pub(crate) settings: Settings,
    /// The settings before it.
    pub(crate) before: Settings,
    pub(crate) outputs_before: Vec<OutputRecord>,
    pub(crate) token: Option<String>,
    pub(crate) on_failure: OnFailure,
    /// Resources that a rollback leaves out.
    pub(crate) skip: Vec<String>,
    /// Whether the caller asked for it to end.
    pub(crate) cancelled: bool,
    /// The stack policy in force while it goes on.
    #[serde(default)]
    pub(crate) policy: Option<String>,
}
impl Record for OperationRecord {}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnFailure {
    Rollback,
    DoNothing,
    Delete,
}

/// A step that began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StepRecord {
    pub(crate) state: StepState,
    /// The resource as it was before.
    pub(crate) before: Option<ResourceRecord>,
    /// Whether it was replaced by another one.
    pub(crate) replaced: bool,
}
impl Record for StepRecord {}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StepState {
    Begun,
    Done,
    Failed,
}

impl StackRecord {
    pub(crate) fn key(&self) -> StackKey {
        (self.account, self.region.clone(), self.unique.clone())
    }

    /// The stack's ARN.
    pub(crate) fn id(&self) -> String {
        stack_arn(self.account, &self.region, &self.name, &self.unique)
    }
}

/// The ARN of a stack.
pub(crate) fn stack_arn(account: u64, region: &str, name: &str, unique: &str) -> String {
    Arn::of("cloudformation", region, &format!("{account:012}"), &format!("stack/{name}/{unique}"))
        .to_string()
}

/// The stack that a request means, deleted ones by their ARN only.
pub(crate) fn find(
    tx: &impl Read,
    scope: &Scope,
    stack: &StackRef,
) -> Result<Option<StackRecord>, StoreError> {
    let (account, region) = place(scope);
    let unique = match stack {
        StackRef::Id { unique, .. } => unique.clone(),
        StackRef::Name(name) => match NAMES.get(tx, &(account, region.as_str(), name.as_str()))? {
            Some(named) => named.unique,
            None => return Ok(None),
        },
    };
    STACKS.get(tx, &(account, region, unique))
}

/// As [`find`], refusing what does not exist.
pub(crate) fn require(tx: &impl Read, scope: &Scope, stack: &StackRef) -> Result<StackRecord, Error> {
    find(tx, scope, stack)?.ok_or_else(|| errors::no_stack(&stack.shown(scope)))
}

/// The text of an owner.
pub(crate) fn text(tx: &impl Read, owner: &str, which: &str) -> Result<Option<String>, StoreError> {
    Ok(TEXTS.get(tx, &(owner, which))?.map(|found| found.text))
}

/// Sets the text of an owner.
pub(crate) fn set_text(tx: &mut WriteTx<'_>, owner: &str, which: &str, text: &str) -> Result<(), StoreError> {
    TEXTS.insert(tx, &(owner.to_owned(), which.to_owned()), &Text { text: text.to_owned() })
}

/// All resources of a stack.
pub(crate) fn resources(
    tx: &impl Read,
    unique: &str,
) -> Result<BTreeMap<String, ResourceRecord>, StoreError> {
    let rows = RESOURCES.query(&(unique,)).rows(tx)?;
    Ok(rows.into_iter().map(|((_, logical_id), record)| (logical_id, record)).collect())
}

/// JSON from a record's text; what cannot be read is null.
pub(crate) fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

/// An event to note.
pub(crate) struct Happened<'a> {
    pub(crate) logical_id: &'a str,
    pub(crate) physical_id: Option<&'a str>,
    pub(crate) kind: &'a str,
    pub(crate) status: &'a str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) properties: Option<&'a str>,
}

/// Notes an event of a stack, whose record the caller stores afterwards.
pub(crate) fn note(
    tx: &mut WriteTx<'_>,
    stack: &mut StackRecord,
    now: Timestamp,
    happened: &Happened<'_>,
) -> Result<(), StoreError> {
    let number = stack.next_event;
    stack.next_event += 1;
    let event = EventRecord {
        id: format!("{}-{number:08}", stack.unique),
        at: now,
        logical_id: happened.logical_id.to_owned(),
        physical_id: happened.physical_id.map(str::to_owned),
        kind: happened.kind.to_owned(),
        status: happened.status.to_owned(),
        reason: happened.reason.map(str::to_owned),
        properties: happened.properties.map(str::to_owned),
        token: stack.token.clone(),
        operation: stack.last_operation.clone(),
    };
    EVENTS.insert(tx, &(stack.unique.clone(), number), &event)
}

/// Brings a stack into a state, with the event that tells of it, and stores it.
pub(crate) fn enter(
    tx: &mut WriteTx<'_>,
    stack: &mut StackRecord,
    status: StackStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    stack.status = status;
    stack.reason = reason.map(str::to_owned);
    let (name, id) = (stack.name.clone(), stack.id());
    let happened = Happened {
        logical_id: &name,
        physical_id: Some(&id),
        kind: "AWS::CloudFormation::Stack",
        status: status.as_str(),
        reason,
        properties: None,
    };
    note(tx, stack, now, &happened)?;
    STACKS.insert(tx, &stack.key(), stack)
}
