//! A runtime over real sandboxes, for suites without a harness: the launcher is forked before any thread.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use weft_runtime::{Runtime, RuntimeConfig, Sandboxes};
use weft_sandbox::{Launcher, LauncherConfig, Mode, fork_launcher, original_destination};
use weft_service::SystemClock;
use weft_service::workload::{
    DoorGuard, DoorHandler, DoorSockets, Doors, RUNTIME_API_ADDRESS, WorkerIdentity,
};

use crate::support::{Lines, NoKeys};

/// What a suite works with.
pub(crate) struct Real {
    pub(crate) runtime: Arc<Runtime>,
    /// Where code may lie.
    pub(crate) folder: PathBuf,
    #[allow(dead_code, reason = "not every suite reads it")]
    pub(crate) log: Arc<Lines>,
}

/// Runs a suite. Where the machine allows no isolation, this says so and checks nothing.
pub(crate) fn in_sandboxes<F: Future<Output = ()>>(suite: impl FnOnce(Real) -> F) {
    let folder = tempfile::tempdir().unwrap();
    // Workers run as users of their own.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = LauncherConfig { source_roots: vec![folder.path().into()], ..LauncherConfig::default() };
    let link = fork_launcher(&config).unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    tokio.block_on(async {
        let launcher = Launcher::connect(link).unwrap();
        if launcher.report().mode == Mode::None {
            println!("no isolation on this machine: nothing checked");
            return;
        }
        let log = Arc::new(Lines::default());
        let runtime = Runtime::new(
            RuntimeConfig::default(),
            Arc::new(Sandboxes::new(launcher)),
            Arc::new(ApiDoors),
            Arc::clone(&log) as _,
            Arc::new(NoKeys),
            Arc::new(SystemClock),
        );
        suite(Real { runtime, folder: folder.path().into(), log }).await;
    });
}

/// Serves the Runtime API alone.
struct ApiDoors;

impl Doors for ApiDoors {
    fn opened(
        &self,
        _: Arc<WorkerIdentity>,
        sockets: DoorSockets,
        api: Arc<dyn DoorHandler>,
    ) -> io::Result<DoorGuard> {
        let listener = TcpListener::from_std(std::net::TcpListener::from(sockets.tcp))?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if original_destination(&stream).is_ok_and(|wanted| wanted.to_string() == RUNTIME_API_ADDRESS)
                {
                    tokio::spawn(api.serve(stream.into_std().unwrap()));
                }
            }
        });
        Ok(Box::new(AbortOnDrop(task, [sockets.dns_udp, sockets.dns_tcp])))
    }
}

struct AbortOnDrop(
    tokio::task::JoinHandle<()>,
    #[expect(dead_code, reason = "held open")] [std::os::fd::OwnedFd; 2],
);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
