//! What all services share: error codes and small helpers.

use http::HeaderValue;
use weft_model::Protocol;

use crate::WireFault;

/// A code that every service may answer: its names in the JSON, query and REST-XML protocols, and its status in JSON,
/// REST-JSON, query and REST-XML.
struct Code {
    name: &'static str,
    query: &'static str,
    xml: &'static str,
    statuses: [u16; 4],
}

const fn code_of(name: &'static str, query: &'static str, xml: &'static str, statuses: [u16; 4]) -> Code {
    Code { name, query, xml, statuses }
}

const CODES: &[Code] = &[
    code_of("AccessDeniedException", "AccessDenied", "AccessDenied", [400, 403, 403, 403]),
    code_of("ExpiredTokenException", "ExpiredToken", "ExpiredToken", [400, 403, 403, 400]),
    code_of(
        "IncompleteSignatureException",
        "IncompleteSignature",
        "AuthorizationHeaderMalformed",
        [400, 403, 400, 400],
    ),
    code_of("InternalFailure", "InternalFailure", "InternalError", [500, 500, 500, 500]),
    code_of(
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        [400, 403, 403, 403],
    ),
    code_of(
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
        [400, 403, 403, 403],
    ),
    code_of("NotImplemented", "NotImplemented", "NotImplemented", [501, 501, 501, 501]),
    code_of(
        "RequestEntityTooLargeException",
        "RequestEntityTooLarge",
        "EntityTooLarge",
        [413, 413, 413, 400],
    ),
    code_of("RequestExpired", "RequestExpired", "AccessDenied", [400, 400, 400, 403]),
    code_of("SerializationException", "MalformedInput", "MalformedXML", [400, 400, 400, 400]),
    code_of("ServiceUnavailableException", "ServiceUnavailable", "ServiceUnavailable", [503, 503, 503, 503]),
    code_of("ThrottlingException", "Throttling", "SlowDown", [400, 429, 400, 503]),
    code_of("UnknownOperationException", "InvalidAction", "MethodNotAllowed", [400, 404, 400, 405]),
    code_of(
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        [400, 403, 403, 403],
    ),
    code_of("ValidationException", "ValidationError", "InvalidArgument", [400, 400, 400, 400]),
];

/// The spelling and the status of a shared code, given by either of its names.
pub(crate) fn code(protocol: Protocol, name: &str) -> Option<(&'static str, u16)> {
    let code = CODES.iter().find(|code| code.name == name || code.query == name)?;
    Some(match protocol {
        Protocol::Json10 | Protocol::Json11 => (code.name, code.statuses[0]),
        Protocol::RestJson => (code.name, code.statuses[1]),
        Protocol::Query => (code.query, code.statuses[2]),
        Protocol::RestXml => (code.xml, code.statuses[3]),
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
