//! The one thread per store that commits: it checks what each waiting transaction read, applies the winners together, and makes
//! them durable with one sync.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use crate::StoreError;
use crate::engine::Writes;
use crate::store::Shared;
use crate::tx::Footprint;

/// Transactions that one sync makes durable at most.
const BATCH_MAX: usize = 1024;
/// Keys whose last writers are remembered; a transaction that began before all of them runs again.
const RECENT_MAX: usize = 200_000;

/// A transaction that wants to be committed.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// What there is of it.
pub(crate) enum Work {
    /// It ran on a view, and may have lost meanwhile.
    Ran {
        /// The sequence number that its view had at least.
        start: u64,
        footprint: Footprint,
    },
    /// It lost too often: it runs here, where nothing comes between. `None` where it writes nothing.
    Here(Rerun),
}

/// A closure that gives what it read and wrote, or `None` where it writes nothing.
pub(crate) type Rerun = Box<dyn FnOnce(&Shared) -> Option<Footprint> + Send>;

/// What became of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Durable,
    Conflict,
    Failed(StoreError),
}

/// Serves jobs until every sender is gone.
pub(crate) fn serve(shared: &Arc<Shared>, jobs: &mpsc::Receiver<Job>) {
    let mut recent = Recent::default();
    let mut sequence = shared.sequence.load(Ordering::Acquire);
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let (mut winners, mut losers) = (Vec::new(), Vec::new());
        for Job { work, reply } in batch {
            let footprint = match work {
                Work::Ran { start, footprint } if recent.conflicts(start, &footprint) => {
                    losers.push(reply);
                    continue;
                }
                Work::Ran { footprint, .. } => footprint,
                Work::Here(run) => {
                    // It has to see all that was won before it.
                    commit(shared, std::mem::take(&mut winners));
                    // A closure that panics takes its caller's answer with it, not this thread.
                    catch_unwind(AssertUnwindSafe(|| run(shared))).ok().flatten().unwrap_or_default()
                }
            };
            sequence += 1;
            recent.remember(sequence, &footprint.writes);
            winners.push((footprint.writes, reply));
        }
        commit(shared, winners);
        shared.sequence.store(sequence, Ordering::Release);
        shared.changed.send_replace(sequence);
        // Only now, so that a loser's next view has what it lost against.
        for reply in losers {
            let _ = reply.send(Outcome::Conflict);
        }
    }
}

type Winner = (Writes, oneshot::Sender<Outcome>);

fn commit(shared: &Shared, winners: Vec<Winner>) {
    if winners.is_empty() {
        return;
    }
    if shared.is_stopped() {
        return winners.into_iter().for_each(|winner| answer(winner, Err(StoreError::Stopped)));
    }
    let writes: Vec<&Writes> = winners.iter().map(|(writes, _)| writes).collect();
    match shared.engine.commit(&writes) {
        Ok(()) => winners.into_iter().for_each(|winner| answer(winner, Ok(()))),
        // One that does not fit must not fail the others.
        Err(StoreError::Full) if winners.len() > 1 => {
            for winner in winners {
                commit(shared, vec![winner]);
            }
        }
        Err(StoreError::Full) => winners.into_iter().for_each(|winner| answer(winner, Err(StoreError::Full))),
        Err(error) => {
            shared.stop(&error);
            let mut error = Some(error);
            for winner in winners {
                answer(winner, Err(error.take().unwrap_or(StoreError::Stopped)));
            }
        }
    }
}

fn answer((_, reply): Winner, result: Result<(), StoreError>) {
    // Whoever went away meanwhile does not want to know.
    let _ = reply.send(result.map_or_else(Outcome::Failed, |()| Outcome::Durable));
}

/// Who wrote which key last, as far back as is remembered.
#[derive(Default)]
struct Recent {
    last: BTreeMap<Vec<u8>, u64>,
    order: VecDeque<(u64, Vec<u8>)>,
    /// Writes up to this number may be forgotten.
    floor: u64,
}

impl Recent {
    fn conflicts(&self, start: u64, footprint: &Footprint) -> bool {
        start < self.floor
            || footprint.keys.iter().any(|key| self.last.get(key).is_some_and(|sequence| *sequence > start))
            || footprint.ranges.iter().any(|range| self.range_written(range, start))
    }

    fn range_written(&self, range: &(Bound<Vec<u8>>, Bound<Vec<u8>>), start: u64) -> bool {
        // From the lower end on, as maps panic on a range that ends before it begins.
        let entries = self.last.range::<Vec<u8>, _>((range.0.as_ref(), Bound::Unbounded));
        entries.take_while(|(key, _)| range.contains(*key)).any(|(_, sequence)| *sequence > start)
    }

    fn remember(&mut self, sequence: u64, writes: &Writes) {
        for key in writes.keys() {
            self.last.insert(key.clone(), sequence);
            self.order.push_back((sequence, key.clone()));
        }
        while self.order.len() > RECENT_MAX
            && let Some((sequence, key)) = self.order.pop_front()
        {
            self.floor = self.floor.max(sequence);
            if self.last.get(&key) == Some(&sequence) {
                self.last.remove(&key);
            }
        }
    }
}
