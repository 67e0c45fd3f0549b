//! Sends what subscription filters want to functions: oldest first, again until it is taken, for a day.
//!
//! Filters do not wait for each other; one whose function cannot be reached is tried again after a pause that grows to a
//! minute. Nothing waits in memory but the batches under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use weft_model::lambda::{InvocationRequest, InvocationResponse};
use weft_service::{Context, Dispatch, Error, Scope};
use weft_store::{ReadTx, StoreError};
use weft_types::{AccountId, Region, Timestamp};

use crate::batches::{Batch, Found, find};
use crate::message::Envelope;
use crate::subscriptions::{FilterId, PENDING, PendingKey};
use crate::{Logs, errors};

/// The principal as which functions are called.
const SERVICE: &str = "logs.amazonaws.com";

/// Filters that are served at a time, and that one round looks at.
const CONCURRENT: usize = 8;
const FILTERS_PER_ROUND: usize = 10_000;

/// How long a call of a function's service may take.
const CALL_MAX: Duration = Duration::from_secs(30);

/// The pauses after failures: each twice the one before.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Codes of refusals that another try would not change.
const HOPELESS: [&str; 3] =
    ["RequestTooLargeException", "RequestEntityTooLargeException", "InvalidRequestContentException"];

/// Who is to be tried when.
#[derive(Default)]
pub(crate) struct Delivery {
    /// Told when there is something to send.
    some: Notify,
    dispatch: OnceLock<Weak<Dispatch>>,
    pauses: Mutex<HashMap<FilterId, Pause>>,
}

struct Pause {
    until: Instant,
    length: Duration,
}

impl Delivery {
    /// Tells that something is to be sent.
    pub(crate) fn wake(&self) {
        self.some.notify_one();
    }

    fn pauses(&self) -> MutexGuard<'_, HashMap<FilterId, Pause>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_paused(&self, filter: FilterId) -> bool {
        self.pauses().get(&filter).is_some_and(|pause| pause.until > Instant::now())
    }

    fn pause(&self, filter: FilterId) {
        let mut pauses = self.pauses();
        let length = pauses.get(&filter).map_or(PAUSE_MIN, |pause| (pause.length * 2).min(PAUSE_MAX));
        pauses.insert(filter, Pause { until: Instant::now() + length, length });
    }

    /// When the first pause is over.
    fn next(&self) -> Option<Instant> {
        self.pauses().values().map(|pause| pause.until).min()
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
            let wait = self.delivery.next().unwrap_or_else(|| Instant::now() + PAUSE_MAX);
            tokio::select! {
                () = self.delivery.some.notified() => {}
                () = tokio::time::sleep_until(wait) => {}
            }
        }
    }

    /// Sends a batch for each filter that has something and is not paused; whether any sent something.
    pub(crate) async fn deliver(&self) -> Result<bool, StoreError> {
        let Some(dispatch) = self.delivery.dispatch.get().and_then(Weak::upgrade) else { return Ok(false) };
        let filters = self.store.read(waiting).await?;
        self.delivery.pauses().retain(|filter, _| filters.contains(filter));
        let ready = filters.into_iter().filter(|filter| !self.delivery.is_paused(*filter));
        let sends = ready.map(|filter| self.send_for(&dispatch, filter));
        let results: Vec<_> = futures::stream::iter(sends).buffer_unordered(CONCURRENT).collect().await;
        results.into_iter().try_fold(false, |any, sent| Ok(any | sent?))
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
                        self.delivery.pause(filter);
                        return Ok(false);
                    }
                    self.delivery.pauses().remove(&filter);
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

/// The filters for which something waits, one seek each.
fn waiting(tx: &ReadTx<'_>) -> Result<Vec<FilterId>, StoreError> {
    let mut filters: Vec<FilterId> = Vec::new();
    while filters.len() < FILTERS_PER_ROUND {
        let all = PENDING.query(&()).limit(1);
        let rest = match filters.last() {
            None => all,
            Some(&FilterId::MAX) => break,
            Some(last) => all.from(&(last + 1,)),
        };
        match rest.rows(tx)?.first() {
            Some((key, _)) => filters.push(key.0),
            None => break,
        }
    }
    Ok(filters)
}

/// The oldest arrival that is still sent.
pub(crate) fn oldest(now: Timestamp) -> i64 {
    now.as_millis() - 86_400_000
}
