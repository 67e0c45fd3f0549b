//! What invocations need, in memory, read without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use imbl::HashMap;
use weft_service::workload::Revision;

use crate::Placement;
use crate::name::FunctionKey;

/// Revisions that are kept; beyond it all are forgotten, and come back as they are asked for.
const REVISIONS_MAX: usize = 50_000;

/// Current revisions by function.
#[derive(Default)]
pub(crate) struct Cache {
    revisions: ArcSwap<HashMap<FunctionKey, Arc<Revision>>>,
    /// Rises with each change of a function, after the change is durable and before its revision is forgotten.
    epoch: AtomicU64,
    writes: Mutex<()>,
}

impl Cache {
    pub(crate) fn get(&self, key: &FunctionKey) -> Option<Arc<Revision>> {
        self.revisions.load().get(key).cloned()
    }

    /// What [`Self::insert`] wants to know; taken before the function is read from the store.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Keeps a revision unless a function has changed since `epoch`: the one that was read might be the old one, which
    /// a cache would serve for ever. Tells whether it did.
    pub(crate) fn insert(&self, key: &FunctionKey, revision: &Arc<Revision>, epoch: u64) -> bool {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() != epoch {
            return false;
        }
        let old = self.revisions.load();
        let mut new = if old.len() < REVISIONS_MAX { HashMap::clone(&old) } else { HashMap::new() };
        new.insert(key.clone(), Arc::clone(revision));
        self.revisions.store(Arc::new(new));
        true
    }

    /// Forgets a function that has changed.
    pub(crate) fn forget(&self, key: &FunctionKey) {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.revisions.store(Arc::new(self.revisions.load().without(key)));
    }
}

/// Placements by function.
#[derive(Default)]
pub(crate) struct Placements {
    all: ArcSwap<HashMap<FunctionKey, Placement>>,
    generations: AtomicU64,
    writes: Mutex<()>,
}

impl Placements {
    pub(crate) fn get(&self, key: &FunctionKey) -> Placement {
        self.all.load().get(key).cloned().unwrap_or_default()
    }

    /// Sets or removes a placement; tells whether that changed anything. Each has a number of its own, which is part of
    /// the revision's id, as pools are kept by it.
    pub(crate) fn set(&self, key: &FunctionKey, placement: Option<Placement>) -> bool {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.get(key);
        let new = placement.unwrap_or_default();
        if (&old.app, &old.scale) == (&new.app, &new.scale) {
            return false;
        }
        let generation = self.generations.fetch_add(1, Ordering::SeqCst) + 1;
        self.all.store(Arc::new(self.all.load().update(key.clone(), Placement { generation, ..new })));
        true
    }
}
