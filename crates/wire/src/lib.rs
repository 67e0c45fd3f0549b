//! The AWS protocols and SigV4: one codec per protocol, walking schemas.
//!
//! **Serving.** [`find_service`] says whose request it is, [`resolve()`] which operation, [`decode`] reads the input and
//! checks it against the model ([`validate()`]: every error collected, in AWS's words), [`encode`] and [`encode_error`]
//! write the answers. [`sigv4::parse_authorization`] and [`sigv4::Authorization::check`] say whether a request is who it
//! claims to be; an [`sigv4::AuthFault`] becomes a [`WireFault`] in the protocol's own code, words and status.
//!
//! **Calling.** [`encode_request`] and [`decode_response`] are the other direction, for the command line and for tests;
//! [`sigv4::sign()`] signs.
//!
//! Invariants: no input makes a decoder panic, recurse without bound or allocate more than a small multiple of the
//! body ([`VALUES_MAX`]); what `decode` returns satisfies its schema; what one direction writes the other reads.
//!
//! The crate is pure: the clock is an argument, bodies are whole. It does not know what an operation does, who has which
//! key, or where a request came from. Protocols without a codec yet (CBOR) are
//! refused by [`WireFault::unsupported`].

mod common;
mod eventstream;
mod fault;
mod form;
mod host;
mod json;
mod query;
mod resolve;
mod rest;
mod restxml;
mod scalar;
pub mod sigv4;
mod uri;
mod validate;
mod xml;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, request, response};
use weft_model::{OperationSchema, Protocol, ServiceSchema, Value};

pub use eventstream::{
    EVENT_STREAM, EventMessage, EventReader, MESSAGE_BYTES_MAX, encode_event, encode_initial_response,
    encode_stream_error,
};
pub use fault::{ServiceFault, WireFault};
pub use host::bucket_of_host;
pub use resolve::{Resolved, Unresolved, find_service, resolve};
pub use validate::validate;

/// The most values that one request may hold, each member of each structure counted: bounds the memory of what is
/// decoded, and is far above what any operation takes (`PutLogEvents`: 10 000 events).
pub const VALUES_MAX: usize = 500_000;

/// The header that carries the request's id in every protocol but REST-XML.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The headers that carry the request's id in REST-XML.
const XML_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const XML_HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// Reads an operation's input and checks it against its schema.
///
/// `resolved` is what [`resolve()`] said about the same request. A payload member shares the body's memory.
pub fn decode(
    service: &ServiceSchema,
    resolved: &Resolved,
    parts: &request::Parts,
    body: &Bytes,
) -> Result<Value, WireFault> {
    let schema = resolved.operation.input;
    let value = match service.protocol {
        Protocol::RestJson | Protocol::RestXml => rest::read_request(
            rest::Documents::of(service),
            resolved.operation,
            &resolved.labels,
            parts,
            body,
        )?,
        Protocol::Json10 | Protocol::Json11 => json::read_document(schema, body)?,
        Protocol::Query => query::read_request(schema, parts, body)?,
    };
    validate(schema, &value).map_err(|message| WireFault::new("ValidationException", message))?;
    Ok(value)
}

/// Writes an operation's output. `value` is a structure of `operation.output`.
pub fn encode(
    service: &ServiceSchema,
    operation: &OperationSchema,
    value: &Value,
    request_id: &str,
) -> Result<Response<Bytes>, WireFault> {
    let mut response = match service.protocol {
        Protocol::RestJson | Protocol::RestXml => rest::write_response(service, operation, value)?,
        Protocol::Json10 | Protocol::Json11 => {
            let body = if operation.output.name == "Unit" {
                Bytes::new()
            } else {
                json::write_document(operation.output, value)?
            };
            with_content_type(Response::new(body), json_content_type(service.protocol))
        }
        Protocol::Query => {
            let body = query::write_response(service, operation, value, request_id);
            with_content_type(Response::new(body), "text/xml")
        }
    };
    add_request_id(&mut response, service.protocol, request_id);
    Ok(response)
}

/// Writes an error in the protocol's shape. The code's spelling and the status come from the service's schema, then from the
/// codes that all services share; a status set in the fault wins.
pub fn encode_error(service: &ServiceSchema, fault: &WireFault, request_id: &str) -> Response<Bytes> {
    let error = fault::Spelled::new(service, fault);
    let mut response = match service.protocol {
        Protocol::RestJson => rest::write_error(&error),
        Protocol::Json10 | Protocol::Json11 => {
            let body = json::write_error(&error, true);
            with_content_type(Response::new(body), json_content_type(service.protocol))
        }
        Protocol::Query => {
            let body = query::write_error(service, &error, request_id);
            with_content_type(Response::new(body), "text/xml")
        }
        Protocol::RestXml => restxml::write_error(&error, request_id),
    };
    *response.status_mut() = error.status;
    add_request_id(&mut response, service.protocol, request_id);
    response
}

/// Writes a request for an operation, unsigned. `endpoint` gives scheme, authority and, where it has one, a path that the
/// request's path is added to.
pub fn encode_request(
    service: &ServiceSchema,
    operation: &OperationSchema,
    value: &Value,
    endpoint: &http::Uri,
) -> Result<Request<Bytes>, WireFault> {
    match service.protocol {
        Protocol::RestJson | Protocol::RestXml => {
            rest::write_request(rest::Documents::of(service), operation, value, endpoint)
        }
        Protocol::Json10 | Protocol::Json11 => {
            let body = json::write_document(operation.input, value)?;
            let mut request = uri::request("POST", endpoint, "/", "", body)?;
            let target = format!("{}.{}", service.target_prefix, operation.name);
            let headers = request.headers_mut();
            headers.insert("x-amz-target", common::header_value(&target)?);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(json_content_type(service.protocol)));
            Ok(request)
        }
        Protocol::Query => {
            let body = query::write_request(service, operation, value);
            let mut request = uri::request("POST", endpoint, "/", "", body)?;
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
            request.headers_mut().insert(CONTENT_TYPE, kind);
            Ok(request)
        }
    }
}

/// Reads the answer to an operation: its output, or the error that the service gave. An answer that is neither is a fault with
/// the code `MalformedResponse`.
pub fn decode_response(
    service: &ServiceSchema,
    operation: &OperationSchema,
    parts: &response::Parts,
    body: &Bytes,
) -> Result<Value, ServiceFault> {
    if !parts.status.is_success() {
        return Err(match service.protocol {
            Protocol::Query => query::read_error(parts, body),
            Protocol::RestXml => restxml::read_error(parts, body),
            _ => json::read_error(parts, body),
        });
    }
    let value = match service.protocol {
        Protocol::RestJson | Protocol::RestXml => {
            rest::read_response(rest::Documents::of(service), operation, parts, body)
        }
        Protocol::Json10 | Protocol::Json11 => json::read_document(operation.output, body),
        Protocol::Query => query::read_response(operation, body),
    };
    value.map_err(|fault| ServiceFault::malformed(parts, fault.message))
}

fn json_content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        _ => "application/json",
    }
}

fn with_content_type(mut response: Response<Bytes>, kind: &'static str) -> Response<Bytes> {
    if !response.body().is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

fn add_request_id(response: &mut Response<Bytes>, protocol: Protocol, request_id: &str) {
    let Ok(value) = HeaderValue::from_str(request_id) else { return };
    if protocol == Protocol::RestXml {
        response.headers_mut().insert(XML_HOST_ID, value.clone());
        response.headers_mut().insert(XML_REQUEST_ID, value);
    } else {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}
