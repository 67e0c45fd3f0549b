//! The root that a program sees, built from an allow-list in a fresh mount namespace.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change,
    mount_remount, move_mount, open_tree, unmount,
};

use super::etc::{self, Copied};
use crate::sys;

/// A step that failed, with the kernel's answer.
pub(crate) type Step = (String, io::Error);

/// Read-only, without set-user-id programs and devices.
pub(crate) const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
/// The same, but writable.
pub(crate) const WRITABLE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// The system's programs and libraries; on most machines all but the first are symbolic links into it.
const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];
/// Where memory files lie if no control group counts them.
pub(crate) const MEMORY_FILES: &str = "/run/memory-files";
const FOLDERS: &[&str] = &[
    "dev",
    "etc",
    "home",
    "mnt",
    "opt",
    "proc",
    "run",
    "srv",
    "sys/fs/cgroup/memory",
    "tmp",
    "var/lib",
    "var/log",
    "var/runtime",
    "var/task",
];
/// What programs see of `/proc` beside processes. The rest tells about the machine's disks, devices, command line and what
/// else it does, or lets it be changed; a later kernel's additions are hidden as well.
const SHOWN_OF_PROC: &[&str] = &[
    "cgroups",
    "cpuinfo",
    "filesystems",
    "loadavg",
    "meminfo",
    "stat",
    "sys",
    "sysvipc",
    "uptime",
    "version",
    "vmstat",
];
/// Folders below those of the system that hold settings of the machine, keys to registries among them.
const EMPTIED: &[&str] = &["/usr/local/etc"];

/// A detached copy of a mount, with everything below it.
pub(crate) fn copy_of(path: &Path) -> io::Result<OwnedFd> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(CWD, path, flags)?)
}

