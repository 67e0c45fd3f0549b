//! What the store holds.

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::Timestamp;

use crate::alias::Alias;
use crate::concurrency::Provisioned;
use crate::event_invokes::EventInvoke;
use crate::function::Function;
use crate::layer::{Layer, LayerKey, LayerVersion};
use crate::name::FunctionKey;
use crate::permission::PolicyRecord;
use crate::runtimes::RuntimeUpdate;
use crate::signing::Signing;
use crate::urls::{FunctionUrl, UrlOwner};

/// Account, region.
pub(crate) type Place = (u64, String);
/// Account, region, name.
pub(crate) type Key = (u64, String, String);
/// Account, region, name, number: a version of a function or a layer.
pub(crate) type VersionKey = (u64, String, String, u64);
/// Account, region, a function's name, a qualifier.
pub(crate) type QualifiedKey = (u64, String, String, String);

/// Functions, each as its `$LATEST` is.
pub(crate) const FUNCTIONS: Table<Key, Function> = Table::new("functions");
/// Published versions; a row is never changed but for its policy's sake.
pub(crate) const VERSIONS: Table<VersionKey, Function> = Table::new("function-versions");
/// The last number that a function's versions had. Outlives the function: numbers are never used twice.
pub(crate) const VERSION_NUMBERS: Table<Key, LastNumber> = Table::new("function-version-numbers");
/// Aliases by function and name.
pub(crate) const ALIASES: Table<QualifiedKey, Alias> = Table::new("function-aliases");
/// Policies of functions, by qualifier: empty for the function itself, a version's number, or an alias.
pub(crate) const POLICIES: Table<QualifiedKey, PolicyRecord> = Table::new("function-policies");
/// How versions and aliases are invoked asynchronously; `$LATEST` is a qualifier here.
pub(crate) const EVENT_INVOKES: Table<QualifiedKey, EventInvoke> = Table::new("function-event-invokes");
/// Workers that are kept for versions and aliases.
pub(crate) const PROVISIONED: Table<QualifiedKey, Provisioned> = Table::new("function-provisioned");
/// How versions get newer runtimes; `$LATEST` is a qualifier here.
pub(crate) const RUNTIME_UPDATES: Table<QualifiedKey, RuntimeUpdate> = Table::new("function-runtime-updates");
/// URLs of functions (the empty qualifier) and aliases.
pub(crate) const URLS: Table<QualifiedKey, FunctionUrl> = Table::new("function-urls");
/// Whose a URL is, by its id.
pub(crate) const URL_IDS: Table<(String,), UrlOwner> = Table::new("function-url-ids");
/// Code signing configurations by id.
pub(crate) const SIGNING: Table<Key, Signing> = Table::new("code-signing");
/// Who has a code signing configuration: its id, a function's name.
pub(crate) const SIGNING_USES: Table<QualifiedKey, Mark> = Table::new("code-signing-uses");
/// Layers by name. Outlive their versions: numbers are never used twice.
pub(crate) const LAYERS: Table<Key, Layer> = Table::new("layers");
/// Versions of layers.
pub(crate) const LAYER_VERSIONS: Table<VersionKey, LayerVersion> = Table::new("layer-versions");
/// What an account uses in a region.
pub(crate) const USAGE: Table<Place, Usage> = Table::new("usage");
/// Who uses code: an archive's digest, the name of a merged tree, or what [`crate::code::artifact_name`] makes of an
/// artifact; the ARN of a function, a version or a layer.
pub(crate) const CODE_USES: Table<(String, String), Mark> = Table::new("code-uses");
/// Archives and merged trees that nothing uses, by name.
pub(crate) const UNUSED_CODE: Table<(String,), Unused> = Table::new("code-unused");

/// What an account uses in a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) functions: u64,
    /// Bytes of all functions' archives, each version's and each layer's counted.
    pub(crate) code_bytes: u64,
    /// Concurrency that functions keep for themselves.
    #[serde(default)]
    pub(crate) reserved_concurrency: u64,
}

/// The last number that was given away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastNumber {
    pub(crate) last: u64,
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
impl Record for EventInvoke {}
impl Record for Provisioned {}
impl Record for RuntimeUpdate {}
impl Record for FunctionUrl {}
impl Record for UrlOwner {}
impl Record for Signing {}
impl Record for LastNumber {}
impl Record for Alias {}
/// A build that only knows version 1 cannot read a statement that names unique ids.
impl Record for PolicyRecord {
    const VERSION: u16 = 2;

    fn upgrade(_: u16, fields: &[u8]) -> Result<Self, String> {
        rmp_serde::from_slice(fields).map_err(|error| error.to_string())
    }
}
impl Record for Layer {}
impl Record for LayerVersion {}
impl Record for Mark {}
impl Record for Unused {}

impl FunctionKey {
    pub(crate) fn place(&self) -> Place {
        (self.account.as_u64(), self.region.as_str().to_owned())
    }

    pub(crate) fn row(&self) -> Key {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone())
    }

    /// The row of a published version.
    pub(crate) fn version_row(&self, number: u64) -> VersionKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone(), number)
    }

    /// The row of an alias or of a policy.
    pub(crate) fn qualified_row(&self, qualifier: &str) -> QualifiedKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone(), qualifier.to_owned())
    }
}

impl LayerKey {
    pub(crate) fn place(&self) -> Place {
        (self.account.as_u64(), self.region.as_str().to_owned())
    }

    pub(crate) fn row(&self) -> Key {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone())
    }

    pub(crate) fn version_row(&self, number: u64) -> VersionKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone(), number)
    }
}
