//! What the processes of this pid namespace use, where no control group tells it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::spec::Usage;

/// How fast a program is assumed to fill memory, for the time until the next look.
const BYTES_PER_MILLISECOND: u64 = 4 << 20;
const PAUSE_MIN_MILLIS: u64 = 4;
const PAUSE_MAX_MILLIS: u64 = 200;

/// When to look again, by what is left.
pub(crate) fn pause(limit: u64, used: u64) -> Duration {
    let left = limit.saturating_sub(used);
    Duration::from_millis((left / BYTES_PER_MILLISECOND).clamp(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS))
}

/// Memory in use by every process but the init, with shared pages counted once where `exact`, plus what the
/// in-memory file systems and memory files hold.
pub(crate) fn memory(exact: bool) -> u64 {
    let mut private = 0;
    let mut shared = 0;
    let mut files = BTreeSet::new();
    let mut held = 0;
    for process in processes() {
        let (file, anonymous_key, shared_key) = if exact {
            ("smaps_rollup", "Pss_Anon:", "Pss_Shmem:")
        } else {
            ("status", "RssAnon:", "RssShmem:")
        };
        let text = fs::read_to_string(process.join(file)).unwrap_or_default();
        private += kibibytes(&text, anonymous_key);
        shared += kibibytes(&text, shared_key);
        held += memory_files(&process, &mut files);
    }
    for path in ["/tmp", "/dev/shm"] {
        if let Ok(stat) = rustix::fs::statvfs(path) {
            held += (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
        }
    }
    private + shared.max(held)
}

/// What memory files these descriptors hold, each file once.
fn memory_files(process: &Path, seen: &mut BTreeSet<u64>) -> u64 {
    let mut bytes = 0;
    for descriptor in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
        let path = descriptor.path();
        if fs::read_link(&path).is_ok_and(|target| target.to_string_lossy().starts_with("/memfd:"))
            && let Ok(file) = fs::metadata(&path)
            && seen.insert(file.ino())
        {
            bytes += file.blocks() * 512;
        }
    }
    bytes
}

/// Everything that can be told from `/proc`.
pub(crate) fn usage(peak: u64) -> Usage {
    let memory_bytes = memory(true);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_kernel_s_texts() {
        assert_eq!(kibibytes("VmRSS:\t 9 kB\nRssAnon:\t     120 kB\n", "RssAnon:"), 120 << 10);
        assert_eq!(kibibytes("", "RssAnon:"), 0);
        assert_eq!(parse_cpu_ticks("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 11 12 13 14 20 0"), 50);
        assert_eq!(parse_cpu_ticks(""), 0);
    }

    #[test]
    fn the_nearer_the_limit_the_sooner_it_looks() {
        assert_eq!(pause(128 << 20, 0), Duration::from_millis(32));
        assert_eq!(pause(128 << 20, 127 << 20), Duration::from_millis(PAUSE_MIN_MILLIS));
        assert_eq!(pause(64 << 30, 0), Duration::from_millis(PAUSE_MAX_MILLIS));
    }
}
