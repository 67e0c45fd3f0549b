//! Version 2: one hierarchy. No machine has proven this driver yet; a fake tree has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{
    Abilities, CPU_PERIOD_MICROS, Environment, cpu_quota_micros, read_keyed, read_number, remove_stale,
};
use crate::spec::{Limits, Usage};

/// The folder in which groups are made, and its controllers.
#[derive(Debug, Clone)]
pub(crate) struct V2 {
    home: PathBuf,
    abilities: Abilities,
}

impl V2 {
    /// Uses the own group if it may be written: root's, or one that is delegated to this user.
    pub(super) fn detect(environment: &Environment, label: &str) -> Option<Self> {
        let (_, _, own) = environment.hierarchies().into_iter().find(|(kind, _, _)| *kind == "cgroup2")?;
        let offered = fs::read_to_string(own.join("cgroup.controllers")).ok()?;
        if !offered.split_whitespace().any(|controller| controller == "memory" || controller == "pids") {
            return None;
        }
        remove_stale(&own);
        let home = own.join(label);
        match fs::create_dir(&home) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
            _ => {}
        }
        if !enable(&own) {
            // A group with processes cannot share its controllers out: move ours into a leaf beside.
            let leaf = own.join(format!("{label}-server"));
            fs::create_dir(&leaf).ok()?;
            for process in fs::read_to_string(own.join("cgroup.procs")).ok()?.lines() {
                let _ = fs::write(leaf.join("cgroup.procs"), process);
            }
            if !enable(&own) {
                return None;
            }
        }
        enable(&home);
        let active = fs::read_to_string(home.join("cgroup.subtree_control")).unwrap_or_default();
        let has = |name: &str| {
            active.split_whitespace().any(|controller| controller.trim_start_matches('+') == name)
        };
        let freeze = home.join("cgroup.freeze").exists() || home.join("cgroup.kill").exists();
        let abilities = Abilities { memory: has("memory"), processes: has("pids"), cpu: has("cpu"), freeze };
        Some(Self { home, abilities })
    }

    pub(super) fn abilities(&self) -> Abilities {
        self.abilities
    }

    pub(super) fn close(&self) {
        let _ = fs::remove_dir(&self.home);
    }

    pub(super) fn create(&self, name: &str) -> io::Result<Vec<PathBuf>> {
        let group = self.home.join(name);
        fs::create_dir(&group)?;
        Ok(vec![group.join("cgroup.procs")])
    }

    pub(super) fn limit(&self, name: &str, limits: &Limits) -> io::Result<()> {
        let group = self.home.join(name);
        if self.abilities.memory {
            fs::write(group.join("memory.max"), limits.memory_bytes.to_string())?;
            // Only where there is swap.
            let swap = group.join("memory.swap.max");
            if swap.exists() {
                fs::write(swap, "0")?;
            }
            let whole = group.join("memory.oom.group");
            if whole.exists() {
                fs::write(whole, "1")?;
            }
        }
        if self.abilities.processes {
            fs::write(group.join("pids.max"), limits.processes.to_string())?;
        }
        if self.abilities.cpu && limits.cpu_millis > 0 {
            let quota = format!("{} {CPU_PERIOD_MICROS}", cpu_quota_micros(limits.cpu_millis));
            fs::write(group.join("cpu.max"), quota)?;
        }
        Ok(())
    }

    pub(super) fn freeze(&self, name: &str, on: bool) -> io::Result<()> {
        fs::write(self.home.join(name).join("cgroup.freeze"), if on { "1" } else { "0" })
    }

    pub(super) fn usage(&self, name: &str) -> Usage {
        let group = self.home.join(name);
        let read = |file: &str| read_number(&Path::new(&group).join(file));
        Usage {
            memory_bytes: read("memory.current"),
            memory_peak_bytes: read("memory.peak"),
            cpu_micros: read_keyed(&group.join("cpu.stat"), "usage_usec"),
            processes: u32::try_from(read("pids.current")).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn oom_killed(&self, name: &str) -> bool {
        read_keyed(&self.home.join(name).join("memory.events"), "oom_kill") > 0
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_dir(self.home.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Shares the controllers out to the groups below.
fn enable(group: &Path) -> bool {
    let control = group.join("cgroup.subtree_control");
    ["+memory", "+pids", "+cpu"].iter().filter(|controller| fs::write(&control, controller).is_ok()).count()
        > 0
        && fs::read_to_string(&control).is_ok_and(|active| !active.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake() -> (tempfile::TempDir, V2) {
        let tree = tempfile::tempdir().unwrap();
        let own = tree.path().join("user.slice");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("cgroup.controllers"), "cpu memory pids\n").unwrap();
        let mounts = format!("30 25 0:26 / {} rw - cgroup2 cgroup2 rw\n", tree.path().display());
        let environment = Environment { own: "0::/user.slice\n".to_owned(), mounts };
        let mut driver = V2::detect(&environment, "weft-1").unwrap();
        // A plain file keeps only what was written last; the kernel's would list all three.
        driver.abilities = Abilities { memory: true, processes: true, cpu: true, freeze: true };
        (tree, driver)
    }

    #[test]
    fn limits_are_written_and_events_are_read() {
        let (tree, driver) = fake();
        assert_eq!(driver.create("7").unwrap().len(), 1);
        let group = tree.path().join("user.slice/weft-1/7");
        let limits = Limits { memory_bytes: 5 << 20, processes: 9, cpu_millis: 1500, ..Limits::default() };
        fs::write(group.join("memory.swap.max"), "max").unwrap();
        driver.limit("7", &limits).unwrap();
        driver.freeze("7", false).unwrap();
        let written = |file: &str| fs::read_to_string(group.join(file)).unwrap_or_default();
        assert_eq!(written("memory.max"), "5242880");
        assert_eq!(written("memory.swap.max"), "0");
        assert_eq!(written("pids.max"), "9");
        assert_eq!(written("cpu.max"), "150000 100000");
        assert_eq!(written("cgroup.freeze"), "0");
        assert!(!driver.oom_killed("7"));
        fs::write(group.join("memory.events"), "low 0\noom 1\noom_kill 1\n").unwrap();
        fs::write(group.join("cpu.stat"), "usage_usec 77\nuser_usec 70\n").unwrap();
        assert!(driver.oom_killed("7"));
        assert_eq!(driver.usage("7").cpu_micros, 77);
    }

    #[test]
    fn a_hierarchy_without_controllers_is_left_alone() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("cgroup.controllers"), "\n").unwrap();
        let mounts = format!("30 25 0:26 / {} rw - cgroup2 cgroup2 rw\n", tree.path().display());
        assert!(V2::detect(&Environment { own: "0::/\n".to_owned(), mounts }, "weft-1").is_none());
    }
}
