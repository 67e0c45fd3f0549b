//! What the API answers: events, acknowledgements and errors.

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use weft_net::{Body, full};

use super::machine::{Call, Phase};
use crate::frames::{Invoke, RESPONSE_BYTES_MAX};

/// An event with what the runtime is told about it; what is empty is left out.
pub(super) fn event<'a>(invoke: &'a Invoke) -> Response<Body> {
    let deadline = invoke.deadline_ms.to_string();
    let event = &invoke.invocation;
    let optional = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
    let mut response = Response::new(full(event.payload.clone()));
    let headers = response.headers_mut();
    // Without a content type the official Python and Node.js clients crash.
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &*event.request_id),
        ("lambda-runtime-deadline-ms", &*deadline),
        ("lambda-runtime-invoked-function-arn", event.invoked_arn.as_str()),
        ("lambda-runtime-trace-id", optional(&event.trace_id)),
        ("lambda-runtime-client-context", optional(&event.client_context)),
        ("lambda-runtime-cognito-identity", optional(&event.cognito_identity)),
        ("lambda-runtime-aws-tenant-id", optional(&event.tenant_id)),
    ] {
        // Line breaks between JSON's tokens may come; in its texts they are escaped.
        let value = value.replace(['\r', '\n'], " ");
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    }
    response
}

/// A header's text, where it is there and is text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// 202.
pub(super) fn accepted() -> Response<Body> {
    json(StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n".to_owned())
}

/// 413.
pub(super) fn too_large() -> Response<Body> {
    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
    problem(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

/// 400: the body broke off.
pub(super) fn truncated() -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "HTTP request detected as truncated")
}

/// 400: neither whole nor streamed.
pub(super) fn invalid_mode() -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode", "Invalid function response mode")
}

/// 400: an event that the runtime does not have.
pub(super) fn invalid_id() -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

/// 403: not now.
pub(super) fn invalid_state(phase: Phase, call: Call) -> Response<Body> {
    let (from, to) = (phase.name(), call.target().name());
    let message = format!(
        "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
    );
    problem(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
}

/// 403: what a snapshot would be restored with.
pub(super) fn no_snapshots() -> Response<Body> {
    let message = "SnapStart is not there: this environment was not made from a snapshot";
    problem(StatusCode::FORBIDDEN, "InvalidStateTransition", message)
}

/// 404.
pub(super) fn unknown(path: &str) -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "NotFound", &format!("the Runtime API has no `{path}`"))
}

/// An error as all of these APIs give it.
pub(super) fn problem(status: StatusCode, error_type: &str, message: &str) -> Response<Body> {
    json(status, serde_json::json!({ "errorMessage": message, "errorType": error_type }).to_string())
}

/// JSON text.
pub(super) fn json(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
