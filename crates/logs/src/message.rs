//! The messages that functions get from subscription filters: JSON, compressed by gzip, as base64.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::json;

/// Bytes of an event for a function, as asynchronous invocations take them.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) message: String,
    /// The system fields that the filter wants.
    #[serde(rename = "extractedFields", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<&'static str, String>,
}

/// What all events of a message share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    pub(crate) owner: String,
    pub(crate) group: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) filter: &'a str,
}

impl Envelope<'_> {
    /// The payloads that carry these events, in their order: as few as their size allows.
    pub(crate) fn payloads(&self, events: &[Sent]) -> io::Result<Vec<Bytes>> {
        let payload = self.payload(events)?;
        if payload.len() <= PAYLOAD_BYTES_MAX || events.len() < 2 {
            return Ok(vec![payload]);
        }
        let (first, second) = events.split_at(events.len() / 2);
        Ok([self.payloads(first)?, self.payloads(second)?].concat())
    }

    fn payload(&self, events: &[Sent]) -> io::Result<Bytes> {
        let message = json!({
            "messageType": "DATA_MESSAGE",
            "owner": self.owner,
            "logGroup": self.group,
            "logStream": self.stream,
            "subscriptionFilters": [self.filter],
            "logEvents": events,
        });
        let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
        compressed.write_all(message.to_string().as_bytes())?;
        let data = STANDARD.encode(compressed.finish()?);
        Ok(json!({"awslogs": {"data": data}}).to_string().into())
    }
}

#[cfg(test)]
pub(crate) fn open(payload: &[u8]) -> serde_json::Value {
    use std::io::Read as _;

    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
    let data = STANDARD.decode(payload["awslogs"]["data"].as_str().unwrap()).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(data.as_slice()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[cfg(test)]
mod tests {
    use weft_service::random_id;

    use super::*;

    #[test]
    fn what_does_not_fit_one_message_is_sent_in_several_in_order() {
        let envelope = Envelope { owner: "000000000000".to_owned(), group: "/g", stream: "s", filter: "f" };
        let event = |n: i64, length| Sent {
            id: n.to_string(),
            timestamp: n,
            message: random_id(length, b"abcdefghijklmnopqrstuvwxyz0123456789"),
            fields: BTreeMap::new(),
        };
        let events: Vec<Sent> = (0..20).map(|n| event(n, 50_000)).collect();
        let payloads = envelope.payloads(&events).unwrap();
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES_MAX));
        let times: Vec<i64> = payloads
            .iter()
            .flat_map(|payload| open(payload)["logEvents"].as_array().unwrap().clone())
            .map(|event| event["timestamp"].as_i64().unwrap())
            .collect();
        assert_eq!(times, (0..20).collect::<Vec<_>>());
    }
}
