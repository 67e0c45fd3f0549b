//! Which operations have code.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use weft_model::{OperationSchema, ServiceSchema, Shape, Value};

use crate::{
    Access, BodyOperation, BoxFuture, Context, Error, Events, IncomingBody, Operation, OutgoingBody,
    ResourceTags, Scope, StreamingOperation, Target,
};

type RunOperation =
    Box<dyn for<'a> FnOnce(&'a Context, Option<IncomingBody>) -> BoxFuture<'a, Result<Answer, Error>> + Send>;
type Prepare = Box<dyn Fn(Value, &Scope) -> Result<PreparedOperation, Error> + Send + Sync>;

/// What an operation answers.
pub struct Answer {
    /// The output, a structure of the operation's schema.
    pub output: Value,
    /// The events that follow it, structures of the operation's schema of events.
    pub events: Option<Events<Value>>,
    /// The body that is the output's payload, where that is not held whole.
    pub body: Option<OutgoingBody>,
}

/// An operation that was parsed: what it needs to be allowed, and how to run it.
pub struct PreparedOperation {
    /// What must be allowed first.
    pub accesses: Vec<Access>,
    /// Runs it.
    pub run: RunOperation,
}

/// Every service's operations that have code, by its id.
#[derive(Default)]
pub struct Registry {
    services: HashMap<&'static str, RegisteredService>,
    targets: HashMap<&'static str, Arc<dyn Target>>,
}

struct RegisteredService {
    schema: &'static ServiceSchema,
    operations: HashMap<&'static str, Registered>,
    tags: Option<Arc<dyn ResourceTags>>,
}

/// An operation that has code.
struct Registered {
    prepare: Prepare,
    takes_body: bool,
}

impl Registry {
    /// Adds a service.
    pub fn add(&mut self, builder: ServiceBuilder) {
        let ServiceBuilder { schema, operations, tags } = builder;
        self.services.insert(schema.id, RegisteredService { schema, operations, tags });
    }

    /// Who knows the tags of the resources of the service with this id, which their ARNs have as well.
    pub(crate) fn tags(&self, id: &str) -> Option<&dyn ResourceTags> {
        self.services.get(id)?.tags.as_deref()
    }

    /// Says who takes messages for a service's resources, by the service's name in ARNs.
    pub fn add_target(&mut self, service: &'static str, target: Arc<dyn Target>) {
        self.targets.insert(service, target);
    }

    pub(crate) fn target(&self, service: &str) -> Option<Arc<dyn Target>> {
        self.targets.get(service).cloned()
    }

    /// The schema of the service of this id.
    pub fn service(&self, id: &str) -> Option<&'static ServiceSchema> {
        self.services.get(id).map(|service| service.schema)
    }

    /// All schemas, in no order.
    pub fn services(&self) -> impl Iterator<Item = &'static ServiceSchema> {
        self.services.values().map(|service| service.schema)
    }

    /// Whether an operation has code.
    pub fn has(&self, id: &str, operation: &str) -> bool {
        self.services.get(id).is_some_and(|s| s.operations.contains_key(operation))
    }

    /// The operations of the service that have code, in the model's order.
    pub fn operations(&self, id: &str) -> Vec<&'static OperationSchema> {
        let Some(service) = self.services.get(id) else { return Vec::new() };
        let all = service.schema.operations.iter();
        all.filter(|operation| service.operations.contains_key(operation.name)).collect()
    }

    /// Every operation of the service's published model that has no code, sorted, one a line: what `unsupported.txt` holds.
    pub fn unsupported(&self, id: &str) -> String {
        let Some(service) = self.services.get(id) else { return String::new() };
        let missing = service.schema.missing.iter().map(|(name, _, _)| *name);
        let pruned = service.schema.operations.iter().map(|operation| operation.name);
        let mut names: Vec<&str> =
            missing.chain(pruned.filter(|name| !service.operations.contains_key(name))).collect();
        names.sort_unstable();
        names.iter().flat_map(|name| [name, "\n"]).collect()
    }

    /// Parses an operation's input, which was checked against its schema; `None` where the operation has no code.
    pub fn prepare(
        &self,
        id: &str,
        operation: &str,
        input: Value,
        scope: &Scope,
    ) -> Option<Result<PreparedOperation, Error>> {
        let found = self.services.get(id)?.operations.get(operation)?;
        Some((found.prepare)(input, scope))
    }

    /// Whether an operation reads its request's body as a stream.
    pub fn takes_body(&self, id: &str, operation: &str) -> bool {
        let found = self.services.get(id).and_then(|service| service.operations.get(operation));
        found.is_some_and(|operation| operation.takes_body)
    }
}

