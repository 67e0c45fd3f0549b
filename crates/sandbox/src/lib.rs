//! Start, freeze and stop one worker: the launcher and the kernel's isolation.
//!
//! [`fork_launcher`] is the first thing that a process does: it forks the launcher, a small single-threaded
//! process that alone makes sandboxes and alone keeps what privileges there are. [`drop_privileges`] then makes
//! the server an ordinary user. Inside tokio, [`Launcher::connect`] gives the handle with which [`Sandbox`]es are
//! started from a [`SandboxSpec`]. [`Report`] says which isolation is in force and how to get a better one.
//!
//! Invariants:
//! - Neither the launcher nor the server outlives the other, and no sandbox outlives the launcher: every process
//!   of a sandbox lives in a pid namespace whose init dies with the launcher.
//! - A sandbox sees an allow-list of the machine's files and nothing else; its program has no capabilities and
//!   cannot get any; its network has only a loopback, from which one door leads to the server.
//! - The launcher trusts the server with nothing but starting sandboxes: sources outside the configured roots
//!   are refused, and every message is bounded.
//! - The launcher never waits for one sandbox: each sets itself up in its own process.
//! - This crate alone contains `unsafe`, in `sys` only.
//!
//! It deliberately does not know what runs in a sandbox (contracts, requests, tenants), what a door leads to, or
//! when to start and stop.

mod beside;
mod cgroup;
mod channel;
mod client;
mod error;
mod inside;
mod launcher;
mod privileges;
mod protocol;
mod report;
mod seccomp;
mod spec;
mod start;
mod sys;

pub use beside::{CompanionEnds, CompanionOrders, Companions};
pub use client::{Launcher, Sandbox};
pub use error::{LaunchError, StartError};
pub use inside::etc::bundle_places;
pub use privileges::{drop_privileges, prepare_data_folder};
pub use report::{Feature, FeatureState, Mode, Report};
pub use spec::{
    Companion, CompanionEnd, CompanionEnding, Exit, ExitStatus, FRAMES_ENV, Family, Interpreter, Language,
    Limits, Listening, Mount, Network, SandboxSpec, SyntheticFile, Usage,
};
pub use start::{Identity, LauncherConfig, LauncherLink, fork_launcher};

/// The address that a connection accepted from a [door](Sandbox::door) was meant for.
///
/// A program that connects to the door's own address gets that address back.
pub fn original_destination(connection: impl std::os::fd::AsFd) -> std::io::Result<std::net::SocketAddr> {
    let socket = socket2::SockRef::from(&connection);
    let local = socket.local_addr()?.as_socket();
    let mapped = matches!(local, Some(std::net::SocketAddr::V6(v6)) if v6.ip().to_ipv4_mapped().is_some());
    let wanted = if mapped || matches!(local, Some(std::net::SocketAddr::V4(_))) {
        socket.original_dst_v4()?
    } else {
        socket.original_dst_v6()?
    };
    wanted.as_socket().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::AddrNotAvailable))
}
