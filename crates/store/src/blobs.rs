//! Blobs: large bytes, named by their content.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::record::hex;

/// The SHA-256 of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A text is not the 64 lower-case hexadecimal digits of a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct NotADigest(String);

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let wrong = || NotADigest(text.chars().take(80).collect());
        let digit = |b: u8| if b.is_ascii_uppercase() { None } else { char::from(b).to_digit(16) };
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (high, low) = digit(pair[0]).zip(digit(pair[1])).ok_or_else(wrong)?;
            *byte = u8::try_from(high << 4 | low).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;
    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// What can go wrong with a blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("there is no blob {0}")]
    Missing(Digest),
    /// The bytes are not those that were stored.
    #[error("the blob {0} is damaged")]
    Damaged(Digest),
    /// What holds the blobs failed.
    #[error("failed to {doing} a blob")]
    Backend {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: object_store::Error,
    },
}

/// Blobs by content. Cheap to clone. A blob is there whole and durable, or not at all.
#[derive(Debug, Clone)]
pub struct Blobs {
    backend: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Blobs in a folder, which is made when needed.
    pub fn open(folder: &Path) -> Result<Self, BlobError> {
        let failed = |source| BlobError::Backend { doing: "open the folder for", source };
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| {
            failed(object_store::Error::Generic { store: "folder", source: Box::new(error) })
        })?;
        let backend = LocalFileSystem::new_with_prefix(folder).map_err(failed)?.with_fsync(true);
        Ok(Self { backend: Arc::new(backend) })
    }

    /// Stores bytes; durable when this returns. Bytes that are there already are not written again.
    pub async fn put(&self, bytes: Bytes) -> Result<Digest, BlobError> {
        let digest = Digest::of(&bytes);
        if !self.has(&digest).await? {
            let put = self.backend.put(&name(&digest), bytes.into()).await;
            put.map_err(|source| BlobError::Backend { doing: "store", source })?;
        }
        Ok(digest)
    }

    /// Reads bytes, and checks that they are those that were stored.
    pub async fn get(&self, digest: &Digest) -> Result<Bytes, BlobError> {
        let failed = |source| match source {
            object_store::Error::NotFound { .. } => BlobError::Missing(*digest),
            source => BlobError::Backend { doing: "read", source },
        };
        let found = self.backend.get(&name(digest)).await.map_err(failed)?;
        let bytes = found.bytes().await.map_err(failed)?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(BlobError::Damaged(*digest)) }
    }

    /// Whether a blob is there.
    pub async fn has(&self, digest: &Digest) -> Result<bool, BlobError> {
        match self.backend.head(&name(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(BlobError::Backend { doing: "look for", source }),
        }
    }

    /// Removes a blob, if it is there.
    pub async fn delete(&self, digest: &Digest) -> Result<(), BlobError> {
        match self.backend.delete(&name(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(BlobError::Backend { doing: "remove", source }),
        }
    }
}

/// Two levels, so that no folder has too many entries.
fn name(digest: &Digest) -> Name {
    let text = digest.to_string();
    Name::from(format!("{}/{text}", &text[..2]))
}
