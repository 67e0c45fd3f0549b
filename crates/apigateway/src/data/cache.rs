//! What authorizers said, kept for a time. Bounded; of more, the oldest are forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Entries of one cache.
const ENTRIES_MAX: usize = 10_000;

/// A cache of one authorizer of one stage.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    entries: Mutex<HashMap<String, (Instant, V)>>,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }
}

impl<V: Clone> Cache<V> {
    /// What is known at this moment.
    pub(crate) fn get(&self, key: &str, now: Instant) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(until, _)| now < *until).map(|(_, value)| value.clone())
    }

    /// Keeps a value for so long.
    pub(crate) fn keep(&self, key: String, value: V, now: Instant, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, (until, _)| now < *until);
            if entries.len() >= ENTRIES_MAX {
                entries.clear();
            }
        }
        entries.insert(key, (now + ttl, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_holds_for_its_time_and_no_longer() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.keep("a".to_owned(), 1, now, Duration::from_secs(5));
        cache.keep("b".to_owned(), 2, now, Duration::ZERO);
        let after = |seconds: u64| now + Duration::from_secs(seconds);
        assert_eq!(cache.get("a", after(4)), Some(1));
        assert_eq!(cache.get("a", after(5)), None);
        assert_eq!(cache.get("b", now), None);
        for number in 0..=ENTRIES_MAX {
            cache.keep(number.to_string(), 3, now, Duration::from_secs(5));
        }
        let entries = cache.entries.lock().unwrap().len();
        assert!(entries <= ENTRIES_MAX);
    }
}
