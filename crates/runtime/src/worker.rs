//! One worker: a started process and how Weft talks to it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use weft_sandbox::Exit;
use weft_service::Clock;
use weft_service::workload::{DoorGuard, WorkerIdentity};
use weft_types::Timestamp;

use crate::beside::Beside;
use crate::extensions::Failure;
use crate::frames::Frames;
use crate::http_worker::HttpLink;
use crate::logs::WorkerLog;
use crate::runtime_api::RuntimeApi;
use crate::spawn::Process;

/// A worker that takes requests.
pub(crate) struct Worker {
    pub(crate) id: u64,
    pub(crate) identity: Arc<WorkerIdentity>,
    pub(crate) process: Arc<dyn Process>,
    pub(crate) link: Link,
    pub(crate) log: Arc<WorkerLog>,
    pub(crate) started: Timestamp,
    /// How long it took from its start until it took requests.
    pub(crate) init: Duration,
    /// Since when its program runs.
    pub(crate) running: Instant,
    /// What its runtime and its extensions call.
    pub(crate) api: Arc<RuntimeApi>,
    beside: Option<Arc<Beside>>,
    /// Why it is stopped, where an invocation is the reason.
    reason: OnceLock<&'static str>,
    ended: tokio::sync::OnceCell<Exit>,
    usage: Mutex<Option<Seen>>,
    /// Until when the last invocation may go on in it.
    busy_until: Mutex<Instant>,
    /// Closes the door when the worker is dropped.
    _door: Option<DoorGuard>,
}

/// Memory as it was looked up, in bytes.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    peak: u64,
    in_use: u64,
}

/// How Weft talks to a worker.
pub(crate) enum Link {
    /// To one of our own bootstraps. The pool gives a function's worker to one request at a time, so the lock is free.
    Frames(tokio::sync::Mutex<Frames>),
    /// To a runtime that asks for its events.
    Api(Arc<RuntimeApi>),
    /// To a server.
    Http(HttpLink),
}

/// Memory use that was looked up within this time need not be looked up again.
const USAGE_FRESH: Duration = Duration::from_secs(1);

/// All the time that external extensions have to end, the runtime's before them included.
const EXTERNAL: Duration = Duration::from_secs(2);
/// What of it is the runtime's.
const RUNTIME_WITH_EXTERNAL: Duration = Duration::from_millis(300);
/// What a runtime has that only has internal extensions.
const RUNTIME_WITH_INTERNAL: Duration = Duration::from_millis(500);
/// How long what extensions subscribed to may take on its way at the end.
const TELEMETRY: Duration = Duration::from_millis(200);
const SIGTERM: u8 = 15;

impl Worker {
    pub(crate) fn new(parts: Parts, link: Link, init: Duration) -> Self {
        Self {
            id: parts.identity.worker,
            identity: parts.identity,
            process: parts.process,
            link,
            log: parts.log,
            started: parts.started,
            init,
            api: parts.api,
            beside: parts.beside,
            reason: OnceLock::new(),
            ended: tokio::sync::OnceCell::new(),
            running: parts.running,
            usage: Mutex::new(None),
            busy_until: Mutex::new(Instant::now()),
            _door: parts.door,
        }
    }

    /// Whether an extension goes on after the answer.
    pub(crate) fn is_busy(&self) -> bool {
        self.api.extensions.busy()
    }

    /// Waits until its runtime and its extensions ask for their next events.
    pub(crate) async fn settled(&self) -> Result<(), Failure> {
        self.api.extensions.settled().await
    }

    /// Notes why it must be stopped: `timeout`, `failure`.
    pub(crate) fn spoil(&self, reason: &'static str) {
        let _ = self.reason.set(reason);
    }

    /// Why it is stopped: what an invocation noted.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.reason.get().copied()
    }

    /// Ends it as Lambda ends one with extensions, once: SIGTERM and some time for the runtime, then the event and the rest
    /// of two seconds for external ones. Without any it is killed at once.
    pub(crate) async fn end(&self, reason: &str, clock: &dyn Clock) -> Exit {
        let end = || async {
            if self.api.extensions.any() {
                self.let_end(reason, clock).await;
            }
            self.process.kill().await
        };
        *self.ended.get_or_init(end).await
    }

    async fn let_end(&self, reason: &str, clock: &dyn Clock) {
        let begun = Instant::now();
        let (time, all) = match &self.beside {
            Some(beside) => {
                beside.stopping();
                (RUNTIME_WITH_EXTERNAL, EXTERNAL)
            }
            None => (RUNTIME_WITH_INTERNAL, RUNTIME_WITH_INTERNAL),
        };
        // Whoever is frozen takes no signal and no event.
        let _ = self.process.freeze(false).await;
        let deadline_ms = clock.now().plus(all).as_millis();
        let asked = self.process.signal(SIGTERM).await.is_ok();
        if asked
            && timeout(time, self.process.wait()).await.is_err()
            && let Some(beside) = &self.beside
        {
            beside.kill_runtime().await;
        }
        self.log.flush();
        let _ = timeout(TELEMETRY, self.log.telemetry.sent()).await;
        if self.beside.is_some() {
            self.api.extensions.shut_down(reason, deadline_ms);
            let _ = timeout_at(begun + all, self.api.extensions.gone()).await;
        }
        self.log.flush();
    }

    /// Until when its last invocation may go on in it, after its answer.
    pub(crate) fn busy_until(&self) -> Instant {
        *self.busy_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the deadline of an invocation that has its answer.
    pub(crate) fn set_busy_until(&self, deadline: Instant) {
        *self.busy_until.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// The most memory that it ever used, in bytes: known for a second at most, where `fresh` does not ask for more.
    pub(crate) async fn memory_peak(&self, fresh: bool) -> u64 {
        let known = *self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(seen) if !fresh || seen.at.elapsed() < USAGE_FRESH => seen.peak,
            _ => self.look_up_memory().await,
        }
    }

    /// What is known of the most memory that it used; `None` where nobody looked yet.
    pub(crate) fn memory_known(&self) -> Option<u64> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).map(|seen| seen.peak)
    }

    /// The memory that it used when somebody looked last; `None` where nobody did.
    pub(crate) fn memory_in_use(&self) -> Option<u64> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).map(|seen| seen.in_use)
    }

    /// Looks memory up in the background where what is known is old.
    pub(crate) fn refresh_memory(self: &Arc<Self>) {
        let known = *self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none_or(|seen| seen.at.elapsed() >= USAGE_FRESH) {
            let worker = Arc::clone(self);
            tokio::spawn(async move { worker.look_up_memory().await });
        }
    }

    async fn look_up_memory(&self) -> u64 {
        let usage = self.process.usage().await.unwrap_or_default();
        let peak = usage.memory_peak_bytes.max(usage.memory_bytes);
        let mut known = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        // A peak does not fall; of a process that is gone nothing more is known.
        let peak = known.map_or(peak, |seen| peak.max(seen.peak));
        *known = Some(Seen { at: Instant::now(), peak, in_use: usage.memory_bytes });
        peak
    }
}

/// What a start has gathered before the worker takes requests.
pub(crate) struct Parts {
    pub(crate) identity: Arc<WorkerIdentity>,
    pub(crate) process: Arc<dyn Process>,
    pub(crate) log: Arc<WorkerLog>,
    pub(crate) log_stream: String,
    pub(crate) started: Timestamp,
    /// Since when the program runs.
    pub(crate) running: Instant,
    pub(crate) door: Option<DoorGuard>,
    pub(crate) api: Arc<RuntimeApi>,
    /// Where it has external extensions.
    pub(crate) beside: Option<Arc<Beside>>,
}
