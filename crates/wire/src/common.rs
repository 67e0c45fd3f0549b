//! What all services share: error codes and small helpers.

use http::HeaderValue;
use weft_model::Protocol;

use crate::WireFault;

/// A code that every service may answer: its names in the JSON and in the query protocols, and its status in JSON, REST-JSON
/// and query.
struct Code {
    name: &'static str,
    query: &'static str,
    statuses: [u16; 3],
}

const fn code_of(name: &'static str, query: &'static str, statuses: [u16; 3]) -> Code {
    Code { name, query, statuses }
}

const CODES: &[Code] = &[
    code_of("AccessDeniedException", "AccessDenied", [400, 403, 403]),
    code_of("ExpiredTokenException", "ExpiredToken", [400, 403, 403]),
    code_of("IncompleteSignatureException", "IncompleteSignature", [400, 403, 400]),
    code_of("InternalFailure", "InternalFailure", [500, 500, 500]),
    code_of("InvalidSignatureException", "SignatureDoesNotMatch", [400, 403, 403]),
    code_of("MissingAuthenticationTokenException", "MissingAuthenticationToken", [400, 403, 403]),
    code_of("NotImplemented", "NotImplemented", [501, 501, 501]),
    code_of("RequestEntityTooLargeException", "RequestEntityTooLarge", [413, 413, 413]),
    code_of("RequestExpired", "RequestExpired", [400, 400, 400]),
    code_of("SerializationException", "MalformedInput", [400, 400, 400]),
    code_of("ServiceUnavailableException", "ServiceUnavailable", [503, 503, 503]),
    code_of("ThrottlingException", "Throttling", [400, 429, 400]),
    code_of("UnknownOperationException", "InvalidAction", [400, 404, 400]),
    code_of("UnrecognizedClientException", "InvalidClientTokenId", [400, 403, 403]),
    code_of("ValidationException", "ValidationError", [400, 400, 400]),
];

/// The spelling and the status of a shared code, given by either of its names.
pub(crate) fn code(protocol: Protocol, name: &str) -> Option<(&'static str, u16)> {
    let code = CODES.iter().find(|code| code.name == name || code.query == name)?;
    Some(match protocol {
        Protocol::Json10 | Protocol::Json11 => (code.name, code.statuses[0]),
        Protocol::RestJson => (code.name, code.statuses[1]),
        Protocol::Query | Protocol::RestXml => (code.query, code.statuses[2]),
    })
}

/// A header's value from text that may hold anything.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, WireFault> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        WireFault::serialization("A value for an HTTP header holds characters that headers cannot carry")
    })
}

/// A header's value as text.
pub(crate) fn header_text(value: &HeaderValue) -> Result<&str, WireFault> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| WireFault::serialization("A header is not valid UTF-8"))
}

/// The path of a member in AWS's messages: the name with its first letter small.
pub(crate) fn small_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
