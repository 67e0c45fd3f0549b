//! The place of one worker in its pool.

use std::sync::Arc;

use weft_scaling::{Moment, WorkerState, WorkerView};

/// Held while a worker is frozen or thawed.
pub(super) type Gate = Arc<tokio::sync::Mutex<()>>;

/// A worker, from the decision to start it until nothing is left of it.
pub(super) struct Slot<W> {
    pub(super) id: u64,
    pub(super) stage: Stage<W>,
    pub(super) in_flight: u32,
    pub(super) served: u64,
    pub(super) leased: bool,
    pub(super) idle_since: Moment,
    pub(super) expires: Option<Moment>,
    /// Since when it takes no more requests, and is stopped when it has none.
    pub(super) stop_asked: Option<Moment>,
    pub(super) frozen: bool,
    pub(super) gate: Gate,
}

/// How far a worker is.
pub(super) enum Stage<W> {
    Starting,
    Up(Arc<W>),
    Stopping,
}

impl<W> Slot<W> {
    pub(super) fn new(id: u64, stage: Stage<W>, now: Moment) -> Self {
        Self {
            id,
            stage,
            in_flight: 0,
            served: 0,
            leased: false,
            idle_since: now,
            expires: None,
            stop_asked: None,
            frozen: false,
            gate: Arc::default(),
        }
    }

    pub(super) fn worker(&self) -> Option<&Arc<W>> {
        match &self.stage {
            Stage::Up(worker) => Some(worker),
            Stage::Starting | Stage::Stopping => None,
        }
    }

    pub(super) fn label(&self) -> &'static str {
        match &self.stage {
            Stage::Starting => "starting",
            Stage::Stopping => "draining",
            Stage::Up(_) if self.stop_asked.is_some() => "draining",
            Stage::Up(_) if self.in_flight > 0 => "busy",
            Stage::Up(_) if self.frozen => "frozen",
            Stage::Up(_) => "ready",
        }
    }

    /// Whether it takes requests.
    pub(super) fn open(&self) -> bool {
        matches!(self.stage, Stage::Up(_)) && self.stop_asked.is_none()
    }

    pub(super) fn view(&self) -> WorkerView {
        let state = match &self.stage {
            Stage::Starting => WorkerState::Starting,
            Stage::Up(_) if self.stop_asked.is_some() => WorkerState::Stopping,
            Stage::Up(_) if self.frozen => WorkerState::Frozen,
            Stage::Up(_) => WorkerState::Ready,
            Stage::Stopping => WorkerState::Stopping,
        };
        WorkerView {
            id: self.id,
            state,
            in_flight: self.in_flight,
            idle_since: self.idle_since,
            expires: self.expires,
        }
    }
}
