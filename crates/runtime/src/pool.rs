//! The workers of one revision, and the requests that wait for one.
//!
//! A pool hands out [`Lease`]s: places in a worker, which come back when they are dropped, whatever happened to the
//! request; a worker that nobody called healthy is replaced. All bookkeeping is behind one mutex that is held for a few steps and never while waiting; starting,
//! stopping and freezing are tasks of their own.

mod lease;
mod slot;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use weft_scaling::{Action, Limits, Moment};
use weft_service::BoxFuture;
use weft_service::workload::WorkError;

pub(crate) use lease::Lease;
use lease::Ticket;
use slot::{Slot, Stage};
use state::State;

/// Starts and stops the workers of one pool.
pub(crate) trait Fleet: Send + Sync + 'static {
    /// A worker that is up.
    type Worker: Send + Sync + 'static;

    /// Starts a worker; returns when it takes requests. Leaves nothing behind when it fails.
    fn start(&self, id: u64) -> BoxFuture<'static, Result<Started<Self::Worker>, StartFailure>>;

    /// Stops a worker that has no request left; returns when nothing of it is left.
    fn stop(&self, worker: Arc<Self::Worker>, how: Stop) -> BoxFuture<'static, ()>;

    /// Returns when a worker has ended by itself.
    fn ended(&self, worker: Arc<Self::Worker>) -> BoxFuture<'static, String>;

    /// Hears how long a worker had its first request.
    fn first_request(&self, _: Duration) {}

    /// Freezes an idle worker or thaws it.
    fn freeze(&self, worker: Arc<Self::Worker>, on: bool) -> BoxFuture<'static, ()>;
}

/// A worker that is up.
pub(crate) struct Started<W> {
    /// It.
    pub(crate) worker: W,
    /// When it must make room for a fresh one.
    pub(crate) expires: Option<Moment>,
}

/// How to stop a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It may end by itself first.
    Gently,
    /// At once.
    Now,
}

/// Why a worker did not come up.
#[derive(Debug, Clone)]
pub(crate) enum StartFailure {
    /// The platform or the program failed.
    Work(WorkError),
    /// The function's own initialisation failed: the request that wanted the worker gets this as its answer, with the
    /// end of the log.
    Init(InitFailure, crate::logs::LastWords),
}

/// How a function's initialisation failed.
#[derive(Debug, Clone)]
pub(crate) enum InitFailure {
    /// It reported this error, of this type as logs name it.
    Reported(bytes::Bytes, String),
    /// It ended: `errorType` and the text behind `Error: `.
    Ended(&'static str, String),
    /// It took longer than the function's timeout.
    TimedOut(Duration),
}

impl InitFailure {
    /// How it stands in the log.
    pub(crate) fn status(&self) -> crate::platform::Status {
        use crate::platform::Status;
        match self {
            Self::TimedOut(_) => Status::TIMEOUT,
            Self::Ended(error_type, _) => Status::error(*error_type),
            Self::Reported(_, error_type) => Status::error(error_type.as_str()),
        }
    }

    /// What a runtime reported, with the type that came beside it, or the one in the error.
    pub(crate) fn reported(error: bytes::Bytes, error_type: Option<String>) -> Self {
        let known = match error_type {
            Some(error_type) => crate::errors::known_type(Some(&error_type)),
            None => crate::errors::type_within(&error),
        };
        Self::Reported(error, known)
    }
}

/// Why there is no lease.
#[derive(Debug, Clone)]
pub(crate) enum NoLease {
    /// For this reason.
    Failed(StartFailure),
    /// The pool has been closed for good; ask for a new one.
    Closed,
}

/// What a pool is made with.
#[derive(Debug, Clone)]
pub(crate) struct PoolConfig {
    /// For scaling.
    pub(crate) limits: Limits,
    /// Requests that may wait beyond those that starting workers will take.
    pub(crate) queue_max: usize,
    /// How long one may wait.
    pub(crate) queue_timeout: Duration,
    /// How long requests in flight may take to end when the pool is retired.
    pub(crate) grace: Duration,
    /// Starts at once.
    pub(crate) start_burst: u32,
    /// Starts per second that refill the burst.
    pub(crate) starts_per_second: f64,
    /// What [`Moment`]s count from.
    pub(crate) epoch: Instant,
}

/// See the module.
pub(crate) struct Pool<F: Fleet> {
    fleet: F,
    config: PoolConfig,
    state: Mutex<State<F>>,
    /// Draws worker numbers; shared by all pools of a machine.
    next_worker: Arc<std::sync::atomic::AtomicU64>,
    changed: tokio::sync::Notify,
}

/// How often a pool with workers looks at itself.
const TICK_MAX: Duration = Duration::from_secs(1);
const TICK_MIN: Duration = Duration::from_millis(20);

impl<F: Fleet> Pool<F> {
    /// A pool without workers.
    pub(crate) fn new(
        fleet: F,
        config: PoolConfig,
        next_worker: Arc<std::sync::atomic::AtomicU64>,
    ) -> Arc<Self> {
        let state = Mutex::new(State::new(&config, config.epoch.elapsed()));
        Arc::new(Self { fleet, config, state, next_worker, changed: tokio::sync::Notify::new() })
    }

