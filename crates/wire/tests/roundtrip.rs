//! What one direction writes the other reads, for every operation; and no bytes make a decoder panic.

use bytes::Bytes;
use http::request::Parts;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use weft_model::{Location, OperationSchema, SERVICES, Schema, ServiceSchema, TimestampFormat, Type, Value};
use weft_types::Timestamp;
use weft_wire::Resolved;

/// An operation; a failure prints only its name.
#[derive(Clone, Copy)]
struct Operation(&'static ServiceSchema, &'static OperationSchema);

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0.signing_name, self.1.name)
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    let all: Vec<Operation> = SERVICES
        .iter()
        .flat_map(|service| service.operations.iter().map(move |op| Operation(service, op)))
        .collect();
    proptest::sample::select(all)
}

/// Text that every protocol can carry everywhere: headers drop spaces at their ends, XML has no control characters.
fn text() -> impl Strategy<Value = String> {
    let letters =
        ['a', 'Z', '0', '-', '_', '/', ':', '.', '+', '=', '&', '%', '<', '>', '"', '\'', 'é', '\u{1f600}'];
    vec(proptest::sample::select(letters.to_vec()), 1..12).prop_map(|letters| letters.into_iter().collect())
}

fn value(kind: &Type, depth: usize) -> BoxedStrategy<Value> {
    let few = if depth > 4 { 0..1 } else { 0..3_usize };
    match *kind {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Integer => any::<i32>().prop_map(|number| Value::Integer(number.into())).boxed(),
        Type::Long => any::<i64>().prop_map(Value::Integer).boxed(),
        Type::Double => prop::num::f64::NORMAL.prop_map(Value::Double).boxed(),
        Type::Text => text().prop_map(Value::Text).boxed(),
        Type::Blob => vec(any::<u8>(), 1..20).prop_map(|bytes| Value::Blob(bytes.into())).boxed(),
        Type::Time(TimestampFormat::Rfc822) => {
            (0..4_000_000_000_i64).prop_map(|s| Value::Time(Timestamp::from_seconds(s))).boxed()
        }
        Type::Time(_) => {
            (0..4_000_000_000_000_i64).prop_map(|ms| Value::Time(Timestamp::from_millis(ms))).boxed()
        }
        // Without a wrapper, an empty list and an absent one are the same.
        Type::List { element, flattened: true, .. } => {
            vec(value(element, depth + 1), 1..3).prop_map(Value::List).boxed()
        }
        Type::List { element, .. } => vec(value(element, depth + 1), few).prop_map(Value::List).boxed(),
        Type::Map { value: kind, .. } => {
            let entries = prop::collection::btree_map(text(), value(kind, depth + 1), few);
            entries.prop_map(|entries| Value::Map(entries.into_iter().collect())).boxed()
        }
        // A form cannot say that an empty structure is there.
        Type::Struct(schema) => structure(schema(), depth + 1).prop_filter("empty", is_not_empty).boxed(),
    }
}

fn structure(schema: &'static Schema, depth: usize) -> BoxedStrategy<Value> {
    let places: Vec<BoxedStrategy<Option<Value>>> = schema
        .members
        .iter()
        .map(|member| match (member.location, &member.shape) {
            (Location::Status, _) => (200..300_i64).prop_map(|status| Some(Value::Integer(status))).boxed(),
            // An absent list and an empty one are the same in a query string.
            (Location::Query, Type::List { element, .. }) => {
                option::of(vec(value(element, depth), 1..3).prop_map(Value::List)).boxed()
            }
            // So are a map that is absent and an empty one; its names are not those of other members.
            (Location::Query, Type::Map { value: kind, .. }) => {
                let entries = vec(("own-[a-z0-9]{1,8}", value(kind, depth)), 1..2);
                option::of(entries.prop_map(Value::Map)).boxed()
            }
            (Location::Path, kind) => value(kind, depth).prop_map(Some).boxed(),
            // An answer whose kind nobody says has the protocol's.
            (Location::Header, kind) if member.wire_name.eq_ignore_ascii_case("content-type") => {
                value(kind, depth).prop_map(Some).boxed()
            }
            // They tell operations of S3 apart, and may not be empty then.
            (Location::Header, Type::List { element, .. }) if member.required => {
                vec(value(element, depth), 1..3).prop_map(|list| Some(Value::List(list))).boxed()
            }
            (Location::Query | Location::Header, kind) if member.required => {
                value(kind, depth).prop_map(Some).boxed()
            }
            (Location::Header, Type::List { element, .. }) => {
                option::of(vec(value(element, depth), 1..3).prop_map(Value::List)).boxed()
            }
            // Names of headers are in small letters.
            (Location::Headers, _) => {
                let entries = prop::collection::btree_map("[a-z][a-z0-9-]{0,8}", text(), 1..3);
                let map = |entries: std::collections::BTreeMap<String, String>| {
                    Value::Map(entries.into_iter().map(|(k, v)| (k, Value::Text(v))).collect())
                };
                option::of(entries.prop_map(map)).boxed()
            }
            // A payload that is absent and an empty document are the same.
            _ if schema
                .payload
                .is_some_and(|index| std::ptr::eq(&raw const schema.members[index], member)) =>
            {
                value(&member.shape, depth).prop_map(Some).boxed()
            }
            (_, kind) => option::of(value(kind, depth)).boxed(),
        })
        .collect();
    places.prop_map(Value::Struct).boxed()
}

