//! What nobody uses any more goes: expired images, layers without a manifest, abandoned uploads, deleted repositories, blobs.

use std::time::Duration;

use futures::stream::TryStreamExt as _;
use weft_service::Error;
use weft_store::Digest;
use weft_types::Timestamp;

use crate::tables::{
    BLOBS, Count, DOOMED, GARBAGE, IMAGES, LAYERS, MANIFESTS, REPOS, TAGS, UNUSED, UPLOADS, blob_of, release,
};
use crate::{Ecr, images, lifecycle};

/// Rows that one transaction removes.
const BATCH: usize = 200;
/// How often lifecycle policies are applied, and what is abandoned is looked for.
const EVERY: Duration = Duration::from_mins(10);

impl Ecr {
    /// Removes what nobody uses, as it becomes so, until it is dropped.
    pub async fn run(&self) {
        let failed = |error: Error| tracing::error!(%error, "unused images and layers could not be removed");
        self.find_orphans().await.unwrap_or_else(failed);
        let mut sweeps = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                _ = sweeps.tick() => self.sweep(self.clock.now()).await.unwrap_or_else(failed),
                () = self.garbage.notified() => self.remove_garbage().await.unwrap_or_else(failed),
            }
        }
    }

    /// Applies lifecycle policies as of `now`, and removes what nobody used for long enough.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        let repos = self.read(|tx| Ok(REPOS.query(&()).rows(tx)?)).await?;
        for (key, _) in repos.into_iter().filter(|(_, repo)| repo.lifecycle.is_some()) {
            self.write(move |tx| {
                let Some(mut repo) = REPOS.get(tx, &key)? else { return Ok(()) };
                let rules = repo.lifecycle.as_deref().map(lifecycle::parse).transpose()?.unwrap_or_default();
                let all = IMAGES.query(&(repo.id,)).rows(tx)?;
                for digest in lifecycle::expired(&rules, &all, now) {
                    images::remove(tx, &repo, &digest, now)?;
                }
                repo.evaluated = Some(now);
                Ok(REPOS.insert(tx, &key, &repo)?)
            })
            .await?;
        }
        self.remove_unused(now).await?;
        self.remove_garbage().await
    }

    async fn remove_unused(&self, now: Timestamp) -> Result<(), Error> {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let before = now.as_millis() - millis(self.options.unused_kept);
        let abandoned = now.as_millis() - millis(self.options.uploads_kept);
        loop {
            let more = self.write(move |tx| {
                let rows = UNUSED.query(&()).before(&(before,)).limit(BATCH).rows(tx)?;
                for (key, _) in &rows {
                    UNUSED.remove(tx, key)?;
                    let layer = (key.1, key.2.as_str());
                    if LAYERS.get(tx, &layer)?.is_some_and(|found| found.uses == 0) {
                        LAYERS.remove(tx, &layer)?;
                        release(tx, blob_of(&key.2))?;
                    }
                }
                Ok(rows.len() == BATCH)
            });
            if !more.await? {
                break;
            }
        }
        self.write(move |tx| {
            for (key, upload) in UPLOADS.query(&()).rows(tx)? {
                if upload.began.as_millis() < abandoned {
                    UPLOADS.remove(tx, &key)?;
                    upload.parts.iter().try_for_each(|(part, _)| release(tx, part))?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Removes what deleted repositories left, and blobs that nobody has.
    pub(crate) async fn remove_garbage(&self) -> Result<(), Error> {
        while let Some(((id,), _)) = self.read(|tx| Ok(DOOMED.query(&()).limit(1).rows(tx)?.pop())).await? {
            self.remove_repository(id).await?;
        }
        loop {
            let rows = self.read(|tx| Ok(GARBAGE.query(&()).limit(BATCH).rows(tx)?)).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for ((blob,), _) in rows {
                self.remove_blob(blob).await?;
            }
        }
    }

    async fn remove_repository(&self, id: u64) -> Result<(), Error> {
        self.write(move |tx| {
            let mut left = 0;
            for (key, layer) in LAYERS.query(&(id,)).limit(BATCH).rows(tx)? {
                UNUSED.remove(tx, &(layer.unused, id, key.1.as_str()))?;
                LAYERS.remove(tx, &key)?;
                release(tx, blob_of(&key.1))?;
                left += 1;
            }
            for (key, upload) in UPLOADS.query(&(id,)).limit(BATCH).rows(tx)? {
                UPLOADS.remove(tx, &key)?;
                upload.parts.iter().try_for_each(|(part, _)| release(tx, part))?;
                left += 1;
            }
            for (key, _) in IMAGES.query(&(id,)).limit(BATCH).rows(tx)? {
                MANIFESTS.remove(tx, &key)?;
                IMAGES.remove(tx, &key)?;
                left += 1;
            }
            for (key, _) in TAGS.query(&(id,)).limit(BATCH).rows(tx)? {
                TAGS.remove(tx, &key)?;
                left += 1;
            }
            if left == 0 {
                DOOMED.remove(tx, &(id,))?;
            }
            Ok(())
        })
        .await
    }

    async fn remove_blob(&self, blob: String) -> Result<(), Error> {
        let digest: Digest = blob.parse().map_err(Error::internal)?;
        // Whoever stores the same bytes now waits until they are gone, or has counted them already.
        let _gate = self.gate.write().await;
        let key = blob.clone();
        if self.read(move |tx| Ok(BLOBS.get(tx, &(key.as_str(),))?)).await?.is_none() {
            self.blobs.delete(&digest).await.map_err(Error::internal)?;
        }
        self.write(move |tx| Ok(GARBAGE.remove(tx, &(blob.as_str(),))?)).await
    }

    /// Looks once for blobs that were stored when the process ended, before they were counted.
    async fn find_orphans(&self) -> Result<(), Error> {
        let all: Vec<(Digest, u64)> = self.blobs.list().try_collect().await.map_err(Error::internal)?;
        for chunk in all.chunks(BATCH) {
            let names: Vec<String> = chunk.iter().map(|(digest, _)| digest.to_string()).collect();
            self.write(move |tx| {
                for name in &names {
                    if BLOBS.get(tx, &(name.as_str(),))?.is_none() {
                        GARBAGE.insert(tx, &(name.clone(),), &Count(0))?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        self.remove_garbage().await
    }
}
