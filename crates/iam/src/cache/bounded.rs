//! A map that is begun anew when it is full.

use std::sync::Arc;

use weft_policy::NamedPolicy;
use weft_service::{Credential, Holdings, Principal, SessionFacts};

use crate::cache::KnownKey;

/// Entries per map.
const ENTRIES_MAX: usize = 50_000;
/// What an entry takes beside its key and value.
const ENTRY_BYTES: usize = 128;

/// Something whose memory is counted.
pub(super) trait Weighed {
    /// About how many bytes it takes, itself included.
    fn bytes(&self) -> usize;
}

/// Values by their ids, within bounds of entries and of bytes. Persistent: a clone shares what it holds.
pub(super) struct Bounded<T> {
    map: imbl::HashMap<Box<str>, (usize, Arc<T>)>,
    bytes: usize,
    bytes_max: usize,
}

impl<T> Clone for Bounded<T> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone(), bytes: self.bytes, bytes_max: self.bytes_max }
    }
}

impl<T: Weighed> Bounded<T> {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { map: imbl::HashMap::new(), bytes: 0, bytes_max }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<T>> {
        self.map.get(id).map(|(_, value)| Arc::clone(value))
    }

    /// Adds a value; one that is too large by itself is not kept.
    pub(super) fn insert(&mut self, id: &str, value: &Arc<T>) {
        let bytes = ENTRY_BYTES + id.len() + value.bytes();
        self.forget(id);
        if bytes > self.bytes_max {
            return;
        }
        if self.map.len() >= ENTRIES_MAX || self.bytes + bytes > self.bytes_max {
            (self.map, self.bytes) = (imbl::HashMap::new(), 0);
        }
        self.bytes += bytes;
        self.map.insert(id.into(), (bytes, Arc::clone(value)));
    }

    fn forget(&mut self, id: &str) {
        if let Some((bytes, _)) = self.map.remove(id) {
            self.bytes -= bytes;
        }
    }
}

impl Weighed for KnownKey {
    fn bytes(&self) -> usize {
        let Credential { secret, principal, session_policies, session } = &self.credential;
        let token = self.token.as_deref().map_or(0, str::len);
        let own = size_of::<Self>() + secret.len() + token;
        own + principal_bytes(principal)
            + policies_bytes(session_policies)
            + session.as_deref().map_or(0, facts_bytes)
    }
}

impl Weighed for Holdings {
    fn bytes(&self) -> usize {
        let Self { identity, boundary, tags } = self;
        size_of::<Self>() + policies_bytes(identity) + policies_bytes(boundary) + pairs_bytes(tags)
    }
}

fn principal_bytes(principal: &Principal) -> usize {
    let names = match principal {
        Principal::User { path, name, id, .. } => path.len() + name.len() + id.len(),
        Principal::Session { path, role, role_id, session, .. } => {
            path.len() + role.len() + role_id.len() + session.len()
        }
        Principal::Federated { name, by, .. } => name.len() + principal_bytes(by),
        Principal::Root(_) | Principal::Service { .. } | Principal::Anonymous => 0,
    };
    size_of::<Principal>() + names
}

/// AWS's own policies are kept once for all, and do not count.
fn policies_bytes<'a>(policies: impl IntoIterator<Item = &'a NamedPolicy>) -> usize {
    let one = |named: &NamedPolicy| {
        let shared = named.name.starts_with("arn:aws:iam::aws:policy/");
        let policy = if shared { 0 } else { named.policy.memory_bytes() };
        size_of::<NamedPolicy>() + named.name.len() + policy
    };
    policies.into_iter().map(one).sum()
}

fn facts_bytes(facts: &SessionFacts) -> usize {
    let SessionFacts { issued: _, tags, transitive, source_identity, mfa: _ } = facts;
    let transitive: usize = transitive.iter().map(|key| size_of::<String>() + key.len()).sum();
    size_of::<SessionFacts>()
        + pairs_bytes(tags)
        + transitive
        + source_identity.as_deref().map_or(0, str::len)
}

fn pairs_bytes(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(key, value)| 2 * size_of::<String>() + key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use weft_policy::Policy;

    use super::*;

    impl Weighed for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    /// Puts values of these sizes, and tells which are there then.
    fn check(bytes_max: usize, puts: &[(&str, usize)], expected: &str) {
        let mut bounded = Bounded::new(bytes_max);
        for (id, bytes) in puts {
            bounded.insert(id, &Arc::new(*bytes - ENTRY_BYTES - id.len()));
            assert!(bounded.bytes <= bytes_max, "{} bytes", bounded.bytes);
            assert_eq!(bounded.bytes, bounded.map.values().map(|(bytes, _)| bytes).sum::<usize>());
        }
        let mut there: Vec<_> = bounded.map.keys().map(|id| &**id).collect();
        there.sort_unstable();
        assert_eq!(there.join(" "), expected, "{puts:?}");
    }

    #[test]
    fn a_cache_holds_no_more_bytes_than_it_may() {
        check(1000, &[("a", 400), ("b", 600)], "a b");
        check(1000, &[("a", 400), ("b", 600), ("c", 200)], "c");
        check(1000, &[("a", 400), ("b", 500), ("a", 500)], "a b");
        check(1000, &[("a", 400), ("b", 500), ("b", 601)], "b");
        check(1000, &[("a", 400), ("b", 1001)], "a");
        check(1000, &[("a", 400), ("a", 1001)], "");
    }

    #[test]
    fn what_is_held_weighs_what_its_policies_and_tags_do() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let policy = Arc::new(Policy::parse(text).expect("a policy"));
        let held = |name: &str, tag: usize| Holdings {
            identity: vec![NamedPolicy::new(name, Arc::clone(&policy))],
            boundary: None,
            tags: vec![("k".to_owned(), "v".repeat(tag))],
        };
        let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
        let own = "arn:aws:iam::000000000000:policy/Administrator";
        let difference = held(own, 0).bytes() - held(aws, 0).bytes();
        assert_eq!(difference, policy.memory_bytes() + own.len() - aws.len());
        assert_eq!(held(own, 1000).bytes() - held(own, 0).bytes(), 1000);
    }

    #[test]
    fn entries_are_bounded_as_well() {
        let mut bounded = Bounded::new(usize::MAX);
        for number in 0..=ENTRIES_MAX {
            bounded.insert(&number.to_string(), &Arc::new(1));
        }
        assert_eq!(bounded.map.len(), 1);
    }
}