/// Collects the operations of one service.
pub struct ServiceBuilder {
    schema: &'static ServiceSchema,
    operations: HashMap<&'static str, Registered>,
    tags: Option<Arc<dyn ResourceTags>>,
}

impl ServiceBuilder {
    /// Begins with a service's schema.
    pub fn new(schema: &'static ServiceSchema) -> Self {
        Self { schema, operations: HashMap::new(), tags: None }
    }

    /// Says who knows the tags of the service's resources. Without it policies see none but those that operations name.
    #[must_use]
    pub fn tags(mut self, known: Arc<dyn ResourceTags>) -> Self {
        self.tags = Some(known);
        self
    }

    /// Adds an operation. One that the service's model does not have is left out; `Registry::has` tells, and each
    /// service tests that all of its own are there.
    #[must_use]
    pub fn operation<O: Operation>(self, service: &Arc<O::Service>) -> Self {
        let service = Arc::clone(service);
        self.add(
            O::NAME,
            false,
            Box::new(move |input, scope| {
                let operation = O::parse(O::Input::from_value(input), scope)?;
                let accesses = operation.accesses(scope);
                let service = Arc::clone(&service);
                let run: RunOperation = Box::new(move |cx, _| {
                    Box::pin(async move {
                        let output = operation.run(&service, cx).await?.into_value();
                        Ok(Answer { output, events: None, body: None })
                    })
                });
                Ok(PreparedOperation { accesses, run })
            }),
        )
    }

    /// Adds an operation that answers with events, as [`Self::operation`] adds others.
    #[must_use]
    pub fn streaming_operation<O: StreamingOperation>(self, service: &Arc<O::Service>) -> Self {
        let service = Arc::clone(service);
        self.add(
            O::NAME,
            false,
            Box::new(move |input, scope| {
                let operation = O::parse(O::Input::from_value(input), scope)?;
                let accesses = operation.accesses(scope);
                let service = Arc::clone(&service);
                let run: RunOperation = Box::new(move |cx, _| {
                    Box::pin(async move {
                        let (output, events) = operation.run(&service, cx).await?;
                        let events = events.map(|event| event.map(Shape::into_value)).boxed();
                        Ok(Answer { output: output.into_value(), events: Some(events), body: None })
                    })
                });
                Ok(PreparedOperation { accesses, run })
            }),
        )
    }

    /// Adds an operation whose bodies stream, as [`Self::operation`] adds others.
    #[must_use]
    pub fn body_operation<O: BodyOperation>(self, service: &Arc<O::Service>) -> Self {
        let service = Arc::clone(service);
        self.add(
            O::NAME,
            O::TAKES_BODY,
            Box::new(move |mut input, scope| {
                // A call by another service has it among the input.
                let given = take_payload(O::Input::SCHEMA.payload.filter(|_| O::TAKES_BODY), &mut input);
                let operation = O::parse(O::Input::from_value(input), scope)?;
                let accesses = operation.accesses(scope);
                let service = Arc::clone(&service);
                let run: RunOperation = Box::new(move |cx, body| {
                    let body = body.unwrap_or_else(|| IncomingBody::whole(given));
                    Box::pin(async move {
                        let (output, body) = operation.run(&service, cx, body).await?;
                        Ok(Answer { output: output.into_value(), events: None, body })
                    })
                });
                Ok(PreparedOperation { accesses, run })
            }),
        )
    }

    fn add(mut self, name: &'static str, takes_body: bool, prepare: Prepare) -> Self {
        if self.schema.operation(name).is_none() {
            let service = self.schema.id;
            tracing::error!(operation = name, service, "operation is not in the model");
            return self;
        }
        self.operations.insert(name, Registered { prepare, takes_body });
        self
    }
}

/// Takes the payload out of an input.
fn take_payload(index: Option<usize>, input: &mut Value) -> Bytes {
    let Value::Struct(places) = input else { return Bytes::new() };
    match index.and_then(|index| places.get_mut(index)).and_then(Option::take) {
        Some(Value::Blob(bytes)) => bytes,
        _ => Bytes::new(),
    }
}