/// Puts a detached mount at `target`, which exists.
pub(crate) fn place(tree: &OwnedFd, target: &Path) -> io::Result<()> {
    Ok(move_mount(tree, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Builds the root and makes it this process's; afterwards nothing else of the machine can be reached.
/// `id` is the program's user and group as it sees them.
/// `watched` says that no control group limits memory.
pub(crate) fn enter(copied: &Copied, id: u32, own_network: bool, watched: bool) -> Result<(), Step> {
    let step = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| (what, error)
    };
    let unshared = mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC);
    unshared.map_err(|error| ("detach from the machine's mounts".to_owned(), error.into()))?;
    let root = Path::new("/tmp");
    // Everything is copied before the new root covers a folder of the machine.
    let system = shown_system().map_err(step("open the system's folders"))?;
    let mut shown = Vec::new();
    for path in etc::SHOWN.iter().map(Path::new).filter(|path| path.exists()) {
        let tree = copy_of(path).and_then(|tree| attributes(&tree, READ_ONLY).map(|()| tree));
        shown.push((path, path.is_dir(), tree.map_err(step("open a part of /etc"))?));
    }
    // Mapped, the zero device is shared memory that nobody is asked for; the full one reads the same and cannot be mapped.
    let source = |name| if watched && name == "zero" { "full" } else { name };
    let devices: io::Result<Vec<_>> = DEVICES.iter().map(|name| Ok((*name, device(source(name))?))).collect();
    let devices = devices.map_err(step("open the devices"))?;
    let hidden = hidden_of_proc().map_err(step("look for what /proc has"))?;
    tmpfs(root, c"mode=755,size=16m,nr_inodes=8192").map_err(step("mount the root"))?;
    populate(root, &system, &shown, &devices).map_err(step("fill the root"))?;
    etc::write(root, copied, id, own_network).map_err(step("write /etc"))?;
    mount_proc(root, &hidden)?;
    for name in ["tmp", "dev/shm"] {
        tmpfs(&root.join(name), c"mode=1777,size=64m").map_err(step("mount the writable folders"))?;
    }
    if watched {
        let place = inside(root, Path::new(MEMORY_FILES));
        let made =
            fs::create_dir_all(&place).and_then(|()| tmpfs(&place, c"mode=700,size=100%,nr_inodes=8192"));
        made.map_err(step("mount the place of memory files"))?;
    }
    pivot(root).map_err(step("change the root"))
}

/// A folder of the system, or where its symbolic link leads.
enum System {
    Link(&'static str, PathBuf),
    Folder(&'static str, OwnedFd),
}

fn shown_system() -> io::Result<Vec<System>> {
    let mut found = Vec::new();
    for path in SYSTEM {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => found.push(System::Link(path, fs::read_link(path)?)),
            Ok(metadata) if metadata.is_dir() => {
                let tree = copy_of(Path::new(path))?;
                attributes(&tree, READ_ONLY)?;
                found.push(System::Folder(path, tree));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Sets attributes of a detached mount and everything below it.
pub(crate) fn attributes(tree: &OwnedFd, set: u64) -> io::Result<()> {
    sys::set_mount_attributes(tree, set, 0, None)
}

fn device(name: &str) -> io::Result<OwnedFd> {
    let tree = copy_of(&Path::new("/dev").join(name))?;
    attributes(&tree, libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC)?;
    Ok(tree)
}

fn tmpfs(at: &Path, options: &std::ffi::CStr) -> io::Result<()> {
    Ok(mount("tmpfs", at, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options)?)
}

fn populate(
    root: &Path,
    system: &[System],
    shown: &[(&Path, bool, OwnedFd)],
    devices: &[(&str, OwnedFd)],
) -> io::Result<()> {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder))?;
    }
    for part in system {
        match part {
            System::Link(path, target) => symlink(target, inside(root, Path::new(path)))?,
            System::Folder(path, tree) => put(root, Path::new(path), true, tree)?,
        }
    }
    for folder in EMPTIED.iter().map(|path| inside(root, Path::new(path))).filter(|path| path.is_dir()) {
        empty_folder(&folder)?;
    }
    for (path, folder, tree) in shown {
        put(root, path, *folder, tree)?;
    }
    fs::create_dir_all(root.join("dev/shm"))?;
    for (name, tree) in devices {
        put(root, &Path::new("/dev").join(name), false, tree)?;
    }
    for (name, number) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
        symlink(format!("/proc/self/fd{number}"), root.join("dev").join(name))?;
    }
    // Where language runtimes look for their memory limit; the limit itself comes with the order.
    fs::write(root.join("sys/fs/cgroup/memory.high"), "max")?;
    fs::write(root.join("sys/fs/cgroup/memory/memory.soft_limit_in_bytes"), i64::MAX.to_string())?;
    symlink("/tmp", root.join("var/tmp"))?;
    symlink("/run", root.join("var/run"))?;
    symlink("/proc/self/mounts", root.join("etc/mtab"))
}

/// What to put in the place of an entry of `/proc`.
enum Cover {
    Null(OwnedFd),
    EmptyFolder,
}

fn hidden_of_proc() -> io::Result<Vec<(OsString, Cover)>> {
    let mut hidden = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if is_process || SHOWN_OF_PROC.iter().any(|shown| name == *shown) {
            continue;
        }
        let kind = entry.file_type()?;
        // Links lead to what the process itself has.
        if kind.is_dir() {
            hidden.push((name, Cover::EmptyFolder));
        } else if kind.is_file() {
            hidden.push((name, Cover::Null(device("null")?)));
        }
    }
    Ok(hidden)
}

fn mount_proc(root: &Path, hidden: &[(OsString, Cover)]) -> Result<(), Step> {
    let proc = root.join("proc");
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", &proc, "proc", flags, None::<&std::ffi::CStr>)
        .map_err(|error| ("mount a private /proc".to_owned(), error.into()))?;
    let hide = || -> io::Result<()> {
        let settings = copy_of(&proc.join("sys"))?;
        attributes(&settings, READ_ONLY)?;
        place(&settings, &proc.join("sys"))?;
        hide_boot_id(root)?;
        for (name, cover) in hidden {
            let at = proc.join(name);
            let covered = match cover {
                Cover::Null(null) => place(null, &at),
                Cover::EmptyFolder => empty_folder(&at),
            };
            // A part of the kernel may have been unloaded meanwhile.
            covered.or_else(|error| if at.exists() { Err(error) } else { Ok(()) })?;
        }
        Ok(())
    };
    hide().map_err(|error| ("hide parts of /proc".to_owned(), error))
}

/// Gives the sandbox a boot id of its own: the machine's would tell which sandboxes are on one machine, and which machine.
fn hide_boot_id(root: &Path) -> io::Result<()> {
    let random = root.join("proc/sys/kernel/random");
    // The file stays: with one that is unlinked but in use the root could not be sealed.
    let file = root.join("run/boot_id");
    fs::write(&file, fs::read(random.join("uuid"))?)?;
    let tree = copy_of(&file)?;
    attributes(&tree, READ_ONLY | libc::MOUNT_ATTR_NOEXEC)?;
    place(&tree, &random.join("boot_id"))
}

fn empty_folder(at: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    Ok(mount("tmpfs", at, "tmpfs", flags, c"size=4k,mode=555")?)
}

fn pivot(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    // The old root ends up on top of the new one, and goes.
    rustix::process::pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// Makes the target of a mount below `root` and puts it there.
pub(crate) fn put(root: &Path, target: &Path, folder: bool, tree: &OwnedFd) -> io::Result<()> {
    let target = inside(root, target);
    if folder {
        fs::create_dir_all(&target)?;
    } else {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        if !target.exists() {
            fs::File::create_new(&target)?;
        }
    }
    place(tree, &target)
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Sets what `/tmp` and `/dev/shm` may hold, and makes the root itself read-only.
pub(crate) fn seal(tmp_bytes: u64, shared_bytes: u64) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    for (path, bytes) in [("/tmp", tmp_bytes), ("/dev/shm", shared_bytes)] {
        // A file or folder costs the kernel about a KiB beside what it holds.
        let files = (bytes / 4096).clamp(1024, 1 << 20);
        let options = format!("size={},nr_inodes={files}", bytes.max(4096));
        mount_remount(path, flags, options)?;
    }
    mount_remount("/", flags | MountFlags::RDONLY, "")?;
    Ok(())
}

/// Whether a path is absolute and has no `..`.
pub(crate) fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && path.parent().is_some()
}
