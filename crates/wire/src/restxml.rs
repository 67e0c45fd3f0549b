//! REST-XML: the documents and errors that S3 speaks. Where members travel is [`crate::rest`]'s.
//!
//! Source: <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>, and for errors without a wrapper
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, response};
use weft_model::{Location, Member, Schema, Value};

use crate::fault::Spelled;
use crate::xml::{Element, Writer, read_struct, write_struct};
use crate::{ServiceFault, WireFault, scalar};

/// Reads a document into a structure. Where `root` is not empty, its element has to have this name.
pub(crate) fn read_document(schema: &Schema, root: &str, body: &Bytes) -> Result<Value, WireFault> {
    if body.is_empty() {
        return Ok(Value::Struct(vec![None; schema.members.len()]));
    }
    let element = Element::read(body).map_err(WireFault::serialization)?;
    if !root.is_empty() && element.name != root {
        return Err(WireFault::serialization(MALFORMED));
    }
    if let Some(own) = whole(schema, root) {
        let read = |member: &Member| {
            let is_own = std::ptr::eq(member, own) && !element.text.is_empty();
            is_own.then(|| scalar::read(&member.shape, &element.text)).transpose()
        };
        return Ok(Value::Struct(schema.members.iter().map(read).collect::<Result<_, _>>()?));
    }
    read_struct(schema, &element)
}

/// Writes a structure as a document whose element is called `root`.
pub(crate) fn write_document(schema: &Schema, root: &str, namespace: &str, value: &Value) -> Bytes {
    let root = if root.is_empty() { schema.name } else { root };
    let mut writer = Writer::new();
    writer.millis = true;
    writer.declare();
    writer.open_with(root, "xmlns", namespace);
    match (whole(schema, root), value) {
        (Some(own), Value::Struct(places)) => {
            let mut places = schema.members.iter().zip(places);
            let place =
                places.find(|(member, _)| std::ptr::eq(*member, own)).and_then(|(_, place)| place.as_ref());
            writer.text(&place.map(|value| scalar::write(&own.shape, value)).unwrap_or_default());
        }
        _ => write_struct(&mut writer, schema, value),
    }
    writer.close(root);
    writer.finish()
}

/// What is said of a document that is XML, but not the one that is asked for.
const MALFORMED: &str =
    "The XML you provided was not well-formed or did not validate against our published schema";

/// The member whose text is all that a document has: the only one in the body, and called like its element.
fn whole(schema: &Schema, root: &str) -> Option<&'static Member> {
    let mut inside = schema.members.iter().filter(|member| member.location == Location::Body);
    let own = inside.next().filter(|member| member.wire_name == root)?;
    inside.next().is_none().then_some(own)
}

/// Writes an error: its code, its message, what else it tells, and the request's id.
pub(crate) fn write_error(error: &Spelled<'_>, request_id: &str) -> Response<Bytes> {
    let mut writer = Writer::new();
    writer.declare();
    writer.open("Error");
    writer.leaf("Code", &error.code);
    writer.leaf("Message", &error.fault.message);
    let mut response = Response::new(Bytes::new());
    for (name, value) in &error.fault.members {
        let Value::Text(text) = value else { continue };
        // What is named like a header is one: a delete marker says so in the head of its refusal.
        match http::HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) if name.starts_with("x-amz-") || name == "etag" || name == "last-modified" => {
                if let Ok(value) = crate::common::header_value(text) {
                    response.headers_mut().insert(header, value);
                }
            }
            _ => writer.leaf(name, text),
        }
    }
    writer.leaf("RequestId", request_id);
    writer.leaf("HostId", request_id);
    writer.close("Error");
    // An answer with this status has no body.
    if error.status != http::StatusCode::NOT_MODIFIED {
        *response.body_mut() = writer.finish();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    response
}

/// Reads an error. One without a body, as every answer to `HEAD`, has its status for a code.
pub(crate) fn read_error(parts: &response::Parts, body: &[u8]) -> ServiceFault {
    let text = |element: &Element, name: &str| element.child(name).map(|child| child.text.clone());
    let element = Element::read(body).unwrap_or_default();
    let code = text(&element, "Code").unwrap_or_else(|| parts.status.as_u16().to_string());
    ServiceFault::new(parts, code, text(&element, "Message").unwrap_or_default())
}
