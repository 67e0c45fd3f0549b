//! A live tail as its watcher gets it: a beginning, then updates until it is over or nobody reads.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use weft_model::logs as model;
use weft_service::{Error, Events, request_id};
use weft_types::AccountId;

use crate::Logs;
use crate::tails::{Session, Tails, Wanted};

/// A session that ends when it is dropped.
pub(crate) struct Watch {
    tails: Arc<Tails>,
    session: Arc<Session>,
    ticks: Interval,
    max: Duration,
}

impl Watch {
    /// Begins a session of at most `max`.
    pub(crate) fn begin(
        logs: &Logs,
        account: AccountId,
        wanted: Wanted,
        max: Duration,
    ) -> Result<Self, Error> {
        let every = logs.options.tail_every;
        let session = logs.tails.begin(account, wanted, every)?;
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { tails: Arc::clone(&logs.tails), session, ticks, max })
    }

    /// The events: `start` first. They are made as they are read.
    pub(crate) fn events(
        self,
        start: model::StartLiveTailResponseStream,
    ) -> Events<model::StartLiveTailResponseStream> {
        let updates = futures::stream::unfold(Some(self), |watch| async {
            let mut watch = watch?;
            if watch.session.age() >= watch.max {
                return Some((Ok(timeout()), None));
            }
            let update = watch.next().await;
            Some((Ok(update), Some(watch)))
        });
        futures::stream::once(std::future::ready(Ok(start))).chain(updates).boxed()
    }

    /// What waits already, or what the next second brings.
    async fn next(&mut self) -> model::StartLiveTailResponseStream {
        let batch = match self.session.take() {
            Some(batch) => Some(batch),
            None => {
                self.ticks.tick().await;
                self.session.take()
            }
        };
        let (events, sampled) = batch.unwrap_or_default();
        let update = model::LiveTailSessionUpdate {
            session_metadata: Some(model::LiveTailSessionMetadata { sampled: Some(sampled) }),
            session_results: Some(events),
        };
        model::StartLiveTailResponseStream { session_update: Some(update), ..Default::default() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tails.end(&self.session);
    }
}

/// The first event, which repeats what was asked for.
pub(crate) fn start_event(
    input: model::StartLiveTailRequest,
    request: &str,
) -> model::StartLiveTailResponseStream {
    let start = model::LiveTailSessionStart {
        request_id: Some(request.to_owned()),
        session_id: Some(request_id()),
        log_group_identifiers: Some(input.log_group_identifiers),
        log_stream_names: Some(input.log_stream_names.unwrap_or_default()),
        log_stream_name_prefixes: Some(input.log_stream_name_prefixes.unwrap_or_default()),
        log_event_filter_pattern: Some(input.log_event_filter_pattern.unwrap_or_default()),
    };
    model::StartLiveTailResponseStream { session_start: Some(start), ..Default::default() }
}

fn timeout() -> model::StartLiveTailResponseStream {
    let message = Some("The session has been open for three hours.".to_owned());
    let timeout = model::SessionTimeoutException { message };
    model::StartLiveTailResponseStream { session_timeout_exception: Some(timeout), ..Default::default() }
}
