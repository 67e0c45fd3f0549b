//! A place in a worker, and a place in the queue for one.

use std::sync::Arc;

use weft_scaling::Moment;

use super::{Fleet, Pool};

/// A worker's place as the state gives it out.
pub(super) struct Place<W> {
    pub(super) id: u64,
    pub(super) worker: Arc<W>,
    /// Whether it must be thawed first.
    pub(super) frozen: Option<super::slot::Gate>,
    /// Whether nobody had the worker before.
    pub(super) first: bool,
    /// Since when, where no request was in the worker before.
    pub(super) fresh: Option<Moment>,
}

/// A place in a worker. Whoever was given it says in the end whether the worker is [healthy](Self::give_back): one that is
/// dropped without a word (a panic, a future that was cancelled) may still be at the request, and is discarded.
pub(crate) struct Lease<F: Fleet> {
    pool: Arc<Pool<F>>,
    place: Place<F::Worker>,
    on_drop: OnDrop,
}

/// What a lease that is dropped does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    /// Nothing: the pool has taken the place back itself.
    Nothing,
    GiveBack,
    Discard,
}

impl<F: Fleet> Lease<F> {
    pub(super) fn new(pool: &Arc<Pool<F>>, place: Place<F::Worker>) -> Self {
        Self { pool: Arc::clone(pool), place, on_drop: OnDrop::GiveBack }
    }

    /// The worker.
    pub(crate) fn worker(&self) -> &Arc<F::Worker> {
        &self.place.worker
    }

    /// Whether nobody had the worker before.
    pub(crate) fn first(&self) -> bool {
        self.place.first
    }

    /// Gives it back: the worker has done with the request and takes the next.
    pub(crate) fn give_back(mut self) {
        self.answered();
        self.on_drop = OnDrop::GiveBack;
    }

    /// Notes that the request has its answer, or the head of it.
    pub(crate) fn answered(&mut self) {
        if let Some(since) = self.place.fresh.take() {
            self.pool.fleet.first_request(self.pool.now().saturating_sub(since));
        }
    }

    /// From now on gives it back however the request ends: what is left of it dies with a connection of its own, so that
    /// nothing of it can reach the next, and others may be in the same worker.
    pub(crate) fn shared(mut self) -> Self {
        self.on_drop = OnDrop::GiveBack;
        self
    }

    /// Gives it back with the message that the worker must not be used again.
    pub(crate) fn discard(mut self) {
        self.on_drop = OnDrop::Discard;
    }

    /// Gives it back as one that no request had.
    pub(crate) fn unused(mut self) {
        self.place.fresh = None;
        let (pool, id) = (Arc::clone(&self.pool), self.place.id);
        self.give_back();
        pool.uncount(id);
    }

    /// Drops it without giving it back, where the pool's own state is held.
    pub(super) fn disarm(mut self) {
        self.on_drop = OnDrop::Nothing;
    }

    /// The lease as its user gets it. Dropped before, it was never used.
    pub(super) async fn thawed(mut self) -> Self {
        self.on_drop = OnDrop::Discard;
        if let Some(gate) = self.place.frozen.take() {
            let _held = gate.lock().await;
            self.pool.fleet.freeze(Arc::clone(&self.place.worker), false).await;
        }
        self
    }
}

impl<F: Fleet> Drop for Lease<F> {
    fn drop(&mut self) {
        if self.on_drop != OnDrop::Nothing {
            // One that was never thawed belongs to a request that went away; nobody may get it frozen.
            let broken = self.on_drop == OnDrop::Discard || self.place.frozen.is_some();
            self.pool.give_back(self.place.id, broken);
        }
    }
}

/// A place in the queue. Dropping it gives it up.
pub(super) struct Ticket<F: Fleet> {
    pool: Arc<Pool<F>>,
    number: u64,
}

impl<F: Fleet> Ticket<F> {
    pub(super) fn new(pool: &Arc<Pool<F>>, number: u64) -> Self {
        Self { pool: Arc::clone(pool), number }
    }
}

impl<F: Fleet> Drop for Ticket<F> {
    fn drop(&mut self) {
        let now = self.pool.now();
        let mut state = self.pool.state();
        if state.waiting.remove(&self.number).is_some() {
            state.record_load(now);
        }
    }
}
