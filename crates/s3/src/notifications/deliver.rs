//! How events leave: by Lambda's queue, as S3.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures::stream::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;
use weft_model::lambda::{InvocationRequest, InvocationResponse};
use weft_model::s3 as model;
use weft_service::{Context, Dispatch, Error};
use weft_types::Timestamp;

use super::SERVICE;
use crate::access::Found;
use crate::names::bucket_arn;
use crate::tables::{PENDING, Pending};
use crate::{S3, errors};

/// Events that are looked at in one round.
const BATCH: usize = 100;
/// Calls at a time.
const CONCURRENT: usize = 16;
/// The longest call.
const CALL_MAX: Duration = Duration::from_secs(30);
/// How long to wait after the first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// For how long an event is tried.
const TRIED_FOR: Duration = Duration::from_hours(24);
/// Codes of refusals that another try would not change.
const HOPELESS: [&str; 4] = [
    "RequestTooLargeException",
    "RequestEntityTooLargeException",
    "InvalidRequestContentException",
    "ResourceNotFoundException",
];

type Key = (u64, u64, String);

/// Through what functions are called.
#[derive(Default)]
pub(crate) struct Delivery {
    /// Told when there is something to tell.
    pub(crate) some: Notify,
    /// Told when there is something that may be due.
    pub(crate) rules: Notify,
    dispatch: OnceLock<Weak<Dispatch>>,
}

impl Delivery {
    pub(crate) fn dispatch(&self) -> Option<Arc<Dispatch>> {
        self.dispatch.get().and_then(Weak::upgrade)
    }
}

impl S3 {
    /// Says through what functions are called. Without it, and once it is gone, nothing is told and nothing expires.
    pub fn connect(&self, dispatch: &Arc<Dispatch>) {
        let _ = self.delivery.dispatch.set(Arc::downgrade(dispatch));
        self.delivery.some.notify_one();
        self.delivery.rules.notify_one();
    }

    /// Tells what is to be told, for ever.
    pub(crate) async fn deliver_forever(&self) {
        loop {
            let wait = match self.deliver().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "events of objects could not be read");
                    PAUSE_MAX
                }
            };
            let _ = timeout(wait, self.delivery.some.notified()).await;
        }
    }

    /// Tells what is due, and for how long nothing else is.
    pub(crate) async fn deliver(&self) -> Result<Duration, Error> {
        loop {
            let Some(dispatch) = self.delivery.dispatch() else { return Ok(PAUSE_MAX) };
            let now = dispatch.clock().now();
            let rows = self.read(|tx| Ok(PENDING.query(&()).limit(BATCH).rows(tx)?)).await?;
            let is_due = |key: &Key| key.0 <= u64::try_from(now.as_millis()).unwrap_or(0);
            let wait = rows.iter().find(|(key, _)| !is_due(key)).map(|(key, _)| {
                Duration::from_millis(key.0.saturating_sub(u64::try_from(now.as_millis()).unwrap_or(0)))
            });
            let due: Vec<_> = rows.into_iter().filter(|(key, _)| is_due(key)).collect();
            if due.is_empty() {
                return Ok(wait.unwrap_or(PAUSE_MAX));
            }
            let sends = due.into_iter().map(|(key, pending)| self.send(&dispatch, key, pending, now));
            let sent: Vec<_> = futures::stream::iter(sends).buffer_unordered(CONCURRENT).collect().await;
            sent.into_iter().collect::<Result<(), Error>>()?;
        }
    }

    async fn send(
        &self,
        dispatch: &Dispatch,
        key: Key,
        pending: Pending,
        now: Timestamp,
    ) -> Result<(), Error> {
        let cx = dispatch.context_for_service(SERVICE, pending.account, pending.region.clone());
        let cx = cx.with_source(bucket_arn(&pending.bucket));
        let payload = Some(pending.payload.clone().into());
        let again = match invoke(&cx, &pending.function, "Event", payload).await {
            Ok(()) => None,
            Err(error) if HOPELESS.contains(&error.code()) || now.since(pending.since) > TRIED_FOR => {
                tracing::warn!(bucket = pending.bucket, function = pending.function, %error, "an event is not told");
                None
            }
            Err(error) => {
                tracing::warn!(bucket = pending.bucket, function = pending.function, %error, "an event waits");
                Some(later(&pending, now))
            }
        };
        self.write(move |tx| {
            PENDING.remove(tx, &key)?;
            if let Some((due, pending)) = &again {
                PENDING.insert(tx, &(*due, key.1, key.2.clone()), pending)?;
            }
            Ok(())
        })
        .await
    }

    /// Makes sure that the functions of a configuration can be called for a bucket.
    pub(crate) async fn check_destinations(
        &self,
        cx: &Context,
        found: &Found,
        configuration: &model::NotificationConfiguration,
    ) -> Result<(), Error> {
        let cx = cx.as_service(SERVICE).with_source(bucket_arn(&found.name));
        for one in configuration.lambda_function_configurations.iter().flatten() {
            let called = invoke(&cx, &one.lambda_function_arn, "DryRun", None).await;
            called.map_err(|error| errors::bad_destination(&one.lambda_function_arn).with_cause(error))?;
        }
        Ok(())
    }
}

/// When an event is tried again.
fn later(pending: &Pending, now: Timestamp) -> (u64, Pending) {
    let pause = (PAUSE * 2_u32.saturating_pow(pending.tries.min(16))).min(PAUSE_MAX);
    let due = u64::try_from(now.plus(pause).as_millis()).unwrap_or(u64::MAX);
    (due, Pending { tries: pending.tries + 1, ..pending.clone() })
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
