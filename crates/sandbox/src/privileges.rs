//! Giving up privileges: the server's own, before it listens to anybody.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use rustix::process::{Gid, Uid};
use rustix::thread::{CapabilitySet, UnshareFlags};

use crate::error::LaunchError;
use crate::inside::confine;
use crate::start::Identity;
use crate::sys;

/// Makes the data folder, gives it to `owner` with mode 0700, and returns the path under which `owner` reaches it:
/// the same, or, where it lies below a folder that `owner` may not enter, one bind-mounted into reach in a mount
/// namespace of this process and its children (on `/run/weft-data`, which stays behind as an empty folder). Call it before [`fork_launcher`](crate::fork_launcher), while the
/// process has one thread.
pub fn prepare_data_folder(path: &Path, owner: Option<Identity>) -> Result<PathBuf, LaunchError> {
    let fail = |step| move |source| LaunchError::Folder { step, path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(fail("create"))?;
    let real = path.canonicalize().map_err(fail("find"))?;
    let Some(owner) = owner else { return Ok(real) };
    chown(&real, Some(owner.uid), Some(owner.gid)).map_err(fail("give away"))?;
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).map_err(fail("protect"))?;
    if is_reachable(&real, owner).map_err(fail("look at"))? {
        return Ok(real);
    }
    bring_into_reach(&real).map_err(fail("bring into reach"))
}

fn is_reachable(path: &Path, by: Identity) -> io::Result<bool> {
    for folder in path.ancestors().skip(1) {
        let folder = fs::metadata(folder)?;
        let bit = match (folder.uid() == by.uid, folder.gid() == by.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        if folder.mode() & bit == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn bring_into_reach(path: &Path) -> io::Result<PathBuf> {
    // Two servers with two folders see each its own here, and the machine an empty folder.
    let target = PathBuf::from("/run/weft-data");
    sys::unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    fs::create_dir_all(&target)?;
    mount_bind(path, &target)?;
    Ok(target)
}

/// Makes this process, which must have one thread, an ordinary user without capabilities for good.
/// Call it after [`fork_launcher`](crate::fork_launcher) and after low ports are open.
pub fn drop_privileges(to: Identity) -> Result<(), LaunchError> {
    let threads = sys::thread_count();
    if threads > 1 {
        return Err(LaunchError::Threaded { threads });
    }
    let drop = || -> io::Result<()> {
        confine::drop_bounding_set()?;
        rustix::thread::set_thread_groups(&[])?;
        let (uid, gid) = (Uid::from_raw(to.uid), Gid::from_raw(to.gid));
        rustix::thread::set_thread_res_gid(gid, gid, gid)?;
        rustix::thread::set_thread_res_uid(uid, uid, uid)?;
        confine::keep_capabilities(CapabilitySet::empty())
    };
    drop().map_err(|source| LaunchError::System { step: "give up privileges", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_below_a_private_one_is_out_of_reach() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let own = fs::metadata(&inner).unwrap();
        let stranger = Identity { uid: 65_000, gid: 65_000 };
        let check = |mode: u32, who: Identity, expected: bool| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_reachable(&inner, who).unwrap(), expected, "{mode:o} {who:?}");
        };
        check(0o755, stranger, true);
        check(0o700, stranger, false);
        check(0o711, stranger, true);
        check(0o700, Identity { uid: own.uid(), gid: own.gid() }, true);
    }
}
