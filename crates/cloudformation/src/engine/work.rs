//! Does a step, and notes that it began and how it ended.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use weft_service::{BoxFuture, Context, Error};
use weft_store::{StoreError, WriteTx};
use weft_template::cloudformation::{DynamicReference, Step, StepAction, dynamic_references, substitute};
use weft_types::Timestamp;

use crate::Cloudformation;
use crate::engine::run::Failed;
use crate::engine::step::{Change, Intent, object};
use crate::engine::{Drive, Way};
use crate::tables::{
    Happened, OperationKind, RESOURCES, ResourceRecord, STACKS, STEPS, StackKey, StackRecord, StepRecord,
    StepState, json, note,
};
use crate::task::{Failure, Made, StackFacts, Task, call};

/// A step that is about to be taken.
pub(super) struct Work {
    service: Arc<Cloudformation>,
    cx: Context,
    stack: Arc<StackFacts>,
    token: String,
    step: Step,
    intent: Intent,
    /// What is called so before the step.
    physical_id: Option<String>,
    attributes: Json,
    metadata: Option<String>,
}

/// A step that was taken.
pub(super) struct Worked {
    pub(super) step: Step,
    intent: Intent,
    metadata: Option<String>,
    outcome: Result<Made, Failure>,
}

impl Work {
    /// Takes the step.
    pub(super) fn take(self) -> BoxFuture<'static, Worked> {
        Box::pin(async move {
            let outcome = self.outcome().await;
            Worked { step: self.step, intent: self.intent, metadata: self.metadata, outcome }
        })
    }

    async fn outcome(&self) -> Result<Made, Failure> {
        let handler = self.service.handlers.of(&self.step.kind);
        let handler =
            handler.ok_or_else(|| Failure::new(format!("{} cannot be made here", self.step.kind)))?;
        match &self.intent {
            Intent::Create(to) | Intent::Replace(to) => {
                let to = self.revealed(to).await?;
                handler.create(&self.task(&to, None, None)).await
            }
            Intent::Update { from, to } => {
                let (to, from) = (self.revealed(to).await?, self.revealed(from).await?);
                handler.update(&self.task(&to, Some(&from), self.physical_id.as_deref())).await
            }
            Intent::Delete(record) => {
                let properties = object(&record.properties);
                // A secret that is gone is no reason not to delete what used it.
                let properties = self.revealed(&properties).await.unwrap_or(properties);
                let attributes = json(&record.attributes);
                let mut task = self.task(&properties, None, record.physical_id.as_deref());
                task.attributes = &attributes;
                handler.delete(&task).await?;
                Ok(Made::default())
            }
            Intent::Nothing(_) | Intent::Fail(_) => Ok(Made::default()),
        }
    }

    fn task<'a>(
        &'a self,
        properties: &'a Map<String, Json>,
        previous: Option<&'a Map<String, Json>>,
        physical_id: Option<&'a str>,
    ) -> Task<'a> {
        Task::new(
            &self.service,
            &self.cx,
            &self.stack,
            &self.step.logical_id,
            &self.step.kind,
            properties,
            previous,
            physical_id,
            &self.attributes,
            self.token.clone(),
        )
    }

    /// Properties with the values that their dynamic references stand for, which are never stored.
    async fn revealed(&self, properties: &Map<String, Json>) -> Result<Map<String, Json>, Failure> {
        let whole = Json::Object(properties.clone());
        let references = dynamic_references(&whole);
        if references.is_empty() {
            return Ok(properties.clone());
        }
        let mut values = Vec::new();
        for reference in references {
            let value = look_up(&self.cx, &reference).await?;
            values.push((reference, value));
        }
        let mut look = |wanted: &DynamicReference| {
            let found = values.iter().find(|(reference, _)| reference == wanted);
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| Failure::new("a dynamic reference has no value"))
        };
        match substitute(&whole, &mut look)? {
            Json::Object(properties) => Ok(properties),
            _ => Ok(Map::new()),
        }
    }
}

