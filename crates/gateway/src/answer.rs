//! Answers of the gateway's own: short, with what to do next.

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use weft_net::{Body, BodyError, full};

use crate::Denied;
use crate::headers::REQUEST_ID;

/// An answer of the gateway's own.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) message: &'a str,
    /// Told to loopback only.
    pub(crate) reason: Option<&'a str>,
    pub(crate) retry_after: bool,
    pub(crate) request_id: &'a str,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(status: StatusCode, message: &'a str, request_id: &'a str) -> Self {
        Self { status, message, reason: None, retry_after: false, request_id }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut json = String::from("{\"message\":");
        push_json(&mut json, self.message);
        if let Some(reason) = self.reason {
            json.push_str(",\"reason\":");
            push_json(&mut json, reason);
        }
        json.push_str(",\"requestId\":");
        push_json(&mut json, self.request_id);
        json.push_str("}\n");
        let mut response = Response::new(full(json));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Status and message of a request whose own body failed.
pub(crate) fn of_body_error(error: &BodyError) -> (StatusCode, &'static str) {
    match error {
        BodyError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
        BodyError::Broken(_) => (StatusCode::BAD_REQUEST, "the body broke off"),
    }
}

/// Status of a request that may not use a route.
pub(crate) fn of_denied(denied: &Denied) -> StatusCode {
    match denied {
        Denied::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Denied::Forbidden(_) => StatusCode::FORBIDDEN,
        Denied::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        Denied::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Appends a JSON string.
fn push_json(json: &mut String, text: &str) {
    use std::fmt::Write as _;
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}
