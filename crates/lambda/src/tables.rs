//! What the store holds.

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::Timestamp;

use crate::function::Function;
use crate::name::FunctionKey;

/// Account, region, name.
pub(crate) type Key = (u64, String, String);

pub(crate) const FUNCTIONS: Table<Key, Function> = Table::new("functions");
/// What an account uses in a region.
pub(crate) const USAGE: Table<(u64, String), Usage> = Table::new("usage");
/// Who uses code: an archive's digest, or what [`crate::code::artifact_name`] makes of an artifact; a function's ARN.
pub(crate) const CODE_USES: Table<(String, String), Mark> = Table::new("code-uses");
/// Archives that no function uses, by digest.
pub(crate) const UNUSED_CODE: Table<(String,), Unused> = Table::new("code-unused");

/// What an account uses in a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) functions: u64,
    /// Bytes of all functions' archives.
    pub(crate) code_bytes: u64,
}

/// A row whose key says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {}

/// Since when code is unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unused {
    pub(crate) since: Timestamp,
}

impl Record for Function {}
impl Record for Usage {}
impl Record for Mark {}
impl Record for Unused {}

impl FunctionKey {
    pub(crate) fn row(&self) -> Key {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone())
    }
}
