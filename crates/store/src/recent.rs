//! Who wrote which key last, as far back as is remembered.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use crate::engine::Writes;
use crate::tx::Footprint;

/// Bytes of keys that are remembered. A transaction that began before all of them runs again.
const BYTES_MAX: usize = 4 << 20;
/// What one remembered key costs beside its bytes.
const OVERHEAD: usize = 96;

pub(crate) struct Recent {
    last: BTreeMap<Arc<[u8]>, u64>,
    order: VecDeque<(u64, Arc<[u8]>)>,
    bytes: usize,
    /// Writes up to this number may be forgotten.
    floor: u64,
}

impl Recent {
    /// Knows nothing of what was written up to a number.
    pub(crate) fn new(floor: u64) -> Self {
        Self { last: BTreeMap::new(), order: VecDeque::new(), bytes: 0, floor }
    }

    /// Whether something that was read was written after `start`, as far as is known.
    pub(crate) fn conflicts(&self, start: u64, footprint: &Footprint) -> bool {
        let newer = |key: &Vec<u8>| self.last.get(key.as_slice()).is_some_and(|sequence| *sequence > start);
        start < self.floor
            || footprint.keys.iter().any(newer)
            || footprint.ranges.iter().any(|range| self.range_written(range, start))
    }

    fn range_written(&self, range: &(Bound<Vec<u8>>, Bound<Vec<u8>>), start: u64) -> bool {
        let bounds = (range.0.as_ref().map(Vec::as_slice), range.1.as_ref().map(Vec::as_slice));
        // From the lower end on, as maps panic on a range that ends before it begins.
        let entries = self.last.range::<[u8], _>((bounds.0, Bound::Unbounded));
        let mut entries = entries.take_while(|(key, _)| RangeBounds::<[u8]>::contains(&bounds, &***key));
        entries.any(|(_, sequence)| *sequence > start)
    }

    pub(crate) fn remember(&mut self, sequence: u64, writes: &Writes) {
        for key in writes.keys() {
            let key: Arc<[u8]> = key.as_slice().into();
            self.bytes += key.len() + OVERHEAD;
            self.last.insert(Arc::clone(&key), sequence);
            self.order.push_back((sequence, key));
        }
        while self.bytes > BYTES_MAX
            && let Some((sequence, key)) = self.order.pop_front()
        {
            self.floor = self.floor.max(sequence);
            self.bytes -= key.len() + OVERHEAD;
            if self.last.get(&key) == Some(&sequence) {
                self.last.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(keys: &[&str]) -> Writes {
        keys.iter().map(|key| (key.as_bytes().to_vec(), None)).collect()
    }

    fn reads(keys: &[&str], ranges: &[(&str, &str)]) -> Footprint {
        let bound = |text: &str| text.as_bytes().to_vec();
        let ranges = ranges.iter().map(|(a, b)| (Bound::Included(bound(a)), Bound::Excluded(bound(b))));
        Footprint {
            keys: keys.iter().map(|key| bound(key)).collect(),
            ranges: ranges.collect(),
            ..Footprint::default()
        }
    }

    #[test]
    fn only_what_was_read_and_then_written_by_another_conflicts() {
        let mut recent = Recent::new(1);
        recent.remember(2, &writes(&["b", "d"]));
        recent.remember(3, &writes(&["f"]));
        let check = |start, keys: &[&str], ranges: &[(&str, &str)], expected| {
            assert_eq!(
                recent.conflicts(start, &reads(keys, ranges)),
                expected,
                "{start} {keys:?} {ranges:?}"
            );
        };
        check(1, &["a", "c"], &[], false);
        check(1, &["b"], &[], true);
        check(2, &["b"], &[], false);
        check(2, &["f"], &[], true);
        check(3, &["f"], &[("a", "z")], false);
        check(1, &[], &[("b", "c")], true);
        check(1, &[], &[("c", "d")], false);
        check(2, &[], &[("a", "f")], false);
        check(2, &[], &[("a", "g")], true);
        check(1, &[], &[("z", "a")], false);
        check(0, &[], &[], true);
    }

    #[test]
    fn what_is_forgotten_counts_as_written() {
        let mut recent = Recent::new(1);
        let key = "k".repeat(1000);
        let mut sequence = 1;
        while recent.floor == 1 {
            sequence += 1;
            recent.remember(sequence, &writes(&[&format!("{key}{sequence}")]));
            assert!(sequence < 10_000, "memory is bounded");
        }
        assert!(recent.conflicts(1, &reads(&["other"], &[])));
        assert!(!recent.conflicts(sequence, &reads(&["other"], &[])));
    }
}
