//! Layers on their way in: parts are blobs of their own until the layer is whole, and its digest is what was said.

use std::io;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use weft_service::{Error, request_id};
use weft_store::{BlobError, Digest};
use weft_types::Timestamp;

use crate::Ecr;
use crate::errors::{invalid, no_upload};
use crate::images::add_layer;
use crate::names::RepoName;
use crate::tables::{BLOBS, Count, GARBAGE, LAYERS, Repo, UPLOADS, Upload, blob_of, hold, release, require};

/// Bytes of a layer.
const LAYER_BYTES_MAX: u64 = 52 << 30;
/// Parts of an upload.
const PARTS_MAX: usize = 4200;

/// Bytes that come in.
pub(crate) type Incoming = BoxStream<'static, io::Result<Bytes>>;

/// Bytes that are there.
pub(crate) fn whole(bytes: Bytes) -> Incoming {
    futures::stream::iter([Ok(bytes)]).boxed()
}

fn blob_error(error: BlobError) -> Error {
    match error {
        BlobError::TooLarge(_) => {
            Error::new("LimitExceededException", "The layer is too large.").with_status(400)
        }
        BlobError::Incoming(cause) => invalid("The layer's bytes broke off.").with_cause(cause),
        other => Error::internal(other),
    }
}

fn wrong_digest(digest: &str, found: &str) -> Error {
    let message =
        format!("Layer digest '{digest}' does not match: the uploaded bytes have the digest '{found}'");
    Error::new("InvalidLayerException", message).with_status(400)
}

impl Ecr {
    /// Begins an upload, and gives its id.
    pub(crate) async fn begin_upload(&self, name: RepoName, now: Timestamp) -> Result<String, Error> {
        let id = request_id();
        let stored = id.clone();
        self.write(move |tx| {
            let repo = require(tx, &name)?;
            Ok(UPLOADS.insert(tx, &(repo.id, stored.clone()), &Upload { began: now, parts: Vec::new() })?)
        })
        .await?;
        Ok(id)
    }

    /// What an upload has so far.
    pub(crate) async fn upload(&self, name: &RepoName, id: &str) -> Result<(Repo, Upload), Error> {
        let (name, id) = (name.clone(), id.to_owned());
        self.read(move |tx| {
            let repo = require(tx, &name)?;
            let upload = UPLOADS.get(tx, &(repo.id, id.as_str()))?.ok_or_else(|| no_upload(&name, &id))?;
            Ok((repo, upload))
        })
        .await
    }

    /// Adds bytes to an upload that has `from` bytes; gives how many it has then.
    pub(crate) async fn append(
        &self,
        name: &RepoName,
        id: &str,
        from: u64,
        bytes: Incoming,
    ) -> Result<u64, Error> {
        let (repo, _) = self.upload(name, id).await?;
        let received = self.blobs.receive(bytes, LAYER_BYTES_MAX).await.map_err(blob_error)?;
        let size = received.size;
        let _gate = self.gate.read().await;
        let blob = self.blobs.keep(received).await.map_err(blob_error)?.to_string();
        let (key, name, added) = ((repo.id, id.to_owned()), name.clone(), blob.clone());
        let done = self.write(move |tx| {
            let mut upload = UPLOADS.get(tx, &key)?.ok_or_else(|| no_upload(&name, &key.1))?;
            if upload.size() != from {
                return Err(out_of_order(upload.size()));
            }
            if upload.parts.len() >= PARTS_MAX {
                return Err(
                    Error::new("LimitExceededException", "The upload has too many parts.").with_status(400)
                );
            }
            upload.parts.push((added.clone(), size));
            hold(tx, &added)?;
            UPLOADS.insert(tx, &key, &upload)?;
            Ok(upload.size())
        });
        let done = done.await;
        if done.is_err() {
            self.suspect(blob).await;
        }
        done
    }

