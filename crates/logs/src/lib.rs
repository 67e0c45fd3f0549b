//! The CloudWatch Logs API and the platform's own log intake.
//!
//! [`Logs`] holds groups and streams in a store of its own. It is the service behind the operations (see
//! [`Logs::register`]) and the [`LogSink`] that takes what workers print. A batch of events becomes one or a few
//! compressed segments, found by the time of their last event, for their stream and once more for their group; writing
//! costs the same however much a stream holds, and reading a page never loads more than that page and what overlaps it.
//!
//! Whoever makes a [`Logs`] lets [`Logs::run`] run, which flushes the sink and sweeps expired events, and calls
//! [`Logs::flush`] before the process ends.
//!
//! Invariants: `PutLogEvents` is durable when it answers; workers never wait for the store; a line that could not be
//! taken is counted in its stream; a reader who follows `nextForwardToken` sees each event of the sink once.
//!
//! The crate deliberately does not know who prints what, and does not tail files or sockets.

mod batch;
mod errors;
mod names;
mod ops;
mod page;
mod pattern;
mod place;
mod reading;
mod segment;
mod sink;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use weft_service::workload::{LogPlace, LogSink};
use weft_service::{Clock, Error, ServiceBuilder};
use weft_store::{ReadTx, Store, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::sink::Waiting;
pub use crate::sweep::Swept;

/// How long lines wait for others to be stored with them.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Settings of [`Logs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsOptions {
    /// Days for which groups that the sink makes keep their events, as `PutRetentionPolicy` would set; none for ever. Default 30.
    /// Groups that `CreateLogGroup` makes keep theirs for ever, as AWS's do.
    pub sink_retention_days: Option<i32>,
    /// The time between sweeps. Default 10 minutes.
    pub sweep_every: Duration,
}

impl Default for LogsOptions {
    fn default() -> Self {
        Self { sink_retention_days: Some(30), sweep_every: Duration::from_mins(10) }
    }
}

/// The service's state.
pub struct Logs {
    store: Store,
    clock: Arc<dyn Clock>,
    options: LogsOptions,
    waiting: Waiting,
}

impl Logs {
    /// The service on a store that nothing else uses.
    pub fn new(store: Store, clock: Arc<dyn Clock>, options: LogsOptions) -> Self {
        Self { store, clock, options, waiting: Waiting::default() }
    }

    /// The operations.
    pub fn register(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::logs::SERVICE)
            .operation::<ops::create_log_group::CreateLogGroup>(self)
            .operation::<ops::create_log_stream::CreateLogStream>(self)
            .operation::<ops::delete_log_group::DeleteLogGroup>(self)
            .operation::<ops::delete_log_stream::DeleteLogStream>(self)
            .operation::<ops::delete_retention_policy::DeleteRetentionPolicy>(self)
            .operation::<ops::describe_log_groups::DescribeLogGroups>(self)
            .operation::<ops::describe_log_streams::DescribeLogStreams>(self)
            .operation::<ops::filter_log_events::FilterLogEvents>(self)
            .operation::<ops::get_log_events::GetLogEvents>(self)
            .operation::<ops::list_tags_for_resource::ListTagsForResource>(self)
            .operation::<ops::put_log_events::PutLogEvents>(self)
            .operation::<ops::put_retention_policy::PutRetentionPolicy>(self)
            .operation::<ops::tag_resource::TagResource>(self)
            .operation::<ops::untag_resource::UntagResource>(self)
    }

    /// Flushes what the sink took, within about 100 ms, and sweeps now and then, until it is dropped.
    pub async fn run(&self) {
        let mut sweeps = tokio::time::interval(self.options.sweep_every);
        loop {
            tokio::select! {
                () = self.waiting.some.notified() => {
                    tokio::select! {
                        () = tokio::time::sleep(FLUSH_AFTER) => {}
                        () = self.waiting.many.notified() => {}
                    }
                    // A failure was reported where it happened.
                    let _ = self.flush().await;
                }
                _ = sweeps.tick() => {
                    if let Err(error) = self.sweep(self.clock.now()).await {
                        tracing::error!(%error, "expired log events could not be removed");
                    }
                }
            }
        }
    }

    /// Makes all lines durable that the sink has taken so far.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.waiting.flush(&self.store, self.clock.now(), self.options.sink_retention_days).await
    }

    /// Removes a bounded amount of what is no longer kept at the time `now`.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        sweep::sweep(&self.store, now).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}

impl LogSink for Logs {
    fn append(&self, place: &LogPlace, lines: Vec<(Timestamp, String)>) {
        self.waiting.add(place, lines);
    }
}
