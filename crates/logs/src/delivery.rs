//! Sends what subscription filters want to functions: oldest first, again until it is taken, for a day.
//!
//! Filters do not wait for each other; one whose function cannot be reached is tried again after a pause that grows to a
//! minute. Nothing waits in memory but the batches under way, and what waits in the store is bounded (see [`crate::backlog`]).

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use weft_model::lambda::{InvocationRequest, InvocationResponse};
use weft_service::{Context, Dispatch, Error, Scope};
use weft_store::StoreError;
use weft_types::{AccountId, Region, Timestamp};

use crate::batches::{Batch, Found, find};
use crate::message::Envelope;
use crate::rounds::{PAUSE_MAX, Rounds, waiting};
use crate::subscriptions::{FilterId, PENDING, PendingKey};
use crate::{Logs, errors};

/// The principal as which functions are called.
const SERVICE: &str = "logs.amazonaws.com";

/// Filters that are served at a time.
const CONCURRENT: usize = 8;

/// How long a call of a function's service may take.
const CALL_MAX: Duration = Duration::from_secs(30);

/// Codes of refusals that another try would not change.
const HOPELESS: [&str; 3] =
    ["RequestTooLargeException", "RequestEntityTooLargeException", "InvalidRequestContentException"];

/// Through what functions are called, and whose turn it is.
#[derive(Default)]
pub(crate) struct Delivery {
    /// Told when there is something to send.
    some: Notify,
    dispatch: OnceLock<Weak<Dispatch>>,
    pub(crate) rounds: Rounds,
}

impl Delivery {
    /// Tells that something is to be sent.
    pub(crate) fn wake(&self) {
        self.some.notify_one();
    }
}

impl Logs {
    /// Says through what functions are called. Without it, and once it is gone, nothing is sent.
    pub fn connect(&self, dispatch: &Arc<Dispatch>) {
        let _ = self.delivery.dispatch.set(Arc::downgrade(dispatch));
        self.delivery.wake();
    }

    /// Sends for ever.
    pub(crate) async fn deliver_forever(&self) {
        loop {
            match self.deliver().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "subscribed log events could not be read"),
            }
            let wait = self.delivery.rounds.next().unwrap_or_else(|| Instant::now() + PAUSE_MAX);
            tokio::select! {
                () = self.delivery.some.notified() => {}
                () = tokio::time::sleep_until(wait) => {}
            }
        }
    }

    /// Sends a batch for each of the next filters that have something and are not paused; whether there may be more to send
    /// now.
    pub(crate) async fn deliver(&self) -> Result<bool, StoreError> {
        let Some(dispatch) = self.delivery.dispatch.get().and_then(Weak::upgrade) else { return Ok(false) };
        let (from, paused) = self.delivery.rounds.begin();
        let round = self.store.read(move |tx| waiting(tx, from, &paused)).await?;
        let sends = round.ready.into_iter().map(|filter| self.send_for(&dispatch, filter));
        let results: Vec<_> = futures::stream::iter(sends).buffer_unordered(CONCURRENT).collect().await;
        let sent = results.into_iter().try_fold(false, |any, sent| Ok::<_, StoreError>(any | sent?));
        // The round is over also where the store failed, so that one filter's rows do not keep all others from being sent.
        let more = self.delivery.rounds.end(round.next, matches!(sent, Ok(true)));
        sent.map(|_| more)
    }

    async fn send_for(&self, dispatch: &Dispatch, filter: FilterId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        match self.store.read(move |tx| find(tx, filter, now)).await? {
            Found::Useless(keys) => self.sent(keys).await?,
            Found::Batches(target, batches) => {
                let cx = context(dispatch, target.account, &target.region, &target.group);
                for batch in batches {
                    if let Err(error) =
                        self.send(&cx, &target.function, &target.filter, &target.group, &batch).await
                    {
                        tracing::warn!(group = target.group, filter = target.filter, %error, "subscribed log events wait");
                        self.delivery.rounds.pause(filter);
                        return Ok(false);
                    }
                    self.delivery.rounds.succeeded(filter);
                    self.sent(batch.keys).await?;
                }
            }
        }
        Ok(true)
    }

    async fn send(
        &self,
        cx: &Context,
        function: &str,
        filter: &str,
        group: &str,
        batch: &Batch,
    ) -> Result<(), Error> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let envelope = Envelope { owner: cx.scope.account.to_string(), group, stream: &batch.stream, filter };
        for payload in envelope.payloads(&batch.events).map_err(Error::internal)? {
            match invoke(cx, function, "Event", Some(payload)).await {
                Err(error) if HOPELESS.contains(&error.code()) => {
                    tracing::warn!(group, filter, %error, "subscribed log events are refused and dropped");
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Forgets what was sent.
    async fn sent(&self, keys: Vec<PendingKey>) -> Result<(), StoreError> {
        self.store.write(move |tx| keys.iter().try_for_each(|key| PENDING.remove(tx, key))).await
    }
}

/// Checks that a function can be called for a group.
pub(crate) async fn check_function(cx: &Context, group: &str, function: &str) -> Result<(), Error> {
    let source = source(&cx.scope, group);
    let called = invoke(&cx.as_service(SERVICE).with_source(source), function, "DryRun", None).await;
    called.map_err(|error| errors::not_executable().with_cause(error))
}

async fn invoke(
    cx: &Context,
    function: &str,
    invocation_type: &str,
    payload: Option<bytes::Bytes>,
) -> Result<(), Error> {
    let input = InvocationRequest {
        function_name: function.to_owned(),
        invocation_type: Some(invocation_type.to_owned()),
        payload,
        ..Default::default()
    };
    let called = timeout(CALL_MAX, cx.call::<_, InvocationResponse>("lambda", "Invoke", input)).await;
    called.map_err(Error::internal)?.map(drop)
}

fn context(dispatch: &Dispatch, account: AccountId, region: &Region, group: &str) -> Context {
    let cx = dispatch.context_for_service(SERVICE, account, region.clone());
    let source = source(&cx.scope, group);
    cx.with_source(source)
}

/// What functions' policies know a group by, in `aws:SourceArn`.
fn source(scope: &Scope, group: &str) -> String {
    scope.arn("logs", &format!("log-group:{group}:*")).to_string()
}

/// The oldest arrival that is still sent.
pub(crate) fn oldest(now: Timestamp) -> i64 {
    now.as_millis() - 86_400_000
}
