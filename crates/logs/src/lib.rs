//! The CloudWatch Logs API and the platform's own log intake.
//!
//! [`Logs`] holds groups and streams in a store of its own. It is the service behind the operations (see
//! [`Logs::register`]) and the [`LogSink`] that takes what workers print. A batch of events becomes one or a few
//! compressed segments, found by the time of their last event, for their stream and once more for their group; writing
//! costs the same however much a stream holds, and reading a page never loads more than that page and what overlaps it.
//!
//! What became durable is shown to live tails and noted for subscription filters, which send it to functions.
//!
//! Whoever makes a [`Logs`] lets [`Logs::run`] run, which flushes the sink, sweeps expired events and sends to subscribers, tells
//! it through [`Logs::connect`] how to reach Lambda, and calls [`Logs::flush`] before the process ends.
//!
//! Invariants: `PutLogEvents` is durable when it answers, and what workers print within a second; workers never wait for the
//! store; a line that could not be taken is counted in its stream; a reader who follows `nextForwardToken` sees each event of
//! the sink once; a subscriber gets each event that matches at least once; nothing grows beyond its quota.
//!
//! The crate deliberately does not know who prints what, and does not tail files or sockets.

mod access;
mod backlog;
mod batch;
mod batches;
mod delivery;
mod errors;
mod lines;
mod listing;
mod message;
mod names;
mod ops;
mod page;
mod pattern;
mod place;
mod policies;
mod quotas;
mod rate;
mod reading;
mod rounds;
mod segment;
mod sink;
mod sketch;
mod subscriptions;
mod sweep;
mod tables;
mod tails;
#[cfg(test)]
mod tests;
mod watching;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use weft_service::workload::{LogPlace, LogSink};
use weft_service::{Clock, Error, ServiceBuilder};
use weft_store::{ReadTx, Store, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::backlog::{Amount, Backlog};
use crate::delivery::Delivery;
use crate::names::GroupName;
use crate::segment::Event;
use crate::sink::Waiting;
use crate::subscriptions::FilterId;
pub use crate::sweep::Swept;
use crate::tables::{GROUPS, Group, require_group};
use crate::tails::Tails;

/// How long lines wait for others to be stored with them.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Bytes of new events after which a sweep does not wait for its time.
const SWEEP_AFTER_BYTES: u64 = 256 << 20;

/// Settings of [`Logs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsOptions {
    /// Days for which groups that the sink makes keep their events, as `PutRetentionPolicy` would set; none for ever. Default 30.
    /// Groups that `CreateLogGroup` makes keep theirs for ever, as AWS's do.
    pub sink_retention_days: Option<i32>,
    /// The time between sweeps. Default 10 minutes.
    pub sweep_every: Duration,
    /// How fast a worker may print, in bytes a second (26 more for each line), after a burst of 4 MiB; what is beyond is dropped
    /// and counted. Default 2 MiB.
    pub worker_bytes_each_second: u64,
    /// Bytes that a group may hold: texts and 26 for each event, before compression. The oldest go first. Default 8 GiB.
    pub group_bytes_max: u64,
    /// Bytes that all groups of an account may hold; the oldest of the largest group go first. Default 32 GiB.
    pub account_bytes_max: u64,
    /// Groups that an account may have in a region; `CreateLogGroup` answers `LimitExceededException` beyond, and what workers print
    /// into further ones is dropped. Default 1,000,000, which is AWS's quota.
    pub groups_max: u64,
    /// Streams that a group may have, where AWS has no quota; `CreateLogStream` answers `LimitExceededException` beyond. For a worker
    /// that prints, the stream whose last event is the oldest goes. Default 1,000,000.
    pub streams_max: u64,
    /// Runs of events that may wait for one subscription filter whose function takes none: a row of some hundred bytes each. The
    /// oldest go first. Default 50,000.
    pub subscription_rows_max: u64,
    /// Bytes of events that may wait for one subscription filter: texts and 26 for each event. The oldest go first. Default 1 GiB.
    pub subscription_bytes_max: u64,
    /// The time between updates of a live tail. Default one second, as AWS's.
    pub tail_every: Duration,
}

impl Default for LogsOptions {
    fn default() -> Self {
        Self {
            sink_retention_days: Some(30),
            sweep_every: Duration::from_mins(10),
            worker_bytes_each_second: 2 << 20,
            group_bytes_max: 8 << 30,
            account_bytes_max: 32 << 30,
            groups_max: 1_000_000,
            streams_max: 1_000_000,
            subscription_rows_max: 50_000,
            subscription_bytes_max: 1 << 30,
            tail_every: Duration::from_secs(1),
        }
    }
}

impl LogsOptions {
    /// What may wait for one subscription filter.
    fn backlog_max(&self) -> Amount {
        Amount { rows: self.subscription_rows_max, bytes: self.subscription_bytes_max }
    }
}

/// Events that became durable.
struct Arrived {
    group: GroupName,
    stream: Arc<str>,
    /// None where nobody watches.
    events: Arc<[Event]>,
    /// Segments that were written, and bytes.
    amount: Amount,
    /// The group's subscription filters.
    filters: Vec<FilterId>,
}

/// The service's state.
pub struct Logs {
    store: Store,
    clock: Arc<dyn Clock>,
    options: LogsOptions,
    waiting: Waiting,
    delivery: Delivery,
    backlog: Backlog,
    tails: Arc<Tails>,
    grown: Grown,
}

