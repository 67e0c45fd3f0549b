//! Errors on their way to and from the wire.

use std::borrow::Cow;

use http::{StatusCode, response};
use weft_model::{ErrorSchema, ServiceSchema, Value};

use crate::common;

/// An error that a caller will see.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WireFault {
    /// An error shape's name or wire code (`ResourceNotFoundException`), or one that all services share, by its name in
    /// the JSON protocols (`AccessDeniedException`): the query protocol's spelling (`AccessDenied`) is found.
    pub code: Cow<'static, str>,
    /// The message for the caller.
    pub message: String,
    /// The HTTP status; `None` for the schema's or the code's usual one.
    pub status: Option<u16>,
    /// Members of the error's shape beside the message, by their names in the model.
    pub members: Vec<(Cow<'static, str>, Value)>,
}

impl WireFault {
    /// A fault with its code's usual status and no further members.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: None, members: Vec::new() }
    }

    /// The fault for an operation of the published model that has no code.
    pub fn not_implemented(service: &ServiceSchema, operation: &str) -> Self {
        let message = format!(
            "{} ({}) is not implemented by this version of Weft.",
            operation,
            if service.full_name.is_empty() { service.signing_name } else { service.full_name }
        );
        Self { status: Some(501), ..Self::new("NotImplemented", message) }
    }

    /// The fault for a protocol, or a part of one, that has no codec.
    pub fn unsupported(what: &str) -> Self {
        let message = format!("{what} is not supported by this version of Weft.");
        Self { status: Some(501), ..Self::new("NotImplemented", message) }
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }
}

/// An error that a service answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceFault {
    /// The code: `ResourceNotFoundException`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The request's id, empty where the answer had none.
    pub request_id: String,
}

impl ServiceFault {
    pub(crate) fn new(parts: &response::Parts, code: String, message: String) -> Self {
        let id = parts.headers.get(crate::REQUEST_ID).or_else(|| parts.headers.get(crate::XML_REQUEST_ID));
        let id = id.and_then(|id| id.to_str().ok());
        Self { code, message, status: parts.status, request_id: id.unwrap_or_default().to_owned() }
    }

    pub(crate) fn malformed(parts: &response::Parts, message: String) -> Self {
        Self::new(parts, "MalformedResponse".to_owned(), message)
    }
}

/// A fault in a service's own spelling.
pub(crate) struct Spelled<'a> {
    pub(crate) code: Cow<'a, str>,
    pub(crate) status: StatusCode,
    pub(crate) fault: &'a WireFault,
    pub(crate) schema: Option<&'static ErrorSchema>,
}

impl<'a> Spelled<'a> {
    pub(crate) fn new(service: &ServiceSchema, fault: &'a WireFault) -> Self {
        let schema = service.error(&fault.code);
        let shared = common::code(service.protocol, &fault.code);
        let (code, usual) = match (schema, shared) {
            (Some(schema), _) => (Cow::Borrowed(schema.code), schema.status),
            (None, Some((code, status))) => (Cow::Borrowed(code), status),
            (None, None) => (Cow::Borrowed(&*fault.code), 400),
        };
        let status = StatusCode::from_u16(fault.status.unwrap_or(usual));
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { code, status, fault, schema }
    }

    /// The message's member: its name on the wire.
    pub(crate) fn message_name(&self) -> &'static str {
        let members = self.schema.map_or(&[][..], |schema| schema.schema.members);
        let found = members.iter().find(|member| member.name.eq_ignore_ascii_case("message"));
        found.map_or("message", |member| member.wire_name)
    }

    /// Whether the caller is to blame.
    pub(crate) fn is_senders(&self) -> bool {
        !self.status.is_server_error()
    }
}
