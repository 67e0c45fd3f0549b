//! The one thread per store that commits: it checks what each waiting transaction read, applies the winners together, and makes
//! them durable with one sync.
//!
//! A loser whose closure is quick runs again right here, on what the winners before it wrote, and shares their sync: a key that all
//! write costs no more syncs than keys that nobody shares. A slow one runs again on the pool, until it
//! has lost so often that it runs here all the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::StoreError;
use crate::engine::{Snapshot, Writes};
use crate::merge::Layered;
use crate::recent::Recent;
use crate::store::{Shared, again};
use crate::tx::Footprint;

/// Transactions that one sync makes durable at most, and their bytes.
const BATCH_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 16 << 20;
/// A closure that took longer than this does not run on the committer's thread, where all wait for it.
const QUICK: Duration = Duration::from_millis(1);
/// Losers run again on the committer's thread for this long per batch.
const RERUNS: Duration = Duration::from_millis(4);
/// The longest wait for a batch to fill.
const PATIENCE_MAX: Duration = Duration::from_millis(1);
/// After this long without a transaction, who wrote what is forgotten.
const IDLE: Duration = Duration::from_secs(2);

/// A transaction's closure and who waits for it.
pub(crate) trait Attempt: Send {
    /// Runs the closure, and keeps what it returned.
    fn run(&mut self, snapshot: &dyn Snapshot) -> Footprint;
    /// How long it ran.
    fn took(&self) -> Duration;
    /// Counts a loss.
    fn lose(&mut self);
    /// Whether it lost so often that it now runs where it cannot.
    fn must_win(&self) -> bool;
    /// Answers: with what the closure returned, or with an error.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A transaction that wants to be committed.
pub(crate) struct Job {
    /// The sequence number that its view had at least.
    pub(crate) start: u64,
    pub(crate) footprint: Footprint,
    pub(crate) attempt: Box<dyn Attempt>,
}

/// Jobs that wait for the committer. Their number is bounded by that of the calls under way.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<Waiting>,
    enough: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    /// The committer wants to be woken when there are this many.
    wanted: usize,
    closed: bool,
}

impl Queue {
    /// Hands a job over; gives its attempt back when the store is closed.
    pub(crate) fn push(&self, job: Job) -> Result<(), Box<dyn Attempt>> {
        let mut state = self.lock();
        if state.closed {
            return Err(job.attempt);
        }
        state.jobs.push(job);
        if state.wanted > 0 && state.jobs.len() >= state.wanted {
            state.wanted = 0;
            self.enough.notify_one();
        }
        Ok(())
    }