/// What a dynamic reference stands for, read with the deployer's rights.
async fn look_up(cx: &Context, reference: &DynamicReference) -> Result<String, Failure> {
    let (service, operation, input, pointer) = match reference {
        DynamicReference::Ssm { name, version } | DynamicReference::SsmSecure { name, version } => {
            let name = version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"));
            let decrypt = matches!(reference, DynamicReference::SsmSecure { .. });
            let input = serde_json::json!({"Name": name, "WithDecryption": decrypt});
            ("ssm", "GetParameter", input, "/Parameter/Value")
        }
        DynamicReference::SecretsManager { secret, .. } => {
            let input = serde_json::json!({"SecretId": secret});
            ("secretsmanager", "GetSecretValue", input, "/SecretString")
        }
    };
    let answer = call(cx, service, operation, &input).await;
    let answer = answer.map_err(|error| crate::task::failure(service, &error))?;
    Ok(answer.pointer(pointer).and_then(Json::as_str).unwrap_or("").to_owned())
}

/// The verb of a resource's states in a step.
fn verb(action: StepAction, intent: &Intent) -> &'static str {
    match (intent, action) {
        (Intent::Delete(_), _) | (_, StepAction::Delete | StepAction::DeleteNew | StepAction::DeleteOld) => {
            "DELETE"
        }
        (_, StepAction::Create) => "CREATE",
        _ => "UPDATE",
    }
}

/// What is written in one transaction of a step.
struct Entry {
    way: Way,
    number: usize,
    logical_id: String,
    kind: String,
    step: StepRecord,
    /// The resource's record afterwards.
    resource: Afterwards,
    /// What is told of it.
    event: Option<Told>,
}

/// A resource's record after a step.
#[derive(Debug, Clone)]
enum Afterwards {
    /// As it was.
    Same,
    /// There is none.
    Gone,
    Is(ResourceRecord),
}

/// An event of a step.
struct Told {
    physical_id: Option<String>,
    status: String,
    reason: Option<String>,
    properties: Option<String>,
}

impl Told {
    fn of(physical_id: Option<String>, status: impl Into<String>) -> Self {
        Self { physical_id, status: status.into(), reason: None, properties: None }
    }
}

