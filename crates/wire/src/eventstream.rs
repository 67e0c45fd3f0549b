//! Streams of events: `application/vnd.amazon.eventstream`.
//!
//! A message is its whole length (`u32`), its headers' length (`u32`), the CRC-32 of these eight bytes, the headers, the
//! payload, and the CRC-32 of all before. A header is a name (`u8` length), a type and a value; events have texts
//! (type 7) only. Source: <https://smithy.io/2.0/aws/amazon-eventstream.html>.

use bytes::{BufMut as _, Bytes, BytesMut};
use weft_model::{Location, Member, Schema, Type, Value};

use crate::{WireFault, json};

/// The content type of an answer that is a stream of events.
pub const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The longest message that [`EventReader`] takes: 24 MiB, as the AWS SDKs do.
pub const MESSAGE_BYTES_MAX: usize = 24 << 20;

const TEXT: u8 = 7;
/// Length, headers' length and two checksums.
const FRAMING_BYTES: usize = 16;

/// Writes one event. `value` is a structure of `schema`, the operation's events, with exactly one member: the event. An
/// error of the model is written as an exception, which ends the stream for clients.
pub fn encode_event(schema: &Schema, value: &Value) -> Result<Bytes, WireFault> {
    let Value::Struct(places) = value else {
        return Err(WireFault::serialization("an event is a structure"));
    };
    let mut present = schema.members.iter().zip(places).filter_map(|(m, place)| Some((m, place.as_ref()?)));
    let (Some((member, content)), None) = (present.next(), present.next()) else {
        return Err(WireFault::serialization("an event has one member"));
    };
    let (kind, payload) = payload(member, content)?;
    let is_error = member.name.ends_with("Exception");
    let name = if is_error { (":exception-type", member.name) } else { (":event-type", member.name) };
    let message_type = (":message-type", if is_error { "exception" } else { "event" });
    Ok(message(&[name, (":content-type", kind), message_type], &payload))
}

/// Writes the message with which the JSON protocols begin a stream: the output's other members. `value` is a structure of
/// `schema`, the operation's output.
pub fn encode_initial_response(schema: &Schema, value: &Value) -> Result<Bytes, WireFault> {
    let payload = json::write_document(schema, value)?;
    let headers = [
        (":event-type", "initial-response"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    Ok(message(&headers, &payload))
}

/// Writes an error that the model does not have among the events; it ends the stream for clients.
pub fn encode_stream_error(code: &str, text: &str) -> Bytes {
    let headers = [(":error-code", code), (":error-message", text), (":message-type", "error")];
    message(&headers, b"")
}

/// An event's content type and payload: the member that is the payload, else all members as a document.
fn payload(member: &Member, content: &Value) -> Result<(&'static str, Bytes), WireFault> {
    let Type::Struct(schema) = member.shape else {
        return Err(WireFault::serialization("an event's content is a structure"));
    };
    let schema = schema();
    let whole = schema.members.iter().position(|member| member.location == Location::EventPayload);
    let (Some(index), Value::Struct(places)) = (whole, content) else {
        return Ok(("application/json", json::write_document(schema, content)?));
    };
    Ok(match places.get(index).and_then(Option::as_ref) {
        Some(Value::Blob(bytes)) => ("application/octet-stream", bytes.clone()),
        Some(Value::Text(text)) => ("text/plain", Bytes::from(text.clone())),
        _ => ("application/octet-stream", Bytes::new()),
    })
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let headers_length: usize = headers.iter().map(|(name, value)| 4 + name.len() + cut(value).len()).sum();
    let length = FRAMING_BYTES + headers_length + payload.len();
    let mut out = BytesMut::with_capacity(length);
    out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    out.put_u32(u32::try_from(headers_length).unwrap_or(u32::MAX));
    let prelude = crc32fast::hash(&out);
    out.put_u32(prelude);
    for (name, value) in headers {
        let value = cut(value);
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name.as_bytes());
        out.put_u8(TEXT);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value.as_bytes());
    }
    out.put_slice(payload);
    let whole = crc32fast::hash(&out);
    out.put_u32(whole);
    out.freeze()
}

/// As much of a header's value as its length can say.
fn cut(value: &str) -> &str {
    let mut end = value.len().min(usize::from(u16::MAX));
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// One message as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    /// Its headers that are texts, in order.
    pub headers: Vec<(String, String)>,
    /// Its payload.
    pub payload: Bytes,
}

