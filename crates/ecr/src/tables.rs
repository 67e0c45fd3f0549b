//! What the store holds. Repositories have numbers that are never used again, so that what a deleted one left behind, which the
//! sweep removes later, can't come back with a new one of the same name.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weft_service::Error;
use weft_store::{Read, Record, Table, WriteTx};
use weft_types::Timestamp;

use crate::errors;
use crate::names::RepoName;

pub(crate) const REPOS: Table<(u64, String, String), Repo> = Table::new("repositories");
/// Repository, digest.
pub(crate) const LAYERS: Table<(u64, String), Layer> = Table::new("layers");
/// Repository, digest.
pub(crate) const IMAGES: Table<(u64, String), Image> = Table::new("images");
/// Repository, digest.
pub(crate) const MANIFESTS: Table<(u64, String), Manifest> = Table::new("manifests");
/// Repository, tag, to digest.
pub(crate) const TAGS: Table<(u64, String), Tagged> = Table::new("tags");
/// Repository, id.
pub(crate) const UPLOADS: Table<(u64, String), Upload> = Table::new("uploads");
/// How often each blob is used, by digest; none where it is not.
pub(crate) const BLOBS: Table<(String,), Count> = Table::new("blobs");
/// Blobs that may be nobody's.
pub(crate) const GARBAGE: Table<(String,), Count> = Table::new("garbage");
/// Numbers of deleted repositories.
pub(crate) const DOOMED: Table<(u64,), Count> = Table::new("doomed");
/// Layers that no manifest uses, by since when (milliseconds): time, repository, digest.
pub(crate) const UNUSED: Table<(i64, u64, String), Count> = Table::new("unused");

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repo {
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    pub(crate) mutability: String,
    /// Patterns of tags for which the mutability is the other one.
    pub(crate) exclusions: Vec<String>,
    pub(crate) scan_on_push: bool,
    pub(crate) tags: BTreeMap<String, String>,
    /// The repository's policy, its principals bound.
    pub(crate) policy: Option<String>,
    pub(crate) lifecycle: Option<String>,
    pub(crate) evaluated: Option<Timestamp>,
}

/// A layer of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) size: u64,
    /// Manifests of this repository that have it.
    pub(crate) uses: u64,
    /// Since when no manifest has it, in milliseconds.
    pub(crate) unused: i64,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) media_type: String,
    pub(crate) artifact_type: Option<String>,
    /// Bytes of its layers.
    pub(crate) size: u64,
    pub(crate) pushed: Timestamp,
    pub(crate) layers: Vec<String>,
    /// Manifests that it lists.
    pub(crate) children: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) tags: Vec<String>,
    /// Lists in this repository that have it.
    pub(crate) parents: u64,
}

/// A manifest's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest(pub(crate) Bytes);

/// The digest to which a tag points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tagged(pub(crate) String);

/// A layer that is being uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) began: Timestamp,
    /// Blobs and their sizes, in order.
    pub(crate) parts: Vec<(String, u64)>,
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count(pub(crate) u64);

impl Record for Repo {}
impl Record for Layer {}
impl Record for Image {}
impl Record for Manifest {}
impl Record for Tagged {}
impl Record for Upload {}
impl Record for Count {}

impl Upload {
    pub(crate) fn size(&self) -> u64 {
        self.parts.iter().map(|(_, size)| size).sum()
    }
}

/// The repository, or AWS's error.
pub(crate) fn require(tx: &impl Read, name: &RepoName) -> Result<Repo, Error> {
    REPOS.get(tx, &name.key())?.ok_or_else(|| errors::no_repository(name))
}

/// Counts one more use of a blob, by its hexadecimal digest.
pub(crate) fn hold(tx: &mut WriteTx<'_>, blob: &str) -> Result<(), Error> {
    let count = BLOBS.get(tx, &(blob,))?.map_or(0, |Count(count)| count);
    Ok(BLOBS.insert(tx, &(blob.to_owned(),), &Count(count + 1))?)
}

/// Counts one use less; a blob that nobody has becomes garbage.
pub(crate) fn release(tx: &mut WriteTx<'_>, blob: &str) -> Result<(), Error> {
    match BLOBS.get(tx, &(blob,))? {
        Some(Count(count)) if count > 1 => Ok(BLOBS.insert(tx, &(blob.to_owned(),), &Count(count - 1))?),
        _ => {
            BLOBS.remove(tx, &(blob,))?;
            Ok(GARBAGE.insert(tx, &(blob.to_owned(),), &Count(0))?)
        }
    }
}

/// The blob of a digest `sha256:…`.
pub(crate) fn blob_of(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}
