//! What the store holds.
//!
//! Every version of an object is in `versions`, the newest of a key first; the one that is current and no delete marker is in `current`
//! as well, so that a list of a bucket is a scan of that. Bytes are inline in `inline`, or blobs that are counted in `blobs`.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::{AccountId, Region, Timestamp};

use crate::acl::Grant;
use crate::checksum::Checksum;

pub(crate) const BUCKETS: Table<(String,), Bucket> = Table::new("buckets");
/// Bucket, the setting's name.
pub(crate) const SETTINGS: Table<(String, String), Setting> = Table::new("settings");
/// Bucket, key.
pub(crate) const CURRENT: Table<(String, String), Version> = Table::new("current");
/// Bucket, key, and what is left of the largest number after the version's own.
pub(crate) const VERSIONS: Table<(String, String, u64), Version> = Table::new("versions");
/// Bucket, key: the number of the version without an id.
pub(crate) const NULLS: Table<(String, String), Number> = Table::new("nulls");
/// Bytes of small objects and parts, by an id of their own.
pub(crate) const INLINE: Table<(String,), Inline> = Table::new("inline");
/// How many objects and parts have a blob, by its digest.
pub(crate) const BLOBS: Table<(String,), Number> = Table::new("blobs");
/// Bucket, key, upload.
pub(crate) const UPLOADS: Table<(String, String, String), Upload> = Table::new("uploads");
/// Upload, number of the part: of uploads under way and of the objects that they became.
pub(crate) const PARTS: Table<(String, u32), Part> = Table::new("parts");
/// What nobody has any more: `blob` or `parts`, and which.
pub(crate) const GARBAGE: Table<(String, String), Number> = Table::new("garbage");

/// When it is due in milliseconds, the version's number, a random id: what functions are to be told.
pub(crate) const PENDING: Table<(u64, u64, String), Pending> = Table::new("pending");

pub(crate) const GARBAGE_BLOB: &str = "blob";
pub(crate) const GARBAGE_PARTS: &str = "parts";

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    /// It never did.
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// What `PutPublicAccessBlock` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as AWS has it")]
pub(crate) struct PublicAccess {
    pub(crate) block_acls: bool,
    pub(crate) ignore_acls: bool,
    pub(crate) block_policy: bool,
    pub(crate) restrict: bool,
}

impl PublicAccess {
    /// What new buckets have.
    pub(crate) const BLOCKED: Self =
        Self { block_acls: true, ignore_acls: true, block_policy: true, restrict: true };
}

/// A bucket: what most requests need to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) versioning: Versioning,
    /// The policy's text, as it came.
    #[serde(default)]
    pub(crate) policy: Option<String>,
    #[serde(default)]
    pub(crate) public_access: Option<PublicAccess>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    #[serde(default)]
    pub(crate) ownership: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether objects can be locked.
    #[serde(default)]
    pub(crate) object_lock: bool,
    /// Whom it is granted to; empty where nothing but the owner was said.
    #[serde(default)]
    pub(crate) acl: Vec<Grant>,
    /// Whether anybody is told what happens to objects.
    #[serde(default)]
    pub(crate) notifies: bool,
}

/// An event that a function is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) bucket: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The function's ARN.
    pub(crate) function: String,
    pub(crate) payload: String,
    pub(crate) since: Timestamp,
    pub(crate) tries: u32,
}

/// A setting of a bucket that few requests need, as JSON by the model's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting(pub(crate) String);

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Number(pub(crate) u64);

/// Bytes of a small object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inline(pub(crate) Bytes);

/// Where bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// There are none.
    Empty,
    /// In `inline`, under this id.
    Inline(String),
    /// In a blob.
    Blob(String),
    /// In the parts of this upload.
    Parts(String),
}

/// The headers that are kept with an object and given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect: Option<String>,
}

/// What an object says of itself beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
    /// None for `STANDARD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) storage_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<Retention>,
    /// Whether it is held; none where that was never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) legal_hold: Option<bool>,
    /// Whose it is; none where it is the bucket owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<AccountId>,
    /// Whom it is granted to; empty where nothing but the owner was said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) acl: Vec<Grant>,
    /// The kind of encryption that was asked for; none for `AES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<String>,
}

impl About {
    /// The kind of encryption, as answers tell it.
    pub(crate) fn encryption(&self) -> String {
        self.encryption.clone().unwrap_or_else(|| "AES256".to_owned())
    }
}

/// Until when a version cannot be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub(crate) mode: String,
    pub(crate) until: Timestamp,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// The id that callers know, `null` for the one without.
    pub(crate) id: String,
    /// Rises with each version of the key.
    pub(crate) number: u64,
    pub(crate) modified: Timestamp,
    #[serde(default)]
    pub(crate) marker: bool,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) content: Content,
    /// How many parts it was uploaded in; 0 where it came in one piece.
    #[serde(default)]
    pub(crate) parts: u32,
    #[serde(default)]
    pub(crate) checksum: Option<Checksum>,
    #[serde(default)]
    pub(crate) about: About,
}

impl Version {
    /// Its place among the versions of its key.
    pub(crate) fn place(&self) -> u64 {
        u64::MAX - self.number
    }
}

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) initiated: Timestamp,
    pub(crate) initiator: String,
    pub(crate) about: About,
    /// The algorithm by which parts and the whole are checked, and whether the whole's is of its bytes.
    pub(crate) checksum: Option<(crate::checksum::Algorithm, bool)>,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    pub(crate) content: Content,
    pub(crate) checksum: Option<Checksum>,
}

impl Record for Bucket {}
impl Record for Setting {}
impl Record for Pending {}
impl Record for Number {}
impl Record for Inline {}
impl Record for Version {}
impl Record for Upload {}
impl Record for Part {}
