//! What the store holds of events. An event is there from before it is acknowledged until it is over.

use bytes::Bytes;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use weft_service::Error;
use weft_store::{Record, Table};
use weft_types::{AccountId, Region, Timestamp};

use crate::events::queue::EventId;
use crate::events::retry::Progress;
use crate::name::{FunctionKey, FunctionRef};

/// Where events are, small, so that a start reads little.
pub(crate) const EVENT_STATES: Table<(EventId,), EventState> = Table::new("async-events");
/// What they say.
pub(crate) const EVENT_BODIES: Table<(EventId,), EventBody> = Table::new("async-event-bodies");

/// Where an event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventState {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
    /// When it is to be tried next.
    pub(crate) due: Timestamp,
    /// Bytes of its payload and of what else its sender chose.
    pub(crate) bytes: u64,
    pub(crate) progress: Progress,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventBody {
    pub(crate) request_id: String,
    pub(crate) payload: Blob,
    /// Decoded JSON text.
    pub(crate) client_context: Option<String>,
    /// `X-Amzn-Trace-Id` of who sent it.
    pub(crate) trace: Option<String>,
}

impl Record for EventState {}
impl Record for EventBody {}

impl EventState {
    pub(crate) fn function(&self) -> FunctionRef {
        let key = FunctionKey { account: self.account, region: self.region.clone(), name: self.name.clone() };
        FunctionRef { key, qualifier: self.qualifier.clone() }
    }
}

/// An event that comes.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) function: FunctionRef,
    pub(crate) body: EventBody,
}

impl NewEvent {
    /// What it takes of the queue's bytes: all that the caller chooses the length of.
    pub(crate) fn bytes(&self) -> u64 {
        let EventBody { request_id, payload, client_context, trace } = &self.body;
        let texts = [client_context.as_deref(), trace.as_deref(), Some(request_id.as_str())];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        (payload.0.len() + texts) as u64
    }

    pub(crate) fn state(&self, now: Timestamp) -> EventState {
        let FunctionRef { key, qualifier } = self.function.clone();
        EventState {
            account: key.account,
            region: key.region,
            name: key.name,
            qualifier,
            due: now,
            bytes: self.bytes(),
            progress: Progress { accepted: now, runs: 0, faults: 0 },
        }
    }

    /// Writes it.
    pub(crate) fn insert(
        &self,
        tx: &mut weft_store::WriteTx<'_>,
        id: EventId,
        now: Timestamp,
    ) -> Result<(), Error> {
        EVENT_STATES.insert(tx, &(id,), &self.state(now))?;
        Ok(EVENT_BODIES.insert(tx, &(id,), &self.body)?)
    }
}

/// Bytes that are stored as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_byte_buf(BlobVisitor)
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a byte string")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(Bytes::copy_from_slice(bytes)))
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(Blob(bytes.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Blob, A::Error> {
        Err(A::Error::custom("a list where bytes are stored"))
    }
}
