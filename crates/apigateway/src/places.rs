//! Whose an API is, by its id: requests say nothing else.

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::{AccountId, Region};

pub(crate) const PLACES: Table<(String,), Place> = Table::new("places");

/// Where an API belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// Whether it is an HTTP API.
    pub(crate) http: bool,
}

impl Record for Place {}