impl EventMessage {
    /// The text of a header such as `:event-type`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads messages from bytes as they come; for the command line and for tests.
#[derive(Debug, Default)]
pub struct EventReader {
    buffer: BytesMut,
}

impl EventReader {
    /// Adds bytes that came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` until more bytes come. A checksum or a length that is wrong is a fault, after
    /// which nothing more can be read.
    pub fn next_message(&mut self) -> Result<Option<EventMessage>, WireFault> {
        let Some(prelude) = self.buffer.get(..12) else { return Ok(None) };
        let (length, headers_length) = (number(prelude, 0), number(prelude, 4));
        if crc32fast::hash(&prelude[..8]) as usize != number(prelude, 8)
            || !(FRAMING_BYTES..=MESSAGE_BYTES_MAX).contains(&length)
            || headers_length > length - FRAMING_BYTES
        {
            return Err(WireFault::serialization("an event's beginning is damaged"));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let message = self.buffer.split_to(length).freeze();
        if crc32fast::hash(&message[..length - 4]) as usize != number(&message, length - 4) {
            return Err(WireFault::serialization("an event is damaged"));
        }
        let headers = read_headers(&message[12..12 + headers_length])
            .ok_or_else(|| WireFault::serialization("an event's headers are damaged"))?;
        Ok(Some(EventMessage { headers, payload: message.slice(12 + headers_length..length - 4) }))
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn read_headers(mut rest: &[u8]) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(usize::from(length))?;
        let (&kind, after) = after.split_first()?;
        // Other types have fixed lengths, and no service here sends them.
        let (length, after) = if kind == TEXT { after.split_at_checked(2)? } else { return None };
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        let (value, after) = after.split_at_checked(length)?;
        headers.push((text(name)?, text(value)?));
        rest = after;
    }
    Some(headers)
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use weft_model::{Shape as _, lambda};

    use super::*;

    fn events() -> &'static Schema {
        let operation = lambda::SERVICE.operation("InvokeWithResponseStream").expect("is in the model");
        operation.events[0]
    }

    fn chunk(bytes: &'static [u8]) -> Value {
        let update = lambda::InvokeResponseStreamUpdate { payload: Some(Bytes::from_static(bytes)) };
        lambda::InvokeWithResponseStreamResponseEvent { payload_chunk: Some(update), ..Default::default() }
            .into_value()
    }

    #[test]
    fn an_event_is_read_as_it_was_written_however_its_bytes_come() {
        let mut bytes = encode_event(events(), &chunk(b"hello")).expect("one member").to_vec();
        let complete = lambda::InvokeWithResponseStreamCompleteEvent {
            error_code: Some("Unhandled".to_owned()),
            ..Default::default()
        };
        let complete = lambda::InvokeWithResponseStreamResponseEvent {
            invoke_complete: Some(complete),
            ..Default::default()
        };
        bytes.extend(encode_event(events(), &complete.into_value()).expect("one member"));
        let mut reader = EventReader::default();
        let mut read = Vec::new();
        for byte in bytes {
            reader.push(&[byte]);
            read.extend(reader.next_message().expect("is whole"));
        }
        let seen: Vec<_> = read.iter().map(|m| (m.header(":event-type"), &m.payload[..])).collect();
        assert_eq!(
            seen,
            [
                (Some("PayloadChunk"), &b"hello"[..]),
                (Some("InvokeComplete"), &br#"{"ErrorCode":"Unhandled"}"#[..])
            ]
        );
        assert_eq!(read[0].header(":content-type"), Some("application/octet-stream"));
        assert_eq!(read[1].header(":message-type"), Some("event"));
    }

    #[test]
    fn a_message_has_the_bytes_that_aws_sends() {
        // The published test vector for a message with one header and a payload.
        let written = message(&[("content-type", "application/json")], b"{'foo':'bar'}");
        assert_eq!(written.len(), 16 + 4 + 12 + 16 + 13);
        assert_eq!(&written[..12], [0, 0, 0, 0x3d, 0, 0, 0, 0x20, 0x07, 0xfd, 0x83, 0x96]);
        assert_eq!(&written[written.len() - 4..], [0x8d, 0x9c, 0x08, 0xb1]);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let whole = encode_event(events(), &chunk(b"hello")).expect("one member");
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1;
            let mut reader = EventReader::default();
            reader.push(&bytes);
            assert!(reader.next_message().is_err(), "byte {at}");
        }
        assert!(encode_event(events(), &Value::Struct(vec![None, None])).is_err());
    }
}
