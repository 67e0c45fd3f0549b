//! What requests from outside and calls between services share: parse, authorize, run.

use std::sync::Arc;

use weft_model::{OperationSchema, ServiceSchema, Value};
use weft_types::AccountId;
use weft_wire::{WireFault, validate};

use crate::context::{Asked, Engine};
use crate::dispatch::authorize;
use crate::dispatch::decisions::{DecisionRecord, Decisions};
use crate::registry::Answer;
use crate::{Access, BoxFuture, Clock, Context, Error, Identities, IncomingBody, OutgoingBody, Registry};

/// The parts of dispatch that contexts reach.
pub(super) struct Core {
    pub(super) registry: Registry,
    pub(super) identities: Arc<dyn Identities>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) depth_max: u8,
    pub(super) decisions: Decisions,
}

impl Core {
    /// Parses an input that was checked against its schema, authorizes all that it needs, and runs it.
    pub(super) async fn run(
        &self,
        service: &'static ServiceSchema,
        operation: &'static OperationSchema,
        input: Value,
        body: Option<IncomingBody>,
        cx: &Context,
    ) -> Result<Answer, Error> {
        let prepared = self.registry.prepare(service.id, operation.name, input, &cx.scope);
        let prepared = prepared.ok_or_else(|| not_implemented(service, operation.name))??;
        for access in &prepared.accesses {
            authorize::require(self, cx, access, Asked::Nothing).await?;
        }
        (prepared.run)(cx, body).await
    }

    async fn call_from(
        &self,
        cx: &Context,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, Error> {
        if cx.depth >= self.depth_max {
            let message = format!("Services called each other more than {} deep.", self.depth_max);
            return Err(Error::new("ServiceUnavailableException", message).with_status(503));
        }
        let Some(schema) = self.registry.service(service) else {
            let message = format!("The service {service} is not implemented by this version of Weft.");
            return Err(Error::new("NotImplemented", message).with_status(501));
        };
        let Some(found) = schema.operation(operation) else { return Err(not_implemented(schema, operation)) };
        validate(found.input, &input).map_err(|message| Error::new("ValidationException", message))?;
        let inner = cx.inner(schema.id);
        match self.run(schema, found, input, None, &inner).await? {
            Answer { output, events: None, body: None } => Ok(output),
            Answer { output, events: None, body: Some(body) } => with_payload(found, output, body).await,
            Answer { .. } => {
                let message = format!("{operation} answers with a stream, which services cannot follow.");
                Err(Error::new("NotImplemented", message).with_status(501))
            }
        }
    }
}

/// The longest body that one service's operation gives another's, in bytes: that of the largest archive of a function.
const CALL_BODY_BYTES_MAX: u64 = 256 << 20;

/// An output with its body in it.
async fn with_payload(
    operation: &OperationSchema,
    mut output: Value,
    body: OutgoingBody,
) -> Result<Value, Error> {
    if body.length > CALL_BODY_BYTES_MAX {
        let message = format!("A body of {} bytes is too long to be handed on.", body.length);
        return Err(Error::new("RequestEntityTooLargeException", message));
    }
    let bytes = body.collect().await.map_err(Error::internal)?;
    if let (Value::Struct(places), Some(index)) = (&mut output, operation.output.payload)
        && let Some(place) = places.get_mut(index)
    {
        *place = Some(Value::Blob(bytes));
    }
    Ok(output)
}

fn not_implemented(service: &ServiceSchema, operation: &str) -> Error {
    let WireFault { message, .. } = WireFault::not_implemented(service, operation);
    Error::new("NotImplemented", message).with_status(501)
}

impl Engine for Core {
    fn authorize<'a>(
        &'a self,
        cx: &'a Context,
        access: &'a Access,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(authorize::require(self, cx, access, asked))
    }

    fn identities(&self) -> &dyn Identities {
        &*self.identities
    }

    fn decisions(&self, account: AccountId, request_id: &str) -> Vec<DecisionRecord> {
        self.decisions.of_request(account, request_id)
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        service: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, Error>> {
        Box::pin(self.call_from(cx, service, operation, input))
    }
}