    /// A place in a worker: at once where one is free, else when one is started or freed. A dropped future gives its
    /// place in the queue up.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease<F>, NoLease> {
        self.acquire_within(self.config.queue_timeout).await
    }

    /// The same for somebody who waits as long as a start may take.
    pub(crate) async fn acquire_within(self: &Arc<Self>, limit: Duration) -> Result<Lease<F>, NoLease> {
        let (ticket, receiver) = match self.acquire_now()? {
            Ok(lease) => return Ok(lease.thawed().await),
            Err(waiting) => waiting,
        };
        match tokio::time::timeout(limit, receiver).await {
            Ok(Ok(answer)) => {
                drop(ticket);
                Ok(answer.map_err(NoLease::Failed)?.thawed().await)
            }
            Ok(Err(_)) => Err(NoLease::Failed(StartFailure::Work(WorkError::Stopping))),
            Err(_) => Err(self.waited_too_long(limit)),
        }
    }

    /// A lease, or a place in the queue.
    #[expect(clippy::type_complexity, reason = "used once, by `acquire`")]
    fn acquire_now(
        self: &Arc<Self>,
    ) -> Result<Result<Lease<F>, (Ticket<F>, oneshot::Receiver<Result<Lease<F>, StartFailure>>)>, NoLease>
    {
        let now = self.now();
        let mut state = self.state();
        if state.closed {
            return Err(NoLease::Closed);
        }
        if state.waiting.is_empty()
            && let Some(place) = state.take_place(&self.config.limits, now)
        {
            state.record_load(now);
            return Ok(Ok(Lease::new(self, place)));
        }
        let (sender, receiver) = oneshot::channel();
        let number = state.enqueue(sender);
        let ticket = Ticket::new(self, number);
        state.record_load(now);
        if !self.is_full(&state) {
            self.scale(&mut state, now);
        }
        let room = self.config.queue_max + state.starting() * self.config.limits.concurrency as usize;
        if state.waiting.len() > room && state.waiting.contains_key(&number) {
            state.waiting.remove(&number);
            drop(state);
            return Err(self.overloaded());
        }
        drop(state);
        Ok(Err((ticket, receiver)))
    }

    /// Has `min` workers started.
    pub(crate) fn warm(self: &Arc<Self>) {
        let now = self.now();
        let mut state = self.state();
        if !state.closed {
            self.scale(&mut state, now);
        }
    }

    /// From now on keeps no idle worker; requests that already wait are still served. Workers that are busy for longer
    /// than the grace are stopped all the same. The pool is closed when the last is gone.
    pub(crate) fn retire(self: &Arc<Self>) {
        let now = self.now();
        let mut state = self.state();
        if std::mem::replace(&mut state.retired, true) {
            return;
        }
        self.scale(&mut state, now);
        let closed = state.closed;
        drop(state);
        if !closed {
            let pool = Arc::clone(self);
            tokio::spawn(async move {
                let _ = tokio::time::timeout(pool.config.grace, pool.closed()).await;
                if pool.state().retired {
                    pool.stop_all(Stop::Gently);
                }
            });
        }
    }

    /// Takes [`retire`](Self::retire) back: the revision takes traffic again.
    pub(crate) fn revive(self: &Arc<Self>) {
        self.state().retired = false;
    }

    /// Fails what waits, and retires.
    pub(crate) fn refuse(self: &Arc<Self>, reason: &WorkError) {
        let mut state = self.state();
        state.fail_waiting(&StartFailure::Work(reason.clone()));
        drop(state);
        self.retire();
    }

