//! The last walls before a program: resource limits, landlock, identity, capabilities, seccomp.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::etc::INNER_ID;
use super::root::MEMORY_FILES;
use crate::spec::Limits;
use crate::sys;

/// Who a program is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum User {
    /// A user of the machine that nobody else is.
    Own(u32),
    /// The launcher's user, as another one in a user namespace nested in the launcher's.
    Nested,
}

impl User {
    /// The user and group id that the program sees.
    pub(crate) fn seen(self) -> u32 {
        match self {
            Self::Own(id) => id,
            Self::Nested => INNER_ID,
        }
    }
}

/// Limits per process, and of core files.
pub(crate) fn limit(limits: &Limits) -> io::Result<()> {
    lower(Resource::Fsize, limits.file_size_bytes)?;
    lower(Resource::Nofile, limits.open_files)?;
    // Nothing is written with less than a page. Zero would do for files alone: a handler that the machine's core pattern
    // names is run nevertheless, outside of all limits, and only at a limit of one not.
    lower(Resource::Core, 1)
}

/// The process limit: counted per user id, and in a nested user namespace per namespace. Call it as that user.
fn limit_processes(limits: &Limits) -> io::Result<()> {
    lower(Resource::Nproc, u64::from(limits.processes))
}

fn lower(resource: Resource, wanted: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let value = Some(wanted.min(hard));
    Ok(setrlimit(resource, Rlimit { current: value, maximum: value })?)
}

/// The file system as a second wall behind the mounts, and no signals or abstract sockets to the outside. Built
/// before there is an order; [`close`] puts it up.
pub(crate) fn wall() -> Result<RulesetCreated, RulesetError> {
    let abi = ABI::V6;
    let (all, read) = (AccessFs::from_all(abi), AccessFs::from_read(abi));
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let mut ruleset = ruleset.handle_access(all)?.scope(Scope::from_all(abi))?.create()?;
    let devices = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    for (path, access) in
        [("/", read), ("/dev", devices), ("/proc", read | AccessFs::WriteFile | AccessFs::Truncate)]
    {
        ruleset = allow(ruleset, Path::new(path), access)?;
    }
    for path in ["/tmp", "/dev/shm"] {
        ruleset = allow(ruleset, Path::new(path), all)?;
    }
    // Memory files may be opened again through `/proc/self/fd`, but not made here by name.
    let again = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::Execute;
    ruleset = allow(ruleset, Path::new(MEMORY_FILES), again)?;
    Ok(ruleset)
}

/// Puts a wall up that leaves these mounts writable.
pub(crate) fn close<'a>(
    mut wall: RulesetCreated,
    writable: impl Iterator<Item = &'a Path>,
) -> Result<(), RulesetError> {
    for path in writable {
        wall = allow(wall, path, AccessFs::from_all(ABI::V6))?;
    }
    wall.restrict_self()?;
    Ok(())
}

fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(path) {
        Ok(open) => ruleset.add_rule(PathBeneath::new(open, access)),
        // Nothing to allow.
        Err(_) => Ok(ruleset),
    }
}

/// Becomes the program's user, without capabilities and without a way to get any.
pub(crate) fn become_user(user: User, limits: &Limits) -> io::Result<()> {
    match user {
        User::Own(id) => {
            limit_processes(limits)?;
            drop_bounding_set()?;
            rustix::thread::set_thread_groups(&[])?;
            let (uid, gid) = (rustix::process::Uid::from_raw(id), rustix::process::Gid::from_raw(id));
            rustix::thread::set_thread_res_gid(gid, gid, gid)?;
            rustix::thread::set_thread_res_uid(uid, uid, uid)?;
        }
        User::Nested => {
            enter_user_namespace(INNER_ID, 0, 0)?;
            limit_processes(limits)?;
            drop_bounding_set()?;
        }
    }
    keep_capabilities(CapabilitySet::empty())
}

/// Enters a new user namespace in which this user and group, `uid` and `gid` here, are `inner`.
pub(crate) fn enter_user_namespace(inner: u32, uid: u32, gid: u32) -> io::Result<()> {
    // The maps of a process that may not be dumped belong to root.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    sys::unshare(UnshareFlags::NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{inner} {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{inner} {gid} 1"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Empties the set from which executed files could take capabilities.
pub(crate) fn drop_bounding_set() -> io::Result<()> {
    for capability in CapabilitySet::all().iter() {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // A capability that this kernel does not know.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Keeps these capabilities and no others, for good.
pub(crate) fn keep_capabilities(kept: CapabilitySet) -> io::Result<()> {
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets)?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}
