//! A runtime with external extensions: the same process to everyone else, whose end is the runtime's, while its sandbox
//! goes on for the extensions' sake.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};
use weft_net::BoxStream;
use weft_sandbox::{
    CompanionEnd, CompanionEnding, CompanionEnds, CompanionOrders, Companions, Exit, ExitStatus, Listening,
    Usage,
};
use weft_service::BoxFuture;

use crate::extensions::Extensions;
use crate::spawn::Process;

/// See the module.
pub(crate) struct Beside {
    inner: Arc<dyn Process>,
    orders: Mutex<CompanionOrders>,
    runtime: watch::Receiver<Option<CompanionEnding>>,
    /// Whether the runtime is meant to end, and its sandbox to go on.
    stopping: Arc<AtomicBool>,
}

impl Beside {
    /// Takes a process with companions over; returns what they print as well.
    pub(crate) fn new(
        inner: Arc<dyn Process>,
        companions: Companions,
        extensions: Arc<Extensions>,
    ) -> (Arc<Self>, OwnedFd) {
        let (output, orders, ends) = companions.split();
        let runtime = watch::Sender::new(None);
        let ended = runtime.subscribe();
        tokio::spawn(listen(ends, runtime, extensions));
        let (orders, stopping) = (Mutex::new(orders), Arc::default());
        (Arc::new(Self { inner, orders, runtime: ended, stopping }), output)
    }

    /// Starts the runtime, whose extensions have registered.
    pub(crate) async fn start_runtime(&self) {
        // Where this fails, the sandbox is gone, which whoever waits for it learns.
        let _ = self.orders.lock().await.start_program().await;
    }

    /// From now on the runtime's end, however it comes, is none of its sandbox's.
    pub(crate) fn stopping(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Kills the runtime's process alone.
    pub(crate) async fn kill_runtime(&self) {
        let _ = self.orders.lock().await.kill_program().await;
    }

    /// Why the runtime could not be executed, where it could not.
    pub(crate) fn not_started(&self) -> Option<io::Error> {
        match *self.runtime.borrow() {
            Some(CompanionEnding::NotStarted(number)) => {
                Some(io::Error::from_raw_os_error(i32::from(number)))
            }
            _ => None,
        }
    }
}

/// Passes on what ends, until the sandbox has.
async fn listen(
    mut ends: CompanionEnds,
    runtime: watch::Sender<Option<CompanionEnding>>,
    extensions: Arc<Extensions>,
) {
    while let Some(CompanionEnd { index, ending }) = ends.next().await {
        match usize::from(index).checked_sub(1) {
            None => {
                runtime.send_replace(Some(ending));
            }
            Some(at) => extensions.ended(at, ending),
        }
    }
}

impl Process for Beside {
    fn wait(&self) -> BoxFuture<'static, Exit> {
        let (inner, mut ended) = (Arc::clone(&self.inner), self.runtime.clone());
        let stopping = Arc::clone(&self.stopping);
        Box::pin(async move {
            let status = tokio::select! {
                biased;
                ending = ended.wait_for(Option::is_some) => match ending.map(|ending| *ending) {
                    Ok(Some(CompanionEnding::Ended(status))) => Some(status),
                    Ok(Some(CompanionEnding::NotStarted(_))) => Some(ExitStatus::Code(127)),
                    _ => None,
                },
                exit = inner.wait() => return exit,
            };
            match status {
                Some(ExitStatus::Signal(9)) | None if !stopping.load(Ordering::SeqCst) => {
                    // Only the whole sandbox's end tells whether its memory ran out.
                    let exit = inner.kill().await;
                    Exit { status: ExitStatus::Signal(9), ..exit }
                }
                status => Exit {
                    status: status.unwrap_or(ExitStatus::Signal(9)),
                    oom_killed: false,
                    memory_peak_bytes: 0,
                },
            }
        })
    }

    fn kill(&self) -> BoxFuture<'static, Exit> {
        self.inner.kill()
    }

    fn signal(&self, number: u8) -> BoxFuture<'static, io::Result<()>> {
        self.inner.signal(number)
    }

    fn freeze(&self, on: bool) -> BoxFuture<'static, io::Result<()>> {
        self.inner.freeze(on)
    }

    fn usage(&self) -> BoxFuture<'static, io::Result<Usage>> {
        self.inner.usage()
    }

    fn listening(&self) -> BoxFuture<'static, io::Result<Vec<Listening>>> {
        self.inner.listening()
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        self.inner.connect(to)
    }

    fn pid(&self) -> Option<u32> {
        self.inner.pid()
    }
}
