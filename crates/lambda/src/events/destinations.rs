//! Tells destinations how events ended.

use std::sync::Arc;

use bytes::Bytes;
use weft_model::sts;
use weft_service::{Access, Context, Error, Principal, Scope};
use weft_types::Arn;

use crate::events::Next;
use crate::events::envelope::{self, Answer, Told};
use crate::events::queue::Ticket;
use crate::events::records::{Blob, EventBody, EventState, NewEvent};
use crate::events::retry::{Condition, EventPolicy};
use crate::loads::Lost;
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
        let key = state.function().key;
        let place = if condition == Condition::Success { &policy.on_success } else { &policy.on_failure };
        let told = match place {
            Some(place) => self.tell(place, state, &body, condition, ran.as_ref()).await,
            None => Ok(None),
        };
        let told = told.unwrap_or_else(|error| {
            let (function, destination) = (&state.name, place);
            tracing::warn!(%error, function, destination, "a destination cannot be told");
            self.loads.lost(&key, Lost::Record);
            None
        });
        if condition != Condition::Success {
            self.bury(state, &body, condition, ran.as_ref()).await;
        }
        if !self.events.settle(ticket, Next::Over(told), self.clock.now()).await? {
            self.loads.lost(&key, Lost::Record);
        }
        Ok(())
    }

    /// Tells a destination how an event ended; gives the event by which a function is to learn it.
    async fn tell(
        &self,
        place: &str,
        state: &EventState,
        body: &EventBody,
        condition: Condition,
        ran: Option<&(String, Invoked)>,
    ) -> Result<Option<NewEvent>, Error> {
        let (function, now) = (state.function(), self.clock.now());
        let function_arn = match function.qualifier {
            Some(_) => function.arn(),
            None => function.key.qualified_arn(LATEST),
        };
        let told = Told {
            now,
            request_id: &body.request_id,
            function_arn: &function_arn,
            condition,
            runs: state.progress.runs + u32::from(ran.is_some()),
            request: &body.payload.0,
            answer: ran.map(|(version, invoked)| Answer {
                version,
                error: invoked.error,
                payload: &invoked.payload,
            }),
        };
        let record = envelope::record(&told, EVENT_BYTES_MAX)
            .ok_or_else(|| Error::internal("the record is larger than an event may be"))?;
        let arn = Arn::parse(place).map_err(Error::internal)?;
        if arn.service() == "lambda" {
            let destination = self.destination(place, &function).await?;
            return self.told(destination, &function, body, condition, record).map(Some);
        }
        let cx = self.as_function(&function).await?;
        cx.send(&arn, envelope::message(record, &told, place)).await?;
        Ok(None)
    }

    /// The event by which a function learns how another's event ended.
    fn told(
        &self,
        destination: FunctionRef,
        function: &FunctionRef,
        body: &EventBody,
        condition: Condition,
        payload: Bytes,
    ) -> Result<NewEvent, Error> {
        let now = self.clock.now();
        // The destination is a consequence of the event: circles go through it too.
        let random = weft_service::random_bytes();
        let trace = Trace::of(body.trace.as_deref(), function.key.arn().as_str(), now, random);
        let after = Trace::of(Some(&trace.header), destination.key.arn().as_str(), now, random);
        if condition == Condition::RecursiveLoop && after.is_loop() {
            // Two functions that are each other's destination would hand the news to each other for ever.
            return Err(Error::internal("a loop of events ends with its destination in it"));
        }
        let body = EventBody {
            request_id: weft_service::request_id(),
            payload: Blob(payload),
            client_context: None,
            trace: Some(trace.header),
        };
        Ok(NewEvent { function: destination, body })
    }

    /// The function that a destination is, where the other function's role may invoke it.
    async fn destination(&self, place: &str, function: &FunctionRef) -> Result<FunctionRef, Error> {
        let key = &function.key;
        let scope = Scope { account: key.account, region: key.region.clone(), now: self.clock.now() };
        let destination = FunctionRef::parse(place, None, &scope)?;
        let cx = self.as_function(function).await?;
        cx.authorize(&Access::to("lambda:InvokeFunction", destination.arn().as_str())).await?;
        Ok(destination)
    }

    /// The surroundings in which a function acts.
    pub(super) async fn as_function(&self, function: &FunctionRef) -> Result<Context, Error> {
        let key = &function.key;
        let scope = Scope { account: key.account, region: key.region.clone(), now: self.clock.now() };
        let role = self.resolve(function).await?.revision.role.clone();
        self.as_role(&scope, role.as_ref(), &key.name).await
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
