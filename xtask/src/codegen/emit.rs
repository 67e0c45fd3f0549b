//! Writes a model as a Rust module: a constant or a struct per shape, and the service's table.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::names;

/// Names that the module uses itself.
const RESERVED: &[&str] = &[
    "Bytes",
    "Timestamp",
    "Vec",
    "String",
    "Option",
    "Box",
    "BTreeMap",
    "Type",
    "Constraint",
    "Field",
    "Shape",
];

/// The text of a service's module, without its header.
pub(crate) fn module(name: &str, model: &Value, action_prefix: Option<&str>) -> Result<String, String> {
    let emitter = Emitter::new(model)?;
    let full_name = string(&model["metadata"], "serviceFullName")?;
    // One word in camel case reads as code.
    let full_name = if full_name.contains(' ') { full_name.to_owned() } else { format!("`{full_name}`") };
    let mut text = format!("//! {full_name}: shapes and operations.\n\n");
    let constants = emitter.constants()?;
    let structs = emitter.structs()?;
    let body = format!("{constants}{structs}");
    let mut used = String::new();
    if body.contains("BTreeMap<") {
        used.push_str("use std::collections::BTreeMap;\n\n");
    }
    if body.contains(": Bytes") || body.contains("<Bytes") || body.contains(", Bytes") {
        used.push_str("use bytes::Bytes;\n");
    }
    if body.contains("Timestamp ") || body.contains("Timestamp>") {
        used.push_str("use weft_types::Timestamp;\n");
    }
    if used.ends_with(";\n") && !used.ends_with("\n\n") {
        used.push('\n');
    }
    let helpers: Vec<&str> =
        ["bounded", "errors", "list", "map", "missing", "operations", "shapes", "structure"]
            .into_iter()
            .filter(|name| match *name {
                "list" | "map" | "structure" => constants.contains(&format!("= {name}(")),
                _ => true,
            })
            .collect();
    text.push_str(&used);
    let _ = writeln!(text, "use crate::shape::{{{}}};", helpers.join(", "));
    let mut types = vec!["Constraint", "Protocol", "ServiceSchema"];
    types.extend(constants.contains("|| ").then_some("Shape"));
    types.extend(constants.contains("TimestampFormat::").then_some("TimestampFormat"));
    types.extend(constants.contains("Type::").then_some("Type"));
    let _ = writeln!(text, "use crate::{{{}}};\n", types.join(", "));
    text.push_str(&body);
    text.push_str(&emitter.service(name, action_prefix)?);
    Ok(text)
}

/// The elements of S3's answers, as its API reference shows them.
const XML_ROOTS: &[(&str, &str)] = &[
    ("CompleteMultipartUpload", "CompleteMultipartUploadResult"),
    ("CreateMultipartUpload", "InitiateMultipartUploadResult"),
    ("DeleteObjects", "DeleteResult"),
    ("GetBucketAccelerateConfiguration", "AccelerateConfiguration"),
    ("GetBucketAcl", "AccessControlPolicy"),
    ("GetBucketCors", "CORSConfiguration"),
    ("GetBucketLifecycleConfiguration", "LifecycleConfiguration"),
    ("GetBucketLocation", "LocationConstraint"),
    ("GetBucketLogging", "BucketLoggingStatus"),
    ("GetBucketNotificationConfiguration", "NotificationConfiguration"),
    ("GetBucketRequestPayment", "RequestPaymentConfiguration"),
    ("GetBucketTagging", "Tagging"),
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("GetBucketWebsite", "WebsiteConfiguration"),
    ("GetObjectAcl", "AccessControlPolicy"),
    ("GetObjectAttributes", "GetObjectAttributesResponse"),
    ("GetObjectTagging", "Tagging"),
    ("ListBuckets", "ListAllMyBucketsResult"),
    ("ListMultipartUploads", "ListMultipartUploadsResult"),
    ("ListObjectVersions", "ListVersionsResult"),
    ("ListObjects", "ListBucketResult"),
    ("ListObjectsV2", "ListBucketResult"),
    ("ListParts", "ListPartsResult"),
];

