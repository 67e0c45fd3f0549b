//! REST: members in path, query, headers, status and body. What the body's document is, JSON or XML, is the protocol's.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri, request, response};
use weft_model::{Location, Member, OperationSchema, Protocol, Schema, ServiceSchema, Type, Value};

use crate::common::{header_text, header_value};
use crate::fault::Spelled;
use crate::{WireFault, json, restxml, scalar, uri};

/// How a body's document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Documents {
    /// As JSON.
    Json,
    /// As XML with this namespace.
    Xml(&'static str),
}

impl Documents {
    pub(crate) fn of(service: &ServiceSchema) -> Self {
        match service.protocol {
            Protocol::RestXml => Self::Xml(service.xml_namespace),
            _ => Self::Json,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml(_) => "application/xml",
        }
    }

    /// Reads a document; `root` is its element's name where it matters.
    fn read(self, schema: &Schema, root: &str, body: &Bytes) -> Result<Value, WireFault> {
        match self {
            Self::Json => json::read_document(schema, body),
            Self::Xml(_) => restxml::read_document(schema, root, body),
        }
    }

    fn write(self, schema: &Schema, root: &str, value: &Value) -> Result<Bytes, WireFault> {
        match self {
            Self::Json => json::write_document(schema, value),
            Self::Xml(namespace) => Ok(restxml::write_document(schema, root, namespace, value)),
        }
    }
}

/// Reads a request's members from where each travels.
pub(crate) fn read_request(
    documents: Documents,
    operation: &OperationSchema,
    labels: &[(String, String)],
    parts: &request::Parts,
    body: &Bytes,
) -> Result<Value, WireFault> {
    let schema = operation.input;
    let mut places = read_body(documents, schema, "", body)?;
    // What only says which operation it is belongs to no member.
    let (_, fixed) = uri::split_template(operation.uri);
    let is_fixed = |name: &str| uri::pairs(fixed).any(|(known, _)| known == name);
    let given = uri::pairs(parts.uri.query().unwrap_or(""));
    let query: Vec<(String, String)> = given.filter(|(name, _)| !is_fixed(name)).collect();
    for (member, place) in schema.members.iter().zip(&mut places) {
        match member.location {
            Location::Path => {
                let label = labels.iter().find(|(name, _)| name == member.wire_name);
                *place = label.map(|(_, text)| scalar::read(&member.shape, text)).transpose()?;
            }
            Location::Query => *place = read_query(schema, member, &query)?,
            Location::Header => *place = read_header(member, &parts.headers)?,
            Location::Headers => *place = read_prefix_headers(member, &parts.headers)?,
            Location::Body | Location::Status | Location::EventPayload => {}
        }
    }
    Ok(Value::Struct(places))
}

/// Reads an answer's members from where each travels.
pub(crate) fn read_response(
    documents: Documents,
    operation: &OperationSchema,
    parts: &response::Parts,
    body: &Bytes,
) -> Result<Value, WireFault> {
    let schema = operation.output;
    let mut places = read_body(documents, schema, operation.result_wrapper, body)?;
    for (member, place) in schema.members.iter().zip(&mut places) {
        match member.location {
            Location::Status => *place = Some(Value::Integer(i64::from(parts.status.as_u16()))),
            Location::Header => *place = read_header(member, &parts.headers)?,
            Location::Headers => *place = read_prefix_headers(member, &parts.headers)?,
            Location::Body | Location::Path | Location::Query | Location::EventPayload => {}
        }
    }
    Ok(Value::Struct(places))
}

