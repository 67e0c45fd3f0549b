//! Blobs: large bytes, named by their content.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Where blobs are while they arrive, as their names are not known yet.
const ARRIVING: &str = "arriving";
/// Bytes of a part of a stream; one that is shorter than this is stored in one go.
const PART_BYTES: usize = 8 << 20;

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
    /// There are more bytes than the caller allows.
    #[error("the bytes are more than {0}")]
    TooLarge(u64),
    /// Who sent the bytes stopped before their end.
    #[error("failed to receive the bytes of a blob")]
    Incoming(#[source] io::Error),
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
        let made = std::fs::create_dir_all(folder).and_then(|()| remove_leftovers(folder));
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
            self.place(&digest, bytes).await?;
        }
        Ok(digest)
    }

    /// Stores the bytes of a stream, at most `bytes_max` of them, with no more than a part of them in memory. Gives their digest
    /// and number; durable when this returns. Where it fails, or nobody waits for it any more, nothing stays.
    pub async fn put_stream<S>(&self, stream: S, bytes_max: u64) -> Result<(Digest, u64), BlobError>
    where
        S: Stream<Item = io::Result<Bytes>> + Unpin,
    {
        let received = self.receive(stream, bytes_max).await?;
        let size = received.size;
        Ok((self.keep(received).await?, size))
    }

    /// Takes in the bytes of a stream as [`Self::put_stream`] does, but stores them only when [`Self::keep`] is called; what is
    /// not kept goes.
    pub async fn receive<S>(&self, stream: S, bytes_max: u64) -> Result<Received, BlobError>
    where
        S: Stream<Item = io::Result<Bytes>> + Unpin,
    {
        let mut arriving = None;
        let taken = self.take_in(stream, bytes_max, &mut arriving).await;
        match taken {
            Ok((digest, size, rest)) => Ok(Received { digest, size, rest, arriving }),
            Err(error) => {
                if let Some(Arriving { mut upload, .. }) = arriving {
                    // The first error says more than one of the tidying; the next start tidies too.
                    let _ = upload.abort().await;
                }
                Err(error)
            }
        }
    }

    async fn take_in<S>(
        &self,
        mut stream: S,
        bytes_max: u64,
        arriving: &mut Option<Arriving>,
    ) -> Result<(Digest, u64, Bytes), BlobError>
    where
        S: Stream<Item = io::Result<Bytes>> + Unpin,
    {
        let failed = |source| BlobError::Backend { doing: "store", source };
        let (mut hash, mut size, mut part) = (Sha256::new(), 0, BytesMut::new());
        while let Some(bytes) = stream.try_next().await.map_err(BlobError::Incoming)? {
            size += bytes.len() as u64;
            if size > bytes_max {
                return Err(BlobError::TooLarge(bytes_max));
            }
            hash.update(&bytes);
            part.extend_from_slice(&bytes);
            if part.len() >= PART_BYTES {
                let upload = match &mut *arriving {
                    Some(arriving) => &mut arriving.upload,
                    none => &mut none.insert(self.arrive().await?).upload,
                };
                upload.put_part(part.split().freeze().into()).await.map_err(failed)?;
            }
        }
        Ok((Digest(hash.finalize().into()), size, part.freeze()))
    }

    /// Stores what was taken in; durable when this returns.
    pub async fn keep(&self, received: Received) -> Result<Digest, BlobError> {
        let failed = |source| BlobError::Backend { doing: "store", source };
        let Received { digest, rest, arriving, .. } = received;
        let Some(mut arriving) = arriving else {
            if !self.has(&digest).await? {
                self.place(&digest, rest).await?;
            }
            return Ok(digest);
        };
        if !rest.is_empty() {
            arriving.upload.put_part(rest.into()).await.map_err(failed)?;
        }
        arriving.upload.complete().await.map_err(failed)?;
        self.backend.rename(&arriving.name, &name(&digest)).await.map_err(failed)?;
        Ok(digest)
    }

    /// Writes bytes where blobs arrive, and names them when they are whole: what a crash leaves is there only, and goes at the next
    /// start.
    async fn place(&self, digest: &Digest, bytes: Bytes) -> Result<(), BlobError> {
        let failed = |source| BlobError::Backend { doing: "store", source };
        let arriving = arriving_name();
        self.backend.put(&arriving, bytes.into()).await.map_err(failed)?;
        self.backend.rename(&arriving, &name(digest)).await.map_err(failed)
    }

    async fn arrive(&self) -> Result<Arriving, BlobError> {
        let name = arriving_name();
        let upload = self.backend.put_multipart(&name).await;
        let upload = upload.map_err(|source| BlobError::Backend { doing: "store", source })?;
        Ok(Arriving { name, upload })
    }

    /// Reads bytes as they are needed, and tells their number. The stream ends with an error of kind `InvalidData` where
    /// they are not those that were stored: believe what came only when it ended well.
    pub async fn get_stream(
        &self,
        digest: &Digest,
    ) -> Result<(u64, BoxStream<'static, io::Result<Bytes>>), BlobError> {
        let digest = *digest;
        let found = self.backend.get(&name(&digest)).await.map_err(|source| not_read(digest, source))?;
        let size = found.meta.size;
        let state = (found.into_stream().map_err(io::Error::from), Some(Sha256::new()));
        let stream = futures::stream::try_unfold(state, move |(mut bytes, hash)| async move {
            let Some(mut hash) = hash else { return Ok(None) };
            if let Some(next) = bytes.try_next().await? {
                hash.update(&next);
                return Ok(Some((next, (bytes, Some(hash)))));
            }
            if hash.finalize().as_slice() == digest.as_bytes() {
                return Ok(None);
            }
            Err(io::Error::new(io::ErrorKind::InvalidData, BlobError::Damaged(digest)))
        });
        Ok((size, stream.boxed()))
    }

    /// Reads a range of a blob's bytes as they are needed, without proof that they are those that were stored.
    pub async fn get_range(
        &self,
        digest: &Digest,
        range: std::ops::Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, BlobError> {
        let options = object_store::GetOptions { range: Some(range.into()), ..Default::default() };
        let found = self.backend.get_opts(&name(digest), options).await;
        let found = found.map_err(|source| not_read(*digest, source))?;
        Ok(found.into_stream().map_err(io::Error::from).boxed())
    }

    /// All blobs with their sizes in bytes, in no order.
    pub fn list(&self) -> BoxStream<'static, Result<(Digest, u64), BlobError>> {
        let named = |about: object_store::ObjectMeta| async move {
            let digest = about.location.filename().and_then(|text| text.parse().ok());
            Ok(digest.map(|digest: Digest| (digest, about.size)))
        };
        let all = self.backend.list(None);
        all.try_filter_map(named).map_err(|source| BlobError::Backend { doing: "list", source }).boxed()
    }

    /// Reads bytes, and checks that they are those that were stored.
    pub async fn get(&self, digest: &Digest) -> Result<Bytes, BlobError> {
        let failed = |source| not_read(*digest, source);
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

/// Bytes that were taken in, but are not stored yet.
pub struct Received {
    /// Their digest.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    rest: Bytes,
    arriving: Option<Arriving>,
}

impl Received {
    /// All of the bytes, where they are few enough (less than 8 MiB) to be in memory still.
    pub fn in_memory(&self) -> Option<&Bytes> {
        self.arriving.is_none().then_some(&self.rest)
    }
}

/// A blob that arrives. What it has so far goes when it is dropped before its end.
struct Arriving {
    name: Name,
    upload: Box<dyn MultipartUpload>,
}

fn not_read(digest: Digest, source: object_store::Error) -> BlobError {
    match source {
        object_store::Error::NotFound { .. } => BlobError::Missing(digest),
        source => BlobError::Backend { doing: "read", source },
    }
}

/// Removes what arrived half before a crash: this process's own begin with its id, and may still arrive.
fn remove_leftovers(folder: &Path) -> io::Result<()> {
    let own = format!("{}-", std::process::id());
    let entries = match std::fs::read_dir(folder.join(ARRIVING)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(&own) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A name that no other blob arrives under.
fn arriving_name() -> Name {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Name::from(format!("{ARRIVING}/{}-{number}", std::process::id()))
}

/// Two levels, so that no folder has too many entries.
fn name(digest: &Digest) -> Name {
    let text = digest.to_string();
    Name::from(format!("{}/{text}", &text[..2]))
}
