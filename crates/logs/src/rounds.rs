//! Whose turn it is: subscription filters take turns by their numbers, and those that failed pause.
//!
//! A round looks at a bounded number of filters, and the next one goes on behind it, so that however many are paused, or always
//! have something, all others have their turn.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use weft_store::{Read, StoreError};

use crate::subscriptions::{FilterId, PENDING};

/// Filters that one round serves, and that it looks at.
const SERVED_MAX: usize = 256;
const LOOKS_MAX: usize = 10_000;

/// The pauses after failures: each twice the one before.
const PAUSE_MIN: Duration = Duration::from_secs(1);
pub(crate) const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Who was looked at, and who pauses.
#[derive(Default)]
pub(crate) struct Rounds(Mutex<State>);

#[derive(Default)]
struct State {
    /// Where the next round begins.
    from: FilterId,
    /// Whether anything was sent since a round began at the first filter.
    sent: bool,
    /// When the last round began.
    looked: Option<Instant>,
    pauses: HashMap<FilterId, Pause>,
}

struct Pause {
    until: Instant,
    length: Duration,
}

/// What a round found.
pub(crate) struct Round {
    /// Filters that have something and are not paused.
    pub(crate) ready: Vec<FilterId>,
    /// Where the next round begins; `None` where all were looked at.
    pub(crate) next: Option<FilterId>,
}

impl Rounds {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a round: where, and who is paused.
    pub(crate) fn begin(&self) -> (FilterId, HashSet<FilterId>) {
        let mut state = self.lock();
        let now = Instant::now();
        state.looked = Some(now);
        // Who did not fail again soon after a pause has nothing more to send, or got it sent.
        state.pauses.retain(|_, pause| pause.until + PAUSE_MAX > now);
        let paused = state.pauses.iter().filter(|(_, pause)| pause.until > now);
        (state.from, paused.map(|(filter, _)| *filter).collect())
    }

    /// Ends a round; the next one begins at `next`, and `sent` says whether it sent anything. Gives whether the next one is to
    /// follow at once.
    pub(crate) fn end(&self, next: Option<FilterId>, sent: bool) -> bool {
        let mut state = self.lock();
        state.from = next.unwrap_or_default();
        state.sent |= sent;
        next.is_some() || std::mem::take(&mut state.sent)
    }

    /// Lets a filter that failed pause.
    pub(crate) fn pause(&self, filter: FilterId) {
        let pauses = &mut self.lock().pauses;
        let length = pauses.get(&filter).map_or(PAUSE_MIN, |pause| (pause.length * 2).min(PAUSE_MAX));
        pauses.insert(filter, Pause { until: Instant::now() + length, length });
    }

    /// Forgets the pauses of a filter that did not fail.
    pub(crate) fn succeeded(&self, filter: FilterId) {
        self.lock().pauses.remove(&filter);
    }

    /// When the first pause is over that was not when the last round began.
    pub(crate) fn next(&self) -> Option<Instant> {
        let state = self.lock();
        let later = |until: &Instant| state.looked.is_none_or(|looked| *until > looked);
        state.pauses.values().map(|pause| pause.until).filter(later).min()
    }
}

/// The filters from `from` on for which something waits, one seek each.
pub(crate) fn waiting(
    tx: &impl Read,
    from: FilterId,
    paused: &HashSet<FilterId>,
) -> Result<Round, StoreError> {
    let mut round = Round { ready: Vec::new(), next: Some(from) };
    for _ in 0..LOOKS_MAX {
        let (Some(from), true) = (round.next, round.ready.len() < SERVED_MAX) else { break };
        let first = PENDING.query(&()).from(&(from,)).limit(1).rows(tx)?;
        let found = first.first().map(|((filter, ..), _)| *filter);
        round.ready.extend(found.filter(|filter| !paused.contains(filter)));
        round.next = found.and_then(|filter| filter.checked_add(1));
    }
    Ok(round)
}
