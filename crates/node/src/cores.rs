//! The threads that accept connections and serve them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use weft_gateway::Gateway;
use weft_net::{Limits, Server, Tls};

use crate::StartError;
use crate::config::DataPlane;

/// Where connections are served: on the runtime that everything else runs on, or on one of their own per core.
pub(crate) struct Cores {
    own: Vec<Core>,
}

/// A thread with a runtime, which ends when this is dropped.
struct Core {
    runtime: Handle,
    _stop: oneshot::Sender<()>,
}

impl Cores {
    /// Starts the threads that the choice asks for.
    pub(crate) fn start(how: DataPlane) -> Result<Self, StartError> {
        let count = match how {
            DataPlane::Shared => 0,
            DataPlane::PerCore => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        };
        let own: Result<_, _> = (0..count).map(Core::start).collect();
        Ok(Self {
            own: own.map_err(|source| StartError::System { doing: "start a thread per core", source })?,
        })
    }

    /// Accepts connections for a gateway from now on, on every core; those that begin with a TLS handshake only with `tls`.
    pub(crate) fn listen(
        &self,
        handler: Arc<Gateway>,
        listener: &TcpListener,
        tls: Option<Tls>,
    ) -> Result<(Server, SocketAddr), StartError> {
        let failed = |source| StartError::System { doing: "accept connections", source };
        let server = Server::new(handler, Limits::gateway());
        let server = match tls {
            Some(tls) => server.with_tls(tls),
            None => server,
        };
        let address = listener.local_addr().map_err(failed)?;
        if self.own.is_empty() {
            server.listen(listener.try_clone().map_err(failed)?).map_err(failed)?;
        }
        for core in &self.own {
            let _entered = core.runtime.enter();
            server.listen(listener.try_clone().map_err(failed)?).map_err(failed)?;
        }
        Ok((server, address))
    }
}

impl Core {
    fn start(number: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("weft-core-{number}"));
        // An error of the receiver is the sender's drop, which is what it waits for.
        thread.spawn(move || drop(runtime.block_on(stopped)))?;
        Ok(Self { runtime: handle, _stop: stop })
    }
}
