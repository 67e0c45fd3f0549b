//! What waits for one subscriber, and when it is due.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::schema::Buffering;

/// The most that waits for a subscriber; more is dropped and counted.
const QUEUE_BYTES_MAX: usize = 2 << 20;
const QUEUE_ITEMS_MAX: usize = 20_000;

/// See the module.
pub(super) struct Queue {
    buffering: Buffering,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    items: VecDeque<String>,
    bytes: usize,
    since: Option<Instant>,
    at_once: bool,
    sending: bool,
    dropped: Dropped,
}

/// What was dropped since it was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// What is sent at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) items: Vec<String>,
    pub(super) dropped: Dropped,
}

impl Queue {
    pub(super) fn new(buffering: Buffering) -> Self {
        Self { buffering, state: Mutex::default(), changes: watch::Sender::new(0) }
    }

    /// Adds one, or counts it as dropped.
    pub(super) fn push(&self, item: String) {
        let mut state = self.state();
        if state.bytes + item.len() > QUEUE_BYTES_MAX || state.items.len() >= QUEUE_ITEMS_MAX {
            state.dropped.records += 1;
            state.dropped.bytes += item.len() as u64;
            return;
        }
        state.bytes += item.len();
        state.since.get_or_insert_with(Instant::now);
        state.items.push_back(item);
        self.changed(state);
    }

    /// What could not be delivered counts as dropped.
    pub(super) fn lost(&self, batch: &Batch) {
        let mut state = self.state();
        state.dropped.records += batch.items.len() as u64 + batch.dropped.records;
        state.dropped.bytes +=
            batch.items.iter().map(|item| item.len() as u64).sum::<u64>() + batch.dropped.bytes;
    }

    /// Makes all that waits due.
    pub(super) fn flush(&self) {
        let mut state = self.state();
        state.at_once = !state.items.is_empty();
        self.changed(state);
    }

    /// The next batch, when it is due. The last one counts as sent then.
    pub(super) async fn next(&self) -> Batch {
        {
            let mut state = self.state();
            state.sending = false;
            self.changed(state);
        }
        let mut changes = self.changes.subscribe();
        loop {
            let due = {
                let mut state = self.state();
                let due = self.due(&state);
                if due.is_some_and(|due| due <= Instant::now()) {
                    return self.take(&mut state);
                }
                due
            };
            let another = changes.changed();
            match due {
                None => drop(another.await),
                Some(due) => drop(tokio::time::timeout_at(due, another).await),
            }
        }
    }

    /// Waits until nothing waits and nothing is being sent.
    pub(super) async fn sent(&self) {
        let mut changes = self.changes.subscribe();
        loop {
            {
                let state = self.state();
                if state.items.is_empty() && !state.sending {
                    return;
                }
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn due(&self, state: &State) -> Option<Instant> {
        let since = state.since?;
        let full = state.items.len() >= self.buffering.items_max || state.bytes >= self.buffering.bytes_max;
        let wait = if full || state.at_once { 0 } else { self.buffering.timeout_ms };
        Some(since + Duration::from_millis(wait))
    }

    fn take(&self, state: &mut State) -> Batch {
        let (mut items, mut bytes) = (Vec::new(), 0);
        while let Some(item) = state.items.front() {
            let fits = items.is_empty() || bytes + item.len() <= self.buffering.bytes_max;
            if !fits || items.len() >= self.buffering.items_max {
                break;
            }
            bytes += item.len();
            items.extend(state.items.pop_front());
        }
        state.bytes -= bytes;
        if state.items.is_empty() {
            (state.since, state.at_once) = (None, false);
        }
        state.sending = true;
        Batch { items, dropped: std::mem::take(&mut state.dropped) }
    }

    fn changed(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(Buffering { items_max: 1_000, bytes_max: 262_144, timeout_ms: 100 })
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_due_at_the_first_of_its_bounds() {
        let queue = queue();
        let begun = Instant::now();
        queue.push("a".into());
        assert_eq!(queue.next().await.items, ["a"]);
        assert_eq!(begun.elapsed().as_millis(), 100);
        for _ in 0..1_500 {
            queue.push("b".into());
        }
        assert_eq!(queue.next().await.items.len(), 1_000);
        assert_eq!(begun.elapsed().as_millis(), 100, "it was full");
        assert_eq!(queue.next().await.items.len(), 500);
        let long = "c".repeat(200_000);
        queue.push(long.clone());
        queue.push(long.clone());
        assert_eq!(queue.next().await.items, [long], "two are too many bytes");
        queue.flush();
        assert_eq!(queue.next().await.items.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_subscriber_cannot_take_is_counted() {
        let queue = queue();
        for _ in 0..25 {
            queue.push("x".repeat(100_000));
        }
        let batch = queue.next().await;
        assert_eq!(batch.dropped, Dropped { records: 5, bytes: 500_000 });
        queue.lost(&batch);
        let dropped = queue.next().await.dropped;
        assert_eq!(dropped, Dropped { records: 7, bytes: 700_000 });
    }

    #[tokio::test(start_paused = true)]
    async fn sent_means_that_the_last_batch_is_over() {
        let queue = queue();
        queue.sent().await;
        queue.push("a".into());
        queue.next().await;
        assert!(futures::poll!(Box::pin(queue.sent())).is_pending());
        assert!(futures::poll!(Box::pin(queue.next())).is_pending());
        queue.sent().await;
    }
}