/// Writes an answer.
pub(crate) fn write_response(
    service: &ServiceSchema,
    operation: &OperationSchema,
    value: &Value,
) -> Result<Response<Bytes>, WireFault> {
    let (schema, documents) = (operation.output, Documents::of(service));
    let body = write_body(documents, schema, operation.result_wrapper, value)?;
    let mut response = Response::new(body);
    let mut status = operation.status;
    for (member, value) in present(schema, value) {
        if let (Location::Status, Value::Integer(number)) = (member.location, value) {
            status = u16::try_from(*number).unwrap_or(status);
        }
    }
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    write_headers(schema, value, response.headers_mut())?;
    // A part of what was asked for says so.
    if service.protocol == Protocol::RestXml && response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if !response.body().is_empty() && !response.headers().contains_key(CONTENT_TYPE) {
        let is_raw = payload(schema).is_some_and(|member| matches!(member.shape, Type::Blob));
        // What a function answers is JSON, and Lambda says so; other raw payloads are plain bytes.
        let kind = if is_raw && service.signing_name != "lambda" {
            "application/octet-stream"
        } else {
            documents.content_type()
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Ok(response)
}

/// Writes an error: its code in a header, its members in headers and body.
pub(crate) fn write_error(error: &Spelled<'_>) -> Response<Bytes> {
    let mut response = Response::new(json::write_error(error, false));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(code) = header_value(&error.code) {
        headers.insert("x-amzn-errortype", code);
    }
    let members = error.schema.map_or(&[][..], |schema| schema.schema.members);
    for (name, value) in &error.fault.members {
        let member = members.iter().find(|member| member.name == name);
        if let Some(member) = member.filter(|member| member.location == Location::Header)
            && let Ok(name) = HeaderName::from_bytes(member.wire_name.as_bytes())
            && let Ok(text) = header_value(&scalar::write(&member.shape, value))
        {
            headers.insert(name, text);
        }
    }
    response
}

/// Writes a request.
pub(crate) fn write_request(
    documents: Documents,
    operation: &OperationSchema,
    value: &Value,
    endpoint: &Uri,
) -> Result<Request<Bytes>, WireFault> {
    let schema = operation.input;
    let (template, fixed) = uri::split_template(operation.uri);
    let path = uri::fill_path(template, |name| {
        let (member, value) = present(schema, value)
            .find(|(member, _)| member.location == Location::Path && member.wire_name == name)?;
        Some(scalar::write(&member.shape, value))
    })?;
    let mut query: Vec<String> = (!fixed.is_empty()).then(|| fixed.to_owned()).into_iter().collect();
    for (member, value) in present(schema, value).filter(|(member, _)| member.location == Location::Query) {
        write_query(member, value, &mut query);
    }
    let body = write_body(documents, schema, "", value)?;
    let mut request = uri::request(operation.method, endpoint, &path, &query.join("&"), body)?;
    write_headers(schema, value, request.headers_mut())?;
    if !request.body().is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
        let is_raw = payload(schema).is_some_and(|member| matches!(member.shape, Type::Blob));
        let kind = if is_raw { "application/octet-stream" } else { documents.content_type() };
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Ok(request)
}

fn payload(schema: &Schema) -> Option<&'static Member> {
    schema.payload.and_then(|index| schema.members.get(index))
}

/// The members that a value has.
fn present<'a>(schema: &'a Schema, value: &'a Value) -> impl Iterator<Item = (&'a Member, &'a Value)> {
    let places = match value {
        Value::Struct(places) => places.as_slice(),
        _ => &[],
    };
    schema.members.iter().zip(places).filter_map(|(member, place)| Some((member, place.as_ref()?)))
}

/// The places of a structure, with what the body says. `root` is the name of the element of a document that is no payload.
fn read_body(
    documents: Documents,
    schema: &Schema,
    root: &str,
    body: &Bytes,
) -> Result<Vec<Option<Value>>, WireFault> {
    let mut places = vec![None; schema.members.len()];
    if let Some((index, member)) = schema.payload.and_then(|index| Some((index, schema.members.get(index)?)))
    {
        places[index] = match &member.shape {
            _ if body.is_empty() => None,
            Type::Blob => Some(Value::Blob(body.clone())),
            Type::Text => {
                let text = std::str::from_utf8(body)
                    .map_err(|_| WireFault::serialization("The body is not UTF-8"))?;
                Some(Value::Text(text.to_owned()))
            }
            Type::Struct(schema) => Some(documents.read(schema(), member.wire_name, body)?),
            _ => return Err(WireFault::unsupported("A payload that is neither a structure nor bytes")),
        };
        return Ok(places);
    }
    if !schema.members.iter().any(|member| member.location == Location::Body) {
        return Ok(places);
    }
    match documents.read(schema, root, body)? {
        Value::Struct(places) => Ok(places),
        _ => Ok(places),
    }
}

fn write_body(documents: Documents, schema: &Schema, root: &str, value: &Value) -> Result<Bytes, WireFault> {
    if let Some(member) = payload(schema) {
        let found = present(schema, value).find(|(found, _)| std::ptr::eq(*found, member));
        return match found {
            Some((_, Value::Blob(bytes))) => Ok(bytes.clone()),
            Some((_, Value::Text(text))) => Ok(Bytes::copy_from_slice(text.as_bytes())),
            Some((Member { shape: Type::Struct(schema), wire_name, .. }, value)) => {
                documents.write(schema(), wire_name, value)
            }
            _ => Ok(Bytes::new()),
        };
    }
    if schema.members.iter().any(|member| member.location == Location::Body) {
        documents.write(schema, root, value)
    } else {
        Ok(Bytes::new())
    }
}

