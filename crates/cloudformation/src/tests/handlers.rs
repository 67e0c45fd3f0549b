//! What handlers call: properties in, calls of operations out.

mod apigateway;
mod apigatewayv2;
mod ecr;
mod s3;
mod ssm;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use weft_store::Memory;
use weft_types::Region;

use super::world::{Answers, World};
use crate::task::{Failure, Made, StackFacts, Task};

/// One step of a resource in the stack `shop`.
pub(super) struct Step<'a> {
    pub(super) kind: &'a str,
    pub(super) previous: Option<Json>,
    pub(super) physical_id: Option<&'a str>,
    pub(super) attributes: Json,
    pub(super) answers: Arc<Answers>,
}

impl<'a> Step<'a> {
    /// A creation, in a world where operations answer with `answers`, an object by `service:Operation`.
    pub(super) fn create(kind: &'a str, answers: Json) -> Self {
        let answers = move |service: &str, operation: &str, _: &Json| {
            Ok(answers.get(format!("{service}:{operation}")).cloned().unwrap_or_else(|| json!({})))
        };
        Self { kind, previous: None, physical_id: None, attributes: json!({}), answers: Arc::new(answers) }
    }

    /// An update from other properties of what is called `physical_id`.
    pub(super) fn update(kind: &'a str, physical_id: &'a str, previous: Json, answers: Json) -> Self {
        Self { previous: Some(previous), physical_id: Some(physical_id), ..Self::create(kind, answers) }
    }

    fn deletes(&self) -> bool {
        self.physical_id.is_some() && self.previous.is_none()
    }

    /// Takes the step: the calls as `[operation, input]`, and what came of it.
    pub(super) async fn take(self, properties: &Json) -> (Json, Result<Made, Failure>) {
        let world = World::on(&Memory::seeded(1), Arc::clone(&self.answers));
        let region = Region::parse("us-east-1").expect("a region");
        let cx = world.client.dispatch.context_for_key("cloudformation", "admin", None, region).await;
        let cx = cx.expect("the key is known");
        let stack = StackFacts {
            id: "arn:aws:cloudformation:us-east-1:000000000000:stack/shop/u".to_owned(),
            name: "shop".to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            tags: [("team".to_owned(), "red".to_owned())].into(),
            capabilities: Vec::new(),
        };
        let object = |json: &Json| json.as_object().cloned().unwrap_or_else(Map::new);
        let (wanted, previous) = (object(properties), self.previous.as_ref().map(object));
        let task = Task::new(
            &world.service,
            &cx,
            &stack,
            "It",
            self.kind,
            &wanted,
            previous.as_ref(),
            self.physical_id,
            &self.attributes,
            "o/0/1".to_owned(),
        );
        let handler = world.service.handlers.of(self.kind).expect("a handler");
        let outcome = match (self.deletes(), self.previous.is_some()) {
            (true, _) => handler.delete(&task).await.map(|()| Made::default()),
            (_, true) => handler.update(&task).await,
            _ => handler.create(&task).await,
        };
        (world.calls().into_iter().map(|(name, input)| json!([name, input])).collect(), outcome)
    }
}

/// Takes a step that succeeds, and compares its calls; gives what was made.
#[track_caller]
pub(super) fn check(step: Step<'_>, properties: &Json, calls: &Json) -> Made {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (found, outcome) = runtime.block_on(step.take(properties));
    assert_eq!(found, *calls, "{found:#}");
    outcome.expect("it succeeds")
}

/// Takes a step that fails, and compares its calls; gives the failure.
#[track_caller]
pub(super) fn check_failure(step: Step<'_>, properties: &Json, calls: &Json) -> Failure {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (found, outcome) = runtime.block_on(step.take(properties));
    assert_eq!(found, *calls, "{found:#}");
    outcome.expect_err("it fails")
}
