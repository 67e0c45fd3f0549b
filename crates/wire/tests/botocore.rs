//! Requests as botocore writes and signs them (`data/botocore.json`): whose they are, what they ask, what they say.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value as Json, json};
use weft_model::{Protocol, SERVICES, Schema, Type, Value};
use weft_types::Timestamp;
use weft_wire::sigv4::{AuthFault, Form, Payload, parse_authorization};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: Timestamp = Timestamp::from_seconds(1_795_485_723);

fn vectors() -> Vec<Json> {
    serde_json::from_str(include_str!("data/botocore.json")).unwrap()
}

fn request(vector: &Json) -> (Parts, Bytes) {
    let mut builder = http::Request::builder()
        .method(vector["method"].as_str().unwrap())
        .uri(vector["url"].as_str().unwrap());
    for header in vector["headers"].as_array().unwrap() {
        builder = builder.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
    }
    let body = Bytes::from(BASE64.decode(vector["body"].as_str().unwrap()).unwrap());
    (builder.body(()).unwrap().into_parts().0, body)
}

fn protocol(vector: &Json) -> Protocol {
    let name = vector["service"].as_str().unwrap();
    SERVICES.iter().find(|s| s.signing_name == name).map_or(Protocol::RestXml, |s| s.protocol)
}

/// A value by the model's names, as the vectors have it.
fn by_names(schema: &Schema, value: &Value) -> Json {
    let Value::Struct(places) = value else { panic!("{value:?} is not a structure") };
    let members = schema.members.iter().zip(places);
    members.filter_map(|(m, place)| Some((m.name.to_owned(), plain(&m.shape, place.as_ref()?)))).collect()
}

