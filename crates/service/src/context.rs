//! What an operation may know of the request around it, and how it reaches other services.

use std::net::IpAddr;
use std::sync::Arc;

use weft_model::{Shape, Value};
use weft_policy::{NamedPolicy, Policy};
use weft_types::{AccountId, Arn, Region, Timestamp};

use crate::dispatch::DecisionRecord;
use crate::{Access, BoxFuture, Error, Identities, Principal, SessionFacts, StepToken, Target, principals};

/// The account and region in which a request works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The caller's account.
    pub account: AccountId,
    /// The region of the request's signature.
    pub region: Region,
    /// When the request arrived.
    pub now: Timestamp,
}

impl Scope {
    /// The ARN of a regional resource of this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> Arn {
        Arn::of(service, self.region.as_str(), &self.account.to_string(), resource)
    }

    /// The ARN of a resource of this account that has no region, as IAM's.
    pub fn global_arn(&self, service: &str, resource: &str) -> Arn {
        Arn::of(service, "", &self.account.to_string(), resource)
    }
}

/// What a resource has to say to an access.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// Nothing is asked: the caller's policies decide, and services of the platform go on.
    Nothing,
    /// Its policy, where it has one.
    Policy(Option<&'a Policy>),
    /// Its policy, without which nobody gets in.
    Required(&'a Policy),
}

/// Authorizes and calls on behalf of a [`Context`]; dispatch implements it.
pub(crate) trait Engine: Send + Sync + 'static {
    fn authorize<'a>(
        &'a self,
        cx: &'a Context,
        access: &'a Access,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<(), Error>>;
    fn identities(&self) -> &dyn Identities;
    fn decisions(&self, account: AccountId, request_id: &str) -> Vec<DecisionRecord>;
    fn target(&self, service: &str) -> Option<Arc<dyn Target>>;
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        service: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, Error>>;
}

/// One request's surroundings. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The account, region and time.
    pub scope: Scope,
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The access key that signed the request, where one did.
    pub access_key_id: Option<Arc<str>>,
    /// The session token that came with it, for work that goes on after the request and has to ask again who this is.
    pub session_token: Option<Arc<str>>,
    /// The policies that narrow the caller's session; empty for long-lived keys.
    pub session_policies: Arc<[NamedPolicy]>,
    /// What is known of the caller's session; none for long-lived keys.
    pub session: Option<Arc<SessionFacts>>,
    /// The request's id, as the answer's header has it.
    pub request_id: Arc<str>,
    /// The caller's address.
    pub source_ip: Option<IpAddr>,
    /// Whether the connection cannot be overheard: TLS, loopback, or from inside a sandbox (`aws:SecureTransport`).
    pub secure: bool,
    /// Host and port by which the caller reached this server; none for what goes on beside requests.
    pub host: Option<Arc<str>>,
    /// The caller's `User-Agent`.
    pub user_agent: Option<Arc<str>>,
    /// The caller's `Referer`.
    pub referer: Option<Arc<str>>,
    /// The caller's `X-Amzn-Trace-Id`, by which functions that call themselves in circles are found.
    pub trace_id: Option<Arc<str>>,
    /// For a service: the ARN of what made it act (`aws:SourceArn`).
    pub source_arn: Option<Arc<str>>,
    /// The services that called on the caller's behalf, the first one first (`aws:CalledVia`).
    pub called_via: Arc<[String]>,
    /// The step of a plan as which the operation runs.
    pub(crate) step: Option<StepToken>,
    /// The step of a plan as which the next call is made.
    pub(crate) next_step: Option<StepToken>,
    /// The id of the service whose operation runs.
    pub(crate) service: &'static str,
    /// Calls between services that led here; bounded.
    pub depth: u8,
    pub(crate) engine: Arc<dyn Engine>,
}

impl Context {
    /// Fails with AWS's `AccessDenied` unless the caller may do this. For resources that are only known while an
    /// operation runs; all others are declared by [`crate::Operation::accesses`].
    pub async fn authorize(&self, access: &Access) -> Result<(), Error> {
        self.engine.authorize(self, access, Asked::Nothing).await
    }