fn read_query(
    schema: &Schema,
    member: &Member,
    query: &[(String, String)],
) -> Result<Option<Value>, WireFault> {
    let mut texts = query.iter().filter(|(name, _)| name == member.wire_name).map(|(_, text)| text);
    match &member.shape {
        Type::List { element, .. } => {
            let items = texts.map(|text| scalar::read(element, text)).collect::<Result<Vec<_>, _>>()?;
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        // A map takes every parameter that no other member claims.
        Type::Map { value, .. } => {
            let claimed = |name: &str| {
                schema
                    .members
                    .iter()
                    .any(|other| other.location == Location::Query && other.wire_name == name)
            };
            let mut entries: Vec<(String, Value)> = Vec::new();
            for (name, text) in query.iter().filter(|(name, _)| !claimed(name)) {
                match value {
                    Type::List { element, .. } => {
                        let item = scalar::read(element, text)?;
                        match entries.iter_mut().find(|(seen, _)| seen == name) {
                            Some((_, Value::List(items))) => items.push(item),
                            _ => entries.push((name.clone(), Value::List(vec![item]))),
                        }
                    }
                    value => entries.push((name.clone(), scalar::read(value, text)?)),
                }
            }
            Ok((!entries.is_empty()).then_some(Value::Map(entries)))
        }
        shape => texts.next().map(|text| scalar::read(shape, text)).transpose(),
    }
}

fn write_query(member: &Member, value: &Value, query: &mut Vec<String>) {
    let mut push =
        |name: &str, text: &str| query.push(format!("{}={}", uri::escape(name), uri::escape(text)));
    match (value, &member.shape) {
        (Value::List(items), Type::List { element, .. }) => {
            for item in items {
                push(member.wire_name, &scalar::write(element, item));
            }
        }
        (Value::Map(entries), Type::Map { value: kind, .. }) => {
            for (name, value) in entries {
                match (value, kind) {
                    (Value::List(items), Type::List { element, .. }) => {
                        for item in items {
                            push(name, &scalar::write(element, item));
                        }
                    }
                    _ => push(name, &scalar::write(kind, value)),
                }
            }
        }
        (value, shape) => push(member.wire_name, &scalar::write(shape, value)),
    }
}

fn read_header(member: &Member, headers: &HeaderMap) -> Result<Option<Value>, WireFault> {
    let Some(header) = headers.get(member.wire_name) else { return Ok(None) };
    let text = header_text(header)?.trim();
    match &member.shape {
        Type::List { element, .. } => {
            let items = text.split(',').map(|item| scalar::read(element, item.trim()));
            Ok(Some(Value::List(items.collect::<Result<_, _>>()?)))
        }
        shape => scalar::read(shape, text).map(Some),
    }
}

fn read_prefix_headers(member: &Member, headers: &HeaderMap) -> Result<Option<Value>, WireFault> {
    let Type::Map { value, .. } = &member.shape else { return Ok(None) };
    let prefix = member.wire_name.to_ascii_lowercase();
    let mut entries = Vec::new();
    for (name, header) in headers {
        if let Some(name) = name.as_str().strip_prefix(&prefix) {
            entries.push((name.to_owned(), scalar::read(value, header_text(header)?)?));
        }
    }
    Ok((!entries.is_empty()).then_some(Value::Map(entries)))
}

fn write_headers(schema: &Schema, value: &Value, headers: &mut HeaderMap) -> Result<(), WireFault> {
    let name_of = |text: &str| {
        HeaderName::from_bytes(text.as_bytes())
            .map_err(|_| WireFault::serialization(format!("`{text}` is not a name for a header")))
    };
    for (member, value) in present(schema, value) {
        match (member.location, value, &member.shape) {
            (Location::Header, Value::List(items), Type::List { element, .. }) => {
                let texts: Vec<String> = items.iter().map(|item| scalar::write(element, item)).collect();
                headers.insert(name_of(member.wire_name)?, header_value(&texts.join(","))?);
            }
            (Location::Header, value, shape) => {
                headers.insert(name_of(member.wire_name)?, header_value(&scalar::write(shape, value))?);
            }
            (Location::Headers, Value::Map(entries), Type::Map { value: kind, .. }) => {
                for (name, value) in entries {
                    let name = name_of(&format!("{}{name}", member.wire_name))?;
                    headers.insert(name, header_value(&scalar::write(kind, value))?);
                }
            }
            _ => {}
        }
    }
    Ok(())
}
