//! The in-memory engine: for tests and simulation, with crashes at chosen commits.

use std::sync::{Arc, Mutex, PoisonError};

use imbl::OrdMap;

use crate::StoreError;
use crate::engine::{Direction, Engine, Range, Snapshot, Writes};

type Map = OrdMap<Vec<u8>, Vec<u8>>;

/// Where a simulated crash happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// The commit at which it happens, from 0.
    pub at_commit: u64,
    /// Whether that commit's writes reached the disk before it; its writers learn nothing in either case.
    pub kept: bool,
}

/// What a memory store holds. Outlives the store, so that another can be opened on it after a crash.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    map: Map,
    commits: u64,
    crash: Option<Crash>,
    crashed: bool,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Crashes at a commit that is yet to come.
    pub fn crash_at(&self, crash: Crash) {
        self.lock().crash = Some(crash);
    }

    /// Whether the crash has happened; from then on nothing is written until [`Memory::restart`].
    pub fn has_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// The machine is on again: what had become durable is there.
    pub fn restart(&self) {
        let mut state = self.lock();
        state.crashed = false;
        state.crash = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Memory {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let state = self.lock();
        if state.crashed { Err(StoreError::Stopped) } else { Ok(Box::new(View(state.map.clone()))) }
    }

    fn commit(&self, batch: &[&Writes]) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.crashed {
            return Err(StoreError::Stopped);
        }
        let now = state.crash.filter(|crash| crash.at_commit == state.commits);
        state.commits += 1;
        if now.is_none_or(|crash| crash.kept) {
            for (key, value) in batch.iter().flat_map(|writes| writes.iter()) {
                match value {
                    Some(value) => state.map.insert(key.clone(), value.clone()),
                    None => state.map.remove(key),
                };
            }
        }
        state.crashed = now.is_some();
        if state.crashed { Err(StoreError::Stopped) } else { Ok(()) }
    }
}

struct View(Map);

impl Snapshot for View {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn walk(
        &self,
        (from, to): Range<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let range = self.0.range::<_, [u8]>((from, to));
        match direction {
            Direction::Forward => range.into_iter().all(|(key, value)| visit(key, value)),
            Direction::Backward => range.rev().all(|(key, value)| visit(key, value)),
        };
        Ok(())
    }
}
