//! Tells destinations how events ended.

use std::sync::Arc;

use weft_model::sts;
use weft_service::{Access, Context, Error, Principal, Scope};
use weft_types::Arn;

use crate::events::Next;
use crate::events::envelope::{self, Answer, Told};
use crate::events::queue::Ticket;
use crate::events::records::{Blob, EventBody, EventState, NewEvent};
use crate::events::retry::{Condition, EventPolicy};
use crate::name::{FunctionRef, LATEST};
use crate::ops::invoke::EVENT_BYTES_MAX;
use crate::trace::Trace;
use crate::{Lambda, access};

use weft_service::workload::Invoked;

impl Lambda {
    /// Ends an event, and has the destination told that its function has for such an end.
    pub(super) async fn over(
        self: &Arc<Self>,
        ticket: &Ticket,
        state: &EventState,
        body: EventBody,
        policy: &EventPolicy,
        condition: Condition,
        ran: Option<(String, Invoked)>,
    ) -> Result<(), Error> {
        let place = if condition == Condition::Success { &policy.on_success } else { &policy.on_failure };
        let told = match place {
            Some(place) => self.tell(place, state, &body, condition, ran.as_ref()).await,
            None if condition == Condition::Success => None,
            None => {
                let (function, request_id) = (&state.name, &body.request_id);
                tracing::info!(function, request_id, condition = condition.as_str(), "an event is dropped");
                None
            }
        };
        self.events.settle(ticket, Next::Over(told), self.clock.now()).await
    }

    /// The event by which a destination learns how another ended; none where it cannot be told.
    async fn tell(
        &self,
        place: &str,
        state: &EventState,
        body: &EventBody,
        condition: Condition,
        ran: Option<&(String, Invoked)>,
    ) -> Option<NewEvent> {
        let function = state.function();
        match self.destination(place, &function).await {
            Ok(destination) => Some(self.told(destination, state, body, condition, ran)?),
            Err(error) => {
                tracing::warn!(%error, function = state.name, destination = place, "a destination cannot be told");
                None
            }
        }
    }

    fn told(
        &self,
        destination: FunctionRef,
        state: &EventState,
        body: &EventBody,
        condition: Condition,
        ran: Option<&(String, Invoked)>,
    ) -> Option<NewEvent> {
        let function = state.function();
        let now = self.clock.now();
        let function_arn = match function.qualifier {
            Some(_) => function.arn(),
            None => function.key.qualified_arn(LATEST),
        };
        let answer = |(version, invoked): &'_ (String, Invoked)| (version.clone(), invoked.clone());
        let ran = ran.map(answer);
        let told = Told {
            now,
            request_id: &body.request_id,
            function_arn: &function_arn,
            condition,
            runs: state.progress.runs + u32::from(ran.is_some()),
            request: &body.payload.0,
            answer: ran.as_ref().map(|(version, invoked)| Answer {
                version,
                error: invoked.error,
                payload: &invoked.payload,
            }),
        };
        let payload = envelope::record(&told, EVENT_BYTES_MAX)?;
        // The destination is a consequence of the event: circles go through it too.
        let random = weft_service::random_bytes();
        let trace = Trace::of(body.trace.as_deref(), function.key.arn().as_str(), now, random);
        let after = Trace::of(Some(&trace.header), destination.key.arn().as_str(), now, random);
        if condition == Condition::RecursiveLoop && after.is_loop() {
            // Two functions that are each other's destination would hand the news to each other for ever.
            tracing::warn!(function = function.key.name, "a loop of events ends with its destination in it");
            return None;
        }
        let body = EventBody {
            request_id: weft_service::request_id(),
            payload: Blob(payload),
            client_context: None,
            trace: Some(trace.header),
        };
        Some(NewEvent { function: destination, body })
    }

    /// The function that a destination is, where the other function's role may invoke it.
    async fn destination(&self, place: &str, function: &FunctionRef) -> Result<FunctionRef, Error> {
        let key = &function.key;
        let scope = Scope { account: key.account, region: key.region.clone(), now: self.clock.now() };
        let arn = Arn::parse(place).map_err(Error::internal)?;
        if arn.service() != "lambda" {
            let message = format!("{} takes no events here: no such service is there yet.", arn.service());
            return Err(Error::new("NotImplemented", message).with_status(501));
        }
        let destination = FunctionRef::parse(place, None, &scope)?;
        let role = self.resolve(function).await?.revision.role.clone();
        let cx = self.as_role(&scope, role.as_ref(), &key.name).await?;
        cx.authorize(&Access::to("lambda:InvokeFunction", destination.arn().as_str())).await?;
        Ok(destination)
    }

    /// The surroundings in which a function's role acts.
    pub(crate) async fn as_role(
        &self,
        scope: &Scope,
        role: Option<&Arn>,
        session: &str,
    ) -> Result<Context, Error> {
        let role = role.ok_or_else(|| Error::internal("a function without a role"))?;
        let dispatch = self.dispatch.get().and_then(std::sync::Weak::upgrade);
        let dispatch =
            dispatch.ok_or_else(|| Error::internal("nothing is authorized before the start is over"))?;
        let mut cx = dispatch.context_for_service(access::PRINCIPAL, scope.account, scope.region.clone());
        let request = sts::AssumeRoleRequest {
            role_arn: role.as_str().to_owned(),
            role_session_name: session.to_owned(),
            ..Default::default()
        };
        let assumed: sts::AssumeRoleResponse = cx.call("sts", "AssumeRole", request).await?;
        let id = assumed.assumed_role_user.map(|user| user.assumed_role_id).unwrap_or_default();
        let path = role.resource().strip_prefix("role").unwrap_or_default();
        let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
        let principal = Principal::Session {
            account: scope.account,
            path: format!("{path}/"),
            role: name.to_owned(),
            role_id: id.split(':').next().unwrap_or_default().to_owned(),
            session: session.to_owned(),
        };
        cx.principal = Arc::new(principal);
        Ok(cx)
    }
}
