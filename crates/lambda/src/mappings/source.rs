//! The seam to what records come from: queues and streams of other services.

use std::sync::Arc;

use serde_json::{Value, json};
use weft_service::{BoxFuture, Error};
use weft_types::{Arn, Timestamp};

/// Finds sources by their ARNs. A service that has some implements it, and node hands it to [`crate::Lambda`].
pub trait EventSources: Send + Sync + 'static {
    /// The source with this ARN, for reading with a function's role; none where there is no such source. An error says
    /// what the role may not.
    fn find<'a>(
        &'a self,
        arn: &'a Arn,
        role: &'a Arn,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn EventSource>>, Error>>;
}

/// One queue or stream.
pub trait EventSource: Send + Sync + 'static {
    /// Its parts, each of which is read in order by itself. A queue has one. One that is given no more has ended: it is not
    /// read again, what was read of it is still handed on, and how far that was is forgotten then. It is given for as
    /// long as somebody may yet want what it holds.
    fn shards(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;

    /// Reads at most `records` records of a part. May wait up to a second for some to come, and may give fewer. It is
    /// not called again for a part before it has answered.
    fn poll<'a>(
        &'a self,
        shard: &'a str,
        from: &'a Position,
        records: usize,
    ) -> BoxFuture<'a, Result<Polled, Error>>;

    /// A queue removes records for good. Streams need not know.
    fn acknowledge<'a>(&'a self, shard: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<(), Error>>;

    /// A queue makes records visible again. Streams need not know.
    fn release<'a>(&'a self, shard: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<(), Error>>;

    /// The event for a batch.
    fn event(&self, records: Vec<Value>) -> Value {
        json!({ "Records": records })
    }
}

/// Where reading begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// With the oldest record.
    TrimHorizon,
    /// With the first that comes from now on.
    Latest,
    /// With the first that came at this time or later.
    At(Timestamp),
    /// After a record's id, or where [`Polled::next`] said.
    After(String),
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Polled {
    /// The records, in order. None mean that there were no more when it was asked: tumbling windows end by that.
    pub records: Vec<SourceRecord>,
    /// Where reading goes on when all of them are done, where that is not after the last. The first answer to
    /// [`Position::Latest`] has it also without records, so that a new process goes on there.
    pub next: Option<String>,
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// What a partial failure names: a message's id, a sequence number.
    pub id: String,
    /// What it has in common with the records among which it keeps its order: a partition key, an item's key, a group.
    pub key: Option<String>,
    /// When it came into the source.
    pub arrived: Timestamp,
    /// As the function sees it.
    pub event: Value,
    /// As filters see it: with its body or data parsed, where it is JSON.
    pub filtered: Value,
}