    /// No more jobs; the committer ends when it has done those that wait.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.enough.notify_one();
    }

    fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Waits for a job, and from then on for at most `patience` until there are `expected`.
    fn take(&self, expected: usize, patience: Duration) -> Batch {
        let mut state = self.wait(self.lock(), 1, IDLE);
        if state.jobs.is_empty() {
            return if state.closed { Batch::Closed } else { Batch::Nothing };
        }
        if state.jobs.len() < expected {
            state = self.wait(state, expected, patience);
        }
        let mut bytes = 0;
        let fits = |job: &&Job| {
            bytes += job.footprint.bytes;
            bytes <= BATCH_BYTES_MAX
        };
        let count = state.jobs.iter().take(BATCH_MAX).take_while(fits).count().max(1);
        Batch::Jobs(state.jobs.drain(..count).collect())
    }

    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, Waiting>,
        wanted: usize,
        time: Duration,
    ) -> MutexGuard<'a, Waiting> {
        let deadline = Instant::now() + time;
        while state.jobs.len() < wanted
            && !state.closed
            && let Some(left) = deadline.checked_duration_since(Instant::now())
        {
            state.wanted = wanted;
            state = self.enough.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wanted = 0;
        state
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Batch {
    Jobs(Vec<Job>),
    Nothing,
    Closed,
}

/// Serves jobs until the queue is closed.
pub(crate) fn serve(shared: &Arc<Shared>) {
    let mut committer = Committer::new(shared.sequence.load(Ordering::Acquire));
    let (mut expected, mut patience) = (1, Duration::ZERO);
    loop {
        match shared.queue.take(expected, patience) {
            Batch::Jobs(batch) => {
                let (began, size) = (Instant::now(), batch.len());
                committer.batch(shared, batch);
                // Those who were just answered and those who came meanwhile make the next batch, if they are quick: a
                // wait of a quarter of a sync at most, and none for who writes alone.
                patience = (began.elapsed() / 4).min(PATIENCE_MAX);
                expected = size + shared.queue.len();
            }
            Batch::Nothing => {
                committer.forget();
                expected = 1;
            }
            Batch::Closed => return,
        }
    }
}

/// What decides who wins.
pub(crate) struct Committer {
    recent: Recent,
    sequence: u64,
}

/// One that won, if the batch becomes durable.
struct Winner {
    job: Job,
    /// It read what others of its batch wrote.
    leans: bool,
}

impl Committer {
    pub(crate) fn new(sequence: u64) -> Self {
        Self { recent: Recent::new(sequence), sequence }
    }

    /// Frees memory: a transaction that is under way now will run again.
    fn forget(&mut self) {
        self.recent = Recent::new(self.sequence);
    }

    /// Commits one transaction alone; `false` when it lost.
    pub(crate) fn commit_one(
        &mut self,
        shared: &Shared,
        start: u64,
        footprint: &Footprint,
    ) -> Result<bool, StoreError> {
        if shared.is_stopped() {
            return Err(StoreError::Stopped);
        }
        if self.recent.conflicts(start, footprint) {
            return Ok(false);
        }
        let committed = shared.engine.commit(&[&footprint.writes]);
        if let Err(error) = &committed
            && !matches!(error, StoreError::Full)
        {
            shared.stop(error);
        }
        committed?;
        self.win(&footprint.writes);
        self.publish(shared);
        Ok(true)
    }

    fn win(&mut self, writes: &Writes) {
        self.sequence += 1;
        self.recent.remember(self.sequence, writes);
    }

    fn publish(&self, shared: &Shared) {
        shared.sequence.store(self.sequence, Ordering::Release);
        shared.changed.send_replace(self.sequence);
    }

    fn batch(&mut self, shared: &Arc<Shared>, batch: Vec<Job>) {
        let (mut winners, mut losers) = (Vec::with_capacity(batch.len()), Vec::new());
        for job in batch {
            if self.recent.conflicts(job.start, &job.footprint) {
                losers.push(job.attempt);
            } else {
                self.win(&job.footprint.writes);
                winners.push(Winner { job, leans: false });
            }
        }
        let mut retries = Vec::new();
        if !losers.is_empty() {
            retries = self.rerun(shared, losers, &mut winners);
        }
        retries.extend(self.commit(shared, winners));
        self.publish(shared);
        // Only now, so that a loser's next view has what it lost against.
        for attempt in retries {
            again(shared, attempt);
        }
    }

    /// Makes the winners durable and answers them; gives back those who have to run again after all.
    fn commit(&self, shared: &Shared, winners: Vec<Winner>) -> Vec<Box<dyn Attempt>> {
        if winners.is_empty() {
            return Vec::new();
        }
        match persist(shared, &winners) {
            Ok(()) => {
                // First, so that who is answered and comes again does not lose against itself.
                self.publish(shared);
                answer(winners, || Ok(()));
            }
            Err(StoreError::Full) if winners.len() > 1 => return commit_singly(shared, winners),
            Err(error) => {
                let full = matches!(error, StoreError::Full);
                let mut error = Some(error);
                let other = || if full { StoreError::Full } else { StoreError::Stopped };
                answer(winners, || Err(error.take().unwrap_or_else(other)));
            }
        }
        Vec::new()
    }

    /// Runs losers again on top of the winners; gives back those for whom there is no time.
    fn rerun(
        &mut self,
        shared: &Shared,
        losers: Vec<Box<dyn Attempt>>,
        winners: &mut Vec<Winner>,
    ) -> Vec<Box<dyn Attempt>> {
        let Ok(base) = shared.engine.snapshot() else { return losers };
        let (began, mut left) = (Instant::now(), Vec::new());
        let mut over = Writes::new();
        for winner in winners.iter() {
            over.extend(winner.job.footprint.writes.clone());
        }
        for mut attempt in losers {
            let hurry = attempt.took() > QUICK || began.elapsed() > RERUNS;
            if hurry && !attempt.must_win() {
                left.push(attempt);
                continue;
            }
            let view = Layered { base: &*base, over: &over };
            // A closure that panics takes its caller's answer with it, not this thread.
            let ran = catch_unwind(AssertUnwindSafe(move || (attempt.run(&view), attempt)));
            if let Ok((footprint, attempt)) = ran {
                self.win(&footprint.writes);
                over.extend(footprint.writes.clone());
                winners.push(Winner { job: Job { start: self.sequence, footprint, attempt }, leans: true });
            }
        }
        left
    }
}

/// Makes winners durable in one go; where that fails with another error than a full disk, the store stops.
fn persist(shared: &Shared, winners: &[Winner]) -> Result<(), StoreError> {
    if shared.is_stopped() {
        return Err(StoreError::Stopped);
    }
    let writes: Vec<&Writes> = winners.iter().map(|winner| &winner.job.footprint.writes).collect();
    let committed = shared.engine.commit(&writes);
    if let Err(error) = &committed
        && !matches!(error, StoreError::Full)
    {
        shared.stop(error);
    }
    committed
}

/// One that does not fit must not fail the others, except those that read what it wrote: they run again. The batch's number is
/// told only when all of it is there.
fn commit_singly(shared: &Shared, winners: Vec<Winner>) -> Vec<Box<dyn Attempt>> {
    let mut retries = Vec::new();
    for winner in winners {
        if winner.leans {
            retries.push(winner.job.attempt);
        } else {
            let done = persist(shared, std::slice::from_ref(&winner));
            winner.job.attempt.finish(done);
        }
    }
    retries
}

fn answer(winners: Vec<Winner>, mut outcome: impl FnMut() -> Result<(), StoreError>) {
    for winner in winners {
        winner.job.attempt.finish(outcome());
    }
}
