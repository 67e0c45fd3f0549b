//! Answers to requests for services that are not here, in the protocol that the request seems to speak.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use weft_model::{Protocol, ServiceSchema};
use weft_wire::WireFault;

const fn nameless(protocol: Protocol) -> ServiceSchema {
    ServiceSchema {
        id: "",
        signing_name: "",
        action_prefix: "",
        protocol,
        api_version: "",
        target_prefix: "",
        full_name: "",
        xml_namespace: "",
        operations: &[],
        missing: &[],
        errors: &[],
    }
}

static REST_JSON: ServiceSchema = nameless(Protocol::RestJson);
static JSON: ServiceSchema = nameless(Protocol::Json11);
static QUERY: ServiceSchema = nameless(Protocol::Query);

/// How to say that the service of a request is not here. `signing_name` is what the signature names, where there is one.
pub(super) fn schema_for_unknown(
    parts: &Parts,
    signing_name: Option<&str>,
) -> (&'static ServiceSchema, WireFault) {
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let schema = if parts.headers.contains_key("x-amz-target") {
        &JSON
    } else if kind.starts_with(b"application/x-www-form-urlencoded") {
        &QUERY
    } else {
        &REST_JSON
    };
    let Some(name) = signing_name else {
        let message = "Request is missing Authentication Token";
        return (schema, WireFault::new("MissingAuthenticationTokenException", message));
    };
    let name: String = name.chars().take(64).collect();
    let message = format!("The service {name} is not implemented by this version of Weft.");
    let fault = WireFault { status: Some(501), ..WireFault::new("NotImplemented", message) };
    (schema, fault)
}
