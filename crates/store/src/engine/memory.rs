//! The in-memory engine: for tests and simulation, with crashes and full disks at chosen commits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imbl::OrdMap;

use crate::StoreError;
use crate::engine::{Direction, Engine, Range, Snapshot, Writes};

type Map = OrdMap<Vec<u8>, Vec<u8>>;

/// Where a simulated crash happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// The commit at which it happens, counted from 0 for the memory's first.
    pub at_commit: u64,
    /// Whether that commit's writes reached the disk before it; its writer learns nothing in either case.
    pub kept: bool,
}

/// What a memory store holds. Outlives the store, so that another can be opened on it after a crash.
///
/// ```
/// # use weft_store::{Memory, Store};
/// let memory = Memory::seeded(7);
/// let before = Store::memory(&memory)?;
/// memory.crash_within(10); // …work until `memory.has_crashed()`…
/// # memory.crash();
/// memory.restart(); // `before` stays dead
/// let after = Store::memory(&memory)?;
/// # Ok::<(), weft_store::StoreError>(())
/// ```
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
    /// Commits that are yet to find the disk full.
    full: u64,
    /// Rises with every restart, so that stores of before stay dead.
    life: u64,
    /// Draws what happens by chance; nothing does without it.
    chance: Option<u64>,
}

impl Memory {
    /// An empty one, in which nothing happens by chance.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one in which, by the seed, one transaction in four loses and runs again, whether or not others run.
    pub fn seeded(seed: u64) -> Self {
        let memory = Self::new();
        memory.lock().chance = Some(seed);
        memory
    }

    /// Crashes at a commit that is yet to come.
    pub fn crash_at(&self, crash: Crash) {
        self.lock().crash = Some(crash);
    }

    /// Crashes at one of the next `commits`, at which one and whether it is kept as the seed draws. The same seed and calls
    /// draw the same.
    pub fn crash_within(&self, commits: u64) -> Crash {
        let mut state = self.lock();
        let at_commit = state.commits + state.draw() % commits.max(1);
        let crash = Crash { at_commit, kept: state.draw().is_multiple_of(2) };
        state.crash = Some(crash);
        crash
    }

    /// Crashes now, between two commits.
    pub fn crash(&self) {
        self.lock().crashed = true;
    }

    /// The next `commits` find the disk full: each fails with [`StoreError::Full`], and nothing of it is written.
    pub fn full_for(&self, commits: u64) {
        self.lock().full = commits;
    }

    /// Whether the crash has happened; from then on nothing is read or written until [`Memory::restart`].
    pub fn has_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// The machine is on again: what had become durable is there for stores that are opened from now on.
    pub fn restart(&self) {
        let mut state = self.lock();
        state.crashed = false;
        state.crash = None;
        state.life += 1;
    }

    pub(crate) fn attach(&self) -> Attached {
        let life = self.lock().life;
        Attached { memory: self.clone(), life }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next number of the `SplitMix64` sequence.
    fn draw(&mut self) -> u64 {
        let seed = self.chance.unwrap_or_default().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.chance = self.chance.map(|_| seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A store's hold on a memory, until it restarts.
pub(crate) struct Attached {
    memory: Memory,
    life: u64,
}

impl Attached {
    fn alive(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.memory.lock();
        if state.crashed || state.life != self.life { Err(StoreError::Stopped) } else { Ok(state) }
    }
}

impl Engine for Attached {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(View(self.alive()?.map.clone())))
    }

    fn commit(&self, batch: &[&Writes]) -> Result<(), StoreError> {
        let mut state = self.alive()?;
        if state.full > 0 {
            state.full -= 1;
            return Err(StoreError::Full);
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

    fn loses_by_chance(&self) -> bool {
        let mut state = self.memory.lock();
        state.chance.is_some() && state.draw().is_multiple_of(4)
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