impl Drive<'_> {
    /// A step that is about to be taken.
    pub(super) fn work(&self, way: Way, step: &Step, intent: Intent, cx: &Context) -> Work {
        let record = self.resources.get(&step.logical_id);
        let metadata =
            self.target.as_ref().and_then(|target| target.metadata(&step.logical_id, &self.facts).ok());
        Work {
            service: Arc::clone(self.service),
            cx: cx.clone(),
            stack: Arc::clone(&self.stack_facts),
            token: format!("{}/{}/{}", self.operation.id, way as u8, step.id),
            step: step.clone(),
            intent,
            physical_id: record.and_then(|record| record.physical_id.clone()),
            attributes: record.map_or(Json::Null, |record| json(&record.attributes)),
            metadata: metadata.flatten().map(|metadata| metadata.to_string()),
        }
    }

    /// Stores that steps begin; gives their records.
    pub(super) async fn note_begun(
        &mut self,
        way: Way,
        intents: &[(&Step, Intent)],
    ) -> Result<Vec<((Way, usize), StepRecord)>, Error> {
        let now = self.service.clock.now();
        let mut entries = Vec::new();
        for (step, intent) in intents {
            if self.steps.contains_key(&(way, step.id)) {
                continue;
            }
            let before = self.resources.get(&step.logical_id).cloned();
            let is_silent = matches!(intent, Intent::Nothing(_) | Intent::Fail(_));
            let status = format!("{}_IN_PROGRESS", verb(step.action, intent));
            let reason = matches!(intent, Intent::Replace(_)).then(|| REPLACES.to_owned());
            let mut resource = before.clone();
            if let Some(resource) = resource.as_mut().filter(|_| !is_silent) {
                resource.status.clone_from(&status);
                resource.reason.clone_from(&reason);
                resource.updated = now;
            } else if !is_silent && !matches!(intent, Intent::Delete(_)) {
                resource = Some(fresh(&step.kind, &status, now));
            }
            let about = match intent {
                Intent::Delete(record) => Some(record),
                _ => before.as_ref(),
            };
            let physical_id = about.and_then(|record| record.physical_id.clone());
            // What was replaced is not the resource any more.
            let changes = !is_silent && !matches!(step.action, StepAction::DeleteOld | StepAction::DeleteNew);
            entries.push(Entry {
                way,
                number: step.id,
                logical_id: step.logical_id.clone(),
                kind: step.kind.clone(),
                step: StepRecord { state: StepState::Begun, before, replaced: false },
                resource: resource.filter(|_| changes).map_or(Afterwards::Same, Afterwards::Is),
                event: (!is_silent).then(|| Told {
                    physical_id,
                    status,
                    reason,
                    properties: properties_of(intent),
                }),
            });
        }
        let begun = entries.iter().map(|entry| ((entry.way, entry.number), entry.step.clone())).collect();
        if !entries.is_empty() {
            self.store(entries, now).await?;
        }
        Ok(begun)
    }

    /// Stores how a step ended; gives the reason where it failed.
    pub(super) async fn note_ended(&mut self, way: Way, worked: Worked) -> Result<Option<String>, Error> {
        let now = self.service.clock.now();
        let Worked { step, intent, metadata, outcome } = worked;
        let verb = verb(step.action, &intent);
        let mut record = self.steps.get(&(way, step.id)).cloned().unwrap_or(StepRecord {
            state: StepState::Begun,
            before: self.resources.get(&step.logical_id).cloned(),
            replaced: false,
        });
        let failed = outcome.as_ref().err().map(|failure| failure.reason.clone());
        record.state = if failed.is_some() { StepState::Failed } else { StepState::Done };
        let status = format!("{verb}_{}", if failed.is_some() { "FAILED" } else { "COMPLETE" });
        let resource = self.ended(&step, &intent, metadata, &outcome, &mut record, &status, now);
        let shown = match (&intent, &outcome) {
            (Intent::Delete(record), _) => record.physical_id.clone(),
            (_, Ok(made)) => Some(made.physical_id.clone()),
            (_, Err(failure)) => failure.physical_id.clone(),
        };
        let told =
            Told { physical_id: shown, status, reason: failed.clone(), properties: properties_of(&intent) };
        let event = Some(told);
        let (number, logical_id, kind) = (step.id, step.logical_id, step.kind);
        let entry = Entry { way, number, logical_id, kind, step: record, resource, event };
        self.store(vec![entry], now).await?;
        Ok(failed)
    }

    /// A resource's record after its step.
    #[expect(clippy::too_many_arguments, reason = "a step, its outcome and what is noted of it")]
    fn ended(
        &self,
        step: &Step,
        intent: &Intent,
        metadata: Option<String>,
        outcome: &Result<Made, Failure>,
        record: &mut StepRecord,
        status: &str,
        now: Timestamp,
    ) -> Afterwards {
        let mut resource =
            self.resources.get(&step.logical_id).cloned().unwrap_or_else(|| fresh(&step.kind, status, now));
        status.clone_into(&mut resource.status);
        resource.updated = now;
        resource.reason = outcome.as_ref().err().map(|failure| failure.reason.clone());
        match (intent, outcome) {
            // What was replaced is not the resource any more.
            (Intent::Delete(_), _) if step.action == StepAction::DeleteOld => return Afterwards::Same,
            (Intent::Delete(_), _) if step.action == StepAction::DeleteNew && self.is_put_back(step) => {
                return Afterwards::Same;
            }
            (Intent::Delete(_), Ok(_)) if self.operation.kind != OperationKind::Delete => {
                return Afterwards::Gone;
            }
            (Intent::Create(to) | Intent::Replace(to) | Intent::Update { to, .. }, Ok(made)) => {
                let before = record.before.as_ref().and_then(|before| before.physical_id.as_ref());
                record.replaced = before.is_some_and(|before| *before != made.physical_id);
                resource.physical_id = Some(made.physical_id.clone());
                resource.reference.clone_from(&made.reference);
                resource.attributes = Json::Object(made.attributes.clone()).to_string();
                resource.properties = Json::Object(to.clone()).to_string();
                resource.metadata = metadata;
            }
            (Intent::Create(to) | Intent::Replace(to), Err(failure)) => {
                if let Some(left) = &failure.physical_id {
                    record.replaced =
                        record.before.as_ref().is_some_and(|before| before.physical_id.is_some());
                    resource.physical_id = Some(left.clone());
                    resource.properties = Json::Object(to.clone()).to_string();
                }
            }
            _ => {}
        }
        Afterwards::Is(resource)
    }

    /// Whether the resource of a step is again the one that was there before its replacement.
    fn is_put_back(&self, step: &Step) -> bool {
        let back = self.back.as_ref().map(weft_template::cloudformation::Plan::steps).unwrap_or_default();
        back.iter().any(|other| other.logical_id == step.logical_id && other.action == StepAction::Restore)
    }

    /// Stores a step that asks no service.
    pub(super) async fn settle(&mut self, way: Way, step: &Step, change: Change) -> Result<(), Error> {
        let now = self.service.clock.now();
        let mut record = self.steps.get(&(way, step.id)).cloned().unwrap_or(StepRecord {
            state: StepState::Begun,
            before: self.resources.get(&step.logical_id).cloned(),
            replaced: false,
        });
        record.state = StepState::Done;
        let current = self.resources.get(&step.logical_id).cloned();
        let (resource, event) = match change {
            Change::None => (Afterwards::Same, None),
            Change::Metadata(metadata) => match current.filter(|current| current.metadata != metadata) {
                Some(current) => (Afterwards::Is(ResourceRecord { metadata, ..current }), None),
                None => (Afterwards::Same, None),
            },
            Change::PutBack(before) => {
                let status = "UPDATE_COMPLETE".to_owned();
                let told = Told::of(before.physical_id.clone(), status.clone());
                (Afterwards::Is(ResourceRecord { status, reason: None, updated: now, ..*before }), Some(told))
            }
            Change::Forget => self.forgotten(current, now),
            Change::Left(before) => (Afterwards::Same, Some(Told::of(before.physical_id, SKIPPED))),
            Change::Gone => (Afterwards::Gone, None),
        };
        let (number, logical_id, kind) = (step.id, step.logical_id.clone(), step.kind.clone());
        self.store(vec![Entry { way, number, logical_id, kind, step: record, resource, event }], now).await
    }

    /// A resource that stays while its stack forgets it; a deleted stack goes on to show it.
    fn forgotten(&self, current: Option<ResourceRecord>, now: Timestamp) -> (Afterwards, Option<Told>) {
        let physical_id = current.as_ref().and_then(|current| current.physical_id.clone());
        let told = physical_id.is_some().then(|| Told::of(physical_id, SKIPPED));
        match current.filter(|_| self.operation.kind == OperationKind::Delete) {
            Some(kept) => {
                let kept = ResourceRecord { status: SKIPPED.to_owned(), updated: now, ..kept };
                (Afterwards::Is(kept), told)
            }
            None => (Afterwards::Gone, told),
        }
    }

    /// Stores that a step failed before it could begin.
    pub(super) async fn fail_step(
        &mut self,
        way: Way,
        step: &Step,
        reason: String,
        failed: &mut Failed,
    ) -> Result<(), Error> {
        failed.push((step.logical_id.clone(), reason.clone()));
        let now = self.service.clock.now();
        let before = self.resources.get(&step.logical_id).cloned();
        let status = format!("{}_FAILED", verb(step.action, &Intent::Fail(String::new())));
        let mut resource = before.clone().unwrap_or_else(|| fresh(&step.kind, &status, now));
        resource.status.clone_from(&status);
        resource.reason = Some(reason.clone());
        resource.updated = now;
        let physical_id = resource.physical_id.clone();
        let entry = Entry {
            way,
            number: step.id,
            logical_id: step.logical_id.clone(),
            kind: step.kind.clone(),
            step: StepRecord { state: StepState::Failed, before, replaced: false },
            resource: Afterwards::Is(resource),
            event: Some(Told { physical_id, status, reason: Some(reason), properties: None }),
        };
        self.store(vec![entry], now).await
    }

    /// Writes entries in one transaction, and takes them over here.
    async fn store(&mut self, entries: Vec<Entry>, now: Timestamp) -> Result<(), Error> {
        let entries = Arc::new(entries);
        let (key, operation) = (self.stack.key(), self.operation.id.clone());
        let writing = Arc::clone(&entries);
        self.stack = self.service.store.write(move |tx| write(tx, &key, &operation, &writing, now)).await?;
        for entry in entries.iter() {
            self.steps.insert((entry.way, entry.number), entry.step.clone());
            match &entry.resource {
                Afterwards::Is(record) => {
                    self.resources.insert(entry.logical_id.clone(), record.clone());
                    self.facts.learn(&entry.logical_id, record);
                }
                Afterwards::Gone => {
                    self.resources.remove(&entry.logical_id);
                }
                Afterwards::Same => {}
            }
        }
        self.service.tell();
        Ok(())
    }
}

