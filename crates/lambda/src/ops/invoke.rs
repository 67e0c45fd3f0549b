//! `Invoke`: sends an event to a function and answers with what it returned, or that it will be delivered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use weft_model::lambda as model;
use weft_service::workload::Invoked;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::errors::not_implemented;
use crate::invoking::{Asked, INVOKE};
use crate::name::FunctionRef;
use crate::resolve::Target;

/// Bytes of an event and of an answer.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Bytes of an event that is delivered later.
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a client context, as base64.
const CLIENT_CONTEXT_MAX: usize = 3583;

/// A parsed `Invoke` request.
#[derive(Debug)]
pub(crate) struct Invoke {
    asked: Asked,
    kind: Kind,
    tenant_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

impl Operation for Invoke {
    const NAME: &'static str = "Invoke";
    type Service = Lambda;
    type Input = model::InvocationRequest;
    type Output = model::InvocationResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.durable_execution_name.is_some() {
            return Err(not_implemented("Durable execution is"));
        }
        let (kind, bytes_max) = match input.invocation_type.as_deref() {
            Some("Event") => (Kind::Event, EVENT_BYTES_MAX),
            Some("DryRun") => (Kind::DryRun, PAYLOAD_BYTES_MAX),
            _ => (Kind::RequestResponse, PAYLOAD_BYTES_MAX),
        };
        let asked = Asked {
            function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?,
            payload: parse_payload(input.payload, bytes_max)?,
            client_context: input.client_context.map(|text| parse_client_context(&text)).transpose()?,
            tail: input.log_type.as_deref() == Some("Tail"),
        };
        Ok(Self { asked, kind, tenant_id: input.tenant_id })
    }

    /// Nothing beforehand: the function's own policy may grant what the caller's do not.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        lambda.authorize_use(cx, INVOKE, &self.asked.function).await?;
        let target = lambda.resolve(&self.asked.function).await?;
        Lambda::refuse_tenant(self.tenant_id.as_deref())?;
        let answer = |status| model::InvocationResponse { status_code: Some(status), ..Default::default() };
        match self.kind {
            Kind::DryRun => return Ok(answer(204)),
            Kind::Event => {
                lambda.accept_event(cx, self.asked).await?;
                return Ok(answer(202));
            }
            Kind::RequestResponse => {}
        }
        let Target { version, .. } = target;
        let Invoked { payload, error, log_tail, .. } = lambda.invoke_now(cx, self.asked, target).await?;
        Ok(model::InvocationResponse {
            function_error: error.map(str::to_owned),
            log_result: log_tail.map(|tail| STANDARD.encode(tail)),
            payload: Some(payload),
            executed_version: Some(version.to_string()),
            ..answer(200)
        })
    }
}

/// An event is JSON; no event is the empty object.
pub(crate) fn parse_payload(payload: Option<Bytes>, bytes_max: usize) -> Result<Bytes, Error> {
    let payload = payload.unwrap_or_default();
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if payload.len() > bytes_max {
        let message =
            format!("Request must be smaller than {bytes_max} bytes for the InvokeFunction operation");
        return Err(Error::new("RequestTooLargeException", message).with_status(413));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(bad_content(format!("Could not parse request body into json: {error}"))),
    }
}

/// A client context is base64 of a JSON object.
pub(crate) fn parse_client_context(text: &str) -> Result<String, Error> {
    let bad = || bad_content("Client context must be a valid Base64-encoded JSON object.".to_owned());
    if text.len() > CLIENT_CONTEXT_MAX {
        return Err(bad_content(format!("Client context must be no more than {CLIENT_CONTEXT_MAX} bytes.")));
    }
    let json = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&json) {
        Ok(_) => Ok(json),
        Err(_) => Err(bad()),
    }
}

fn bad_content(message: String) -> Error {
    Error::new("InvalidRequestContentException", message).with_status(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &[u8], expected: Result<&[u8], &str>) {
        let found = parse_payload(Some(Bytes::copy_from_slice(payload)), PAYLOAD_BYTES_MAX);
        assert_eq!(found.as_deref().map_err(Error::code), expected);
    }

    #[test]
    fn an_event_is_json_within_the_limit() {
        check(b"", Ok(b"{}"));
        check(b" {\"a\": [1, 2]}\n", Ok(b" {\"a\": [1, 2]}\n"));
        check(b"null", Ok(b"null"));
        check(b"{", Err("InvalidRequestContentException"));
        check(b"{} {}", Err("InvalidRequestContentException"));
        check(b"\xff", Err("InvalidRequestContentException"));
        let text = |length: usize| [b"\"", "x".repeat(length - 2).as_bytes(), b"\""].concat();
        let largest = text(PAYLOAD_BYTES_MAX);
        check(&largest, Ok(&largest));
        check(&text(PAYLOAD_BYTES_MAX + 1), Err("RequestTooLargeException"));
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        check(&deep, Ok(&deep));
    }

    #[test]
    fn a_client_context_is_base64_of_an_object() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse_client_context(text).ok().as_deref(), expected, "{text}");
        };
        check("e30=", Some("{}"));
        check("W10=", None);
        check("not base64!", None);
        check(&STANDARD.encode([b"\"", "x".repeat(3000).as_bytes(), b"\""].concat()), None);
    }
}
