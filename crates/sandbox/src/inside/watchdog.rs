//! What the processes of this pid namespace use, where no control group tells it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

use super::{root, shared, sockets};
use crate::spec::Usage;
use crate::sys;

/// How fast a program is assumed to fill memory, for the time until the next look.
const BYTES_PER_MILLISECOND: u64 = 4 << 20;
const PAUSE_MIN_MILLIS: u64 = 4;
const PAUSE_MAX_MILLIS: u64 = 200;
/// The most text about mappings in one look, some 20 ms of reading: else a program could keep the watchdog busy.
const MAPS_BYTES_MAX: usize = 2 << 20;
/// What the kernel keeps beside the contents: of a file in memory, a System V object, a message, a semaphore.
const INODE_BYTES: u64 = 1024;
const OBJECT_BYTES: u64 = 512;
const MESSAGE_BYTES: u64 = 64;
const SEMAPHORE_BYTES: u64 = 128;

/// What a sandbox may use, and what of it is its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The memory limit in bytes.
    pub(crate) limit: u64,
    /// Whether all sockets of the network namespace are the sandbox's.
    pub(crate) own_network: bool,
}

/// When to look again, by what is left.
pub(crate) fn pause(limit: u64, used: u64) -> Duration {
    let left = limit.saturating_sub(used);
    Duration::from_millis((left / BYTES_PER_MILLISECOND).clamp(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS))
}

/// Memory in use by every process but the init, with private pages counted once where `exact`, plus what the in-memory
/// file systems and System V objects hold, and shared memory without a name: `objects` at most.
pub(crate) fn memory(exact: bool, objects: u64, bounds: Bounds) -> u64 {
    let (private, shared) = in_processes(exact);
    let sockets = if bounds.own_network { sockets::held(bounds.limit) } else { 0 };
    let mut held = system_v();
    for path in ["/tmp", "/dev/shm", root::MEMORY_FILES] {
        if let Ok(stat) = rustix::fs::statvfs(path) {
            held += (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
            held += stat.f_files.saturating_sub(stat.f_ffree) * INODE_BYTES;
        }
    }
    private + shared.max(held + objects.saturating_sub(shared_slack(bounds.limit))) + sockets
}

/// Private and shared memory that processes have mapped. A child within `vfork` has its parent's memory, not a copy, and
/// reports it as its own: it counts once.
fn in_processes(exact: bool) -> (u64, u64) {
    let all: Vec<PathBuf> = processes().collect();
    let parents: Vec<Option<Pid>> = all.iter().map(|process| sharing_parent(process)).collect();
    let mut figures: Vec<(u64, u64)> = all.iter().map(|process| mapped(process, exact)).collect();
    for ((process, parent), figures) in all.iter().zip(parents).zip(&mut figures) {
        let Some(parent) = parent else { continue };
        // Memory that two processes share now they have shared since the younger began, for an execution gives fresh memory
        // and nothing joins it to another's: both were read with the same one, and no turn of events hides a part.
        let still = sharing_parent(process) == Some(parent);
        // Executed meanwhile, what was read may have been the parent's.
        *figures = if still { (0, 0) } else { mapped(process, exact) };
    }
    figures.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// The parent, if the process has its memory in common with it. Where the kernel does not tell, nothing is in common.
fn sharing_parent(process: &Path) -> Option<Pid> {
    let pid = Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?)?;
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let parent = Pid::from_raw(parse_parent(&stat)?).filter(|parent| !parent.is_init())?;
    // First threads that have ended have no memory, which is the same none for all of them.
    let has_memory = || fs::read_to_string(process.join("statm")).is_ok_and(|sizes| !sizes.starts_with("0 "));
    (sys::share_memory(pid, parent).unwrap_or(false) && has_memory()).then_some(parent)
}

/// What a process has mapped: private memory with its page tables, and shared memory.
fn mapped(process: &Path, exact: bool) -> (u64, u64) {
    let status = text_of(process, "status", "VmRSS:");
    let rollup = if exact { text_of(process, "smaps_rollup", "Pss_Anon:") } else { String::new() };
    let (private, shared) = if rollup.is_empty() {
        (kibibytes(&status, "RssAnon:"), kibibytes(&status, "RssShmem:"))
    } else {
        (kibibytes(&rollup, "Pss_Anon:"), kibibytes(&rollup, "Pss_Shmem:"))
    };
    (private + kibibytes(&status, "VmPTE:"), shared)
}

/// How much shared memory without a name counts only as far as it is seen in processes: a quarter of the limit. Programs
/// that reserve more than they use stay within it, and one that hides its use exceeds the limit by that much.
fn shared_slack(limit: u64) -> u64 {
    limit / 4
}

/// Whether so much shared memory without a name can be there beside what else is in use.
pub(crate) fn shared_fits(objects: u64, bounds: Bounds) -> bool {
    // Most programs ask for little.
    let fits = |exact| memory(exact, objects, bounds) <= bounds.limit;
    objects <= shared_slack(bounds.limit) || fits(false) || fits(true)
}

/// The shared objects without a name that any process maps; `None` if there is too much to read, or not all was told.
pub(crate) fn shared_objects() -> Option<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    let mut left = MAPS_BYTES_MAX;
    for process in processes() {
        read_mappings(&process, &mut found, &mut left)?;
    }
    Some(found)
}