fn plain(kind: &Type, value: &Value) -> Json {
    match (kind, value) {
        (Type::Struct(schema), value) => by_names(schema(), value),
        (Type::List { element, .. }, Value::List(items)) => {
            items.iter().map(|item| plain(element, item)).collect()
        }
        (Type::Map { value: kind, .. }, Value::Map(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), plain(kind, value))).collect()
        }
        (_, Value::Bool(flag)) => json!(flag),
        (_, Value::Integer(number)) => json!(number),
        (_, Value::Double(number)) => json!(number),
        (_, Value::Text(text)) => json!(text),
        (_, Value::Blob(bytes)) => json!(BASE64.encode(bytes)),
        (_, Value::Time(time)) => json!(time.as_seconds()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_are_verified_and_bound_to_what_they_sign() {
    let vectors = vectors();
    assert!(vectors.len() > 40);
    for vector in &vectors {
        let (parts, body) = request(vector);
        let protocol = protocol(vector);
        let claim = parse_authorization(&parts).unwrap().expect("a signed request");
        assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
        assert_eq!(
            (claim.region.as_str(), Some(claim.service.as_str())),
            ("us-east-1", vector["service"].as_str())
        );
        let check = |parts: &Parts, body: &[u8], secret: &str, now| {
            claim.check(parts, Payload::Body(body), secret, protocol, now)
        };
        assert_eq!(check(&parts, &body, SECRET, NOW), Ok(()), "{vector}");
        assert_eq!(check(&parts, &body, "wrong", NOW), Err(AuthFault::Mismatch));
        let is_s3 = claim.service == "s3";
        if !is_s3 {
            assert_eq!(check(&parts, b"other", SECRET, NOW), Err(AuthFault::Mismatch));
        }
        let mut other = parts.clone();
        other.uri = format!("{}{}other=1", parts.uri, if parts.uri.query().is_some() { "&" } else { "?" })
            .parse()
            .unwrap();
        assert_eq!(check(&other, &body, SECRET, NOW), Err(AuthFault::Mismatch));
        let mut other = parts.clone();
        other.headers.insert("host", "elsewhere".parse().unwrap());
        assert_eq!(check(&other, &body, SECRET, NOW), Err(AuthFault::Mismatch));
        let mut other = parts.clone();
        other.method = "PATCH".parse().unwrap();
        assert_eq!(check(&other, &body, SECRET, NOW), Err(AuthFault::Mismatch));
    }
}

#[test]
fn old_and_future_signatures_are_refused() {
    for vector in vectors() {
        let (parts, body) = request(&vector);
        let protocol = protocol(&vector);
        let claim = parse_authorization(&parts).unwrap().unwrap();
        let minutes = if matches!(protocol, Protocol::Query | Protocol::RestXml) { 15 } else { 5 };
        let at = |seconds: i64| {
            let now = Timestamp::from_seconds(NOW.as_seconds() + seconds);
            (now, claim.check(&parts, Payload::Body(&body), SECRET, protocol, now))
        };
        assert_eq!(at(-minutes * 60).1, Ok(()));
        assert!(matches!(at(-minutes * 60 - 1).1, Err(AuthFault::NotYetCurrent { .. })));
        match claim.form {
            Form::Header => {
                assert_eq!(at(minutes * 60).1, Ok(()));
                assert!(matches!(at(minutes * 60 + 1).1, Err(AuthFault::Expired { .. })));
            }
            Form::Version2 => panic!("no vector is signed so"),
            Form::Presigned { expires } => {
                assert_eq!(expires.as_secs(), 60);
                assert_eq!(at(60).1, Ok(()));
                assert_eq!(at(61).1, Err(AuthFault::PresignExpired));
            }
        }
    }
}

#[test]
fn operations_are_found_and_inputs_read_as_they_were_meant() {
    for vector in vectors() {
        let name = vector["operation"].as_str().unwrap();
        if name.is_empty() {
            continue;
        }
        let (parts, body) = request(&vector);
        let services = || SERVICES.iter().copied();
        let signed = weft_wire::find_service(services(), &parts, &body, vector["service"].as_str()).unwrap();
        let unsigned = weft_wire::find_service(services(), &parts, &body, None).unwrap();
        assert_eq!(signed.signing_name, unsigned.signing_name);
        let resolved = weft_wire::resolve(signed, &parts, &body).unwrap();
        assert_eq!(resolved.operation.name, name);
        let value = weft_wire::decode(signed, &resolved, &parts, &body).unwrap();
        assert_eq!(by_names(resolved.operation.input, &value), vector["input"], "{name}");
    }
}

#[test]
fn requests_that_we_write_are_botocores() {
    let endpoint = "http://127.0.0.1:4566".parse().unwrap();
    for vector in vectors() {
        let name = vector["operation"].as_str().unwrap();
        let (parts, body) = request(&vector);
        if name.is_empty() {
            continue;
        }
        let service = SERVICES.iter().find(|s| vector["service"] == s.signing_name).unwrap();
        let resolved = weft_wire::resolve(service, &parts, &body).unwrap();
        let value = weft_wire::decode(service, &resolved, &parts, &body).unwrap();
        let ours = weft_wire::encode_request(service, resolved.operation, &value, &endpoint).unwrap();
        assert_eq!(ours.method(), parts.method);
        assert_eq!(ours.uri().path(), parts.uri.path(), "{name}");
        let sorted = |text: &str| {
            let mut pairs: Vec<String> = text.split('&').map(|pair| pair.replace('+', "%20")).collect();
            pairs.sort();
            pairs
        };
        assert_eq!(
            sorted(ours.uri().query().unwrap_or("")),
            sorted(parts.uri.query().unwrap_or("")),
            "{name}"
        );
        match service.protocol {
            Protocol::Query => {
                let text = |body: &[u8]| sorted(std::str::from_utf8(body).unwrap());
                assert_eq!(text(ours.body()), text(&body), "{name}");
            }
            _ if body.is_empty() => assert!(ours.body().is_empty() || &ours.body()[..] == b"{}"),
            _ => {
                let json = |body: &[u8]| serde_json::from_slice::<Json>(body).unwrap();
                assert_eq!(json(ours.body()), json(&body), "{name}");
            }
        }
    }
}
