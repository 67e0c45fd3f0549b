//! Carries events to their functions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use weft_service::Error;
use weft_service::workload::{Invocation, Invoked, WorkError};

use crate::events::Next;
use crate::events::queue::{LOOK_EVERY, Ticket};
use crate::events::records::{EventBody, EventState};
use crate::events::retry::{self, Attempt, Condition, EventPolicy, Verdict};
use crate::resolve::Target;
use crate::trace::Trace;
use crate::version::VersionId;
use crate::{Lambda, work_errors};

/// How an attempt ended, before anything is stored.
enum Ended {
    /// The function has no place: the event keeps its turn.
    Throttled,
    /// The platform stops: the event is the next process's.
    Stopping,
    /// The function is gone, and with it whoever would want to know.
    Gone,
    /// Over without having run.
    Never(Condition),
    /// The platform could not run it.
    Fault(String),
    /// It ran at a version.
    Ran(String, Box<Invoked>),
}

impl Lambda {
    /// Delivers events, those that an older process left first, until it is dropped.
    pub async fn deliver(self: Arc<Self>) {
        while let Err(error) = self.events.load(self.clock.now()).await {
            tracing::error!(?error, "the events that wait could not be read");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let mut running = JoinSet::new();
        loop {
            let changed = self.events.changed.notified();
            while running.try_join_next().is_some() {}
            while let Some(ticket) = self.events.take(self.clock.now()) {
                let lambda = Arc::clone(&self);
                running.spawn(async move { lambda.attempt(ticket).await });
            }
            let due = self.events.queue().next_due();
            let wait = due.map_or(LOOK_EVERY, |due| due.since(self.clock.now()).min(LOOK_EVERY));
            let _ = tokio::time::timeout(wait.max(Duration::from_millis(1)), changed).await;
        }
    }

    /// Delivers what is due now, and what comes of it, and returns when nothing is; tells how many attempts that took.
    pub async fn deliver_due(self: &Arc<Self>) -> Result<usize, Error> {
        self.events.load(self.clock.now()).await?;
        let (mut attempts, mut running) = (0, JoinSet::new());
        loop {
            while let Some(ticket) = self.events.take(self.clock.now()) {
                let lambda = Arc::clone(self);
                running.spawn(async move { lambda.attempt(ticket).await });
                attempts += 1;
            }
            if running.join_next().await.is_none() {
                return Ok(attempts);
            }
        }
    }

    /// Begins no more deliveries, and waits until those under way are over, at most for `limit`.
    pub async fn stop_delivering(&self, limit: Duration) {
        self.events.stopping.store(true, Ordering::SeqCst);
        let idle = async {
            loop {
                let mut landed = std::pin::pin!(self.events.landed.notified());
                // From here on, not only from when it is first polled.
                landed.as_mut().enable();
                if self.events.queue().in_flight() == 0 {
                    return;
                }
                landed.await;
            }
        };
        let _ = tokio::time::timeout(limit, idle).await;
    }

    /// Events that wait or are under way.
    pub fn events_waiting(&self) -> usize {
        self.events.queue().len()
    }

    async fn attempt(self: &Arc<Self>, ticket: Ticket) {
        let outcome = self.try_once(&ticket).await;
        if let Err(error) = outcome {
            // The event is still stored, and so still in its line.
            tracing::error!(?error, event = ticket.id, "an event could not be read or settled");
            let now = self.clock.now();
            self.events.queue().again(&Ticket { due: now.plus(LOOK_EVERY), ..ticket }, now);
            self.events.wake();
        }
    }

    async fn try_once(self: &Arc<Self>, ticket: &Ticket) -> Result<(), Error> {
        let Some((state, body, policy)) = self.events.read(ticket.id).await? else {
            return self.events.settle(ticket, Next::Over(None), self.clock.now()).await.map(drop);
        };
        let ended = self.run_event(&state, &body, &policy).await;
        let now = self.clock.now();
        let (attempt, ran) = match ended {
            Ended::Throttled => {
                self.events.queue().throttled(ticket, now);
                self.events.wake();
                return Ok(());
            }
            Ended::Stopping => {
                self.events.queue().again(ticket, now);
                self.events.wake();
                return Ok(());
            }
            Ended::Gone => {
                tracing::info!(function = state.name, "an event is dropped with its function");
                return self.events.settle(ticket, Next::Over(None), now).await.map(drop);
            }
            Ended::Never(condition) => {
                return self.over(ticket, &state, body, &policy, condition, None).await;
            }
            Ended::Fault(reason) => {
                tracing::warn!(function = state.name, reason, "an event could not be delivered");
                (Attempt::Fault, None)
            }
            Ended::Ran(version, invoked) => {
                let failed = invoked.error.is_some();
                (if failed { Attempt::Failed } else { Attempt::Succeeded }, Some((version, *invoked)))
            }
        };
        match retry::after(attempt, state.progress, &policy, now) {
            Verdict::Again(progress, due) => {
                let again = Next::Again(EventState { due, progress, ..state });
                self.events.settle(ticket, again, now).await.map(drop)
            }
            Verdict::Over(condition) => self.over(ticket, &state, body, &policy, condition, ran).await,
        }
    }

    /// Runs an event's function once.
    async fn run_event(&self, state: &EventState, body: &EventBody, policy: &EventPolicy) -> Ended {
        let now = self.clock.now();
        if retry::is_expired(&state.progress, policy, now) {
            return Ended::Never(Condition::EventAgeExceeded);
        }
        let function = state.function();
        let target = match self.resolve(&function).await {
            Ok(target) => target,
            Err(error) if error.code() == "ResourceNotFoundException" => {
                // An alias may be there again in a moment; without the function nobody waits for the event.
                return match self.at_version(&function.key, VersionId::Latest).await {
                    Ok(None) => Ended::Gone,
                    _ => Ended::Fault(error.message().to_owned()),
                };
            }
            Err(error) => return Ended::Fault(format!("{error:?}")),
        };
        let random = weft_service::random_bytes();
        let trace = Trace::of(body.trace.as_deref(), function.key.arn().as_str(), now, random);
        if trace.is_loop() && !target.whole.recursion_allowed {
            return Ended::Never(Condition::RecursiveLoop);
        }
        let Ok(running) = self.begin(&function.key, &target, now).await else { return Ended::Throttled };
        let Target { version, revision, .. } = target;
        let invocation = Invocation {
            request_id: body.request_id.as_str().into(),
            payload: body.payload.0.clone(),
            client_context: body.client_context.clone(),
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: function.arn(),
            tail: false,
            trace_id: Some(trace.header),
        };
        let result = self.workers.invoke(revision, invocation).await;
        if matches!(result, Err(WorkError::Overloaded { .. })) {
            running.throttled();
            return Ended::Throttled;
        }
        if matches!(result, Err(WorkError::Stopping)) {
            return Ended::Stopping;
        }
        match result.or_else(|error| work_errors::answer(error, &body.request_id, true)) {
            Ok(invoked) => {
                running.ended(invoked.error.is_some(), invoked.duration);
                Ended::Ran(version.to_string(), Box::new(invoked))
            }
            Err(error) => {
                running.ended(true, Duration::ZERO);
                Ended::Fault(error.message().to_owned())
            }
        }
    }
}