fn is_not_empty(value: &Value) -> bool {
    matches!(value, Value::Struct(places) if places.is_empty() || places.iter().any(Option::is_some))
}

fn request_parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Parts> {
    let mut builder = http::Request::builder().method(method).uri(uri);
    for (name, text) in headers {
        builder = builder.header(*name, *text);
    }
    builder.body(()).ok().map(|request| request.into_parts().0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn answers_are_read_as_they_were_written(
        (Operation(service, operation), value) in operations().prop_flat_map(|Operation(service, operation)| {
            (Just(Operation(service, operation)), structure(operation.output, 0))
        })
    ) {
        let written = weft_wire::encode(service, operation, &value, "id-1").unwrap();
        let is_xml = service.protocol == weft_model::Protocol::RestXml;
        prop_assert_eq!(&written.headers()[if is_xml { "x-amz-request-id" } else { "x-amzn-requestid" }], "id-1");
        let (parts, body) = written.into_parts();
        let read = weft_wire::decode_response(service, operation, &parts, &body);
        prop_assert_eq!(read, Ok(value));
    }

    #[test]
    fn requests_are_read_as_they_were_written(
        (Operation(service, operation), value) in operations().prop_flat_map(|Operation(service, operation)| {
            (Just(Operation(service, operation)), structure(operation.input, 0))
        })
    ) {
        let endpoint = "http://127.0.0.1:4566".parse().unwrap();
        let written = weft_wire::encode_request(service, operation, &value, &endpoint).unwrap();
        let (parts, body) = written.into_parts();
        let resolved = weft_wire::resolve(service, &parts, &body).unwrap();
        prop_assert_eq!(resolved.operation.name, operation.name);
        match weft_wire::decode(service, &resolved, &parts, &body) {
            Ok(read) => prop_assert_eq!(read, value),
            Err(fault) => {
                prop_assert_eq!(fault.code, "ValidationException");
                prop_assert_eq!(Err(fault.message), weft_wire::validate(operation.input, &value));
            }
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(
        Operation(service, operation) in operations(),
        body in prop_oneof![vec(any::<u8>(), 0..200), json_like(), form_like()],
        query in "[ -~&&[^#<>\"`{}\\\\^|]]{0,40}",
    ) {
        let body = Bytes::from(body);
        let target = format!("{}.{}", service.target_prefix, operation.name);
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        if let Some(parts) = request_parts(operation.method, &format!("/?{query}"), &headers) {
            let _ = weft_wire::find_service(SERVICES.iter().copied(), &parts, &body, None);
            let _ = weft_wire::resolve(service, &parts, &body);
            let resolved = Resolved { operation, labels: vec![("FunctionName".to_owned(), query.clone())] };
            if let Ok(value) = weft_wire::decode(service, &resolved, &parts, &body) {
                prop_assert_eq!(weft_wire::validate(operation.input, &value), Ok(()));
            }
        }
        for status in [200, 400] {
            let response = http::Response::builder().status(status).body(()).unwrap();
            let _ = weft_wire::decode_response(service, operation, &response.into_parts().0, &body);
        }
    }
}

/// Pieces of JSON and XML in any order.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"logGroupName\"",
        "\"tags\"",
        "\"logEvents\"",
        "\"timestamp\"",
        "\"Code\"",
        "\"ZipFile\"",
        "1",
        "-0.5",
        "1e400",
        "99999999999999999999",
        "null",
        "true",
        "\"x\"",
        "\"\\ud800\"",
        "<a>",
        "</a>",
        "<Error>",
        "<Code>x</Code>",
        "&#0;",
        "&lt;",
        "<!DOCTYPE a>",
        "<![CDATA[x]]>",
        " ",
    ];
    vec(proptest::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

fn form_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "Action=",
        "GetUser",
        "CreateRole",
        "Version=2010-05-08",
        "&",
        "=",
        "Tags",
        ".member",
        ".1",
        ".2",
        ".Key",
        ".Value",
        "4294967296",
        "%",
        "%zz",
        "%FF",
        "+",
        "DurationSeconds=",
        "x",
    ];
    vec(proptest::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}
