//! Which mode the machine allows, and what the report says about it.

use std::fs;
use std::io;

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, UnshareFlags};

use crate::cgroup::Driver;
use crate::inside::confine::enter_user_namespace;
use crate::protocol::Refusal;
use crate::report::{Feature, FeatureState, Mode, Report};
use crate::sys;

/// Why there is no isolation, and how to allow it.
pub(super) struct Missing {
    why: String,
    remedy: String,
}

/// Enters the best mode: as it is for root, else by a user namespace of the launcher's own.
pub(super) fn enter() -> (Mode, Option<Missing>) {
    let (uid, gid) = sys::effective_ids();
    let privileged = rustix::thread::capabilities(None)
        .is_ok_and(|sets| uid == 0 && sets.effective.contains(CapabilitySet::SYS_ADMIN));
    let entered =
        if privileged { Ok(Mode::Full) } else { enter_user_namespace(0, uid, gid).map(|()| Mode::Rootless) };
    let apart = entered.and_then(|mode| {
        sys::unshare(UnshareFlags::NEWNS)?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        Ok(mode)
    });
    match apart {
        Ok(mode) => (mode, None),
        Err(error) => (Mode::None, Some(missing(&format!("make a user namespace: {error}")))),
    }
}

/// The same for a sandbox that could not be made.
pub(super) fn explain(refusal: &Refusal) -> Missing {
    match refusal {
        Refusal::Setup { step, reason } => missing(&format!("{step}: {reason}")),
        other => missing(&format!("{other:?}")),
    }
}

fn missing(why: &str) -> Missing {
    Missing { why: format!("failed to {why}"), remedy: remedy(&|path| fs::read_to_string(path)) }
}

/// How to allow user namespaces, by what forbids them.
fn remedy(read: &dyn Fn(&str) -> io::Result<String>) -> String {
    let is = |path: &str, value: &str| read(path).is_ok_and(|text| text.trim() == value);
    let set = |setting: &str| {
        format!("Run `sysctl -w {setting}` as root (and keep it in /etc/sysctl.d), or start Weft as root.")
    };
    if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        set("kernel.apparmor_restrict_unprivileged_userns=0")
    } else if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        set("kernel.unprivileged_userns_clone=1")
    } else if is("/proc/sys/user/max_user_namespaces", "0") {
        set("user.max_user_namespaces=10000")
    } else {
        "Start Weft as root, or outside the container or service whose seccomp profile forbids namespaces."
            .to_owned()
    }
}

/// The report on a mode; `missing` says that it does not work.
pub(super) fn report(mode: Mode, missing: Option<Missing>, driver: Option<&Driver>) -> Report {
    if let Some(Missing { why, remedy }) = missing {
        let features = vec![feature("namespaces", FeatureState::Missing, why, remedy)];
        return Report { mode: Mode::None, features };
    }
    let (namespaces, own_user) = match mode {
        Mode::Full => ("mount, pid, ipc, uts, network, cgroup", "a user id of the machine per worker"),
        _ => (
            "the same as for root, in a user namespace",
            "one user namespace per worker, one user of the machine for all",
        ),
    };
    let own_state = if mode == Mode::Full { FeatureState::InForce } else { FeatureState::Weaker };
    let as_root = |better: bool| if better { String::new() } else { "Start Weft as root.".to_owned() };
    let mut features = vec![
        feature("namespaces", FeatureState::InForce, namespaces.to_owned(), String::new()),
        feature("network", FeatureState::InForce, "one of its own per worker".to_owned(), String::new()),
        feature("own-user", own_state, own_user.to_owned(), as_root(mode == Mode::Full)),
        feature("seccomp", FeatureState::InForce, "a filter of system calls".to_owned(), String::new()),
        landlock(),
    ];
    features.extend(limits(mode, driver));
    Report { mode, features }
}

fn landlock() -> Feature {
    let probe = landlock::Ruleset::default();
    let answer = landlock::Compatible::set_compatibility(probe, landlock::CompatLevel::HardRequirement);
    let has = |abi| {
        landlock::RulesetAttr::handle_access(answer, <landlock::AccessFs as landlock::Access>::from_all(abi))
    };
    match has(landlock::ABI::V1) {
        Ok(_) => {
            feature("landlock", FeatureState::InForce, "a second wall for files".to_owned(), String::new())
        }
        Err(_) => feature(
            "landlock",
            FeatureState::Missing,
            "the kernel does not offer it".to_owned(),
            "Add `landlock` to the kernel's `lsm=` parameter (Linux 5.13 or newer).".to_owned(),
        ),
    }
}

fn limits(mode: Mode, driver: Option<&Driver>) -> Vec<Feature> {
    let abilities = driver.map(Driver::abilities).unwrap_or_default();
    let (by, state) = match driver {
        Some(Driver::V1(_)) => ("control groups, version 1", FeatureState::InForce),
        Some(Driver::V2(_)) => ("control groups, version 2", FeatureState::Unproven),
        None => ("", FeatureState::Missing),
    };
    let get = match mode {
        Mode::Full => "Mount the control groups writable for Weft.",
        _ => {
            "Start Weft as root, or under `systemd-run --user --scope -p Delegate=yes` with control groups of version 2."
        }
    };
    let each = |name: &str, able: bool, other: Option<&str>| match (able, other) {
        (true, _) => feature(name, state, by.to_owned(), String::new()),
        (false, Some(other)) => feature(name, FeatureState::Weaker, other.to_owned(), get.to_owned()),
        (false, None) => {
            feature(name, FeatureState::Missing, "there is no control group".to_owned(), get.to_owned())
        }
    };
    vec![
        each("memory", abilities.memory, Some("a watchdog that looks every 4 to 200 ms")),
        each("processes", abilities.processes, Some("the kernel's limit per user")),
        each("cpu", abilities.cpu, None),
        each("freeze", abilities.freeze, Some("stop signals")),
    ]
}

fn feature(name: &str, state: FeatureState, detail: String, remedy: String) -> Feature {
    Feature { name: name.to_owned(), state, detail, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_names_what_forbids_user_namespaces() {
        let check = |path: &'static str, value: &'static str, expected: &str| {
            let read = |asked: &str| {
                if asked == path { Ok(format!("{value}\n")) } else { Err(io::ErrorKind::NotFound.into()) }
            };
            let found = remedy(&read);
            assert!(found.contains(expected), "{found}");
        };
        let apparmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
        check(apparmor, "1", "kernel.apparmor_restrict_unprivileged_userns=0");
        check("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1");
        check("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000");
        check(apparmor, "0", "Start Weft as root");
    }
}
