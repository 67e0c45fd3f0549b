//! Shared memory without a name (`mmap` of `MAP_SHARED | MAP_ANONYMOUS`), where no control group counts it.
//!
//! Such an object holds its pages until its last mapping goes, whether or not anybody maps those pages. So what is in
//! use cannot be told from outside; what can be told is how much was asked for, as the init answers those calls, and
//! which objects still have a mapping somewhere, by their inode numbers.

use std::collections::{BTreeMap, BTreeSet};

/// Calls granted and not seen at once; more are refused.
const LOOSE_MAX: usize = 256;

/// The objects of one sandbox, with as much as each may hold at most.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    seen: BTreeMap<u64, Object>,
    /// Granted, but not yet seen among the mappings.
    loose: Vec<Loose>,
    /// The largest that was ever granted.
    largest: u64,
}

#[derive(Debug)]
struct Object {
    bytes: u64,
    /// Whether the last look did not find it. A second one forgets it: a look at a process that forks and ends may miss.
    missed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Loose {
    thread: u32,
    bytes: u64,
}

impl Objects {
    /// The most that all of them hold.
    pub(crate) fn bytes(&self) -> u64 {
        self.seen.values().map(|object| object.bytes).chain(self.loose.iter().map(|loose| loose.bytes)).sum()
    }

    /// Whether this thread's last grant has not been seen.
    pub(crate) fn waits_for(&self, thread: u32) -> bool {
        self.loose.iter().any(|loose| loose.thread == thread)
    }

    /// Whether there is room for one more grant.
    pub(crate) fn has_room(&self) -> bool {
        self.loose.len() < LOOSE_MAX && self.seen.len() < LOOSE_MAX * 16
    }

    /// Notes that a thread's call may go on.
    pub(crate) fn grant(&mut self, thread: u32, bytes: u64) {
        self.largest = self.largest.max(bytes);
        self.loose.push(Loose { thread, bytes });
    }

    /// Takes the last grant back: its call was not carried out.
    pub(crate) fn revoke(&mut self) {
        self.loose.pop();
    }

    /// The threads whose grants have not been seen.
    pub(crate) fn loose_threads(&self) -> impl Iterator<Item = u32> {
        self.loose.iter().map(|loose| loose.thread)
    }

    /// Takes a whole look at all mappings in: the objects that have one. The calls of the `settled` threads had ended,
    /// one way or the other, before that look began.
    pub(crate) fn take(&mut self, alive: &BTreeSet<u64>, settled: &BTreeSet<u32>) {
        self.seen.retain(|inode, object| {
            let gone = !alive.contains(inode);
            let keep = !(gone && object.missed);
            object.missed = gone;
            keep
        });
        let fresh: Vec<u64> = alive.iter().filter(|inode| !self.seen.contains_key(inode)).copied().collect();
        // Which of several grants an object comes from cannot be told: it may be the largest. Without a grant it is one
        // that was lost sight of.
        let bytes = self.loose.iter().map(|loose| loose.bytes).max().unwrap_or(self.largest);
        self.seen.extend(fresh.iter().map(|inode| (*inode, Object { bytes, missed: false })));
        // What is not seen yet is on its way in a thread that has not settled; the largest, for the same reason.
        let mut sizes: Vec<u64> = self.loose.iter().map(|loose| loose.bytes).collect();
        sizes.sort_unstable();
        self.loose.retain(|loose| !settled.contains(&loose.thread));
        self.loose.truncate(sizes.len().saturating_sub(fresh.len()));
        for (loose, bytes) in self.loose.iter_mut().zip(sizes.into_iter().rev()) {
            loose.bytes = bytes;
        }
    }
}

/// The inode of a shared object without a name in a line of `/proc/PID/maps`. Programs may rename theirs.
pub(crate) fn parse_mapping(line: &str) -> Option<u64> {
    // Range, rights, offset, device, inode, then the name after blanks.
    let mut fields = line.splitn(6, ' ');
    let inode = fields.nth(4)?;
    let name = fields.next()?.trim_start();
    let nameless = name.starts_with("/dev/zero (deleted)") || name.starts_with("[anon_shmem:");
    if nameless { inode.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn look(objects: &mut Objects, alive: &[u64], settled: &[u32]) -> u64 {
        objects.take(&alive.iter().copied().collect(), &settled.iter().copied().collect());
        objects.bytes() / MIB
    }

    #[test]
    fn an_object_counts_in_full_until_its_last_mapping_is_gone() {
        let mut objects = Objects::default();
        objects.grant(2, 40 * MIB);
        assert_eq!(objects.bytes(), 40 * MIB);
        assert_eq!(look(&mut objects, &[7], &[2]), 40);
        objects.grant(2, MIB);
        assert_eq!(look(&mut objects, &[7, 8], &[2]), 41);
        assert_eq!(look(&mut objects, &[8], &[2]), 41, "one look may miss");
        assert_eq!(look(&mut objects, &[8], &[2]), 1);
        assert_eq!(look(&mut objects, &[], &[]) + look(&mut objects, &[], &[]), 1);
    }

    #[test]
    fn a_grant_counts_until_its_call_has_ended() {
        let mut objects = Objects::default();
        objects.grant(2, 40 * MIB);
        assert_eq!(look(&mut objects, &[], &[]), 40, "the thread is still on its way");
        assert!(objects.waits_for(2));
        assert_eq!(look(&mut objects, &[], &[2]), 0, "its object came and went");
        objects.grant(2, MIB);
        objects.revoke();
        assert_eq!(objects.bytes(), 0);
    }

    #[test]
    fn what_cannot_be_told_apart_counts_as_the_largest() {
        let mut objects = Objects::default();
        objects.grant(2, 40 * MIB);
        objects.grant(3, MIB);
        assert_eq!(look(&mut objects, &[7], &[2]), 80, "either may be the one on its way");
        assert_eq!(look(&mut objects, &[7, 8], &[2, 3]), 80);
        assert_eq!(look(&mut objects, &[7, 8, 9], &[]), 120, "never granted, so lost sight of before");
    }

    #[test]
    fn only_shared_memory_without_a_name_is_found_among_mappings() {
        let check = |name: &str, expected: Option<u64>| {
            let line =
                format!("7fd5f9078000-7fd5f9178000 rw-s 00000000 00:01 1029                       {name}");
            assert_eq!(parse_mapping(&line), expected, "{name}");
        };
        check("/dev/zero (deleted)", Some(1029));
        check("[anon_shmem:renamed]", Some(1029));
        check("/SYSV00000000 (deleted)", None);
        check("/usr/lib/libc.so.6", None);
        assert_eq!(parse_mapping("7ffe0000-7fff0000 rw-p 00000000 00:00 0 "), None);
        assert_eq!(parse_mapping(""), None);
    }
}
