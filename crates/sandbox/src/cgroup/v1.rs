//! Version 1: a hierarchy per controller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{
    Abilities, CPU_PERIOD_MICROS, Environment, cpu_quota_micros, read_keyed, read_number, remove_stale,
};
use crate::spec::{Limits, Usage};

/// What we limit, count and stop by.
const CONTROLLERS: &[&str] = &["memory", "pids", "cpu", "cpuacct", "freezer"];

/// The folder of each controller that can be used, in which groups are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct V1 {
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    cpu: Option<PathBuf>,
    cpuacct: Option<PathBuf>,
    freezer: Option<PathBuf>,
}

impl V1 {
    pub(super) fn detect(environment: &Environment, label: &str) -> Option<Self> {
        let mut found = Self::default();
        for (kind, options, own) in environment.hierarchies() {
            if kind != "cgroup" || !options.split(',').any(|option| CONTROLLERS.contains(&option)) {
                continue;
            }
            let home = own.join(label);
            remove_stale(&own);
            if fs::create_dir(&home).is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                continue;
            }
            for controller in options.split(',') {
                let place = match controller {
                    "memory" => &mut found.memory,
                    "pids" => &mut found.pids,
                    "cpu" => &mut found.cpu,
                    "cpuacct" => &mut found.cpuacct,
                    "freezer" => &mut found.freezer,
                    _ => continue,
                };
                *place = Some(home.clone());
            }
        }
        (found.abilities() != Abilities::default()).then_some(found)
    }

    pub(super) fn abilities(&self) -> Abilities {
        Abilities {
            memory: self.memory.is_some(),
            processes: self.pids.is_some(),
            cpu: self.cpu.is_some(),
            freeze: self.freezer.is_some(),
        }
    }

    fn homes(&self) -> Vec<&PathBuf> {
        let mut homes: Vec<_> = [&self.memory, &self.pids, &self.cpu, &self.cpuacct, &self.freezer]
            .into_iter()
            .flatten()
            .collect();
        homes.dedup();
        homes
    }

    pub(super) fn close(&self) {
        for home in self.homes() {
            let _ = fs::remove_dir(home);
        }
    }

    /// `tasks`, not `cgroup.procs`: a task that moves itself does not wait for every fork on the machine.
    pub(super) fn create(&self, name: &str) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for home in self.homes() {
            let group = home.join(name);
            fs::create_dir(&group)?;
            files.push(group.join("tasks"));
        }
        Ok(files)
    }

    pub(super) fn limit(&self, name: &str, limits: &Limits) -> io::Result<()> {
        if let Some(memory) = self.memory.as_ref().map(|home| home.join(name)) {
            let bytes = limits.memory_bytes.to_string();
            fs::write(memory.join("memory.limit_in_bytes"), &bytes)?;
            // Only where the kernel accounts swap.
            let swap = memory.join("memory.memsw.limit_in_bytes");
            if swap.exists() {
                fs::write(swap, &bytes)?;
            }
        }
        if let Some(pids) = self.pids.as_ref().map(|home| home.join(name)) {
            fs::write(pids.join("pids.max"), limits.processes.to_string())?;
        }
        if let (Some(cpu), true) = (self.cpu.as_ref().map(|home| home.join(name)), limits.cpu_millis > 0) {
            fs::write(cpu.join("cpu.cfs_period_us"), CPU_PERIOD_MICROS.to_string())?;
            fs::write(cpu.join("cpu.cfs_quota_us"), cpu_quota_micros(limits.cpu_millis).to_string())?;
        }
        Ok(())
    }

    pub(super) fn freeze(&self, name: &str, on: bool) -> io::Result<()> {
        let home = self.freezer.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        fs::write(home.join(name).join("freezer.state"), if on { "FROZEN" } else { "THAWED" })
    }

    pub(super) fn usage(&self, name: &str) -> Usage {
        let read = |home: &Option<PathBuf>, file: &str| {
            home.as_ref().map_or(0, |home| read_number(&Path::new(home).join(name).join(file)))
        };
        Usage {
            memory_bytes: read(&self.memory, "memory.usage_in_bytes"),
            memory_peak_bytes: read(&self.memory, "memory.max_usage_in_bytes"),
            cpu_micros: read(&self.cpuacct, "cpuacct.usage") / 1000,
            processes: u32::try_from(read(&self.pids, "pids.current")).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn oom_killed(&self, name: &str) -> bool {
        let control = self.memory.as_ref().map(|home| home.join(name).join("memory.oom_control"));
        control.is_some_and(|control| read_keyed(&control, "oom_kill") > 0)
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        for home in self.homes() {
            match fs::remove_dir(home.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake() -> (tempfile::TempDir, V1) {
        let tree = tempfile::tempdir().unwrap();
        for controller in ["memory", "pids", "cpu,cpuacct", "freezer"] {
            fs::create_dir_all(tree.path().join(controller).join("own")).unwrap();
        }
        let at = tree.path().display();
        let mounts = format!(
            "30 25 0:26 / {at}/memory rw - cgroup cgroup rw,memory\n31 25 0:27 / {at}/pids rw - cgroup cgroup rw,pids\n\
             32 25 0:28 / {at}/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             33 25 0:29 / {at}/freezer rw - cgroup cgroup rw,freezer\n"
        );
        let own = "4:memory:/own\n3:pids:/own\n2:cpu,cpuacct:/own\n5:freezer:/own\n0::/\n".to_owned();
        let driver = V1::detect(&Environment { own, mounts }, "weft-1").unwrap();
        (tree, driver)
    }

    fn written(tree: &tempfile::TempDir, file: &str) -> String {
        fs::read_to_string(tree.path().join(file)).unwrap_or_default()
    }

    #[test]
    fn limits_are_written_where_each_controller_looks() {
        let (tree, driver) = fake();
        assert_eq!(driver.create("7").unwrap().len(), 4);
        let limits = Limits { memory_bytes: 5 << 20, processes: 9, cpu_millis: 500, ..Limits::default() };
        driver.limit("7", &limits).unwrap();
        driver.freeze("7", true).unwrap();
        assert_eq!(written(&tree, "memory/own/weft-1/7/memory.limit_in_bytes"), "5242880");
        assert_eq!(written(&tree, "pids/own/weft-1/7/pids.max"), "9");
        assert_eq!(written(&tree, "cpu,cpuacct/own/weft-1/7/cpu.cfs_quota_us"), "50000");
        assert_eq!(written(&tree, "freezer/own/weft-1/7/freezer.state"), "FROZEN");
    }

    #[test]
    fn kills_and_usage_are_read() {
        let (tree, driver) = fake();
        driver.create("7").unwrap();
        assert!(!driver.oom_killed("7"));
        let group = tree.path().join("memory/own/weft-1/7");
        fs::write(group.join("memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n").unwrap();
        fs::write(group.join("memory.usage_in_bytes"), "123\n").unwrap();
        assert!(driver.oom_killed("7"));
        assert_eq!(driver.usage("7").memory_bytes, 123);
    }
}
