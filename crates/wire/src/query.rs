//! The query protocol: forms in, XML out.

use bytes::Bytes;
use http::{request, response};
use weft_model::{OperationSchema, Schema, ServiceSchema, Type, Value};

use crate::fault::Spelled;
use crate::form::Node;
use crate::xml::{self, Element, Writer};
use crate::{ServiceFault, VALUES_MAX, WireFault, scalar, uri};

/// Reads a request's form into a structure.
pub(crate) fn read_request(schema: &Schema, parts: &request::Parts, body: &[u8]) -> Result<Value, WireFault> {
    let root = Node::read(parts, body)?;
    let mut left = VALUES_MAX;
    read_struct(schema, &root, &mut left)
}

/// Writes an answer's document.
pub(crate) fn write_response(
    service: &ServiceSchema,
    operation: &OperationSchema,
    value: &Value,
    request_id: &str,
) -> Bytes {
    let mut writer = Writer::new();
    let root = format!("{}Response", operation.name);
    writer.open_with(&root, "xmlns", service.xml_namespace);
    if operation.output.name != "Unit" {
        let wrapper = operation.result_wrapper;
        if wrapper.is_empty() {
            xml::write_struct(&mut writer, operation.output, value);
        } else {
            writer.open(wrapper);
            xml::write_struct(&mut writer, operation.output, value);
            writer.close(wrapper);
        }
    }
    writer.open("ResponseMetadata");
    writer.leaf("RequestId", request_id);
    writer.close("ResponseMetadata");
    writer.close(&root);
    writer.finish()
}

/// Writes an error's document.
pub(crate) fn write_error(service: &ServiceSchema, error: &Spelled<'_>, request_id: &str) -> Bytes {
    let mut writer = Writer::new();
    writer.open_with("ErrorResponse", "xmlns", service.xml_namespace);
    writer.open("Error");
    writer.leaf("Type", if error.is_senders() { "Sender" } else { "Receiver" });
    writer.leaf("Code", &error.code);
    writer.leaf("Message", &error.fault.message);
    let members = error.schema.map_or(&[][..], |schema| schema.schema.members);
    for (name, value) in &error.fault.members {
        if let Some(member) = members.iter().find(|member| member.name == name) {
            xml::write_member(&mut writer, member.wire_name, &member.shape, value);
        }
    }
    writer.close("Error");
    writer.leaf("RequestId", request_id);
    writer.close("ErrorResponse");
    writer.finish()
}

/// Writes a request's form.
pub(crate) fn write_request(service: &ServiceSchema, operation: &OperationSchema, value: &Value) -> Bytes {
    let mut pairs = vec![
        ("Action".to_owned(), operation.name.to_owned()),
        ("Version".to_owned(), service.api_version.to_owned()),
    ];
    write_struct(operation.input, value, "", &mut pairs);
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, text)| format!("{}={}", uri::escape(&name), uri::escape(&text)))
        .collect();
    Bytes::from(pairs.join("&"))
}

/// Reads an answer's document.
pub(crate) fn read_response(operation: &OperationSchema, body: &[u8]) -> Result<Value, WireFault> {
    let schema = operation.output;
    if schema.members.is_empty() {
        return Ok(Value::Struct(Vec::new()));
    }
    let root = Element::read(body).map_err(WireFault::serialization)?;
    let wrapper = operation.result_wrapper;
    let result = if wrapper.is_empty() { Some(&root) } else { root.child(wrapper) };
    match result {
        Some(result) => xml::read_struct(schema, result),
        None => Err(WireFault::serialization(format!("The answer has no `{wrapper}`"))),
    }
}

/// Reads an error's document.
pub(crate) fn read_error(parts: &response::Parts, body: &[u8]) -> ServiceFault {
    let root = match Element::read(body) {
        Ok(root) => root,
        Err(problem) => return ServiceFault::malformed(parts, problem),
    };
    let error = root.child("Error").unwrap_or(&root);
    let text = |name: &str| error.child(name).map(|child| child.text.clone());
    let code = text("Code").unwrap_or_else(|| "UnknownError".to_owned());
    let mut fault = ServiceFault::new(parts, code, text("Message").unwrap_or_default());
    if let Some(id) = root.child("RequestId") {
        fault.request_id.clone_from(&id.text);
    }
    fault
}