/// What came since the last sweep, so that a quota is not exceeded by much.
#[derive(Default)]
struct Grown {
    bytes: AtomicU64,
    /// Told when it is much.
    much: Notify,
}

impl Logs {
    /// The service on a store that nothing else uses.
    pub fn new(store: Store, clock: Arc<dyn Clock>, options: LogsOptions) -> Self {
        Self {
            store,
            clock,
            options,
            waiting: Waiting::default(),
            delivery: Delivery::default(),
            backlog: Backlog::default(),
            tails: Arc::default(),
            grown: Grown::default(),
        }
    }

    /// The operations.
    pub fn register(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::logs::SERVICE)
            .operation::<ops::create_log_group::CreateLogGroup>(self)
            .operation::<ops::create_log_stream::CreateLogStream>(self)
            .operation::<ops::delete_log_group::DeleteLogGroup>(self)
            .operation::<ops::delete_log_stream::DeleteLogStream>(self)
            .operation::<ops::delete_resource_policy::DeleteResourcePolicy>(self)
            .operation::<ops::delete_retention_policy::DeleteRetentionPolicy>(self)
            .operation::<ops::delete_subscription_filter::DeleteSubscriptionFilter>(self)
            .operation::<ops::describe_log_groups::DescribeLogGroups>(self)
            .operation::<ops::describe_log_streams::DescribeLogStreams>(self)
            .operation::<ops::describe_resource_policies::DescribeResourcePolicies>(self)
            .operation::<ops::describe_subscription_filters::DescribeSubscriptionFilters>(self)
            .operation::<ops::filter_log_events::FilterLogEvents>(self)
            .operation::<ops::get_log_events::GetLogEvents>(self)
            .operation::<ops::list_log_groups::ListLogGroups>(self)
            .operation::<ops::list_tags_for_resource::ListTagsForResource>(self)
            .operation::<ops::list_tags_log_group::ListTagsLogGroup>(self)
            .operation::<ops::put_log_events::PutLogEvents>(self)
            .operation::<ops::put_log_group_deletion_protection::PutLogGroupDeletionProtection>(self)
            .operation::<ops::put_resource_policy::PutResourcePolicy>(self)
            .operation::<ops::put_retention_policy::PutRetentionPolicy>(self)
            .operation::<ops::put_subscription_filter::PutSubscriptionFilter>(self)
            .streaming_operation::<ops::start_live_tail::StartLiveTail>(self)
            .operation::<ops::tag_log_group::TagLogGroup>(self)
            .operation::<ops::tag_resource::TagResource>(self)
            .operation::<ops::test_metric_filter::TestMetricFilter>(self)
            .operation::<ops::untag_log_group::UntagLogGroup>(self)
            .operation::<ops::untag_resource::UntagResource>(self)
    }

    /// Flushes what the sink took, within about 100 ms, sweeps now and then, and sends to subscribers, until it is dropped.
    pub async fn run(&self) {
        tokio::join!(
            self.flush_forever(),
            self.sweep_forever(),
            self.deliver_forever(),
            self.bound_forever()
        );
    }

    async fn flush_forever(&self) {
        loop {
            self.waiting.some.notified().await;
            tokio::select! {
                () = tokio::time::sleep(FLUSH_AFTER) => {}
                () = self.waiting.many.notified() => {}
            }
            // A failure was reported where it happened.
            let _ = self.flush().await;
        }
    }

    async fn sweep_forever(&self) {
        let failed = |error: StoreError| {
            tracing::error!(%error, "expired log events could not be removed");
            false
        };
        let mut sweeps = tokio::time::interval(self.options.sweep_every);
        loop {
            tokio::select! {
                _ = sweeps.tick() => {}
                () = self.grown.much.notified() => {}
            }
            self.grown.bytes.store(0, Ordering::Relaxed);
            while self.sweep(self.clock.now()).await.map_or_else(failed, |swept| swept.more) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Makes all lines durable that the sink has taken so far.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (arrived, result) = self.waiting.flush(&self.store, now, &self.options, self.tails.any()).await;
        for arrived in &arrived {
            self.tell(arrived, now);
        }
        result
    }

    /// Removes a bounded amount of what is no longer kept at the time `now`.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        sweep::sweep(&self.store, now, &self.options).await
    }

    /// Tells watchers and subscribers of events that are durable.
    fn tell(&self, arrived: &Arrived, now: Timestamp) {
        self.tails.publish(&arrived.group, &arrived.stream, &arrived.events, now);
        let bytes = arrived.amount.bytes;
        if !arrived.filters.is_empty() {
            self.delivery.wake();
            self.backlog.came(&arrived.filters, arrived.amount, self.options.backlog_max());
        }
        let before = self.grown.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes >= SWEEP_AFTER_BYTES {
            self.grown.much.notify_one();
        }
    }

    /// Changes a group's record.
    async fn change_group(
        &self,
        name: GroupName,
        change: impl Fn(&mut Group) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.write(move |tx| {
            let mut group = require_group(tx, &name)?;
            change(&mut group)?;
            Ok(GROUPS.insert(tx, &name.key(), &group)?)
        })
        .await
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
        self.waiting.add(place, lines, self.options.worker_bytes_each_second);
    }
}