    /// Stops every worker, whatever it does; one that starts is stopped when it is up, unless requests wait for it.
    pub(crate) fn stop_all(self: &Arc<Self>, how: Stop) {
        let mut state = self.state();
        for id in state.stoppable() {
            self.stop_now(&mut state, id, how);
        }
    }

    /// Closes the pool where it has nothing to do and nothing to keep.
    pub(crate) fn close_if_idle(&self) -> bool {
        let mut state = self.state();
        let idle = state.slots.is_empty() && state.waiting.is_empty() && !state.ticking;
        state.closed |= idle;
        state.closed
    }

    /// Returns when the pool is closed.
    pub(crate) async fn closed(&self) {
        loop {
            let changed = self.changed.notified();
            if self.state().closed {
                return;
            }
            changed.await;
        }
    }

    /// Calls `see` with every worker that is up (`None` for one that starts), its state, and its counts of requests in
    /// flight and served.
    pub(crate) fn each(&self, mut see: impl FnMut(u64, Option<&Arc<F::Worker>>, &'static str, u32, u64)) {
        let state = self.state();
        for slot in &state.slots {
            see(slot.id, slot.worker(), slot.label(), slot.in_flight, slot.served);
        }
    }

    fn now(&self) -> Moment {
        self.config.epoch.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overloaded(&self) -> NoLease {
        NoLease::Failed(StartFailure::Work(WorkError::Overloaded { max: self.config.limits.max }))
    }

    /// Why a wait ran out: all workers were busy, or there never was one.
    fn waited_too_long(&self, limit: Duration) -> NoLease {
        let state = self.state();
        if state.slots.iter().any(|slot| slot.worker().is_some()) {
            return self.overloaded();
        }
        let reason = format!(
            "none was ready within {} s; it has to listen on $PORT, or on one port of its own choice",
            limit.as_secs()
        );
        NoLease::Failed(StartFailure::Work(WorkError::StartFailed { reason }))
    }

    fn limits(&self, state: &State<F>) -> Limits {
        if state.retired {
            Limits { min: 0, idle_timeout: Duration::ZERO, freeze_after: None, ..self.config.limits }
        } else {
            self.config.limits
        }
    }

    /// Whether every worker is there that may be, and one takes requests: then a request that waits changes nothing that
    /// the ticker would not see to, and need not pay for a decision.
    fn is_full(&self, state: &State<F>) -> bool {
        state.ticking
            && state.slots.len() >= self.config.limits.max as usize
            && state.slots.iter().any(Slot::open)
    }

    /// Carries out what scaling decides, and keeps the ticker going.
    fn scale(self: &Arc<Self>, state: &mut State<F>, now: Moment) {
        let limits = self.limits(state);
        for action in state.decide(&limits, now) {
            match action {
                Action::Start(count) => (0..count).for_each(|_| self.start_one(state)),
                Action::Stop(id) => self.stop_when_free(state, id, now),
                Action::Freeze(id) => self.freeze_one(state, id),
                Action::FailWaiting => state.fail_waiting_for_back_off(now),
            }
        }
        let over = state.slots.is_empty() && state.waiting.is_empty();
        if over && state.retired && !state.closed {
            state.closed = true;
            self.changed.notify_waiters();
        }
        if !over && !state.ticking {
            state.ticking = true;
            tokio::spawn(tick(Arc::clone(self)));
        }
    }

    fn start_one(self: &Arc<Self>, state: &mut State<F>) {
        let id = self.next_worker.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        state.begin(id, self.now());
        let pool = Arc::clone(self);
        let starting = self.fleet.start(id);
        tokio::spawn(async move {
            // A panic in a start must not keep its place for ever.
            let result = tokio::spawn(starting).await.unwrap_or_else(|error| {
                Err(StartFailure::Work(WorkError::StartFailed {
                    reason: format!("the start broke off: {error}"),
                }))
            });
            pool.started(id, result);
        });
    }

    fn started(self: &Arc<Self>, id: u64, result: Result<Started<F::Worker>, StartFailure>) {
        let now = self.now();
        let mut state = self.state();
        match result {
            Ok(started) => {
                let worker = Arc::new(started.worker);
                if !state.up(id, &worker, started.expires, now) {
                    // It was killed while it started.
                    state.adopt_stopping(id, now);
                    self.stop_task(id, worker, Stop::Now);
                    return;
                }
                tokio::spawn(watch(Arc::clone(self), id, self.fleet.ended(worker)));
                self.dispatch(&mut state, now);
                self.scale(&mut state, now);
            }
            Err(failure) => {
                state.start_failed(id, &failure, now, self.config.limits.requests_back_off);
                self.scale(&mut state, now);
            }
        }
    }

    /// Gives free places to those who wait.
    fn dispatch(self: &Arc<Self>, state: &mut State<F>, now: Moment) {
        while !state.waiting.is_empty() {
            let Some(place) = state.take_place(&self.config.limits, now) else { return };
            let id = place.id;
            let Some((_, waiter)) = state.waiting.pop_first() else { return };
            if let Err(Ok(unwanted)) = waiter.send(Ok(Lease::new(self, place))) {
                unwanted.disarm();
                state.return_place(id);
            }
        }
    }

    /// A lease has come back.
    fn give_back(self: &Arc<Self>, id: u64, broken: bool) {
        let now = self.now();
        let mut state = self.state();
        let Some(free) = state.give_back(id, broken, now) else { return };
        if free {
            self.stop_now(&mut state, id, if broken { Stop::Now } else { Stop::Gently });
        }
        state.record_load(now);
        if !state.waiting.is_empty() {
            self.dispatch(&mut state, now);
        }
        if broken || state.retired || (!state.waiting.is_empty() && !self.is_full(&state)) {
            self.scale(&mut state, now);
        }
    }

    /// A lease that has come back served nobody.
    fn uncount(&self, id: u64) {
        if let Some(slot) = self.state().slots.iter_mut().find(|slot| slot.id == id) {
            slot.served = slot.served.saturating_sub(1);
        }
    }

    fn stop_when_free(self: &Arc<Self>, state: &mut State<F>, id: u64, now: Moment) {
        if state.ask_to_stop(id, now) {
            self.stop_now(state, id, Stop::Gently);
        }
    }

    fn stop_now(self: &Arc<Self>, state: &mut State<F>, id: u64, how: Stop) {
        if let Some(Stage::Up(worker)) = state.begin_stopping(id) {
            self.stop_task(id, worker, how);
        }
    }

    fn stop_task(self: &Arc<Self>, id: u64, worker: Arc<F::Worker>, how: Stop) {
        let pool = Arc::clone(self);
        let stopping = self.fleet.stop(worker, how);
        tokio::spawn(async move {
            stopping.await;
            pool.gone(id, None);
        });
    }

    /// Nothing is left of a worker.
    fn gone(self: &Arc<Self>, id: u64, crash: Option<String>) {
        let now = self.now();
        let mut state = self.state();
        if state.gone(id, crash, now) {
            self.scale(&mut state, now);
        }
    }

    fn freeze_one(self: &Arc<Self>, state: &mut State<F>, id: u64) {
        let Some((worker, gate)) = state.freeze(id) else { return };
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let _held = gate.lock().await;
            // Somebody may have taken it meanwhile; whoever takes it now waits for the gate and thaws.
            if pool.state().is_frozen(id) {
                pool.fleet.freeze(worker, true).await;
            }
        });
    }
}

/// Looks at the pool from time to time while it has workers or requests.
async fn tick<F: Fleet>(pool: Arc<Pool<F>>) {
    let limits = pool.config.limits;
    let period = limits.freeze_after.unwrap_or(TICK_MAX).min(limits.idle_timeout).clamp(TICK_MIN, TICK_MAX);
    loop {
        tokio::time::sleep(period).await;
        let now = pool.now();
        let mut state = pool.state();
        pool.scale(&mut state, now);
        if let Some(id) = state.must_give_way(&pool.config.limits, pool.config.grace, now) {
            pool.stop_now(&mut state, id, Stop::Gently);
        }
        // A pool that has to keep some workers goes on: a failed start must be tried again.
        if state.slots.is_empty() && state.waiting.is_empty() && pool.limits(&state).min == 0 {
            state.ticking = false;
            return;
        }
    }
}

async fn watch<F: Fleet>(pool: Arc<Pool<F>>, id: u64, ended: BoxFuture<'static, String>) {
    let how = ended.await;
    pool.gone(id, Some(how));
}
