//! `Invoke`: sends an event to a function and answers with what it returned.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use weft_model::lambda as model;
use weft_service::workload::{Invocation, Invoked};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::not_implemented;
use crate::name::FunctionRef;
use crate::resolve::Target;
use crate::{Lambda, work_errors};

/// Bytes of an event and of an answer.
const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Bytes of a client context, as base64.
const CLIENT_CONTEXT_MAX: usize = 3583;

/// A parsed `Invoke` request.
#[derive(Debug)]
pub(crate) struct Invoke {
    function: FunctionRef,
    payload: Bytes,
    client_context: Option<String>,
    tail: bool,
    dry_run: bool,
}

impl Operation for Invoke {
    const NAME: &'static str = "Invoke";
    type Service = Lambda;
    type Input = model::InvocationRequest;
    type Output = model::InvocationResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        if input.invocation_type.as_deref() == Some("Event") {
            return Err(not_implemented("Asynchronous invocation (InvocationType Event) is"));
        }
        if input.durable_execution_name.is_some() {
            return Err(not_implemented("Durable execution is"));
        }
        if input.tenant_id.is_some() {
            return Err(not_implemented("Tenant isolation is"));
        }
        Ok(Self {
            function,
            payload: parse_payload(input.payload)?,
            client_context: input.client_context.map(|text| parse_client_context(&text)).transpose()?,
            tail: input.log_type.as_deref() == Some("Tail"),
            dry_run: input.invocation_type.as_deref() == Some("DryRun"),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:InvokeFunction", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Target { version, revision, .. } = lambda.resolve(&self.function).await?;
        if self.dry_run {
            return Ok(model::InvocationResponse { status_code: Some(204), ..Default::default() });
        }
        let max = revision.scale.max;
        let invocation = Invocation {
            request_id: cx.request_id.clone(),
            payload: self.payload,
            client_context: self.client_context,
            invoked_arn: self.function.arn(),
            tail: self.tail,
            trace_id: None,
        };
        let result = lambda.workers.invoke(revision, invocation).await;
        let Invoked { payload, error, log_tail, .. } = result.or_else(|error| {
            work_errors::answer(error, &cx.request_id, max >= lambda.options.concurrency_max)
        })?;
        Ok(model::InvocationResponse {
            status_code: Some(200),
            function_error: error.map(str::to_owned),
            log_result: log_tail.map(|tail| STANDARD.encode(tail)),
            payload: Some(payload),
            executed_version: Some(version.to_string()),
            durable_execution_arn: None,
        })
    }
}

/// An event is JSON; no event is the empty object.
fn parse_payload(payload: Option<Bytes>) -> Result<Bytes, Error> {
    let payload = payload.unwrap_or_default();
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if payload.len() > PAYLOAD_BYTES_MAX {
        let message = format!(
            "Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
        );
        return Err(Error::new("RequestTooLargeException", message).with_status(413));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(bad_content(format!("Could not parse request body into json: {error}"))),
    }
}

/// A client context is base64 of a JSON object.
fn parse_client_context(text: &str) -> Result<String, Error> {
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
        let found = parse_payload(Some(Bytes::copy_from_slice(payload)));
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
