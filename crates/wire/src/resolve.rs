//! Which service and which operation a request is for.

use std::borrow::Cow;

use http::request::Parts;
use weft_model::{Location, OperationSchema, Protocol, ServiceSchema};

use crate::{WireFault, bucket_of_host, uri};

/// What a request asks for.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The operation.
    pub operation: &'static OperationSchema,
    /// The path's labels, unescaped, by their names in the template. Empty but for REST.
    pub labels: Vec<(String, String)>,
}

/// Why a request is for no operation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unresolved {
    /// The published API has the operation; this build's pruned model has not.
    #[error("`{0}` is not implemented")]
    Missing(&'static str),
    /// The API has no such operation.
    #[error(transparent)]
    Unknown(WireFault),
}

impl Unresolved {
    /// The fault for the caller: `501 NotImplemented` that names the operation, or the protocol's own.
    pub fn into_fault(self, service: &ServiceSchema) -> WireFault {
        match self {
            Self::Missing(operation) => WireFault::not_implemented(service, operation),
            Self::Unknown(fault) => fault,
        }
    }
}

/// The service that a request is for: the one that its signature names (`signing_name`), else the one that `X-Amz-Target`, a
/// form's `Version` or the REST path point to.
pub fn find_service(
    services: impl IntoIterator<Item = &'static ServiceSchema>,
    parts: &Parts,
    body: &[u8],
    signing_name: Option<&str>,
) -> Option<&'static ServiceSchema> {
    let services: Vec<&'static ServiceSchema> = services.into_iter().collect();
    if let Some(name) = signing_name {
        let mut named = services.into_iter().filter(|service| service.signing_name == name).peekable();
        let first = named.peek().copied();
        // Two versions of an API may sign alike; their paths differ.
        let meant = named.find(|service| {
            service.protocol != Protocol::RestJson
                || !matches!(resolve_rest(service, parts), Err(Unresolved::Unknown(_)))
        });
        return meant.or(first);
    }
    if let Some((prefix, _)) = target(parts) {
        let is_json =
            |service: &ServiceSchema| matches!(service.protocol, Protocol::Json10 | Protocol::Json11);
        return services.into_iter().find(|service| is_json(service) && service.target_prefix == prefix);
    }
    let form = Form::read(parts, body);
    if form.action.is_some() {
        let version = form.version?;
        let is_query = |service: &ServiceSchema| service.protocol == Protocol::Query;
        return services.into_iter().find(|service| is_query(service) && service.api_version == version);
    }
    services.into_iter().find(|service| {
        service.protocol == Protocol::RestJson
            && !matches!(resolve_rest(service, parts), Err(Unresolved::Unknown(_)))
    })
}

/// The operation that a request to a service is for.
pub fn resolve(service: &'static ServiceSchema, parts: &Parts, body: &[u8]) -> Result<Resolved, Unresolved> {
    if let Some(fault) = other_protocol(parts) {
        return Err(Unresolved::Unknown(fault));
    }
    match service.protocol {
        Protocol::RestJson | Protocol::RestXml => resolve_rest(service, parts),
        Protocol::Json10 | Protocol::Json11 => {
            let name =
                target(parts).filter(|(prefix, _)| *prefix == service.target_prefix).map(|(_, name)| name);
            let unknown = || WireFault::new("UnknownOperationException", "The operation is not known.");
            named(service, name.ok_or_else(|| Unresolved::Unknown(unknown()))?, unknown)
        }
        Protocol::Query => {
            let form = Form::read(parts, body);
            let Some(action) = form.action else {
                let fault = WireFault::new("MissingAction", "The request must contain the parameter Action");
                return Err(Unresolved::Unknown(fault));
            };
            let unknown = || {
                let version = form.version.as_deref().unwrap_or("NO_VERSION_SPECIFIED");
                WireFault::new(
                    "InvalidAction",
                    format!("Could not find operation {action} for version {version}"),
                )
            };
            if form.version.as_deref() != Some(service.api_version) {
                return Err(Unresolved::Unknown(unknown()));
            }
            named(service, &action, unknown)
        }
    }
}

/// The refusal of a protocol that a client chose and that has no codec yet.
fn other_protocol(parts: &Parts) -> Option<WireFault> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(protocol) = text("smithy-protocol") {
        let protocol: String = protocol.chars().take(50).collect();
        return Some(WireFault::unsupported(&format!("The protocol {protocol}")));
    }
    let kind = text("content-type")?;
    let is_cbor = kind.starts_with("application/x-amz-cbor") || kind.starts_with("application/cbor");
    is_cbor.then(|| WireFault::unsupported("The protocol CBOR"))
}

