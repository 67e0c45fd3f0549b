//! A world with CloudFormation in it, and stand-ins for every service that stacks call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value as Json, json};
use weft_model::cloudformation as model;
use weft_model::{SERVICES, Shape};
use weft_service::testing::{self, AnswerAll, Client, stand_in};
use weft_service::{BoxFuture, Context, Error, ManualClock, ObjectName, Objects, Registry};
use weft_store::{Memory, Store};
use weft_wire::ServiceFault;

use crate::{Cloudformation, Options, convert};

/// Answers of the stand-ins: service, operation, input.
pub(super) type Answers = dyn Fn(&str, &str, &Json) -> Result<Json, Error> + Send + Sync;

/// One process.
pub(super) struct World {
    pub(super) service: Arc<Cloudformation>,
    pub(super) client: Client,
    /// Somebody without rights.
    pub(super) stranger: Client,
    pub(super) clock: Arc<ManualClock>,
    calls: Arc<Mutex<Vec<(String, Json)>>>,
    bucket: Arc<Bucket>,
}

/// Objects by bucket and key.
#[derive(Default)]
struct Bucket(Mutex<HashMap<String, Bytes>>);

impl Objects for Bucket {
    fn read<'a>(
        &'a self,
        _: &'a Context,
        object: &'a ObjectName,
        _: u64,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        let found =
            self.0.lock().expect("the objects").get(&format!("{}/{}", object.bucket, object.key)).cloned();
        let found = found
            .ok_or_else(|| Error::new("NoSuchKey", "The specified key does not exist.").with_status(404));
        Box::pin(std::future::ready(found))
    }
}

impl World {
    /// A process on a store, with what other services answer.
    #[expect(clippy::needless_pass_by_value, reason = "callers make it in their call")]
    pub(super) fn on(memory: &Memory, answers: Arc<Answers>) -> Self {
        Self::with(memory, &answers, Options::default())
    }

    /// As [`Self::on`], with other options.
    pub(super) fn with(memory: &Memory, answers: &Arc<Answers>, options: Options) -> Self {
        let clock = testing::clock();
        let store = Store::memory(memory).expect("a store");
        let service = Cloudformation::new(store, Arc::<ManualClock>::clone(&clock), options);
        let calls: Arc<Mutex<Vec<(String, Json)>>> = Arc::default();
        let mut registry = Registry::default();
        service.register(&mut registry);
        for schema in SERVICES.iter().filter(|schema| schema.id != "cloudformation") {
            let (calls, answers, id) = (Arc::clone(&calls), Arc::clone(answers), schema.id);
            let answer: Arc<AnswerAll> = Arc::new(move |operation, input, _| {
                let input = convert::to_json(operation.input, input);
                calls.lock().expect("the list").push((format!("{id}:{}", operation.name), input.clone()));
                let output = answers(id, operation.name, &input)?;
                convert::to_struct(operation.output, &output).map_err(Error::internal)
            });
            registry.add(stand_in(schema, &answer));
        }
        let [client, stranger] = testing::clients(registry, &clock);
        let bucket = Arc::<Bucket>::default();
        service.connect(&client.dispatch, Some(Arc::<Bucket>::clone(&bucket)));
        Self { service, client, stranger, clock, calls, bucket }
    }

    /// Puts a document into S3, at `bucket/key`.
    pub(super) fn put_object(&self, name: &str, document: &Json) {
        self.bucket.0.lock().expect("the objects").insert(name.to_owned(), document.to_string().into());
    }

    /// What the stand-ins were asked, in order, since the last time.
    pub(super) fn calls(&self) -> Vec<(String, Json)> {
        std::mem::take(&mut *self.calls.lock().expect("the list"))
    }

    /// Calls an operation of `CloudFormation`.
    pub(super) async fn call<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&model::SERVICE, operation, input).await
    }

    /// Begins to create a stack.
    pub(super) async fn create(&self, name: &str, template: &Json) -> String {
        let input = model::CreateStackInput {
            stack_name: name.to_owned(),
            template_body: Some(template.to_string()),
            ..Default::default()
        };
        let output: model::CreateStackOutput = self.call("CreateStack", input).await.expect("it is created");
        output.stack_id.expect("an id")
    }

    /// Begins to update a stack.
    pub(super) async fn update(&self, name: &str, template: &Json) {
        let input = model::UpdateStackInput {
            stack_name: name.to_owned(),
            template_body: Some(template.to_string()),
            ..Default::default()
        };
        let _: model::UpdateStackOutput = self.call("UpdateStack", input).await.expect("it is updated");
    }

    /// Begins to delete a stack.
    pub(super) async fn delete(&self, name: &str) {
        let input = model::DeleteStackInput { stack_name: name.to_owned(), ..Default::default() };
        let () = self.call("DeleteStack", input).await.expect("it is deleted");
    }

    /// A stack as it is, once its operation ended.
    pub(super) async fn ended(&self, id: &str) -> model::Stack {
        let mut changed = self.service.watch();
        loop {
            changed.mark_unchanged();
            let stack = self.stack(id).await;
            if !stack.stack_status.ends_with("_IN_PROGRESS") {
                return stack;
            }
            changed.changed().await.expect("the service lives");
        }
    }

    /// A stack as it is.
    pub(super) async fn stack(&self, id: &str) -> model::Stack {
        let input = model::DescribeStacksInput { stack_name: Some(id.to_owned()), ..Default::default() };
        let found: model::DescribeStacksOutput =
            self.call("DescribeStacks", input).await.expect("it is there");
        found.stacks.unwrap_or_default().into_iter().next().expect("one stack")
    }

    /// Failures of a stack's resources: logical id, physical id, reason.
    pub(super) async fn failures(&self, id: &str) -> Vec<(String, String, String)> {
        let input = model::DescribeStackEventsInput { stack_name: id.to_owned(), ..Default::default() };
        let found: model::DescribeStackEventsOutput =
            self.call("DescribeStackEvents", input).await.expect("events");
        let failed = found.stack_events.unwrap_or_default().into_iter();
        let failed =
            failed.filter(|event| event.resource_status.as_deref().is_some_and(|s| s.ends_with("_FAILED")));
        let told = failed.map(|event| {
            let text = |text: Option<String>| text.unwrap_or_default();
            (
                text(event.logical_resource_id),
                text(event.physical_resource_id),
                text(event.resource_status_reason),
            )
        });
        told.collect()
    }
}

/// Nothing in particular is answered.
#[expect(clippy::unnecessary_wraps, reason = "it has the form of all answers")]
pub(super) fn nothing(_: &str, _: &str, _: &Json) -> Result<Json, Error> {
    Ok(json!({}))
}
