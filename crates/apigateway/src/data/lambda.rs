//! Calls of functions: by the service, as their policies allow it, or with a role.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::timeout;
use weft_model::iam::{GetRoleRequest, GetRoleResponse};
use weft_model::lambda::{InvocationRequest, InvocationResponse};
use weft_model::sts::{AssumeRoleRequest, AssumeRoleResponse};
use weft_service::{Context, Error, Principal};

use crate::places::Place;
use crate::{ApiGateway, SERVICE};

/// How long a role's session is used.
const SESSION: Duration = Duration::from_mins(10);

/// A call of a function.
pub(crate) struct FunctionCall<'c> {
    pub(crate) function: &'c str,
    /// `arn:aws:execute-api:…`: what the function's policy knows the call by.
    pub(crate) source: String,
    /// A role's ARN; `arn:aws:iam::*:user/*` for the caller's own rights.
    pub(crate) credentials: Option<&'c str>,
    /// Who calls, where that is known.
    pub(crate) caller: Option<&'c Context>,
    pub(crate) payload: Bytes,
    pub(crate) timeout: Duration,
    /// Whether nobody waits for an answer.
    pub(crate) event: bool,
    pub(crate) trace_id: &'c str,
}

/// Why a function did not answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It did not in time.
    TimedOut,
    /// It is not there, or may not be called.
    Refused(Error),
    /// It failed itself; its error as JSON.
    Function(Bytes),
}

impl ApiGateway {
    /// Calls a function.
    pub(crate) async fn invoke(&self, place: &Place, call: FunctionCall<'_>) -> Result<Bytes, Failure> {
        let cx = self.function_caller(place, &call).await.map_err(Failure::Refused)?;
        let (function, qualifier) = split_qualifier(call.function);
        let input = InvocationRequest {
            function_name: function.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            invocation_type: Some(if call.event { "Event" } else { "RequestResponse" }.to_owned()),
            payload: Some(call.payload),
            ..Default::default()
        };
        let answer = timeout(call.timeout, cx.call::<_, InvocationResponse>("lambda", "Invoke", input)).await;
        let InvocationResponse { function_error, payload, .. } =
            answer.map_err(|_| Failure::TimedOut)?.map_err(Failure::Refused)?;
        let payload = payload.unwrap_or_default();
        match function_error {
            None => Ok(payload),
            Some(_) => Err(Failure::Function(payload)),
        }
    }

    async fn function_caller(&self, place: &Place, call: &FunctionCall<'_>) -> Result<Context, Error> {
        let mut cx = self.context(place)?.with_source(call.source.as_str());
        cx.trace_id = Some(Arc::from(call.trace_id));
        match call.credentials.filter(|credentials| !credentials.is_empty()) {
            None => Ok(cx),
            Some(any) if any.ends_with(":user/*") => {
                let caller = call.caller.ok_or_else(|| {
                    Error::new("AccessDeniedException", "There is no caller whose credentials could be used.")
                })?;
                cx.principal = Arc::clone(&caller.principal);
                cx.session_policies = Arc::clone(&caller.session_policies);
                cx.session.clone_from(&caller.session);
                Ok(cx)
            }
            Some(role) => {
                cx.principal = self.session_of(place, role).await?;
                cx.source_arn = None;
                Ok(cx)
            }
        }
    }

    /// A context in which the service acts for the API's account.
    pub(crate) fn context(&self, place: &Place) -> Result<Context, Error> {
        let dispatch = self.dispatch.get().and_then(std::sync::Weak::upgrade);
        let dispatch = dispatch.ok_or_else(|| Error::internal("the server is starting"))?;
        Ok(dispatch.context_for_service(SERVICE, place.account, place.region.clone()))
    }

    /// A session of a role that trusts the service.
    async fn session_of(&self, place: &Place, role: &str) -> Result<Arc<Principal>, Error> {
        let now = Instant::now();
        let key = format!("{} {role}", place.account);
        if let Some(known) = self.sessions.get(&key, now) {
            return Ok(known);
        }
        let cx = self.context(place)?;
        let session = "BackplaneAssumeRoleSession";
        let input = AssumeRoleRequest {
            role_arn: role.to_owned(),
            role_session_name: session.to_owned(),
            ..Default::default()
        };
        let assumed: AssumeRoleResponse = cx.call("sts", "AssumeRole", input).await?;
        let name = role.rsplit('/').next().unwrap_or_default().to_owned();
        let found: GetRoleResponse =
            cx.call("iam", "GetRole", GetRoleRequest { role_name: name.clone() }).await?;
        let id = assumed.assumed_role_user.map(|user| user.assumed_role_id).unwrap_or_default();
        let role_id = id.split(':').next().unwrap_or_default().to_owned();
        let principal = Arc::new(Principal::Session {
            account: place.account,
            path: found.role.map_or_else(|| "/".to_owned(), |role| role.path),
            role: name,
            role_id,
            session: session.to_owned(),
        });
        self.sessions.keep(key, Arc::clone(&principal), now, SESSION);
        Ok(principal)
    }
}

/// A function's ARN and the qualifier behind it.
fn split_qualifier(function: &str) -> (&str, Option<&str>) {
    match function.split(':').count() {
        8 => function.rsplit_once(':').map_or((function, None), |(arn, qualifier)| (arn, Some(qualifier))),
        _ => (function, None),
    }
}
