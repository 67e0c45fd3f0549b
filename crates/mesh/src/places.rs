//! Places that all workers of a machine share, so that none can take them from the others.
//!
//! What is given is never taken back, so the first to come must leave something. All places are cut into as many equal
//! slices as a worker's most has doublings: the last slice is for workers that hold none yet, the one before also for
//! those that hold one, then two or three, four to seven, and so on. With 64 places and 8 for a worker, the first two
//! that take what they can get 8, the next four 4, then eight get 2 and sixteen 1: only after those thirty somebody
//! waits. Places that come free go to whoever waits and holds the fewest, first come first served among equals.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// On the whole machine.
    pub(crate) machine: usize,
    /// For one worker.
    pub(crate) worker: usize,
    /// Requests of one worker that wait for a place.
    pub(crate) waiting: usize,
}

/// All places of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Shared>);

/// One worker's claim to places.
#[derive(Debug)]
pub(crate) struct Share {
    shared: Arc<Shared>,
    worker: u64,
}

/// A place that is there or will come. Who drops it waits no more.
#[derive(Debug)]
pub(crate) enum Turn {
    Now(Place),
    Later(oneshot::Receiver<Place>),
}

/// A place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    worker: u64,
}

#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    workers_so_far: u64,
    tickets_so_far: u64,
    /// Only workers that hold a place or wait for one.
    workers: HashMap<u64, Use>,
}

#[derive(Debug, Default)]
struct Use {
    held: usize,
    waiting: VecDeque<(u64, oneshot::Sender<Place>)>,
}

impl Bounds {
    /// How many places stay free for workers that hold fewer than this.
    fn kept_from(&self, held: usize) -> usize {
        let slices = 1 + doublings(self.worker.saturating_sub(1));
        self.machine * doublings(held) / slices
    }
}

/// How often one has to double to get beyond a number: 0 for 0, 1 for 1, 2 for 2 and 3, 3 up to 7.
fn doublings(number: usize) -> usize {
    number.checked_ilog2().map_or(0, |log| log as usize + 1)
}

impl Places {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared { bounds, state: Mutex::default() }))
    }

    /// A new worker's share.
    pub(crate) fn share(&self) -> Share {
        let mut state = self.0.state();
        state.workers_so_far += 1;
        Share { worker: state.workers_so_far, shared: Arc::clone(&self.0) }
    }
}

impl Share {
    /// A place, if the worker may have one now.
    pub(crate) fn try_take(&self) -> Option<Place> {
        let mut state = self.shared.state();
        let held = state.workers.get(&self.worker).map_or(0, |of| of.held);
        if !state.allows(&self.shared.bounds, held) {
            return None;
        }
        state.give(self.worker);
        Some(self.place())
    }

    /// A place, now or as soon as the worker may have one; `None` where too many requests of it wait already.
    pub(crate) fn turn(&self) -> Option<Turn> {
        if let Some(place) = self.try_take() {
            return Some(Turn::Now(place));
        }
        let mut state = self.shared.state();
        state.tickets_so_far += 1;
        let ticket = state.tickets_so_far;
        let of = state.workers.entry(self.worker).or_default();
        of.waiting.retain(|(_, turn)| !turn.is_closed());
        if of.waiting.len() >= self.shared.bounds.waiting {
            state.forget_idle(self.worker);
            return None;
        }
        let (turn, comes) = oneshot::channel();
        of.waiting.push_back((ticket, turn));
        drop(state);
        // A place may have come free in between.
        self.shared.hand_out();
        Some(Turn::Later(comes))
    }

    fn place(&self) -> Place {
        Place { shared: Arc::clone(&self.shared), worker: self.worker }
    }
}

impl Turn {
    /// Waits for the place; `None` when the machine has none to give any more.
    pub(crate) async fn place(self) -> Option<Place> {
        match self {
            Self::Now(place) => Some(place),
            Self::Later(comes) => comes.await.ok(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.taken -= 1;
        if let Some(of) = state.workers.get_mut(&self.worker) {
            of.held -= 1;
        }
        state.forget_idle(self.worker);
        drop(state);
        self.shared.hand_out();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what is free to those who wait.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let Some((worker, turn)) = self.state().next(&self.bounds) else { return };
            // Outside of the lock: a place that nobody takes any more comes back here.
            drop(turn.send(Place { shared: Arc::clone(self), worker }));
        }
    }
}

impl State {
    fn allows(&self, bounds: &Bounds, held: usize) -> bool {
        held < bounds.worker && self.taken + bounds.kept_from(held) < bounds.machine
    }

    fn give(&mut self, worker: u64) {
        self.taken += 1;
        self.workers.entry(worker).or_default().held += 1;
    }

    /// Whose turn it is, with the place counted as taken.
    fn next(&mut self, bounds: &Bounds) -> Option<(u64, oneshot::Sender<Place>)> {
        for of in self.workers.values_mut() {
            of.waiting.retain(|(_, turn)| !turn.is_closed());
        }
        self.workers.retain(|_, of| of.held > 0 || !of.waiting.is_empty());
        let waiting = self.workers.iter().filter(|(_, of)| self.allows(bounds, of.held));
        let first = waiting.filter_map(|(worker, of)| Some((of.held, of.waiting.front()?.0, *worker)));
        let (_, _, worker) = first.min()?;
        let (_, turn) = self.workers.get_mut(&worker)?.waiting.pop_front()?;
        self.give(worker);
        Some((worker, turn))
    }

    fn forget_idle(&mut self, worker: u64) {
        if self.workers.get(&worker).is_some_and(|of| of.held == 0 && of.waiting.is_empty()) {
            self.workers.remove(&worker);
        }
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
