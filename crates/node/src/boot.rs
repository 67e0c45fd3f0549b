//! The first moments, while the process has one thread: data folder, listeners, launcher, privileges.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use weft_sandbox::{
    Identity, LaunchError, LauncherConfig, LauncherLink, drop_privileges, fork_launcher, prepare_data_folder,
};

use crate::authority::public_files;
use crate::config::Config;

/// The user that a server started as root goes on as, where the machine has none called `weft`.
const SERVER_ID: u32 = 60_477;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    #[error(
        "{address} is in use by another program; choose another address with --listen, or 127.0.0.1:0 for any free port"
    )]
    InUse { address: SocketAddr },
    #[error("failed to listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the sandbox launcher did not start")]
    Launch(#[from] LaunchError),
}

/// What a server has before its first thread starts.
pub(crate) struct Booted {
    /// The data folder as this process reaches it.
    pub(crate) data: PathBuf,
    pub(crate) listener: TcpListener,
    pub(crate) edge: Option<TcpListener>,
    pub(crate) launcher: LauncherLink,
}

/// Prepares the data folder, opens the listeners, forks the launcher and gives up privileges, in this order.
pub(crate) fn boot(config: &Config) -> Result<Booted, BootError> {
    let server = rustix::process::geteuid().is_root().then(server_identity);
    // Before the folder: a busy port must leave nothing behind.
    let listener = listen(config.listen)?;
    let edge = config.edge.map(listen).transpose()?;
    let data = prepare_data_folder(&config.data, server)?;
    let (_, bundle) = public_files(&data);
    let roots = vec![data.join(crate::TREES_FOLDER), bundle];
    let launcher =
        fork_launcher(&LauncherConfig { source_roots: roots, server, ..LauncherConfig::default() })?;
    raise_descriptor_limit();
    if let Some(server) = server {
        drop_privileges(server)?;
    }
    Ok(Booted { data, listener, edge, launcher })
}

/// As many descriptors as the system allows: each connection is one, and each of a worker's outbound ones two.
fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it is refused, the server goes on with what it has.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
}

fn listen(address: SocketAddr) -> Result<TcpListener, BootError> {
    TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BootError::InUse { address },
        _ => BootError::Listen { address, source },
    })
}

/// The user `weft` where there is one, else a number that nobody has.
fn server_identity() -> Identity {
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    named_user(&users, "weft").unwrap_or(Identity { uid: SERVER_ID, gid: SERVER_ID })
}

fn named_user(users: &str, name: &str) -> Option<Identity> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Identity { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_user_is_read_from_the_list_of_users() {
        let users = "root:x:0:0:root:/root:/bin/sh\nweft:x:998:997::/var/lib/weft:/usr/sbin/nologin\n";
        assert_eq!(named_user(users, "weft"), Some(Identity { uid: 998, gid: 997 }));
        assert_eq!(named_user(users, "wef"), None);
    }
}
