//! Answers that go on as a stream: of events, or of a body that is never held whole.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderValue, Response};
use weft_model::{OperationSchema, Protocol, Schema, ServiceSchema, Value};
use weft_net::{Body, BoxError, streamed};
use weft_wire::{
    EVENT_STREAM, WireFault, encode, encode_event, encode_initial_response, encode_stream_error,
};

use crate::dispatch::fault_of;
use crate::{Error, Events, OutgoingBody};

/// The answer: headers as for any output, then a message for each event. Where the stream fails, its last message says so.
pub(super) fn answer(
    service: &'static ServiceSchema,
    operation: &'static OperationSchema,
    output: &Value,
    events: Events<Value>,
    request_id: &Arc<str>,
) -> Result<Response<Body>, WireFault> {
    let Some(schema) = operation.events.first() else {
        return Err(fault_of(&Error::internal("an operation without events has some"), request_id));
    };
    let (mut head, _) = encode(service, operation, output, request_id)?.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    let initial = match service.protocol {
        Protocol::Json10 | Protocol::Json11 => Some(encode_initial_response(operation.output, output)?),
        _ => None,
    };
    let request_id = Arc::clone(request_id);
    let messages = events.scan(false, move |ended, event| {
        let message = (!*ended).then(|| message(schema, event, &request_id, ended));
        std::future::ready(message)
    });
    let all = futures::stream::iter(initial).chain(messages).map(Ok::<_, BoxError>);
    Ok(Response::from_parts(head, streamed(all)))
}

/// An answer whose body streams. Its length is told where the head does not tell it already.
pub(super) fn with_body(mut head: Parts, body: OutgoingBody) -> Response<Body> {
    head.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.length));
    let kind = HeaderValue::from_static("binary/octet-stream");
    head.headers.entry(CONTENT_TYPE).or_insert(kind);
    Response::from_parts(head, streamed(body.stream.map_err(BoxError::from)))
}

/// One message; an error becomes the last one.
fn message(
    schema: &'static Schema,
    event: Result<Value, Error>,
    request_id: &str,
    ended: &mut bool,
) -> bytes::Bytes {
    let fault = match event.map(|event| encode_event(schema, &event)) {
        Ok(Ok(message)) => return message,
        Ok(Err(fault)) => fault,
        Err(error) => fault_of(&error, request_id),
    };
    *ended = true;
    encode_stream_error(&fault.code, &fault.message)
}
