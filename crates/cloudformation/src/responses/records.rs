//! What the store holds of requests that are waited for.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::Timestamp;

use crate::tables::Mark;

/// Requests by their ids.
pub(crate) const REQUESTS: Table<(String,), Request> = Table::new("responses");
/// When requests are forgotten: seconds, id.
pub(crate) const REQUEST_ENDS: Table<(i64, String), Mark> = Table::new("response_ends");
/// The secret, in the only row.
pub(crate) const SECRETS: Table<(String,), Secret> = Table::new("response_secrets");

/// Something that was asked, whose answer comes to an address of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) sent: Timestamp,
    /// Until when the answer is waited for.
    pub(crate) until: Timestamp,
    /// Whether it is certain that it was asked.
    pub(crate) asked: bool,
    /// The first answer, as it came.
    pub(crate) answer: Option<String>,
}
impl Record for Request {}

impl Request {
    /// One that is about to be asked.
    pub(crate) fn new(sent: Timestamp, wait: Duration) -> Self {
        Self { sent, until: sent.plus(wait), asked: false, answer: None }
    }
}

/// With what addresses are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) key: [u8; 32],
}
impl Record for Secret {}