fn read_struct(schema: &Schema, node: &Node, left: &mut usize) -> Result<Value, WireFault> {
    take(left, schema.members.len())?;
    let places = schema.members.iter().map(|member| {
        let Some(child) = node.child(member.wire_name) else { return Ok(None) };
        read_value(&member.shape, child, left)
    });
    Ok(Value::Struct(places.collect::<Result<_, WireFault>>()?))
}

fn read_value(kind: &Type, node: &Node, left: &mut usize) -> Result<Option<Value>, WireFault> {
    take(left, 1)?;
    match kind {
        Type::Struct(schema) => read_struct(schema(), node, left).map(Some),
        Type::List { element, wire_name, flattened, .. } => {
            let holder = if *flattened { Some(node) } else { node.child(wire_name) };
            let mut items = Vec::new();
            for child in holder.map(Node::numbered).unwrap_or_default() {
                items.extend(read_value(element, child, left)?);
            }
            // `Tags=` says that the list is there and empty.
            let is_there = !items.is_empty() || node.text.is_some();
            Ok(is_there.then_some(Value::List(items)))
        }
        Type::Map { value, wire_names: (entry, key_name, value_name), flattened, .. } => {
            let holder = if *flattened { Some(node) } else { node.child(entry) };
            let mut entries = Vec::new();
            for child in holder.map(Node::numbered).unwrap_or_default() {
                let key = child.child(key_name).and_then(|key| key.text.clone());
                let found =
                    child.child(value_name).map(|found| read_value(value, found, left)).transpose()?;
                if let (Some(key), Some(Some(found))) = (key, found) {
                    entries.push((key, found));
                }
            }
            let is_there = !entries.is_empty() || node.text.is_some();
            Ok(is_there.then_some(Value::Map(entries)))
        }
        scalar_kind => node.text.as_deref().map(|text| scalar::read(scalar_kind, text)).transpose(),
    }
}

fn take(left: &mut usize, count: usize) -> Result<(), WireFault> {
    *left = left
        .checked_sub(count)
        .ok_or_else(|| WireFault::serialization("The request holds too many values"))?;
    Ok(())
}

fn write_struct(schema: &Schema, value: &Value, prefix: &str, pairs: &mut Vec<(String, String)>) {
    let Value::Struct(places) = value else { return };
    for (member, place) in schema.members.iter().zip(places) {
        if let Some(value) = place {
            write_value(&member.shape, value, &join(prefix, member.wire_name), pairs);
        }
    }
}

fn write_value(kind: &Type, value: &Value, path: &str, pairs: &mut Vec<(String, String)>) {
    match (value, kind) {
        (Value::Struct(_), Type::Struct(schema)) => write_struct(schema(), value, path, pairs),
        (Value::List(items), Type::List { element, wire_name, flattened, .. }) => {
            if items.is_empty() {
                pairs.push((path.to_owned(), String::new()));
            }
            let path = if *flattened { path.to_owned() } else { join(path, wire_name) };
            for (index, item) in items.iter().enumerate() {
                write_value(element, item, &format!("{path}.{}", index + 1), pairs);
            }
        }
        (
            Value::Map(entries),
            Type::Map { value, wire_names: (entry, key_name, value_name), flattened, .. },
        ) => {
            if entries.is_empty() {
                pairs.push((path.to_owned(), String::new()));
            }
            let path = if *flattened { path.to_owned() } else { join(path, entry) };
            for (index, (key, item)) in entries.iter().enumerate() {
                let path = format!("{path}.{}", index + 1);
                pairs.push((join(&path, key_name), key.clone()));
                write_value(value, item, &join(&path, value_name), pairs);
            }
        }
        _ => pairs.push((path.to_owned(), scalar::write(kind, value))),
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