fn read_mappings(process: &Path, found: &mut BTreeSet<u64>, left: &mut usize) -> Option<()> {
    for place in std::iter::once(process.to_owned()).chain(threads(process)) {
        let mut text = Vec::new();
        let read = fs::File::open(place.join("maps"))
            .and_then(|file| file.take(*left as u64).read_to_end(&mut text));
        match read {
            // It has ended.
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(()),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Some(()),
            Err(_) => return None,
            Ok(_) => {}
        }
        *left = left.checked_sub(text.len()).filter(|left| *left > 0)?;
        let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        found.extend(lines.filter_map(shared::parse_mapping));
        if !text.is_empty() {
            return Some(());
        }
    }
    Some(())
}

/// A file about a process. Where its first thread has ended, only the others tell of its memory.
fn text_of(process: &Path, file: &str, key: &str) -> String {
    let text = fs::read_to_string(process.join(file)).unwrap_or_default();
    if text.contains(key) {
        return text;
    }
    let others = threads(process).map(|thread| fs::read_to_string(thread.join(file)).unwrap_or_default());
    others.into_iter().find(|other| other.contains(key)).unwrap_or(text)
}

fn threads(process: &Path) -> impl Iterator<Item = PathBuf> {
    // Looked for only when the process itself does not tell.
    let tasks = process.join("task");
    std::iter::once(tasks)
        .flat_map(|tasks| fs::read_dir(tasks).into_iter().flatten().flatten())
        .map(|entry| entry.path())
}

/// What System V shared memory, messages and semaphores hold, attached or not.
fn system_v() -> u64 {
    let sum = |file: &str, bytes: fn(&[u64]) -> u64| {
        let text = fs::read_to_string(Path::new("/proc/sysvipc").join(file)).unwrap_or_default();
        text.lines().skip(1).map(|line| bytes(&numbers(line))).sum::<u64>()
    };
    sum("shm", |fields| OBJECT_BYTES + field(fields, 14) + field(fields, 15))
        + sum("msg", |fields| OBJECT_BYTES + field(fields, 3) + field(fields, 4) * MESSAGE_BYTES)
        + sum("sem", |fields| OBJECT_BYTES + field(fields, 3) * SEMAPHORE_BYTES)
}

fn field(fields: &[u64], at: usize) -> u64 {
    fields.get(at).copied().unwrap_or(0)
}

/// The columns of a table; those that are no plain number count as zero.
fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect()
}

/// Everything that can be told from `/proc`.
pub(crate) fn usage(peak: u64, objects: u64, bounds: Bounds) -> Usage {
    let memory_bytes = memory(true, objects, bounds);
    let mut cpu_ticks = 0;
    let mut count = 0;
    for process in processes() {
        count += 1;
        cpu_ticks += parse_cpu_ticks(&fs::read_to_string(process.join("stat")).unwrap_or_default());
    }
    let cpu_micros = cpu_ticks * 1_000_000 / rustix::param::clock_ticks_per_second();
    Usage { memory_bytes, memory_peak_bytes: peak.max(memory_bytes), cpu_micros, processes: count }
}

fn processes() -> impl Iterator<Item = std::path::PathBuf> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let pid: u32 = name.to_str()?.parse().ok()?;
        (pid != 1).then(|| entry.path())
    })
}

fn kibibytes(text: &str, key: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    value.and_then(|value| value.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Own and waited-for children's user and system time, the 14th to 17th fields; the second may hold spaces.
fn parse_cpu_ticks(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    after_name.split(' ').skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// The parent's number, the 4th field.
fn parse_parent(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_kernel_s_texts() {
        assert_eq!(kibibytes("VmRSS:\t 9 kB\nRssAnon:\t     120 kB\n", "RssAnon:"), 120 << 10);
        assert_eq!(kibibytes("", "RssAnon:"), 0);
        assert_eq!(parse_cpu_ticks("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 11 12 13 14 20 0"), 50);
        assert_eq!(parse_cpu_ticks(""), 0);
        assert_eq!(parse_parent("7 (a) b) S 21 7 7 0 -1"), Some(21));
        assert_eq!(parse_parent(""), None);
    }

    #[test]
    fn the_nearer_the_limit_the_sooner_it_looks() {
        assert_eq!(pause(128 << 20, 0), Duration::from_millis(32));
        assert_eq!(pause(128 << 20, 127 << 20), Duration::from_millis(PAUSE_MIN_MILLIS));
        assert_eq!(pause(64 << 30, 0), Duration::from_millis(PAUSE_MAX_MILLIS));
    }
}
