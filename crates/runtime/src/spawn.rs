//! The seam between the runtime and what isolates: a [`Spawner`] starts a [`Process`] from a sandbox's spec.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use weft_net::BoxStream;
use weft_sandbox::{Companions, Exit, Interpreter, Listening, SandboxSpec, StartError, Usage};
use weft_service::BoxFuture;
use weft_service::workload::DoorSockets;

/// Starts workers' processes. [`Sandboxes`](crate::Sandboxes) does it for real; tests use plain ones.
pub trait Spawner: Send + Sync + 'static {
    /// Starts a program. Dropping all of what came back kills it.
    fn spawn(&self, spec: SandboxSpec) -> BoxFuture<'static, Result<Spawned, StartError>>;

    /// The interpreters that a spec may use.
    fn interpreters(&self) -> BoxFuture<'static, Vec<Interpreter>>;
}

/// A started program and its ends of everything.
pub struct Spawned {
    /// The handle.
    pub process: Arc<dyn Process>,
    /// Weft's end of the frame socket, where the spec asked for one.
    pub frames: Option<BoxStream>,
    /// The reading ends of standard output and standard error, non-blocking.
    pub output: Vec<OwnedFd>,
    /// What comes out of its network.
    pub door: Option<DoorSockets>,
    /// The companions, where the spec has any.
    pub companions: Option<Companions>,
}

/// A started program.
pub trait Process: Send + Sync + 'static {
    /// Waits until it has ended and nothing is left of it. Any number may wait.
    fn wait(&self) -> BoxFuture<'static, Exit>;

    /// Kills all of it, and waits until it is gone.
    fn kill(&self) -> BoxFuture<'static, Exit>;

    /// Sends a signal to all of it.
    fn signal(&self, number: u8) -> BoxFuture<'static, io::Result<()>>;

    /// Stops all of it, or lets it go on.
    fn freeze(&self, on: bool) -> BoxFuture<'static, io::Result<()>>;

    /// What it uses.
    fn usage(&self) -> BoxFuture<'static, io::Result<Usage>>;

    /// Where it listens for TCP, in its own network.
    fn listening(&self) -> BoxFuture<'static, io::Result<Vec<Listening>>>;

    /// Connects to where it listens, inside its own network.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>>;

    /// Its id on the machine, where it is known.
    fn pid(&self) -> Option<u32> {
        None
    }
}