fn named(
    service: &'static ServiceSchema,
    name: &str,
    unknown: impl Fn() -> WireFault,
) -> Result<Resolved, Unresolved> {
    if let Some(operation) = service.operation(name) {
        return Ok(Resolved { operation, labels: Vec::new() });
    }
    Err(service.missing(name).map_or_else(|| Unresolved::Unknown(unknown()), Unresolved::Missing))
}

fn resolve_rest(service: &'static ServiceSchema, parts: &Parts) -> Result<Resolved, Unresolved> {
    let is_xml = service.protocol == Protocol::RestXml;
    let path = if is_xml { path_with_bucket(parts) } else { Cow::Borrowed(parts.uri.path()) };
    let query = parts.uri.query().unwrap_or("");
    let matching = |method: &str, template: &str| {
        let (wanted_path, wanted_query) = uri::split_template(template);
        if method != parts.method.as_str() || !uri::match_query(wanted_query, query) {
            return None;
        }
        uri::match_path(wanted_path, &path)
    };
    let found = service.operations.iter().filter_map(|operation| {
        let labels = matching(operation.method, operation.uri)?;
        let needs = if is_xml { needs(operation, parts)? } else { 0 };
        Some(((rank(operation.uri), needs), Resolved { operation, labels }))
    });
    let found = found.max_by_key(|(rank, _)| *rank);
    let missing = service.missing.iter().filter(|(_, method, uri)| matching(method, uri).is_some());
    let missing = missing.map(|(name, _, uri)| (rank(uri), *name)).max_by_key(|(rank, _)| *rank);
    match (found, missing) {
        (Some(((rank, _), _)), Some((better, name))) if better > rank => Err(Unresolved::Missing(name)),
        (Some((_, resolved)), _) => Ok(resolved),
        (None, Some((_, name))) => Err(Unresolved::Missing(name)),
        (None, None) if is_xml => {
            let message = "The specified method is not allowed against this resource.";
            Err(Unresolved::Unknown(WireFault::new("UnknownOperationException", message)))
        }
        (None, None) => {
            let message = format!("Unable to determine the operation for {} {path}", parts.method);
            Err(Unresolved::Unknown(WireFault::new("UnknownOperationException", message)))
        }
    }
}

/// The path of a request to S3 as if its bucket always stood in it.
pub(crate) fn path_with_bucket(parts: &Parts) -> Cow<'_, str> {
    let path = parts.uri.path();
    let host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(http::uri::Authority::as_str).or(host);
    match host.and_then(bucket_of_host) {
        Some(bucket) => Cow::Owned(format!("/{bucket}{path}")),
        None => Cow::Borrowed(path),
    }
}

/// How many members of query and head an operation needs; `None` where the request lacks one. Operations of S3 that share method and
/// path are told apart by these: `CopyObject` has `x-amz-copy-source`, `UploadPart` has `uploadId`. One with a query of
/// its own is meant even where something is missing.
fn needs(operation: &OperationSchema, parts: &Parts) -> Option<usize> {
    if operation.uri.contains('?') {
        return Some(0);
    }
    let query = parts.uri.query().unwrap_or("");
    let members = operation.input.members.iter().filter(|member| member.required);
    let mut needed = 0;
    for member in members {
        let there = match member.location {
            Location::Query => uri::pairs(query).any(|(name, _)| name == member.wire_name),
            Location::Header => parts.headers.contains_key(member.wire_name),
            _ => continue,
        };
        if !there {
            return None;
        }
        needed += 1;
    }
    Some(needed)
}

/// How specific a template is: more fixed segments first, then no greedy label, then a fixed query.
fn rank(template: &str) -> (usize, bool, bool) {
    let (path, query) = uri::split_template(template);
    let fixed = path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{')).count();
    (fixed, !path.contains("+}"), !query.is_empty())
}

/// The two halves of `X-Amz-Target`.
fn target(parts: &Parts) -> Option<(&str, &str)> {
    parts.headers.get("x-amz-target")?.to_str().ok()?.rsplit_once('.')
}

/// What a query request says about its operation, in query string or body.
struct Form {
    action: Option<String>,
    version: Option<String>,
}

impl Form {
    fn read(parts: &Parts, body: &[u8]) -> Self {
        let query = parts.uri.query().unwrap_or("");
        let kind = parts.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = if is_form { std::str::from_utf8(body).unwrap_or("") } else { "" };
        let mut form = Self { action: None, version: None };
        for (name, text) in uri::pairs(query).chain(uri::pairs(body)) {
            match name.as_str() {
                "Action" if form.action.is_none() => form.action = Some(text),
                "Version" if form.version.is_none() => form.version = Some(text),
                _ => {}
            }
            if form.action.is_some() && form.version.is_some() {
                break;
            }
        }
        form
    }
}
