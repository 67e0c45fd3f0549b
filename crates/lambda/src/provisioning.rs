//! Keeps the workers that versions have been promised.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use weft_service::Error;

use crate::name::FunctionKey;
use crate::version::VersionId;
use crate::{Lambda, workload};

/// The revisions that are kept warm, by function and version.
#[derive(Default)]
pub(crate) struct Kept {
    all: Mutex<Revisions>,
    /// Something else than a request changed what is to be kept.
    pub(crate) changed: Notify,
}

type Revisions = HashMap<FunctionKey, BTreeMap<VersionId, Arc<str>>>;

impl Kept {
    /// Forgets a function that is gone.
    pub(crate) fn forget(&self, key: &FunctionKey) {
        self.all().remove(key);
    }

    fn all(&self) -> MutexGuard<'_, Revisions> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lambda {
    /// Starts and stops workers of a function after what it keeps has changed, an alias's versions too.
    pub(crate) async fn keep_provisioned(&self, key: &FunctionKey) -> Result<(), Error> {
        let now = self.functions.provisioned_versions(key).await?;
        let before: BTreeSet<VersionId> =
            self.kept.all().get(key).map(|versions| versions.keys().copied().collect()).unwrap_or_default();
        for version in now.union(&before) {
            self.keep_version(key, *version).await?;
        }
        Ok(())
    }

    /// Keeps the workers of all functions that have been promised some: after a start.
    pub(crate) async fn keep_all_provisioned(&self) -> Result<(), Error> {
        for key in self.functions.provisioned_functions().await? {
            if let Err(error) = self.keep_provisioned(&key).await {
                tracing::error!(%error, function = key.name, "workers that are provisioned cannot be kept");
            }
        }
        Ok(())
    }

    async fn keep_version(&self, key: &FunctionKey, version: VersionId) -> Result<(), Error> {
        let target = self.at_version(key, version).await?;
        let id = target.as_ref().map(|target| Arc::clone(&target.revision.id));
        let kept = id.clone().filter(|_| target.as_ref().is_some_and(|target| target.provisioned > 0));
        let old = {
            let mut all = self.kept.all();
            let versions = all.entry(key.clone()).or_default();
            let old = match &kept {
                Some(id) => versions.insert(version, Arc::clone(id)),
                None => versions.remove(&version),
            };
            if versions.is_empty() {
                all.remove(key);
            }
            old
        };
        if old == kept {
            return Ok(());
        }
        // New workers first: requests that come meanwhile find the old ones.
        if let Some(target) = target.filter(|target| target.provisioned > 0) {
            self.workers.keep_warm(target.revision);
        }
        self.workers.retire(&workload(key, version, &self.placements.get(key)), id.as_deref());
        Ok(())
    }
}
