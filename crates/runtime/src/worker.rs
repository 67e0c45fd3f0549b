//! One worker: a started process and how Weft talks to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use weft_service::workload::{DoorGuard, WorkerIdentity};
use weft_types::Timestamp;

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
    usage: Mutex<Option<Seen>>,
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
            running: parts.running,
            usage: Mutex::new(None),
            _door: parts.door,
        }
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
    pub(crate) started: Timestamp,
    /// Since when the program runs.
    pub(crate) running: Instant,
    pub(crate) door: Option<DoorGuard>,
}
