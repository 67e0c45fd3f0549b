//! Event source mappings.

use serde_json::{Map, Value as Json, json};

use super::{Patience, or};
use crate::handlers::parts::answered;
use crate::task::{Failure, Handler, Made, Outcome, Task, failure, is_missing};

/// `AWS::Lambda::EventSourceMapping`: `Ref` is its id.
pub(super) struct EventSourceMapping;

/// What an update can change, and what each is where a template does not say it. What Weft has not, Lambda refuses by name.
fn settings(task: &Task<'_>) -> [(&'static str, Json); 18] {
    let queue = task.text("EventSourceArn").is_some_and(|arn| arn.contains(":sqs:"));
    [
        ("FunctionName", Json::Null),
        ("Enabled", json!(true)),
        ("BatchSize", json!(if queue { 10 } else { 100 })),
        ("FilterCriteria", json!({"Filters": []})),
        ("MaximumBatchingWindowInSeconds", json!(0)),
        ("DestinationConfig", Json::Null),
        ("MaximumRecordAgeInSeconds", json!(-1)),
        ("BisectBatchOnFunctionError", json!(false)),
        ("MaximumRetryAttempts", json!(-1)),
        ("ParallelizationFactor", json!(1)),
        ("SourceAccessConfigurations", Json::Null),
        ("TumblingWindowInSeconds", json!(0)),
        ("FunctionResponseTypes", json!([])),
        ("ScalingConfig", json!({})),
        ("KmsKeyArn", Json::Null),
        ("MetricsConfig", Json::Null),
        ("LoggingConfig", Json::Null),
        ("ProvisionedPollerConfig", Json::Null),
    ]
}

async fn look(task: &Task<'_>, id: &str) -> Result<Option<Json>, Failure> {
    match task.call("lambda", "GetEventSourceMapping", json!({"UUID": id})).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failure("lambda", &error)),
    }
}

/// Waits until it reads, or does not read, as it shall.
async fn settled(task: &Task<'_>, id: &str) -> Result<(), Failure> {
    let mut patience = Patience::with(format!("The event source mapping {id}"));
    loop {
        let found = look(task, id).await?.ok_or_else(|| Failure::new("The event source mapping is gone."))?;
        match answered(&found, "/State").as_str() {
            "Enabled" | "Disabled" => return Ok(()),
            _ => patience.pause().await?,
        }
    }
}

impl Handler for EventSourceMapping {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut input = task.but(&["Tags"]);
            if task.get("Tags").is_some() {
                input.insert("Tags".to_owned(), task.tag_map());
            }
            let answer = task.make("lambda", "CreateEventSourceMapping", input).await?;
            let id = answered(&answer, "/UUID");
            settled(task, &id).await.map_err(|failure| failure.leaving(&id))?;
            let arn = answered(&answer, "/EventSourceMappingArn");
            Ok(Made::of(&id).with("Id", id.as_str()).with("EventSourceMappingArn", arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let id = task.physical();
            let changed = settings(task).into_iter().filter(|(name, _)| task.changed(name));
            let mut input: Map<String, Json> =
                changed.map(|(name, otherwise)| (name.to_owned(), or(task, name, otherwise))).collect();
            input.insert("UUID".to_owned(), json!(id));
            task.make("lambda", "UpdateEventSourceMapping", input).await?;
            settled(task, id).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let id = task.physical();
            task.remove("lambda", "DeleteEventSourceMapping", json!({"UUID": id})).await?;
            let mut patience = Patience::with(format!("The deletion of the event source mapping {id}"));
            while look(task, id).await?.is_some() {
                patience.pause().await?;
            }
            Ok(())
        })
    }
}