struct Emitter<'a> {
    model: &'a Value,
    shapes: &'a Map<String, Value>,
    /// The constant of each shape; times have one for each format.
    constants: BTreeMap<&'a str, String>,
    /// Operations' own inputs and outputs.
    outputs: BTreeSet<&'a str>,
    /// The service's format for times in documents.
    document_time: &'static str,
}

impl<'a> Emitter<'a> {
    fn new(model: &'a Value) -> Result<Self, String> {
        let shapes = model["shapes"].as_object().ok_or("there are no shapes")?;
        let document_time = match model["metadata"]["protocol"].as_str() {
            Some("query" | "rest-xml" | "ec2") => "Iso8601",
            _ => "Epoch",
        };
        let mut constants = BTreeMap::new();
        let mut taken: BTreeSet<String> = ["SERVICE".to_owned()].into();
        for name in shapes.keys() {
            let mut constant = names::snake(name).to_ascii_uppercase();
            while !taken.insert(constant.clone()) {
                constant.push('_');
            }
            constants.insert(name.as_str(), constant);
        }
        let operations = model["operations"].as_object().ok_or("there are no operations")?;
        let outputs =
            operations.values().filter_map(|operation| operation["output"]["shape"].as_str()).collect();
        Ok(Self { model, shapes, constants, outputs, document_time })
    }

