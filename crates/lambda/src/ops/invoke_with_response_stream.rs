//! `InvokeWithResponseStream`: sends an event to a function and hands its answer on as it comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt as _;
use weft_model::lambda as model;
use weft_service::workload::{StreamEnd, StreamedInvoked};
use weft_service::{Access, Context, Error, Events, Scope, StreamingOperation};

use crate::Lambda;
use crate::hold::Hold;
use crate::invoking::{Asked, INVOKE};
use crate::loads::Running;
use crate::name::FunctionRef;
use crate::ops::invoke::{PAYLOAD_BYTES_MAX, parse_client_context, parse_payload};

/// Bytes of one event.
const CHUNK_BYTES_MAX: usize = 256 << 10;

type Event = model::InvokeWithResponseStreamResponseEvent;

/// A parsed `InvokeWithResponseStream` request.
#[derive(Debug)]
pub(crate) struct InvokeWithResponseStream {
    asked: Asked,
    dry_run: bool,
    tenant_id: Option<String>,
}

impl StreamingOperation for InvokeWithResponseStream {
    const NAME: &'static str = "InvokeWithResponseStream";
    type Service = Lambda;
    type Input = model::InvokeWithResponseStreamRequest;
    type Output = model::InvokeWithResponseStreamResponse;
    type Event = Event;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let asked = Asked {
            function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?,
            payload: parse_payload(input.payload, PAYLOAD_BYTES_MAX)?,
            client_context: input.client_context.map(|text| parse_client_context(&text)).transpose()?,
            tail: input.log_type.as_deref() == Some("Tail"),
        };
        let dry_run = input.invocation_type.as_deref() == Some("DryRun");
        Ok(Self { asked, dry_run, tenant_id: input.tenant_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<(Self::Output, Events<Self::Event>), Error> {
        lambda.authorize_use(cx, INVOKE, &self.asked.function).await?;
        let target = lambda.resolve(&self.asked.function).await?;
        Lambda::refuse_tenant(self.tenant_id.as_deref())?;
        let head = |status| model::InvokeWithResponseStreamResponse {
            status_code: Some(status),
            executed_version: Some(target.version.to_string()),
            response_stream_content_type: None,
        };
        if self.dry_run {
            return Ok((head(204), futures::stream::empty().boxed()));
        }
        let (streamed, running) = lambda.invoke_streaming(cx, self.asked, &target).await?;
        Ok((head(200), events(streamed, running)))
    }
}

/// The answer's pieces, and how it ended.
fn events(streamed: StreamedInvoked, running: Running) -> Events<Event> {
    let StreamedInvoked { body, end, .. } = streamed;
    let pieces = weft_net::chunks(body).flat_map(|piece| match piece {
        Ok(bytes) => {
            futures::stream::iter(split(bytes).into_iter().map(|piece| Ok(chunk(piece))).collect::<Vec<_>>())
        }
        Err(error) => futures::stream::iter(vec![Err(Error::internal(error))]),
    });
    let end = Hold::new(end, running);
    let last = futures::stream::once(async move {
        let (end, running) = end.await;
        running.ended(end.error_code.is_some(), end.duration);
        Ok(complete(end))
    });
    pieces.chain(last).boxed()
}

fn split(mut bytes: Bytes) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        pieces.push(bytes.split_to(bytes.len().min(CHUNK_BYTES_MAX)));
    }
    pieces
}

fn chunk(payload: Bytes) -> Event {
    let payload = Some(payload);
    Event { payload_chunk: Some(model::InvokeResponseStreamUpdate { payload }), invoke_complete: None }
}

fn complete(end: StreamEnd) -> Event {
    let complete = model::InvokeWithResponseStreamCompleteEvent {
        error_code: end.error_code,
        error_details: end.error_details,
        log_result: end.log_tail.map(|tail| STANDARD.encode(tail)),
    };
    Event { payload_chunk: None, invoke_complete: Some(complete) }
}
