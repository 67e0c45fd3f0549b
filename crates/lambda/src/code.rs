//! Where functions' code comes from and how long it is kept.
//!
//! An archive is a blob by its content, and a tree that is unpacked from it, so that functions with the same code share
//! both. Code that no function has any more is removed by a sweep, long enough later that no worker still reads it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::BoxStream;
use weft_model::lambda as model;
use weft_service::workload::Artifacts;
use weft_service::{Error, ObjectName, Scope};
use weft_store::{BlobError, Blobs, Digest, Store, StoreError, TreeError, Trees, UnpackLimits, WriteTx};
use weft_types::Timestamp;

use crate::errors::{invalid_parameter, not_implemented};
use crate::function::{Code, Folders, Function, Origin};
use crate::layer::LayerUse;
use crate::tables::{CODE_USES, FUNCTIONS, Key, Mark, UNUSED_CODE, Unused};

/// The bucket of builds, which is no bucket of S3.
const BUILDS_BUCKET: &str = "weft-builds";

/// Bytes of an archive that comes with a request.
pub(crate) const ARCHIVE_BYTES_MAX: u64 = 50 << 20;

/// Files and folders of an archive. Lambda has no such limit; without one a small archive could fill a file system.
const FILES_MAX: usize = 200_000;

/// How long unused code stays: longer than any invocation that still runs on it.
const UNUSED_AFTER: Duration = Duration::from_mins(30);

/// What the names of artifacts begin with; no archive's does: theirs are hexadecimal.
const ARTIFACT: &str = "artifact:";

/// What the names of merged trees begin with; no archive's does.
const MERGED: &str = "merged-";

/// Rows that one read takes.
const PAGE: usize = 500;

/// Code that one sweep removes.
const SWEEP_MAX: usize = 200;

/// Code as a request names it.
#[derive(Debug)]
pub(crate) enum CodeSource {
    Archive(Bytes),
    Artifact {
        bucket: String,
        key: String,
    },
    /// In a bucket of S3; becomes an archive once it is read.
    Object(ObjectName),
}

impl CodeSource {
    /// Exactly one source. `operation` is named in errors.
    pub(crate) fn parse(operation: &str, input: model::FunctionCode) -> Result<Self, Error> {
        if input.image_uri.is_some() {
            return Err(not_implemented("Functions from container images (ImageUri) are"));
        }
        if input.source_kms_key_arn.is_some_and(|arn| !arn.is_empty()) {
            return Err(not_implemented("SourceKMSKeyArn is"));
        }
        match (input.zip_file, input.s3_bucket, input.s3_key) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(invalid_parameter(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.",
            )),
            (Some(archive), None, None) => Self::archive(operation, archive),
            (None, Some(bucket), Some(key)) => {
                let version = input.s3_object_version;
                match version {
                    None if bucket == BUILDS_BUCKET => Ok(Self::Artifact { bucket, key }),
                    Some(_) if bucket == BUILDS_BUCKET => Err(not_implemented("Code.S3ObjectVersion is")),
                    version => Ok(Self::Object(ObjectName { bucket, key, version })),
                }
            }
            _ => Err(invalid_parameter("Please provide a source for function code.")),
        }
    }

    fn archive(operation: &str, archive: Bytes) -> Result<Self, Error> {
        if archive.is_empty() {
            return Err(invalid_parameter("Uploaded file must be a non-empty zip"));
        }
        if archive.len() as u64 > ARCHIVE_BYTES_MAX {
            let message = format!(
                "Zipped size must be smaller than {ARCHIVE_BYTES_MAX} bytes for the {operation} operation"
            );
            return Err(Error::new("RequestEntityTooLargeException", message).with_status(413));
        }
        Ok(Self::Archive(archive))
    }
}

/// Keeps code.
pub(crate) struct CodeStore {
    store: Store,
    blobs: Blobs,
    trees: Trees,
    artifacts: Arc<dyn Artifacts>,
    limits: UnpackLimits,
    /// Shared while code is being kept and its function is written; exclusive while unused code is removed.
    gate: tokio::sync::RwLock<()>,
}