    fn shape(&self, name: &str) -> Result<&'a Map<String, Value>, String> {
        self.shapes.get(name).and_then(Value::as_object).ok_or_else(|| format!("there is no shape `{name}`"))
    }

    fn constant(&self, name: &str) -> Result<&str, String> {
        self.constants.get(name).map(String::as_str).ok_or_else(|| format!("there is no shape `{name}`"))
    }

    /// A constant for each shape that a member or an element names.
    fn constants(&self) -> Result<String, String> {
        let mut lines = BTreeSet::new();
        for (name, shape) in self.shapes {
            let constant = self.constant(name)?;
            if !self.is_used(name) {
                continue;
            }
            if shape["type"] == "timestamp" {
                for format in ["Epoch", "Iso8601", "Rfc822"] {
                    if self.time_formats(name).contains(format) {
                        lines.insert(format!(
                            "    {constant}_{} = Type::Time(TimestampFormat::{format}), Constraint::NONE;\n",
                            format.to_ascii_uppercase()
                        ));
                    }
                }
                continue;
            }
            let (kind, bounds) = (self.kind(name)?, bounds(shape));
            lines.insert(format!("    {constant} = {kind}, {bounds};\n"));
        }
        if lines.is_empty() {
            return Ok(String::new());
        }
        let lines: String = lines.into_iter().collect();
        Ok(format!("bounded! {{\n{lines}}}\n\n"))
    }

    fn is_used(&self, wanted: &str) -> bool {
        let is_stream = self.shapes[wanted]["eventstream"] == true;
        !is_stream
            && self
                .shapes
                .values()
                .any(|shape| references(shape).any(|reference| reference["shape"] == wanted))
    }

    /// The name of the structure of events that a reference to a stream of events names.
    fn events(&self, reference: &Value) -> Option<&'a str> {
        let (name, shape) = self.shapes.get_key_value(reference["shape"].as_str()?)?;
        (shape["eventstream"] == true).then_some(name)
    }

    /// The structure of the events that follow an operation's output, where some do.
    fn output_events(&self, operation: &Value) -> Option<&'a str> {
        let output = self.shapes.get(operation["output"]["shape"].as_str()?)?;
        output["members"].as_object()?.values().find_map(|member| self.events(member))
    }

    /// Every format in which a time shape is written.
    fn time_formats(&self, wanted: &str) -> HashSet<&'static str> {
        let shapes = self.shapes.values();
        let references = shapes.flat_map(references).filter(|reference| reference["shape"] == wanted);
        references.map(|reference| self.time_format(reference)).collect()
    }

    fn time_format(&self, reference: &Value) -> &'static str {
        let shape = reference["shape"].as_str().and_then(|name| self.shapes.get(name));
        let format = reference["timestampFormat"].as_str();
        match format.or_else(|| shape.and_then(|shape| shape["timestampFormat"].as_str())) {
            Some("iso8601") => "Iso8601",
            Some("rfc822") => "Rfc822",
            Some(_) => "Epoch",
            None => match reference["location"].as_str() {
                Some("header") => "Rfc822",
                Some("querystring" | "uri") => "Iso8601",
                _ => self.document_time,
            },
        }
    }

    /// The constant for a reference to a shape.
    fn reference(&self, reference: &Value) -> Result<String, String> {
        let name = string(reference, "shape")?;
        let constant = self.constant(name)?;
        if self.shape(name)?["type"] != "timestamp" {
            return Ok(constant.to_owned());
        }
        Ok(format!("{constant}_{}", self.time_format(reference).to_ascii_uppercase()))
    }

    fn kind(&self, name: &str) -> Result<String, String> {
        let shape = self.shape(name)?;
        let flattened = shape.get("flattened").and_then(Value::as_bool).unwrap_or(false);
        Ok(match string_in(shape, "type")? {
            "string" | "character" => "Type::Text".to_owned(),
            "boolean" => "Type::Bool".to_owned(),
            "integer" => "Type::Integer".to_owned(),
            "long" => "Type::Long".to_owned(),
            "float" | "double" => "Type::Double".to_owned(),
            "blob" => "Type::Blob".to_owned(),
            "list" => {
                let element = self.reference(&shape["member"])?;
                let wire_name = shape["member"]["locationName"].as_str().unwrap_or("member");
                format!("list(&{element}, {wire_name:?}, {flattened})")
            }
            "map" => {
                let key = self.reference(&shape["key"])?;
                let value = self.reference(&shape["value"])?;
                let key_name = shape["key"]["locationName"].as_str().unwrap_or("key");
                let value_name = shape["value"]["locationName"].as_str().unwrap_or("value");
                format!("map(&{key}, &{value}, (\"entry\", {key_name:?}, {value_name:?}), {flattened})")
            }
            "structure" => format!("structure(|| {}::SCHEMA)", names::structure(name)),
            other => return Err(format!("`{name}` has the unknown type `{other}`")),
        })
    }

    fn structs(&self) -> Result<String, String> {
        let mut text = String::from("shapes! {\n");
        for (name, shape) in self.shapes {
            if shape["type"] != "structure" {
                continue;
            }
            let rust = names::structure(name);
            if RESERVED.contains(&rust.as_str()) {
                return Err(format!("the structure `{name}` has a name that the module needs"));
            }
            let members = shape["members"].as_object().ok_or_else(|| format!("`{name}` has no members"))?;
            // A stream of events follows the structure; it is none of its members.
            let members: Vec<(&String, &Value)> =
                members.iter().filter(|(_, member)| self.events(member).is_none()).collect();
            let payload = shape.get("payload").and_then(Value::as_str);
            let payload = payload.and_then(|payload| members.iter().position(|(name, _)| *name == payload));
            if members.is_empty() {
                let _ = writeln!(text, "    {rust} {name:?} None => {{}}");
                continue;
            }
            let _ = writeln!(text, "    {rust} {name:?} {payload:?} => {{");
            for (member, reference) in members {
                text.push_str(&self.member(name, member, reference)?);
            }
            text.push_str("    }\n");
        }
        text.push_str("}\n\n");
        Ok(text)
    }

    fn member(&self, owner: &str, member: &str, reference: &Value) -> Result<String, String> {
        let shape = self.shape(owner)?;
        let required = shape.get("required").and_then(Value::as_array);
        let required = required.is_some_and(|list| list.iter().any(|name| name == member));
        let mut rust = self.rust_type(string(reference, "shape")?)?;
        if self.holds(string(reference, "shape")?, owner, &mut HashSet::new()) {
            rust = format!("Box<{rust}>");
        }
        if !required || self.outputs.contains(owner) || is_error_map(shape) {
            rust = format!("Option<{rust}>");
        }
        let location = match reference["location"].as_str() {
            None if reference["eventpayload"] == true => "EventPayload",
            None => "Body",
            Some("uri") => "Path",
            Some("querystring") => "Query",
            Some("header") => "Header",
            Some("headers") => "Headers",
            Some("statusCode") => "Status",
            Some(other) => return Err(format!("`{owner}.{member}` has the unknown location `{other}`")),
        };
        let wire_name = reference["locationName"].as_str().unwrap_or(member);
        let field = names::field(member);
        let constant = self.reference(reference)?;
        Ok(format!("        {field}: {rust} = {member:?} {wire_name:?} {location} {constant} {required};\n"))
    }

    fn rust_type(&self, name: &str) -> Result<String, String> {
        let shape = self.shape(name)?;
        Ok(match string_in(shape, "type")? {
            "string" | "character" => "String".to_owned(),
            "boolean" => "bool".to_owned(),
            "integer" => "i32".to_owned(),
            "long" => "i64".to_owned(),
            "float" | "double" => "f64".to_owned(),
            "blob" => "Bytes".to_owned(),
            "timestamp" => "Timestamp".to_owned(),
            "list" => format!("Vec<{}>", self.rust_type(string(&shape["member"], "shape")?)?),
            "map" => format!("BTreeMap<String, {}>", self.rust_type(string(&shape["value"], "shape")?)?),
            _ => names::structure(name),
        })
    }

    /// Whether a structure holds another directly, so that only a box makes its size finite.
    fn holds(&self, name: &'a str, wanted: &str, seen: &mut HashSet<&'a str>) -> bool {
        let Some(shape) = self.shapes.get(name).filter(|shape| shape["type"] == "structure") else {
            return false;
        };
        if name == wanted {
            return true;
        }
        if !seen.insert(name) {
            return false;
        }
        let members = shape["members"].as_object().into_iter().flatten();
        let mut inner = members.filter_map(|(_, member)| member["shape"].as_str());
        inner.any(|member| self.holds(member, wanted, seen))
    }

    fn service(&self, name: &str, action_prefix: Option<&str>) -> Result<String, String> {
        let metadata = &self.model["metadata"];
        let signing_name =
            metadata["signingName"].as_str().map_or_else(|| string(metadata, "endpointPrefix"), Ok)?;
        let protocol = match (string(metadata, "protocol")?, metadata["jsonVersion"].as_str()) {
            ("rest-json", _) => "RestJson",
            ("json", Some("1.0")) => "Json10",
            ("json", _) => "Json11",
            ("query", _) => "Query",
            ("rest-xml", _) => "RestXml",
            (other, _) => return Err(format!("the protocol `{other}` is not supported")),
        };
        let text = |key: &str| metadata[key].as_str().unwrap_or("");
        let namespace = metadata["xmlNamespace"]
            .as_str()
            .or_else(|| metadata["xmlNamespace"]["uri"].as_str())
            .or_else(|| self.xml_namespace());
        let mut out = String::from(
            "/// The service.\n#[rustfmt::skip]\npub static SERVICE: ServiceSchema = ServiceSchema {\n",
        );
        let _ = writeln!(out, "    id: {name:?},");
        let _ = writeln!(out, "    signing_name: {signing_name:?},");
        let _ = writeln!(out, "    action_prefix: {:?},", action_prefix.unwrap_or(signing_name));
        let _ = writeln!(out, "    protocol: Protocol::{protocol},");
        let _ = writeln!(out, "    api_version: {:?},", string(metadata, "apiVersion")?);
        let _ = writeln!(out, "    target_prefix: {:?},", text("targetPrefix"));
        let _ = writeln!(out, "    full_name: {:?},", text("serviceFullName"));
        let _ = writeln!(out, "    xml_namespace: {:?},", namespace.unwrap_or(""));
        out.push_str(&self.operations()?);
        out.push_str(&self.missing());
        out.push_str(&self.errors(protocol == "Query"));
        out.push_str("};\n");
        Ok(out)
    }

    /// The namespace that the members which are payloads name, for a model that has none as a whole.
    fn xml_namespace(&self) -> Option<&str> {
        let members =
            self.shapes.values().flat_map(|shape| shape["members"].as_object().into_iter().flatten());
        let mut uris = members.filter(|(_, member)| member["xmlNamespace"]["prefix"].is_null());
        uris.find_map(|(_, member)| member["xmlNamespace"]["uri"].as_str())
    }

    /// The element of an answer that is a document of its own; the model does not name it, as clients do not look at it.
    fn xml_root(&self, operation: &str) -> &'static str {
        if self.model["metadata"]["protocol"] != "rest-xml" {
            return "";
        }
        XML_ROOTS.iter().find(|(name, _)| *name == operation).map_or("", |(_, root)| root)
    }

    fn operations(&self) -> Result<String, String> {
        let mut out = String::from("    operations: operations! {\n");
        for (name, operation) in self.model["operations"].as_object().into_iter().flatten() {
            let http = &operation["http"];
            let (method, uri) = (string(http, "method")?, string(http, "requestUri")?);
            let status = http["responseCode"].as_u64().unwrap_or(200);
            let side = |key: &str| operation[key]["shape"].as_str().map_or("()".to_owned(), names::structure);
            let wrapper =
                operation["output"]["resultWrapper"].as_str().unwrap_or_else(|| self.xml_root(name));
            let (input, output) = (side("input"), side("output"));
            let events = self.output_events(operation);
            let events = events.map_or(String::new(), |name| format!(" + {}", names::structure(name)));
            let _ = writeln!(
                out,
                "        {name:?} {method:?} {uri:?} {status} {input}, {output}{events}, {wrapper:?};"
            );
        }
        out.push_str("    },\n");
        Ok(out)
    }

    fn missing(&self) -> String {
        let mut out = String::from("    missing: missing! {\n");
        for entry in self.model["x-weft-missing"].as_array().into_iter().flatten() {
            let part = |index: usize| entry[index].as_str().unwrap_or("");
            let _ = writeln!(out, "        {:?} {:?} {:?};", part(0), part(1), part(2));
        }
        out.push_str("    },\n");
        out
    }

    fn errors(&self, query: bool) -> String {
        let mut out = String::from("    errors: errors! {\n");
        for (name, shape) in self.shapes.iter().filter(|(_, shape)| is_error(shape)) {
            let error = &shape["error"];
            let code = error["code"].as_str().filter(|_| query).unwrap_or(name);
            let usual = if shape["fault"] == true || error["fault"] == true { 500 } else { 400 };
            let status = error["httpStatusCode"].as_u64().unwrap_or(usual);
            let _ = writeln!(out, "        {} {name:?} {code:?} {status};", names::structure(name));
        }
        out.push_str("    },\n");
        out
    }
}

