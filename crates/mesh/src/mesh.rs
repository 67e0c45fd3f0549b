//! The mesh itself: what all doors share.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpStream;
use weft_net::{Handler, Limits, Tls};
use weft_service::BoxFuture;
use weft_service::workload::{
    DoorGuard, DoorHandler, DoorSockets, Doors, Revisions, WorkerIdentity, Workers, WorkloadId,
};

use crate::door::Door;
use crate::egress::Egress;
use crate::machine;
use crate::names::Names;
use crate::places::{Bounds, Places};

/// Finds workloads by the names that their siblings call them. The node implements it over what is deployed, in memory.
pub trait Directory: Send + Sync + 'static {
    /// The workload that `caller` means by `name`: one of its own account, region and app. `None` where there is none.
    fn find(&self, caller: &WorkloadId, name: &str) -> Option<WorkloadId>;
}

/// What the mesh hands requests to.
#[derive(Clone)]
pub struct Seams {
    /// Names of workloads.
    pub directory: Arc<dyn Directory>,
    /// Their current revisions.
    pub revisions: Arc<dyn Revisions>,
    /// Those who run them.
    pub workers: Arc<dyn Workers>,
    /// The AWS endpoint.
    pub aws: Arc<dyn Handler>,
}

/// Says where a redirected connection was meant to go.
pub type Original = Arc<dyn Fn(&TcpStream) -> io::Result<SocketAddr> + Send + Sync>;

/// Asks for a public name's addresses. It may take as long as it likes, but it must end: until then it counts. The error
/// of kind `NotFound` says that there is no such name; any other, that it cannot be told now. A name without addresses is
/// no error.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A [`Mesh`]'s settings.
#[derive(Clone)]
pub struct MeshOptions {
    /// Where workers may connect to.
    pub egress: Egress,
    /// Connections of one worker at a time, its resolver's among them; one more is reset.
    pub connections_per_worker_max: usize,
    /// Connections of all workers at a time. The fuller the machine, the fewer a worker may have: some are always kept for
    /// workers that have fewer.
    pub connections_max: usize,
    /// Lookups of public names of one worker at a time; twice as many may wait, one more fails at once.
    pub lookups_per_worker_max: usize,
    /// Lookups of all workers at a time, shared like the connections. Each holds a thread.
    pub lookups_max: usize,
    /// How long an outbound connection may take to be made.
    pub connect_timeout: Duration,
    /// How long an outbound connection may stay silent.
    pub idle_timeout: Duration,
    /// TLS on port 443 of our own addresses, for the names that stand for them; without it such connections are reset.
    pub tls: Option<Tls>,
    /// TLS handshakes of one worker at a time; one more is reset.
    pub handshakes_per_worker_max: usize,
    /// TLS handshakes of all workers at a time, shared like the connections.
    pub handshakes_max: usize,
    /// Bounds on requests between workloads and to the AWS endpoint.
    pub limits: Limits,
    /// Where a connection was meant to go; the kernel knows, except in tests.
    pub original: Original,
    /// How public names are looked up; the machine's own resolver, except in tests.
    pub lookup: Lookup,
}

impl Default for MeshOptions {
    /// Public addresses only, 1,024 connections per worker and 16,384 in all, 8 lookups per worker and 64 in all, 10 s to
    /// connect, 15 minutes of silence, no TLS, 64 handshakes per worker and 1,024 in all.
    fn default() -> Self {
        Self {
            egress: Egress::default(),
            connections_per_worker_max: 1024,
            connections_max: 16_384,
            lookups_per_worker_max: 8,
            lookups_max: 64,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(15),
            tls: None,
            handshakes_per_worker_max: 64,
            handshakes_max: 1024,
            limits: Limits::gateway(),
            original: Arc::new(original_destination),
            lookup: Arc::new(|name| Box::pin(machine::look_up(name))),
        }
    }
}

/// Serves the doors of all workers of a machine. Implements [`Doors`].
#[derive(Clone)]
pub struct Mesh(pub(crate) Arc<Shared>);

/// What went out of sandboxes since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Outbound connections made.
    pub connections: u64,
    /// Connections refused by policy.
    pub refused: u64,
    /// Bytes sent to the outside.
    pub sent: u64,
    /// Bytes received from there.
    pub received: u64,
}

/// What all doors share.
pub(crate) struct Shared {
    pub(crate) options: MeshOptions,
    pub(crate) limits: Arc<Limits>,
    pub(crate) names: Names,
    pub(crate) seams: OnceLock<Seams>,
    pub(crate) connections: Places,
    pub(crate) lookups: Places,
    pub(crate) handshakes: Places,
    pub(crate) counters: Counters,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

impl Mesh {
    /// A mesh that does not know anybody yet: pools need doors, and doors hand requests to pools, so one of them comes first.
    pub fn new(options: MeshOptions) -> Self {
        let connections = Bounds {
            machine: options.connections_max,
            worker: options.connections_per_worker_max,
            waiting: 0,
        };
        let lookups = Bounds {
            machine: options.lookups_max,
            worker: options.lookups_per_worker_max,
            waiting: 2 * options.lookups_per_worker_max,
        };
        let handshakes =
            Bounds { machine: options.handshakes_max, worker: options.handshakes_per_worker_max, waiting: 0 };
        Self(Arc::new(Shared {
            limits: Arc::new(options.limits.clone()),
            options,
            names: Names::default(),
            seams: OnceLock::new(),
            connections: Places::new(connections),
            lookups: Places::new(lookups),
            handshakes: Places::new(handshakes),
            counters: Counters::default(),
        }))
    }

    /// Says whom requests go to; until then they answer 503. Only the first call counts.
    pub fn connect(&self, seams: Seams) {
        let _ = self.0.seams.set(seams);
    }

    /// What went out so far.
    pub fn traffic(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.0.counters;
        Traffic {
            connections: read(&counters.connections),
            refused: read(&counters.refused),
            sent: read(&counters.sent),
            received: read(&counters.received),
        }
    }
}

impl Doors for Mesh {
    /// Needs a tokio runtime around it, on which the door is served.
    fn opened(
        &self,
        identity: Arc<WorkerIdentity>,
        sockets: DoorSockets,
        runtime_api: Arc<dyn DoorHandler>,
    ) -> io::Result<DoorGuard> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let door = Door::new(Arc::clone(&self.0), identity, sockets, runtime_api)?;
        let task = runtime.spawn(door.serve()).abort_handle();
        Ok(Box::new(Closing(task)))
    }
}

struct Closing(tokio::task::AbortHandle);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the kernel rewrote when it redirected the connection.
fn original_destination(stream: &TcpStream) -> io::Result<SocketAddr> {
    let socket = socket2::SockRef::from(stream);
    let is_v4 = stream.local_addr()?.ip().to_canonical().is_ipv4();
    let wanted = if is_v4 { socket.original_dst_v4()? } else { socket.original_dst_v6()? };
    wanted.as_socket().ok_or_else(|| io::Error::other("the original destination is no IP address"))
}

#[cfg(test)]
#[path = "mesh_tests.rs"]
pub(crate) mod tests;