    /// Makes a layer of what an upload has and `rest`; gives its size, or none where the layer was there already.
    pub(crate) async fn complete(
        &self,
        name: &RepoName,
        id: &str,
        (digest, rest): (&str, Option<Incoming>),
        now: Timestamp,
    ) -> Result<Option<u64>, Error> {
        let (repo, upload) = self.upload(name, id).await?;
        let (blob, size, _gate) = match (&upload.parts[..], rest) {
            ([(blob, size)], None) => (blob.clone(), *size, self.gate.read().await),
            (parts, rest) => {
                let parts: Vec<Digest> = parts
                    .iter()
                    .map(|(blob, _)| blob.parse().map_err(Error::internal))
                    .collect::<Result<_, _>>()?;
                let received = self
                    .blobs
                    .receive(self.joined(parts, rest), LAYER_BYTES_MAX)
                    .await
                    .map_err(blob_error)?;
                let (found, size) = (received.digest.to_string(), received.size);
                if found != blob_of(digest) {
                    return Err(wrong_digest(digest, &format!("sha256:{found}")));
                }
                let gate = self.gate.read().await;
                self.blobs.keep(received).await.map_err(blob_error)?;
                (found, size, gate)
            }
        };
        if blob != blob_of(digest) {
            return Err(wrong_digest(digest, &format!("sha256:{blob}")));
        }
        let (key, name, whole, layer) =
            ((repo.id, id.to_owned()), name.clone(), blob.clone(), digest.to_owned());
        let done = self.write(move |tx| {
            let upload = UPLOADS.get(tx, &key)?.ok_or_else(|| no_upload(&name, &key.1))?;
            hold(tx, &whole)?;
            for (part, _) in &upload.parts {
                release(tx, part)?;
            }
            UPLOADS.remove(tx, &key)?;
            let repo = require(tx, &name)?;
            add_layer(tx, &repo, &layer, size, now)
        });
        let done = done.await;
        self.garbage.notify_one();
        if done.is_err() {
            self.suspect(blob).await;
        }
        done.map(|was_there| (!was_there).then_some(size))
    }

    fn joined(&self, parts: Vec<Digest>, rest: Option<Incoming>) -> Incoming {
        let blobs = self.blobs.clone();
        let stored = futures::stream::iter(parts).then(move |part| {
            let blobs = blobs.clone();
            async move { blobs.get_stream(&part).await.map(|(_, bytes)| bytes).map_err(io::Error::other) }
        });
        let stored = stored.try_flatten();
        match rest {
            Some(rest) => stored.chain(rest).boxed(),
            None => stored.boxed(),
        }
    }

    /// Ends an upload without a layer.
    pub(crate) async fn cancel(&self, name: &RepoName, id: &str) -> Result<(), Error> {
        let (name, id) = (name.clone(), id.to_owned());
        self.write(move |tx| {
            let repo = require(tx, &name)?;
            let upload = UPLOADS.get(tx, &(repo.id, id.as_str()))?.ok_or_else(|| no_upload(&name, &id))?;
            for (part, _) in &upload.parts {
                release(tx, part)?;
            }
            Ok(UPLOADS.remove(tx, &(repo.id, id.as_str()))?)
        })
        .await?;
        self.garbage.notify_one();
        Ok(())
    }

    /// Gives a repository a layer that another one has; none where that one has it not.
    pub(crate) async fn mount(
        &self,
        from: RepoName,
        to: RepoName,
        digest: String,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(move |tx| {
            let (source, target) = (require(tx, &from)?, require(tx, &to)?);
            let Some(layer) = LAYERS.get(tx, &(source.id, digest.as_str()))? else { return Ok(false) };
            hold(tx, blob_of(&digest))?;
            add_layer(tx, &target, &digest, layer.size, now)?;
            Ok(true)
        })
        .await
    }

    /// Notes that a blob may be nobody's.
    async fn suspect(&self, blob: String) {
        let noted = self.write(move |tx| {
            if BLOBS.get(tx, &(blob.as_str(),))?.is_none() {
                GARBAGE.insert(tx, &(blob.clone(),), &Count(0))?;
            }
            Ok(())
        });
        if noted.await.is_ok() {
            self.garbage.notify_one();
        }
    }
}

/// Bytes that do not follow those that are there.
pub(crate) fn out_of_order(size: u64) -> Error {
    let message =
        "The layer part isn't the next one: its first byte must follow the last one that was received.";
    let last = i64::try_from(size).unwrap_or(i64::MAX) - 1;
    let error = Error::new("InvalidLayerPartException", message).with_status(400);
    error.with_member("lastValidByteReceived", weft_model::Value::Integer(last.max(0)))
}