fn bounds(shape: &Value) -> String {
    let mut text = String::from("Constraint::NONE");
    for bound in ["min", "max"] {
        if let Some(value) = shape[bound].as_f64() {
            let _ = write!(text, ".{bound}({})", separated(&format!("{value:.0}")));
        }
    }
    if let Some(pattern) = shape["pattern"].as_str() {
        let _ = write!(text, ".pattern({pattern:?})");
    }
    if let Some(values) = shape["enum"].as_array() {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let _ = write!(text, ".values(&[{}])", values.join(", "));
    }
    if shape["sensitive"] == true {
        text.push_str(".sensitive()");
    }
    text
}

/// A number with separators, as the lints want it.
fn separated(digits: &str) -> String {
    if digits.len() < 6 {
        return digits.to_owned();
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && text != "-" && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// Every reference to another shape in a shape.
fn references(shape: &Value) -> impl Iterator<Item = &Value> {
    let parts = ["member", "key", "value"].into_iter().filter_map(|part| shape.get(part));
    parts.chain(shape["members"].as_object().into_iter().flat_map(|members| members.values()))
}

fn is_error(shape: &Value) -> bool {
    shape.as_object().is_some_and(is_error_map)
}

fn is_error_map(shape: &Map<String, Value>) -> bool {
    shape.get("exception").is_some_and(|value| value == true)
}

fn string<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value[key].as_str().ok_or_else(|| format!("`{key}` is not there or not a text"))
}

fn string_in<'v>(map: &'v Map<String, Value>, key: &str) -> Result<&'v str, String> {
    map.get(key).and_then(Value::as_str).ok_or_else(|| format!("`{key}` is not there or not a text"))
}
