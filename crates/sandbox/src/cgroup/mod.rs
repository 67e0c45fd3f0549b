//! Limits by control groups, version 1 (also hybrid) and version 2.

mod v1;
mod v2;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::spec::{Limits, Usage};

pub(crate) use v1::V1;
pub(crate) use v2::V2;

/// How this machine limits groups of processes.
#[derive(Debug, Clone)]
pub(crate) enum Driver {
    V1(V1),
    V2(V2),
}

/// What a driver can do here.
#[expect(clippy::struct_excessive_bools, reason = "independent abilities, each of its own controller")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) memory: bool,
    pub(crate) processes: bool,
    pub(crate) cpu: bool,
    pub(crate) freeze: bool,
}

/// The group of one sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    driver: Driver,
    name: String,
}

/// What the kernel says about this process's groups.
pub(crate) struct Environment {
    /// `/proc/self/cgroup`.
    pub(crate) own: String,
    /// `/proc/self/mountinfo`.
    pub(crate) mounts: String,
}

impl Environment {
    pub(crate) fn read() -> io::Result<Self> {
        Ok(Self {
            own: fs::read_to_string("/proc/self/cgroup")?,
            mounts: fs::read_to_string("/proc/self/mountinfo")?,
        })
    }

    /// The mounted hierarchies: file-system type, options, and where this process's own group is.
    fn hierarchies(&self) -> Vec<(&str, &str, PathBuf)> {
        let own = |wanted: &dyn Fn(&str) -> bool| {
            self.own.lines().find_map(|line| {
                let (_, rest) = line.split_once(':')?;
                let (controllers, path) = rest.split_once(':')?;
                wanted(controllers).then_some(path)
            })
        };
        let mut found = Vec::new();
        for line in self.mounts.lines() {
            let Some((place, kind)) = line.split_once(" - ") else { continue };
            let place: Vec<&str> = place.split(' ').collect();
            let mut kind = kind.split(' ');
            let (Some(kind), Some(options)) = (kind.next(), kind.nth(1)) else { continue };
            let path = match kind {
                "cgroup" => own(&|held| {
                    !held.is_empty()
                        && held.split(',').any(|held| options.split(',').any(|option| option == held))
                }),
                "cgroup2" => own(&str::is_empty),
                _ => continue,
            };
            let (Some(path), Some(root), Some(at)) = (path, place.get(3), place.get(4)) else { continue };
            let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
            found.push((kind, options, Path::new(at).join(below)));
        }
        found
    }
}

impl Driver {
    /// Finds out what can be used. `label` names our groups' parent and ends in the launcher's process id.
    pub(crate) fn detect(environment: &Environment, label: &str) -> Option<Self> {
        let v2 = V2::detect(environment, label);
        let v1 = V1::detect(environment, label);
        match (v1, v2) {
            (_, Some(v2)) if v2.abilities().memory => Some(Self::V2(v2)),
            (Some(v1), _) => Some(Self::V1(v1)),
            (None, v2) => v2.map(Self::V2),
        }
    }

    pub(crate) fn abilities(&self) -> Abilities {
        match self {
            Self::V1(driver) => driver.abilities(),
            Self::V2(driver) => driver.abilities(),
        }
    }

    /// The group of this name, which [`Group::create`] makes.
    pub(crate) fn group(&self, name: &str) -> Group {
        Group { driver: self.clone(), name: name.to_owned() }
    }

    /// Removes the groups' parent.
    pub(crate) fn close(&self) {
        match self {
            Self::V1(driver) => driver.close(),
            Self::V2(driver) => driver.close(),
        }
    }
}

impl Group {
    /// Makes it and returns the files into which a process writes `0` to join.
    pub(crate) fn create(&self) -> io::Result<Vec<fs::File>> {
        let files = match &self.driver {
            Driver::V1(driver) => driver.create(&self.name)?,
            Driver::V2(driver) => driver.create(&self.name)?,
        };
        files.into_iter().map(|path| fs::OpenOptions::new().write(true).open(path)).collect()
    }

    pub(crate) fn limit(&self, limits: &Limits) -> io::Result<()> {
        match &self.driver {
            Driver::V1(driver) => driver.limit(&self.name, limits),
            Driver::V2(driver) => driver.limit(&self.name, limits),
        }
    }

    pub(crate) fn freeze(&self, on: bool) -> io::Result<()> {
        match &self.driver {
            Driver::V1(driver) => driver.freeze(&self.name, on),
            Driver::V2(driver) => driver.freeze(&self.name, on),
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        match &self.driver {
            Driver::V1(driver) => driver.usage(&self.name),
            Driver::V2(driver) => driver.usage(&self.name),
        }
    }

    /// Whether the memory limit killed a process.
    pub(crate) fn oom_killed(&self) -> bool {
        match &self.driver {
            Driver::V1(driver) => driver.oom_killed(&self.name),
            Driver::V2(driver) => driver.oom_killed(&self.name),
        }
    }

    /// Removes it; fails with `ResourceBusy` while a process is left.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match &self.driver {
            Driver::V1(driver) => driver.remove(&self.name),
            Driver::V2(driver) => driver.remove(&self.name),
        }
    }
}

/// Removes what launchers that are gone left in `parent`: folders named `weft-PID` of dead processes.
fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix("weft-")) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            for group in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                if group.file_type().is_ok_and(|kind| kind.is_dir()) {
                    // A killed process of a frozen group ends when the group is thawed.
                    let frozen = group.path().join("freezer.state");
                    if frozen.exists() {
                        let _ = fs::write(frozen, "THAWED");
                    }
                    let _ = fs::remove_dir(group.path());
                }
            }
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn read_number(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The value after `key` in a file of `key value` lines.
fn read_keyed(path: &Path, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// The period in which CPU time is shared out.
const CPU_PERIOD_MICROS: u64 = 100_000;

/// Microseconds of CPU time per period; at least the kernel's least.
fn cpu_quota_micros(millis: u32) -> u64 {
    (u64::from(millis) * CPU_PERIOD_MICROS / 1000).max(1000)
}
