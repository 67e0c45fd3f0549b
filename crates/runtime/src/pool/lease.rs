//! A place in a worker, and a place in the queue for one.

use std::sync::Arc;

use super::{Fleet, Pool};

/// A worker's place as the state gives it out.
pub(super) struct Place<W> {
    pub(super) id: u64,
    pub(super) worker: Arc<W>,
    /// Whether it must be thawed first.
    pub(super) frozen: Option<super::state::Gate>,
    /// Whether nobody had the worker before.
    pub(super) first: bool,
}

/// A place in a worker. Dropping it gives it back.
pub(crate) struct Lease<F: Fleet> {
    pool: Arc<Pool<F>>,
    place: Place<F::Worker>,
    armed: bool,
    broken: bool,
}

impl<F: Fleet> Lease<F> {
    pub(super) fn new(pool: &Arc<Pool<F>>, place: Place<F::Worker>) -> Self {
        Self { pool: Arc::clone(pool), place, armed: true, broken: false }
    }

    /// The worker.
    pub(crate) fn worker(&self) -> &Arc<F::Worker> {
        &self.place.worker
    }

    /// Whether nobody had the worker before.
    pub(crate) fn first(&self) -> bool {
        self.place.first
    }

    /// Gives it back with the message that the worker must not be used again.
    pub(crate) fn discard(mut self) {
        self.broken = true;
    }

    /// Drops it without giving it back, where the pool's own state is held.
    pub(super) fn disarm(mut self) {
        self.armed = false;
    }

    pub(super) async fn thawed(mut self) -> Self {
        if let Some(gate) = self.place.frozen.take() {
            let _held = gate.lock().await;
            self.pool.fleet.freeze(Arc::clone(&self.place.worker), false).await;
        }
        self
    }
}

impl<F: Fleet> Drop for Lease<F> {
    fn drop(&mut self) {
        if self.armed {
            // One that was never thawed belongs to a request that went away; nobody may get it frozen.
            let broken = self.broken || self.place.frozen.is_some();
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
