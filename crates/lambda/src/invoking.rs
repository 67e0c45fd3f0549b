//! What all ways to invoke a function share: who may, whether there is a place, and how it is run.

use std::time::Duration;

use bytes::Bytes;
use weft_service::workload::{Invocation, Invoked, StreamedInvoked, WorkError};
use weft_service::{Access, Context, Error, FunctionCounts, Scope};
use weft_types::Timestamp;

use crate::errors::invalid_parameter;
use crate::events::records::{Blob, EventBody, NewEvent};
use crate::hold::Hold;
use crate::loads::{Limits, Running, Throttle};
use crate::name::{FunctionKey, FunctionRef};
use crate::resolve::Target;
use crate::trace::{HEADER_MAX, Trace};
use crate::{Lambda, work_errors};

/// The action that all invocations need but those of function URLs.
pub(crate) const INVOKE: &str = "lambda:InvokeFunction";

/// What an invocation asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) function: FunctionRef,
    /// JSON text.
    pub(crate) payload: Bytes,
    /// Decoded JSON text.
    pub(crate) client_context: Option<String>,
    /// Whether the end of the log is wanted.
    pub(crate) tail: bool,
}

impl Lambda {
    /// Fails unless the caller's policies or the function's own let the caller use it.
    pub(crate) async fn authorize_use(
        &self,
        cx: &Context,
        action: &'static str,
        function: &FunctionRef,
    ) -> Result<(), Error> {
        let policy = self.resource_policy(function).await?;
        let access = Access::to(action, function.arn().as_str());
        cx.authorize_with(&access, policy.as_deref()).await
    }

    /// Fails where a tenant is named: no function here keeps its tenants apart.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation-troubleshooting.html>.
    pub(crate) fn refuse_tenant(tenant_id: Option<&str>) -> Result<(), Error> {
        match tenant_id {
            None => Ok(()),
            Some(_) => Err(invalid_parameter(
                "The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request \
                 and try again.",
            )),
        }
    }

    /// Makes an event durable that will be delivered.
    pub(crate) async fn accept_event(&self, cx: &Context, asked: Asked) -> Result<(), Error> {
        let Asked { function, payload, client_context, .. } = asked;
        let body = EventBody {
            request_id: cx.request_id.to_string(),
            payload: Blob(payload),
            client_context,
            trace: cx.trace_id.as_deref().filter(|trace| trace.len() <= HEADER_MAX).map(str::to_owned),
        };
        self.events.accept(NewEvent { function, body }, cx.step().cloned(), self.clock.now()).await
    }

    /// Runs a function and waits for its answer. A function that fails has answered.
    pub(crate) async fn invoke_now(
        &self,
        cx: &Context,
        asked: Asked,
        target: Target,
    ) -> Result<Invoked, Error> {
        let key = asked.function.key.clone();
        let invocation = self.invocation(cx, asked, &target)?;
        let now = self.clock.now();
        let running = self.begin(&key, &target, now).await.map_err(work_errors::throttled)?;
        let revision = std::sync::Arc::clone(&target.revision);
        let (result, running) = Hold::new(self.workers.invoke(revision, invocation), running).await;
        let answer = self.answer(result, cx, &running, &target);
        running.ended(answer.as_ref().map_or(true, |invoked| invoked.error.is_some()), took(&answer));
        answer
    }

    /// As [`Self::invoke_now`], for an answer that goes on. The place is given back when what holds it is dropped.
    pub(crate) async fn invoke_streaming(
        &self,
        cx: &Context,
        asked: Asked,
        target: &Target,
    ) -> Result<(StreamedInvoked, Running), Error> {
        let key = asked.function.key.clone();
        let invocation = self.invocation(cx, asked, target)?;
        let running = self.begin(&key, target, self.clock.now()).await.map_err(work_errors::throttled)?;
        let revision = std::sync::Arc::clone(&target.revision);
        let begun = self.workers.invoke_streaming(revision, invocation);
        let (result, running) = Hold::new(begun, running).await;
        match result {
            Ok(streamed) => Ok((streamed, running)),
            Err(error) => {
                let answer = self.answer(Err(error), cx, &running, target);
                running.ended(true, Duration::ZERO);
                Ok((answer?.into(), running))
            }
        }
    }

    /// Takes a place for an invocation.
    pub(crate) async fn begin(
        &self,
        key: &FunctionKey,
        target: &Target,
        now: Timestamp,
    ) -> Result<Running, Throttle> {
        let limits = Limits {
            // What waits for a worker does not run; only apps' functions may wait.
            account: self.options.concurrency_max.saturating_add(target.revision.scale.queue_max),
            reserved: target.whole.reserved_concurrency,
            provisioned: target.provisioned,
            withheld: self.withheld(key).await,
            requests_per_environment: self.options.requests_per_environment,
        };
        // Only versions with workers of their own are counted one by one.
        let version = if target.provisioned > 0 { target.version.to_string() } else { String::new() };
        self.loads.begin(key, &version, &limits, now)
    }

    /// What functions of the account keep for themselves. Read from the store only after a function has changed.
    async fn withheld(&self, key: &FunctionKey) -> u32 {
        let epoch = self.cache.epoch();
        let account = self.loads.account(key);
        if account.is_known_at(epoch) {
            return account.withheld();
        }
        let scope = Scope { account: key.account, region: key.region.clone(), now: self.clock.now() };
        match self.functions.usage(&scope).await {
            Ok(usage) => {
                account.know(u32::try_from(usage.reserved_concurrency).unwrap_or(u32::MAX), epoch);
            }
            Err(error) => tracing::warn!(%error, "what functions reserve cannot be read"),
        }
        account.withheld()
    }

    /// What ran of a function since the start, and runs.
    pub fn metrics(&self, key: &FunctionKey) -> FunctionCounts {
        self.loads.metrics(key)
    }

    /// The invocation, unless the function called itself in circles.
    fn invocation(&self, cx: &Context, asked: Asked, target: &Target) -> Result<Invocation, Error> {
        let Asked { function, payload, client_context, tail } = asked;
        let random = weft_service::random_bytes();
        let arn = function.key.arn();
        let trace = Trace::of(cx.trace_id.as_deref(), arn.as_str(), self.clock.now(), random);
        if trace.is_loop() && !target.whole.recursion_allowed {
            let message = "Lambda has detected your function being invoked in a recursive loop with other Amazon Web \
                           Services resources and stopped your function's invocation.";
            return Err(Error::new("RecursiveInvocationException", message).with_status(400));
        }
        Ok(Invocation {
            request_id: cx.request_id.clone(),
            payload,
            client_context,
            // No session of ours comes from Cognito, and nobody may say so of himself.
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: function.arn(),
            tail,
            trace_id: Some(trace.header),
        })
    }

    fn answer(
        &self,
        result: Result<Invoked, WorkError>,
        cx: &Context,
        running: &Running,
        target: &Target,
    ) -> Result<Invoked, Error> {
        let of_account = target.revision.scale.max >= self.options.concurrency_max;
        result.or_else(|error| {
            if matches!(error, WorkError::Overloaded { .. }) {
                running.throttled();
            }
            work_errors::answer(error, &cx.request_id, of_account)
        })
    }
}

fn took(answer: &Result<Invoked, Error>) -> Duration {
    answer.as_ref().map_or(Duration::ZERO, |invoked| invoked.duration)
}
