//! What was read of keys and policies, until the next write, within bounds of entries and of bytes.
//!
//! Readers take no lock: the maps are persistent and swapped as a whole. A write forgets everything: writes to IAM are
//! rare, and what is asked for is read again in a fraction of a millisecond.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use weft_service::{Credential, Holdings};
use weft_types::Timestamp;

use crate::cache::bounded::Bounded;

mod bounded;

/// Bytes of keys: secrets, session tokens, what sessions are and which policies narrow them.
const KEY_BYTES_MAX: usize = 32 << 20;
/// Bytes of what users and roles hold.
const POLICY_BYTES_MAX: usize = 64 << 20;

pub(crate) type Policies = Arc<Holdings>;

/// A key that was looked up.
pub(crate) struct KnownKey {
    pub(crate) credential: Credential,
    /// The session token that goes with it; none for long-lived keys.
    pub(crate) token: Option<Box<str>>,
    /// When it ends; never for long-lived keys.
    pub(crate) expires: Option<Timestamp>,
}

/// Keys by their ids, and policies by the ids of users and roles.
pub(crate) struct Cache {
    maps: ArcSwap<Maps>,
    changes: watch::Receiver<u64>,
}

#[derive(Clone)]
struct Maps {
    age: Age,
    keys: Bounded<KnownKey>,
    policies: Bounded<Holdings>,
}

/// What tells an old map from a new one: writes of our own, and commits that the store tells of. The latter cover writes
/// whose caller went away before their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age {
    own: u64,
    commits: u64,
}

impl Cache {
    pub(crate) fn new(changes: watch::Receiver<u64>) -> Self {
        let age = Age { own: 0, commits: *changes.borrow() };
        Self { maps: ArcSwap::from_pointee(Maps::empty(age)), changes }
    }

    /// The age that something read from now on has at least.
    pub(crate) fn age(&self) -> Age {
        Age { own: self.maps.load().age.own, commits: *self.changes.borrow() }
    }

    pub(crate) fn key(&self, id: &str) -> Option<Arc<KnownKey>> {
        let maps = self.maps.load();
        if maps.age.commits == *self.changes.borrow() { maps.keys.get(id) } else { None }
    }

    pub(crate) fn policies(&self, id: &str) -> Option<Policies> {
        let maps = self.maps.load();
        if maps.age.commits == *self.changes.borrow() { maps.policies.get(id) } else { None }
    }

    /// Remembers a key that was read at `age`, unless something was written since.
    pub(crate) fn remember_key(&self, age: Age, id: &str, key: &Arc<KnownKey>) {
        self.update(age, |maps| maps.keys.insert(id, key));
    }

    /// Remembers policies that were read at `age`, unless something was written since.
    pub(crate) fn remember_policies(&self, age: Age, id: &str, policies: &Policies) {
        self.update(age, |maps| maps.policies.insert(id, policies));
    }

    /// Forgets everything when the guard is dropped.
    pub(crate) fn forget_when_dropped(&self) -> Forget<'_> {
        Forget(self)
    }

    fn update(&self, age: Age, change: impl Fn(&mut Maps)) {
        self.maps.rcu(|maps| {
            if maps.age.own != age.own || maps.age.commits > age.commits {
                return Arc::clone(maps);
            }
            let mut next = if maps.age == age { Maps::clone(maps) } else { Maps::empty(age) };
            change(&mut next);
            Arc::new(next)
        });
    }
}

impl Maps {
    fn empty(age: Age) -> Self {
        Self { age, keys: Bounded::new(KEY_BYTES_MAX), policies: Bounded::new(POLICY_BYTES_MAX) }
    }
}

/// Forgets what is cached when it is dropped.
pub(crate) struct Forget<'a>(&'a Cache);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.maps.rcu(|maps| Maps::empty(Age { own: maps.age.own + 1, ..maps.age }));
    }
}
