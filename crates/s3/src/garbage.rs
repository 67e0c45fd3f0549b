//! What nobody has any more: it goes, and its space comes back.

use std::time::Duration;

use futures::stream::TryStreamExt as _;
use weft_service::Error;
use weft_store::Digest;

use crate::S3;
use crate::tables::{BLOBS, GARBAGE, GARBAGE_BLOB, Number, PARTS};
use crate::versions::release;

/// Rows that one transaction removes.
const BATCH: usize = 500;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(10);

impl S3 {
    pub(crate) async fn remove_garbage_forever(&self) {
        if let Err(error) = self.find_orphans().await {
            tracing::error!(%error, "bytes that no object has could not be looked for");
        }
        loop {
            match self.remove_garbage().await {
                Ok(()) => self.garbage.notified().await,
                Err(error) => {
                    tracing::error!(%error, "bytes that no object has could not be removed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Removes all that is known to be nobody's.
    pub(crate) async fn remove_garbage(&self) -> Result<(), Error> {
        loop {
            let rows = self.read(|tx| Ok(GARBAGE.query(&()).limit(BATCH).rows(tx)?)).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for ((kind, name), _) in rows {
                if kind == GARBAGE_BLOB {
                    self.remove_blob(name).await?;
                } else {
                    self.remove_parts(name).await?;
                }
            }
        }
    }

    /// Notes that a blob may be nobody's, as who stored it could not name it.
    pub(crate) async fn suspect(&self, digest: String) {
        let noted = self
            .write(move |tx| {
                if BLOBS.get(tx, &(digest.as_str(),))?.is_none() {
                    GARBAGE.insert(tx, &(GARBAGE_BLOB.to_owned(), digest.clone()), &Number(0))?;
                }
                Ok(())
            })
            .await;
        if noted.is_ok() {
            self.garbage.notify_one();
        }
    }

    async fn remove_blob(&self, name: String) -> Result<(), Error> {
        let digest: Digest = name.parse().map_err(Error::internal)?;
        // Whoever stores the same bytes now waits until they are gone, or has counted them already.
        let _gate = self.gate.write().await;
        let key = name.clone();
        let count = self.read(move |tx| Ok(BLOBS.get(tx, &(key.as_str(),))?)).await?;
        if count.is_none() {
            self.blobs.delete(&digest).await.map_err(Error::internal)?;
        }
        self.write(move |tx| Ok(GARBAGE.remove(tx, &(GARBAGE_BLOB, name.as_str()))?)).await
    }

    async fn remove_parts(&self, upload: String) -> Result<(), Error> {
        loop {
            let upload = upload.clone();
            let more = self.write(move |tx| {
                let rows = PARTS.query(&(upload.as_str(),)).limit(BATCH).rows(tx)?;
                for (key, part) in &rows {
                    PARTS.remove(tx, key)?;
                    release(tx, &part.content)?;
                }
                if rows.len() < BATCH {
                    GARBAGE.remove(tx, &(crate::tables::GARBAGE_PARTS, upload.as_str()))?;
                }
                Ok(rows.len() == BATCH)
            });
            if !more.await? {
                return Ok(());
            }
        }
    }

    /// Looks once for blobs that were stored when the process ended, before they were counted.
    pub(crate) async fn find_orphans(&self) -> Result<(), Error> {
        let all: Vec<(Digest, u64)> = self.blobs.list().try_collect().await.map_err(Error::internal)?;
        for chunk in all.chunks(BATCH) {
            let names: Vec<String> = chunk.iter().map(|(digest, _)| digest.to_string()).collect();
            let unknown = self.read(move |tx| {
                let mut unknown = Vec::new();
                for name in names {
                    if BLOBS.get(tx, &(name.as_str(),))?.is_none() {
                        unknown.push(name);
                    }
                }
                Ok(unknown)
            });
            for name in unknown.await? {
                self.suspect(name).await;
            }
        }
        Ok(())
    }
}