const SKIPPED: &str = "DELETE_SKIPPED";
const REPLACES: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";

fn write(
    tx: &mut WriteTx<'_>,
    key: &StackKey,
    operation: &str,
    entries: &[Entry],
    now: Timestamp,
) -> Result<StackRecord, Error> {
    let mut stack = STACKS.get(tx, key)?.ok_or_else(|| Error::internal("the stack's record is gone"))?;
    for entry in entries {
        let step = (operation.to_owned(), entry.way as u64, entry.number as u64);
        STEPS.insert(tx, &step, &entry.step)?;
        match &entry.resource {
            Afterwards::Is(record) => {
                RESOURCES.insert(tx, &(stack.unique.clone(), entry.logical_id.clone()), record)?;
            }
            Afterwards::Gone => RESOURCES.remove(tx, &(stack.unique.as_str(), entry.logical_id.as_str()))?,
            Afterwards::Same => {}
        }
        note_entry(tx, &mut stack, entry, now)?;
    }
    STACKS.insert(tx, key, &stack)?;
    Ok(stack)
}

fn note_entry(
    tx: &mut WriteTx<'_>,
    stack: &mut StackRecord,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(told) = &entry.event else { return Ok(()) };
    let happened = Happened {
        logical_id: &entry.logical_id,
        physical_id: told.physical_id.as_deref(),
        kind: &entry.kind,
        status: &told.status,
        reason: told.reason.as_deref(),
        properties: told.properties.as_deref(),
    };
    note(tx, stack, now, &happened)
}

/// A resource that is not made yet.
fn fresh(kind: &str, status: &str, now: Timestamp) -> ResourceRecord {
    ResourceRecord {
        kind: kind.to_owned(),
        physical_id: None,
        status: status.to_owned(),
        reason: None,
        updated: now,
        properties: "{}".to_owned(),
        attributes: "{}".to_owned(),
        reference: None,
        metadata: None,
    }
}

/// The properties that an event shows.
fn properties_of(intent: &Intent) -> Option<String> {
    match intent {
        Intent::Create(to) | Intent::Replace(to) | Intent::Update { to, .. } => {
            Some(Json::Object(to.clone()).to_string())
        }
        _ => None,
    }
}
