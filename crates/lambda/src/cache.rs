//! What invocations need, in memory, read without a lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use imbl::HashMap;
use weft_policy::Policy;
use weft_service::Tags;

use crate::Placement;
use crate::alias::Alias;
use crate::name::FunctionKey;
use crate::resolve::Target;
use crate::version::VersionId;

/// Functions that are kept; beyond it all are forgotten, and come back as they are asked for.
const FUNCTIONS_MAX: usize = 50_000;

/// Things that are kept of one function; beyond it all are forgotten.
const OF_FUNCTION_MAX: usize = 1000;

/// What is known of one function, as it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) versions: BTreeMap<VersionId, Target>,
    pub(crate) aliases: BTreeMap<String, Arc<Alias>>,
    /// By qualifier; none where there is no policy.
    pub(crate) policies: BTreeMap<String, Option<Arc<Policy>>>,
    pub(crate) tags: Option<Arc<Tags>>,
}

impl Known {
    fn len(&self) -> usize {
        self.versions.len() + self.aliases.len() + self.policies.len()
    }
}

/// What is known, by function.
#[derive(Default)]
pub(crate) struct Cache {
    functions: ArcSwap<HashMap<FunctionKey, Arc<Known>>>,
    /// Rises with each change of a function, after the change is durable and before the function is forgotten.
    epoch: AtomicU64,
    writes: Mutex<()>,
}

impl Cache {
    /// What `of` finds in what is known of a function.
    pub(crate) fn get<T>(&self, key: &FunctionKey, of: impl Fn(&Known) -> Option<T>) -> Option<T> {
        self.functions.load().get(key).and_then(|known| of(known))
    }

    /// What [`Self::insert`] wants to know; taken before the function is read from the store.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Keeps something of a function unless one has changed since `epoch`: what was read might be the old one, which
    /// a cache would serve for ever. Tells whether it did.
    pub(crate) fn insert(&self, key: &FunctionKey, epoch: u64, keep: impl FnOnce(&mut Known)) -> bool {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() != epoch {
            return false;
        }
        let old = self.functions.load();
        let mut new = if old.len() < FUNCTIONS_MAX { HashMap::clone(&old) } else { HashMap::new() };
        let known = new.get(key).filter(|known| known.len() < OF_FUNCTION_MAX);
        let mut known = known.map(|known| Known::clone(known)).unwrap_or_default();
        keep(&mut known);
        new.insert(key.clone(), Arc::new(known));
        self.functions.store(Arc::new(new));
        true
    }

    /// Forgets a function that has changed.
    pub(crate) fn forget(&self, key: &FunctionKey) {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.functions.store(Arc::new(self.functions.load().without(key)));
    }

    /// Forgets a function's tags, which have changed; what runs of it stays known.
    pub(crate) fn forget_tags(&self, key: &FunctionKey) {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let old = self.functions.load();
        if let Some(known) = old.get(key) {
            let known = Arc::new(Known { tags: None, ..Known::clone(known) });
            self.functions.store(Arc::new(old.update(key.clone(), known)));
        }
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
