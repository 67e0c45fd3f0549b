//! The first moments of the process: fork the launcher, then give up what privileges there are.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::error::LaunchError;

/// A user and group of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// How the launcher behaves.
#[derive(Debug, Clone)]
pub struct LauncherConfig {
    /// Folders below which [`Mount::source`](crate::Mount) may lie, and files that it may be: of the data folder, above
    /// all. Symbolic links to one that exists are resolved once, at the fork. The launcher holds
    /// the server to them, since the server parses hostile input and the launcher may read everything.
    pub source_roots: Vec<PathBuf>,
    /// How many prepared sandboxes wait for work (0 to 64). Each costs about half a MiB.
    pub spare: usize,
    /// How many sandboxes may run at once.
    pub sandboxes_max: u32,
    /// The first user id that workers get in `full` mode; each living worker has its own.
    pub uid_base: u32,
    /// Who the server will be after [`drop_privileges`](crate::drop_privileges); writable mounts belong to it.
    pub server: Option<Identity>,
}

impl Default for LauncherConfig {
    fn default() -> Self {
        Self {
            source_roots: Vec::new(),
            spare: 4,
            sandboxes_max: 4096,
            uid_base: 2_000_000_000,
            server: None,
        }
    }
}

/// The server's end of the launcher, to be given to [`Launcher::connect`](crate::Launcher::connect).
#[derive(Debug)]
pub struct LauncherLink {
    pub(crate) socket: OwnedFd,
}

/// Forks the launcher. Call it first thing in `main`, while the process has one thread.
///
/// The launcher ends when the link is closed, by drop or by the death of the process, and takes every sandbox along.
pub fn fork_launcher(config: &LauncherConfig) -> Result<LauncherLink, LaunchError> {
    crate::launcher::fork(config)
}
