//! What of the machine a sandbox may see: the launcher checks it, whatever the server asks for.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode as FileMode, OFlags, ResolveFlags, openat2};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::cells::is_target;
use crate::inside::root::{READ_ONLY, WRITABLE, attributes};
use crate::protocol::{Refusal, Target};
use crate::report::Mode;
use crate::spec::{Interpreter, Mount, SandboxSpec};
use crate::start::LauncherConfig;
use crate::sys;

/// The most mounts and prefixes in one sandbox.
const MOUNTS_MAX: usize = 48;
const COMPANIONS_MAX: usize = 10;
const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: usize = 4 << 20;
const MEMORY_BYTES_MIN: u64 = 4 << 20;

/// Checks the documented rules.
pub(super) fn validate(spec: &SandboxSpec) -> Result<(), Refusal> {
    let fail = |what: &str| Err(Refusal::Invalid(what.to_owned()));
    let beside = spec.companions.iter();
    let programs = beside.clone().map(|beside| &beside.argv).chain([&spec.argv]);
    let variables = beside.flat_map(|beside| &beside.env).chain(&spec.env);
    let text = programs.clone().flatten().chain(variables.clone().flat_map(|(name, value)| [name, value]));
    if programs.clone().any(|argv| argv.first().is_none_or(String::is_empty)) {
        return fail("it names no program");
    }
    if spec.companions.len() > COMPANIONS_MAX {
        return fail("it has more than 10 companions");
    }
    if text.into_iter().any(|text| text.contains('\0')) {
        return fail("an argument or variable holds a zero byte");
    }
    if variables.clone().any(|(name, _)| name.is_empty() || name.contains('=')) {
        return fail("a variable's name is empty or holds `=`");
    }
    if spec.mounts.len() + spec.interpreter_prefixes.len() > MOUNTS_MAX {
        return fail("it has more than 48 mounts");
    }
    if spec.files.len() > FILES_MAX
        || spec.files.iter().map(|file| file.contents.len()).sum::<usize>() > FILE_BYTES_MAX
    {
        return fail("it has more than 256 files, or they hold more than 4 MiB");
    }
    let targets =
        spec.mounts.iter().map(|mount| &mount.target).chain(spec.files.iter().map(|file| &file.path));
    if let Some(bad) = targets.chain(&spec.interpreter_prefixes).find(|path| !is_target(path)) {
        return Err(Refusal::Invalid(format!("`{}` cannot be a place inside", bad.display())));
    }
    if !spec.cwd.is_absolute() || spec.companions.iter().any(|beside| !beside.cwd.is_absolute()) {
        return fail("the working directory is not absolute");
    }
    if spec.limits.memory_bytes < MEMORY_BYTES_MIN || spec.limits.processes == 0 {
        return fail("it has less than 4 MiB of memory or no process");
    }
    Ok(())
}

/// Opens everything that a sandbox shows, as detached mounts. `worker` is its user in `full` mode.
pub(super) fn open(
    config: &LauncherConfig,
    mode: Mode,
    worker: u32,
    interpreters: &[Interpreter],
    spec: &SandboxSpec,
) -> Result<(Vec<Target>, Vec<OwnedFd>), Refusal> {
    let (mut targets, mut trees) = (Vec::new(), Vec::new());
    for prefix in spec.interpreter_prefixes.iter().filter(|prefix| !prefix.starts_with("/usr")) {
        if !interpreters.iter().any(|known| known.prefix == **prefix) {
            let reason = "it is no interpreter's prefix".to_owned();
            return Err(Refusal::Source { path: prefix.clone(), reason });
        }
        let (tree, folder) = show(prefix, |_| true, Access::Read).map_err(|error| refuse(prefix, &error))?;
        targets.push(Target { path: prefix.clone(), folder, writable: false });
        trees.push(tree);
    }
    let allowed = |path: &Path| config.source_roots.iter().any(|root| path.starts_with(root));
    let server = config.server.map_or(0, |server| server.uid);
    for Mount { source, target, read_only } in &spec.mounts {
        let access = match (read_only, mode) {
            (true, _) => Access::Read,
            (false, Mode::Full) => Access::WriteAs { outside: server, inside: worker },
            (false, _) => Access::Write,
        };
        let (tree, folder) = show(source, allowed, access).map_err(|error| refuse(source, &error))?;
        targets.push(Target { path: target.clone(), folder, writable: !read_only });
        trees.push(tree);
    }
    Ok((targets, trees))
}

fn refuse(path: &Path, error: &io::Error) -> Refusal {
    Refusal::Source { path: path.to_owned(), reason: error.to_string() }
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
    /// What `outside` owns on disk belongs to `inside` in the sandbox.
    WriteAs {
        outside: u32,
        inside: u32,
    },
}

/// A detached copy of a folder or file whose real path is allowed, and whether it is a folder.
fn show(path: &Path, allowed: impl Fn(&Path) -> bool, access: Access) -> io::Result<(OwnedFd, bool)> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let opened = openat2(CWD, path, flags, FileMode::empty(), ResolveFlags::NO_MAGICLINKS)?;
    // The path of what was opened, whatever was moved or linked meanwhile.
    let real = std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened)))?;
    if !allowed(&real) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it lies outside the allowed folders"));
    }
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&opened)?.st_mode);
    let folder = kind.is_dir();
    if !folder && !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a folder nor a file"));
    }
    let tree = tree_at(&opened)?;
    match access {
        Access::Read => attributes(&tree, READ_ONLY)?,
        Access::Write => attributes(&tree, WRITABLE)?,
        Access::WriteAs { outside, inside } => {
            let namespace = user_namespace(outside, inside)?;
            let set = WRITABLE | libc::MOUNT_ATTR_IDMAP;
            sys::set_mount_attributes(&tree, set, 0, Some(&namespace))?;
        }
    }
    Ok((tree, folder))
}

fn tree_at(opened: &OwnedFd) -> io::Result<OwnedFd> {
    use rustix::mount::{OpenTreeFlags, open_tree};
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let whole = flags | OpenTreeFlags::AT_EMPTY_PATH | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(opened, "", whole)?)
}

/// A user namespace that maps one id, for a mount. Only builds have writable mounts, so its price (some 0.3 ms)
/// is not on a worker's path.
fn user_namespace(outside: u32, inside: u32) -> io::Result<OwnedFd> {
    let Some(child) = sys::fork_into(libc::CLONE_NEWUSER)? else {
        // Only its namespace is wanted; it waits for the signal that ends it.
        loop {
            let _ = rustix::event::poll(&mut [], None);
        }
    };
    let made = map_and_open(child, outside, inside);
    let _ = kill_process(child, Signal::KILL);
    let _ = waitpid(Some(child), WaitOptions::empty());
    made
}

fn map_and_open(child: Pid, outside: u32, inside: u32) -> io::Result<OwnedFd> {
    let home = PathBuf::from(format!("/proc/{}", child.as_raw_nonzero()));
    for map in ["uid_map", "gid_map"] {
        std::fs::write(home.join(map), format!("{outside} {inside} 1"))?;
    }
    Ok(std::fs::File::open(home.join("ns/user"))?.into())
}
