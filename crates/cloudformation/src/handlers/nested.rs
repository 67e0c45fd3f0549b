//! Nested stacks.

use serde_json::{Value as Json, json};
use weft_service::Error;
use weft_store::{ReadTx, StoreError};

use crate::convert;
use crate::handlers::Handlers;
use crate::status::StackStatus;
use crate::tables::{EVENTS, STACKS, StackKey, StackRecord};
use crate::task::{Failure, Handler, Made, Outcome, Task, failure, is_missing};

/// Letters of a stack's name.
const NAME_MAX: usize = 128;
/// Events that are looked through for what went wrong.
const EVENTS_SEEN: usize = 200;
/// What an update says that has nothing to do.
const NO_UPDATES: &str = "No updates are to be performed.";

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::CloudFormation::Stack", Nested);
}

/// `AWS::CloudFormation::Stack`.
struct Nested;

impl Nested {
    /// Calls an operation as a step of the stack that this one is nested in.
    async fn call(task: &Task<'_>, operation: &str, input: Json) -> Result<Json, Error> {
        let cx = task.cx.clone().with_source(task.stack.id.as_str());
        task.call_in(&cx, "cloudformation", operation, input).await
    }

    /// What creations and updates have in common.
    fn input(task: &Task<'_>, name: &str) -> Json {
        json!({
            "StackName": name,
            "TemplateURL": task.get("TemplateURL"),
            "Parameters": parameters(task.get("Parameters")),
            "Tags": task.tag_list(),
            "NotificationARNs": task.get("NotificationARNs").cloned().unwrap_or_else(|| json!([])),
            "Capabilities": task.stack.capabilities,
        })
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let mut input = Self::input(task, &task.generated(NAME_MAX));
        input["TimeoutInMinutes"] = task.get("TimeoutInMinutes").cloned().into();
        let answer = Self::call(task, "CreateStack", input).await;
        let answer = answer.map_err(|error| failure("cloudformation", &error))?;
        let id = convert::text(&answer["StackId"]);
        let stack = ended(task, &id).await?;
        match stack {
            Some(stack) if stack.status == StackStatus::CreateComplete => Ok(made(&id, &stack)),
            _ => {
                let reason = what_went_wrong(task, &id).await;
                let told = format!("Embedded stack {id} was not successfully created: {reason}");
                Err(Failure::new(told).leaving(id))
            }
        }
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let id = task.physical();
        let begun = match Self::call(task, "UpdateStack", Self::input(task, id)).await {
            Ok(_) => true,
            Err(error) if error.message() == NO_UPDATES => false,
            Err(error) => return Err(failure("cloudformation", &error)),
        };
        let stack = ended(task, id)
            .await?
            .ok_or_else(|| Failure::new(format!("Embedded stack {id} does not exist")))?;
        if begun && stack.status != StackStatus::UpdateComplete {
            let (status, reason) = (stack.status.as_str(), what_went_wrong(task, id).await);
            return Err(Failure::new(format!(
                "Embedded stack {id} was not successfully updated. Currently in {status} with reason: {reason}"
            )));
        }
        Ok(made(id, &stack))
    }

    async fn delete(task: &Task<'_>) -> Result<(), Failure> {
        let id = task.physical();
        match Self::call(task, "DeleteStack", json!({"StackName": id})).await {
            Ok(_) => {}
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(failure("cloudformation", &error)),
        }
        match ended(task, id).await? {
            Some(stack) if stack.status != StackStatus::DeleteComplete => {
                let reason = stack.reason.unwrap_or_default();
                Err(Failure::new(format!(
                    "Embedded stack {id} was not successfully deleted: {}",
                    reason.trim_end()
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Values for parameters; lists as texts with commas.
fn parameters(given: Option<&Json>) -> Json {
    let value = |value: &Json| match value {
        Json::Array(items) => items.iter().map(convert::text).collect::<Vec<_>>().join(","),
        one => convert::text(one),
    };
    let given = given.and_then(Json::as_object).into_iter().flatten();
    given.map(|(key, one)| json!({"ParameterKey": key, "ParameterValue": value(one)})).collect()
}

fn made(id: &str, stack: &StackRecord) -> Made {
    let outputs = stack.outputs.iter();
    outputs.fold(Made::of(id), |made, output| {
        made.with(&format!("Outputs.{}", output.key), output.value.as_str())
    })
}

/// The place of a nested stack's record, which is in the account and region of the one around it.
fn key_of(task: &Task<'_>, id: &str) -> StackKey {
    let unique = id.rsplit('/').next().unwrap_or_default().to_owned();
    (task.stack.account.parse().unwrap_or_default(), task.stack.region.clone(), unique)
}

/// A stack once its operation has ended; none where there is none.
async fn ended(task: &Task<'_>, id: &str) -> Result<Option<StackRecord>, Failure> {
    let mut changed = task.service.watch();
    loop {
        changed.mark_unchanged();
        let key = key_of(task, id);
        let found = task.service.store.read(move |tx| STACKS.get(tx, &key)).await;
        let found = found.map_err(|error| Failure::new(error.to_string()))?;
        if !found.as_ref().is_some_and(|stack| stack.status.is_busy()) {
            return Ok(found);
        }
        if changed.changed().await.is_err() {
            return Err(Failure::new("the server is ending"));
        }
    }
}

/// Why the last operation of a stack failed, as its events tell it.
async fn what_went_wrong(task: &Task<'_>, id: &str) -> String {
    let (_, _, unique) = key_of(task, id);
    let (id, place) = (id.to_owned(), unique);
    let work = move |tx: &ReadTx<'_>| {
        let events = EVENTS.query(&(place.as_str(),)).backward().limit(EVENTS_SEEN).rows(tx)?;
        let told = events.into_iter().map(|(_, event)| event).find(|event| {
            let failed = event.status.ends_with("ROLLBACK_IN_PROGRESS") || event.status.ends_with("_FAILED");
            event.physical_id.as_deref() == Some(id.as_str()) && failed && event.reason.is_some()
        });
        Ok::<_, StoreError>(told.and_then(|event| event.reason))
    };
    let told = task.service.store.read(work).await.ok().flatten().unwrap_or_default();
    told.trim_end_matches(" Rollback requested by user.").trim_end().to_owned()
}

impl Handler for Nested {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(Self::delete(task))
    }
}