    /// As [`Self::authorize`], for a resource that can have a policy of its own, such as a function: within one account that
    /// policy may grant what the caller's do not, and callers from elsewhere and services need it.
    pub async fn authorize_with(
        &self,
        access: &Access,
        resource_policy: Option<&Policy>,
    ) -> Result<(), Error> {
        self.engine.authorize(self, access, Asked::Policy(resource_policy)).await
    }

    /// As [`Self::authorize_with`], for a resource whose policy nobody gets past, such as a role with its trust policy:
    /// the caller's policies count only where it leaves them to decide.
    pub async fn authorize_required(&self, access: &Access, policy: &Policy) -> Result<(), Error> {
        self.engine.authorize(self, access, Asked::Required(policy)).await
    }

    /// A resource's policy as it is to be stored: the ARNs of users and roles in it become their unique ids, so that who is
    /// made later under the same name is not meant. None where it names one that does not exist, which AWS calls an invalid
    /// principal. The policy must be one that can be read.
    pub async fn bind_principals(&self, policy: &str) -> Result<Option<String>, Error> {
        principals::bind(self.engine.identities(), policy).await
    }

    /// A stored policy as it is to be shown: users and roles by their ARNs while they exist, by their ids once they are
    /// deleted.
    pub async fn show_principals(&self, policy: &str) -> Result<String, Error> {
        principals::show(self.engine.identities(), policy).await
    }

    /// The decisions that are still known of a request in this context's account; none where they are forgotten.
    pub fn decisions(&self, request_id: &str) -> Vec<DecisionRecord> {
        self.engine.decisions(self.scope.account, request_id)
    }

    /// Calls an operation of any service as this context's principal, with everything that a request from outside
    /// meets: validation, authorization, limits.
    pub async fn call<I: Shape, O: Shape>(
        &self,
        service: &str,
        operation: &str,
        input: I,
    ) -> Result<O, Error> {
        let output = self.engine.call(self, service, operation, input.into_value()).await?;
        Ok(O::from_value(output))
    }

    /// As [`Self::call`], for callers that put inputs together from schemas: `input` is a structure of the operation's input schema.
    pub async fn call_value(&self, service: &str, operation: &str, input: Value) -> Result<Value, Error> {
        self.engine.call(self, service, operation, input).await
    }

    /// The same surroundings with a service of the platform as the principal: `lambda.amazonaws.com` assumes a
    /// function's role this way. Identity policies do not apply to it, trust policies do.
    #[must_use]
    pub fn as_service(&self, name: &'static str) -> Self {
        let account = self.scope.account;
        Self {
            principal: Arc::new(Principal::Service { account, name }),
            access_key_id: None,
            session_token: None,
            session_policies: Arc::new([]),
            session: None,
            source_arn: None,
            called_via: Arc::new([]),
            ..self.clone()
        }
    }

    /// The same surroundings with what made a service act, for `aws:SourceArn` and `aws:SourceAccount`.
    #[must_use]
    pub fn with_source(mut self, arn: impl Into<Arc<str>>) -> Self {
        self.source_arn = Some(arn.into());
        self
    }

    /// The same surroundings for one call that is a step of a plan: an operation that makes something remembers the token with it,
    /// and the same token again gives what was made before. Calls that the called operation makes itself do not carry it.
    #[must_use]
    pub fn as_step(&self, token: StepToken) -> Self {
        Self { next_step: Some(token), ..self.clone() }
    }

    /// The token of the step as which the operation runs, where it does.
    pub fn step(&self) -> Option<&StepToken> {
        self.step.as_ref()
    }

    /// The surroundings of a call of this one's operation to another service's.
    pub(crate) fn inner(&self, service: &'static str) -> Self {
        let (step, depth) = (self.next_step.clone(), self.depth + 1);
        let mut inner = Self { depth, service, step, next_step: None, ..self.clone() };
        if !matches!(*self.principal, Principal::Service { .. }) {
            let via = match self.service {
                "weft" => "compute.weft.localhost".to_owned(),
                "apigatewayv2" => "apigateway.amazonaws.com".to_owned(),
                name => format!("{name}.amazonaws.com"),
            };
            inner.called_via = self.called_via.iter().cloned().chain([via]).collect();
        }
        inner
    }
}