impl CodeStore {
    pub(crate) fn new(
        store: Store,
        blobs: Blobs,
        trees: Trees,
        artifacts: Arc<dyn Artifacts>,
        unpacked_bytes_max: u64,
    ) -> Self {
        let limits = UnpackLimits { bytes_max: unpacked_bytes_max, files_max: FILES_MAX };
        Self { store, blobs, trees, artifacts, limits, gate: tokio::sync::RwLock::new(()) }
    }

    /// Holds back the removal of unused code until the guard is dropped.
    pub(crate) async fn hold(&self) -> impl Drop + use<'_> {
        self.gate.read().await
    }

    /// Stores code durably. It counts as unused, and goes after a while, unless a function is written with it.
    pub(crate) async fn keep(&self, source: CodeSource, scope: &Scope) -> Result<Code, Error> {
        let archive = match source {
            CodeSource::Artifact { bucket, key } => return self.artifact(bucket, key).await,
            CodeSource::Archive(archive) => archive,
            CodeSource::Object(_) => return Err(Error::internal("an object is read before it is kept")),
        };
        let digest = Digest::of(&archive);
        let name = digest.to_string();
        let since = scope.now;
        self.store
            .write(move |tx| {
                let name = (name.clone(),);
                if CODE_USES.query(&name).limit(1).rows(tx)?.is_empty() {
                    UNUSED_CODE.insert(tx, &name, &Unused { since })?;
                }
                Ok(())
            })
            .await
            .map_err(|error: StoreError| Error::internal(error))?;
        let tree = self.unpack(&digest, archive.clone()).await?;
        let code = describe(&archive, file_bytes(&tree).await?);
        self.blobs.put(archive).await.map_err(Error::internal)?;
        Ok(code)
    }

    /// What [`Self::keep`] would give, and its errors, without keeping anything.
    pub(crate) async fn check(&self, source: CodeSource) -> Result<Code, Error> {
        match source {
            CodeSource::Artifact { bucket, key } => self.artifact(bucket, key).await,
            CodeSource::Object(_) => Err(Error::internal("an object is read before it is checked")),
            CodeSource::Archive(archive) => {
                let digest = Digest::of(&archive).to_string();
                if let Some(tree) = self.trees.get(&digest) {
                    return Ok(describe(&archive, file_bytes(&tree).await?));
                }
                let key = format!("{digest}-{}", weft_service::request_id());
                let unpacked = self.trees.unpack_zip(&key, archive.clone(), self.limits).await;
                let bytes = match &unpacked {
                    Ok(tree) => file_bytes(tree).await,
                    Err(_) => Ok(0),
                };
                self.trees.remove(&key).map_err(Error::internal)?;
                unpacked.map_err(archive_error)?;
                Ok(describe(&archive, bytes?))
            }
        }
    }

    /// Where the files of a function are.
    pub(crate) async fn folders(&self, function: &Function) -> Result<Folders, Error> {
        let code = self.tree(&function.code).await?;
        let layers = &function.settings.layers;
        let layers = match (merged_name(layers), layers.first()) {
            (Some(name), _) => Some(self.merged(&name, layers).await?),
            (None, Some(layer)) => Some(self.tree(&layer.code).await?),
            (None, None) => None,
        };
        Ok(Folders { code, layers })
    }

    /// The folder of layers that were merged; later ones win.
    async fn merged(&self, name: &str, layers: &[LayerUse]) -> Result<PathBuf, Error> {
        if let Some(tree) = self.trees.get(name) {
            return Ok(tree);
        }
        let mut sources = Vec::with_capacity(layers.len());
        for layer in layers {
            sources.push(self.tree(&layer.code).await?);
        }
        self.trees.merge(name, sources).await.map_err(Error::internal)
    }

    /// The folder of unpacked code. Unpacks the archive again where only that is there.
    pub(crate) async fn tree(&self, code: &Code) -> Result<PathBuf, Error> {
        match &code.origin {
            Origin::Artifact { bucket, key } => Ok(self.artifacts.find(bucket, key).await?.tree),
            Origin::Archive(name) => {
                if let Some(tree) = self.trees.get(name) {
                    return Ok(tree);
                }
                let digest = Digest::try_from(name.clone()).map_err(Error::internal)?;
                let archive =
                    self.blobs.get(&digest).await.map_err(|error: BlobError| Error::internal(error))?;
                self.unpack(&digest, archive).await
            }
        }
    }

    /// Reads an archive as it is needed, and tells its bytes.
    pub(crate) async fn archive(
        &self,
        digest: &Digest,
    ) -> Result<(u64, BoxStream<'static, std::io::Result<Bytes>>), BlobError> {
        self.blobs.get_stream(digest).await
    }

    /// Removes code that has been unused for long enough; tells how much.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        let rows = self.store.read(|tx| UNUSED_CODE.query(&()).limit(SWEEP_MAX).rows(tx)).await;
        let rows = rows.map_err(|error: StoreError| Error::internal(error))?;
        let mut removed = 0;
        for ((name,), Unused { since }) in rows {
            if now.since(since) < UNUSED_AFTER {
                continue;
            }
            let _alone = self.gate.write().await;
            let key = (name.clone(),);
            let forget = self.store.write(move |tx| {
                let used = !CODE_USES.query(&key).limit(1).rows(tx)?.is_empty();
                let still = UNUSED_CODE.get(tx, &key)?.is_some_and(|unused| unused.since == since);
                if used {
                    UNUSED_CODE.remove(tx, &key)?;
                }
                Ok::<_, StoreError>(!used && still)
            });
            if forget.await.map_err(Error::internal)? {
                self.trees.remove(&name).map_err(Error::internal)?;
                if !name.starts_with(MERGED) {
                    let digest = Digest::try_from(name.clone()).map_err(Error::internal)?;
                    self.blobs.delete(&digest).await.map_err(Error::internal)?;
                }
                // Last, so that a crash in between leaves it to the next sweep.
                let done = self.store.write(move |tx| UNUSED_CODE.remove(tx, &(name.clone(),)));
                done.await.map_err(|error: StoreError| Error::internal(error))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn artifact(&self, bucket: String, key: String) -> Result<Code, Error> {
        let found = self.artifacts.find(&bucket, &key).await?;
        Ok(Code {
            origin: Origin::Artifact { bucket, key },
            sha256: found.sha256_base64,
            size: found.size_bytes,
            unpacked: file_bytes(&found.tree).await?,
        })
    }

    /// The keys of a bucket's artifacts that functions of any account refer to: those that are marked, and those of functions
    /// which an older build made without a mark.
    pub(crate) async fn artifacts_in_use(&self, bucket: &str) -> Result<BTreeSet<String>, Error> {
        let prefix = artifact_name(bucket, "");
        let mut used = BTreeSet::new();
        let mut after = (prefix.clone(), String::new());
        loop {
            let from = after.clone();
            let page = self.store.read(move |tx| CODE_USES.query(&()).after(&from).limit(PAGE).rows(tx));
            let page = page.await.map_err(|error: StoreError| Error::internal(error))?;
            let names = page.iter().map_while(|((name, _), _)| name.strip_prefix(&prefix));
            let found: Vec<_> = names.map(str::to_owned).collect();
            let is_last = page.len() < PAGE || found.len() < page.len();
            used.extend(found);
            match page.into_iter().next_back() {
                Some((key, _)) if !is_last => after = key,
                _ => break,
            }
        }
        self.unmarked(bucket, &mut used).await?;
        Ok(used)
    }

    async fn unmarked(&self, bucket: &str, used: &mut BTreeSet<String>) -> Result<(), Error> {
        let mut after: Option<Key> = None;
        loop {
            let page = self.store.read(move |tx| {
                let query = FUNCTIONS.query(&()).limit(PAGE);
                after.map_or(query, |after| FUNCTIONS.query(&()).after(&after).limit(PAGE)).rows(tx)
            });
            let page = page.await.map_err(|error: StoreError| Error::internal(error))?;
            for (_, function) in &page {
                match &function.code.origin {
                    Origin::Artifact { bucket: of, key } if of == bucket => used.insert(key.clone()),
                    _ => continue,
                };
            }
            let is_last = page.len() < PAGE;
            match page.into_iter().next_back() {
                Some((key, _)) if !is_last => after = Some(key),
                _ => return Ok(()),
            }
        }
    }

    async fn unpack(&self, digest: &Digest, archive: Bytes) -> Result<PathBuf, Error> {
        self.trees.unpack_zip(&digest.to_string(), archive, self.limits).await.map_err(archive_error)
    }
}

/// Marks what `user` uses, from `before` (none for a new one) to `after` (none for one that goes).
pub(crate) fn change_uses(
    tx: &mut WriteTx<'_>,
    user: &str,
    before: Option<&Function>,
    after: Option<&Function>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let names = |function: Option<&Function>| function.map(Function::uses).unwrap_or_default();
    let (before, after) = (names(before), names(after));
    for name in before.difference(&after) {
        end_use(tx, name, user, now)?;
    }
    after.difference(&before).try_for_each(|name| begin_use(tx, name, user))
}

/// Marks an archive as used by one more.
pub(crate) fn begin_use(tx: &mut WriteTx<'_>, name: &str, user: &str) -> Result<(), StoreError> {
    CODE_USES.insert(tx, &(name.to_owned(), user.to_owned()), &Mark {})?;
    UNUSED_CODE.remove(tx, &(name,))
}

/// Marks an archive as used by one less.
pub(crate) fn end_use(
    tx: &mut WriteTx<'_>,
    name: &str,
    user: &str,
    since: Timestamp,
) -> Result<(), StoreError> {
    CODE_USES.remove(tx, &(name, user))?;
    // Artifacts are kept by whom they belong to.
    if !name.starts_with(ARTIFACT) && CODE_USES.query(&(name,)).limit(1).rows(tx)?.is_empty() {
        UNUSED_CODE.insert(tx, &(name.to_owned(),), &Unused { since })?;
    }
    Ok(())
}

/// The name under which the users of an artifact are noted.
pub(crate) fn artifact_name(bucket: &str, key: &str) -> String {
    format!("{ARTIFACT}{bucket}/{key}")
}

/// The name of the tree that several layers are merged into; one alone is its own.
pub(crate) fn merged_name(layers: &[LayerUse]) -> Option<String> {
    if layers.len() < 2 {
        return None;
    }
    let names: Vec<&str> = layers.iter().map(|layer| layer.code.sha256.as_str()).collect();
    Some(format!("{MERGED}{}", Digest::of(names.join(" ").as_bytes())))
}

async fn file_bytes(tree: &Path) -> Result<u64, Error> {
    weft_store::file_bytes(tree).await.map_err(Error::internal)
}

fn describe(archive: &Bytes, unpacked: u64) -> Code {
    let digest = Digest::of(archive);
    Code {
        origin: Origin::Archive(digest.to_string()),
        sha256: STANDARD.encode(digest.as_bytes()),
        size: archive.len() as u64,
        unpacked,
    }
}

fn archive_error(error: TreeError) -> Error {
    match error {
        TreeError::Malformed(_) | TreeError::Escapes(_) => invalid_parameter(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        )
        .with_cause(error),
        TreeError::TooManyBytes(max) => {
            invalid_parameter(format!("Unzipped size must be smaller than {max} bytes"))
        }
        TreeError::TooManyFiles(max) => {
            invalid_parameter(format!("The archive must have fewer than {max} files"))
        }
        other => Error::internal(other),
    }
}
