//! From an HTTP request to an HTTP answer: find the service, authenticate, resolve, decode, parse, authorize, run, encode.
//!
//! Who asks is settled before anything that they say is looked at: a request that is not authenticated learns nothing
//! about what it asked for, and one that is not authorized learns nothing about what exists.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{HOST, REFERER, USER_AGENT};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Response};
use weft_model::{Protocol, ServiceSchema};
use weft_net::{Body, full};
use weft_types::{AccountId, Region};
use weft_wire::sigv4::{self, AuthFault, Authorization, DeclaredPayload, Payload};
use weft_wire::{WireFault, decode, encode, encode_error, find_service, resolve};

use crate::dispatch::decisions::Decisions;
use crate::dispatch::engine::Core;
use crate::dispatch::incoming::{Promise, incoming};
use crate::dispatch::unknown::schema_for_unknown;
use crate::registry::Answer;
use crate::{Clock, Context, CredentialError, Error, Identities, Principal, Registry, Scope};

mod authorize;
mod decisions;
mod engine;
mod incoming;
mod keys;
mod streaming;
mod tags;
mod unknown;

pub use decisions::{ConditionRecord, DecisionRecord, Ground, MissCause, NearMiss, Outcome};

/// Bounds of a [`Dispatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchOptions {
    /// The longest body in bytes; a longer one is answered with 413. Default 70 MiB: a 50 MiB archive as base64, and some.
    pub body_bytes_max: usize,
    /// How many requests run at a time; one more is answered with 429. Default 1,024.
    pub concurrency_max: usize,
    /// How deep services may call each other. Default 16.
    pub depth_max: u8,
}

impl Default for DispatchOptions {
    fn default() -> Self {
        Self { body_bytes_max: 70 << 20, concurrency_max: 1024, depth_max: 16 }
    }
}

/// A request for one of the AWS APIs or for Weft's own, with its body collected.
#[derive(Debug)]
pub struct ApiRequest {
    /// Method, URI and headers, as they arrived: the signature covers them.
    pub parts: Parts,
    /// The body.
    pub body: Bytes,
    /// The caller's address, where the connection has one.
    pub peer: Option<IpAddr>,
    /// Whether the connection cannot be overheard: TLS, loopback, or from inside a sandbox.
    pub secure: bool,
    /// The id that the answer will carry.
    pub request_id: Arc<str>,
    /// The id of the service that is meant where the request has no signature: S3 lets its buckets decide.
    pub unsigned_for: Option<&'static str>,
}

impl ApiRequest {
    /// A request with an id of its own.
    pub fn new(parts: Parts, body: Bytes, peer: Option<IpAddr>, secure: bool) -> Self {
        let request_id = crate::request_id().into();
        Self { parts, body, peer, secure, request_id, unsigned_for: None }
    }
}

/// Answers API requests; the only place that authenticates and authorizes them.
pub struct Dispatch {
    core: Arc<Core>,
    body_bytes_max: usize,
    concurrency_max: usize,
    in_flight: AtomicUsize,
}

impl Dispatch {
    /// Dispatches to the operations of `registry`, for the principals that `identities` knows.
    pub fn new(
        registry: Registry,
        identities: Arc<dyn Identities>,
        clock: Arc<dyn Clock>,
        options: DispatchOptions,
    ) -> Arc<Self> {
        let DispatchOptions { body_bytes_max, concurrency_max, depth_max } = options;
        let decisions = Decisions::default();
        let core = Arc::new(Core { registry, identities, clock, depth_max, decisions });
        Arc::new(Self { core, body_bytes_max, concurrency_max, in_flight: AtomicUsize::new(0) })
    }

    /// Answers a request. Never fails: every error is an answer in the service's protocol. Dropping the future drops the
    /// operation.
    pub async fn handle(&self, request: ApiRequest) -> Response<Body> {
        self.handle_stream(request, None).await
    }

    /// As [`Self::handle`], for a request whose body comes as a stream, as [`Self::takes_stream`] said; `request.body` is empty
    /// then.
    pub async fn handle_stream(&self, request: ApiRequest, stream: Option<Body>) -> Response<Body> {
        let begin = Instant::now();
        let mut seen = Seen::default();
        let request_id = Arc::clone(&request.request_id);
        let authorization = sigv4::parse_authorization(&request.parts);
        let named = named(authorization.as_ref(), request.unsigned_for);
        let service = find_service(self.core.registry.services(), &request.parts, &request.body, named);
        let Some(service) = service else {
            let (schema, fault) = schema_for_unknown(&request.parts, named);
            return encode_error(schema, &fault, &request_id).map(full);
        };
        let answer = AssertUnwindSafe(self.answer(service, authorization, &request, stream, &mut seen));
        let answer = answer.catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(service = service.signing_name, request_id = &*request_id, "operation panicked");
            Err(fault_of(&Error::internal("the operation panicked"), &request_id))
        });
        let response = answer.unwrap_or_else(|fault| refuse(service, &fault, &request_id).map(full));
        tracing::debug!(
            service = service.signing_name,
            operation = seen.operation,
            principal = seen.principal,
            status = response.status().as_u16(),
            micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX),
            request_id = &*request_id,
            "request answered"
        );
        response
    }

    /// Finds out who signed a request that is not a call of an API, such as one for a route with `auth = "iam"`. The
    /// message of a refusal is AWS's.
    pub async fn identify(&self, request: &ApiRequest) -> Result<Context, String> {
        let authorization = sigv4::parse_authorization(&request.parts);
        let known = &self.core.registry;
        let Some(service) = known.service("weft").or_else(|| known.services().next()) else {
            return Err("Signed requests cannot be checked here.".to_owned());
        };
        let found = self.authenticate(service, authorization, request).await;
        found.map(|(cx, _)| cx).map_err(|fault| fault.message)
    }

    /// A context in which a service of the platform acts for an account, such as for the credentials of workers.
    pub fn context_for_service(&self, name: &'static str, account: AccountId, region: Region) -> Context {
        let principal = Arc::new(Principal::Service { account, name });
        Context {
            scope: Scope { account, region, now: self.core.clock.now() },
            principal,
            access_key_id: None,
            session_token: None,
            step: None,
            next_step: None,
            session_policies: Arc::new([]),
            session: None,
            request_id: crate::request_id().into(),
            source_ip: None,
            secure: true,
            host: None,
            user_agent: None,
            referer: None,
            trace_id: None,
            source_arn: None,
            called_via: Arc::new([]),
            service: "",
            depth: 0,
            engine: Arc::<Core>::clone(&self.core),
        }
    }

    /// A context in which `service` (its id) acts with a key that it was given earlier, such as for a deployment that goes on after a
    /// restart. Fails where the key is no longer one, or its session is over.
    pub async fn context_for_key(
        &self,
        service: &'static str,
        access_key_id: &str,
        session_token: Option<&str>,
        region: Region,
    ) -> Result<Context, CredentialError> {
        let now = self.core.clock.now();
        let credential = self.core.identities.credential(access_key_id, session_token, now).await?;
        self.core.identities.used(&credential.principal, &region, now);
        let account = credential.principal.account().unwrap_or(AccountId::DEFAULT);
        let nobody = self.context_for_service("", account, region);
        Ok(Context {
            principal: credential.principal,
            access_key_id: Some(access_key_id.into()),
            session_token: session_token.map(Arc::from),
            session_policies: credential.session_policies.into(),
            session: credential.session,
            service,
            ..nobody
        })
    }

    /// The operations that have code.
    pub fn registry(&self) -> &Registry {
        &self.core.registry
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.core.clock
    }

    async fn answer(
        &self,
        service: &'static ServiceSchema,
        authorization: Result<Option<Authorization>, AuthFault>,
        request: &ApiRequest,
        stream: Option<Body>,
        seen: &mut Seen,
    ) -> Result<Response<Body>, WireFault> {
        let _slot = self.take_slot()?;
        if request.body.len() > self.body_bytes_max {
            let message = format!("Request must be smaller than {} bytes", self.body_bytes_max);
            return Err(WireFault::new("RequestEntityTooLargeException", message));
        }
        let (cx, promise) = self.authenticate(service, authorization, request).await?;
        if tracing::enabled!(tracing::Level::DEBUG) {
            seen.principal = cx.principal.arn().map(|arn| arn.to_string());
        }
        let (parts, id) = (&request.parts, &request.request_id);
        let resolved =
            resolve(service, parts, &request.body).map_err(|error| hint(error.into_fault(service)))?;
        let operation = resolved.operation;
        seen.operation = Some(operation.name);
        let (body, streamed) = match promise {
            None => (request.body.clone(), None),
            Some(promise) => {
                let body = incoming(parts, request.body.clone(), stream, promise);
                let body = body.map_err(|error| fault_of(&error, id))?;
                if self.core.registry.takes_body(service.id, operation.name) {
                    (Bytes::new(), Some(body))
                } else {
                    let whole = body.collect(self.body_bytes_max).await;
                    (whole.map_err(|error| fault_of(&error, id))?, None)
                }
            }
        };
        let input = decode(service, &resolved, parts, &body)?;
        let answer = self.core.run(service, operation, input, streamed, &cx).await;
        let Answer { output, events, body } = answer.map_err(|error| hint(fault_of(&error, id)))?;
        match (events, body) {
            (None, None) => encode(service, operation, &output, id).map(|answer| answer.map(full)),
            (Some(events), _) => streaming::answer(service, operation, &output, events, id),
            (None, Some(body)) => {
                let (head, _) = encode(service, operation, &output, id)?.into_parts();
                Ok(streaming::with_body(head, body))
            }
        }
    }

    /// Whether the body of a request should come as a stream ([`Self::handle_stream`]) and not whole: its head alone says so.
    /// `unsigned_for` is as in [`ApiRequest::unsigned_for`].
    pub fn takes_stream(&self, parts: &Parts, unsigned_for: Option<&'static str>) -> bool {
        let authorization = sigv4::parse_authorization(parts);
        let Some(named) = named(authorization.as_ref(), unsigned_for) else { return false };
        let service = find_service(self.core.registry.services(), parts, &[], Some(named));
        let Some(service) = service.filter(|service| service.protocol == Protocol::RestXml) else {
            return false;
        };
        resolve(service, parts, &[])
            .is_ok_and(|resolved| self.core.registry.takes_body(service.id, resolved.operation.name))
    }

    /// Finds out who asks, or refuses.
    async fn authenticate(
        &self,
        service: &'static ServiceSchema,
        authorization: Result<Option<Authorization>, AuthFault>,
        request: &ApiRequest,
    ) -> Result<(Context, Option<Promise>), WireFault> {
        let refused = |fault: AuthFault| fault.fault(service.protocol);
        let now = self.core.clock.now();
        let claim = match authorization.map_err(refused)? {
            Some(claim) => claim,
            None if request.unsigned_for == Some(service.id) => {
                let promise = Promise { declared: declared_without_signature(&request.parts), signer: None };
                return Ok((self.anonymous(service, request), Some(promise)));
            }
            None => return Err(refused(AuthFault::Missing)),
        };
        let token = claim.session_token.as_deref();
        let found = self.core.identities.credential(&claim.access_key_id, token, now).await;
        let credential = found.map_err(|error| match error {
            CredentialError::Unknown => refused(AuthFault::UnknownKey),
            CredentialError::Expired => refused(AuthFault::ExpiredToken),
            unavailable @ CredentialError::Unavailable(_) => {
                fault_of(&Error::internal(unavailable), &request.request_id)
            }
        })?;
        let promise = match service.protocol {
            Protocol::RestXml => {
                let declared = claim.declared_payload(&request.parts).map_err(refused)?;
                let signer = matches!(declared, DeclaredPayload::Chunked { signed: true, .. });
                Some(Promise { declared, signer: signer.then(|| claim.chunk_signer(&credential.secret)) })
            }
            _ => None,
        };
        let payload = if promise.is_some() { Payload::Declared } else { Payload::Body(&request.body) };
        claim.check(&request.parts, payload, &credential.secret, service.protocol, now).map_err(refused)?;
        let account = credential.principal.account().unwrap_or(AccountId::DEFAULT);
        let Ok(region) = Region::parse(&claim.region) else {
            return Err(claim.expect_region(Region::default().as_str()).map_or_else(refused, |()| {
                fault_of(&Error::internal("the default region is not one"), &request.request_id)
            }));
        };
        self.core.identities.used(&credential.principal, &region, now);
        let cx = Context {
            scope: Scope { account, region, now },
            principal: credential.principal,
            access_key_id: Some(claim.access_key_id.into()),
            session_token: claim.session_token.map(Arc::from),
            session_policies: credential.session_policies.into(),
            session: credential.session,
            ..self.anonymous(service, request)
        };
        Ok((cx, promise))
    }

    /// The context of a request whose sender is nobody in particular.
    fn anonymous(&self, service: &'static ServiceSchema, request: &ApiRequest) -> Context {
        let header = |name| request.parts.headers.get(name).and_then(|value| value.to_str().ok());
        let now = self.core.clock.now();
        Context {
            scope: Scope { account: AccountId::DEFAULT, region: Region::default(), now },
            principal: Arc::new(Principal::Anonymous),
            access_key_id: None,
            session_token: None,
            step: None,
            next_step: None,
            session_policies: Arc::new([]),
            session: None,
            request_id: Arc::clone(&request.request_id),
            source_ip: request.peer,
            secure: request.secure,
            host: authority(&request.parts).map(Arc::from),
            user_agent: header(USER_AGENT).map(Arc::from),
            referer: header(REFERER).map(Arc::from),
            trace_id: header(HeaderName::from_static("x-amzn-trace-id")).map(Arc::from),
            source_arn: None,
            called_via: Arc::new([]),
            service: service.id,
            depth: 0,
            engine: Arc::<Core>::clone(&self.core),
        }
    }

    fn take_slot(&self) -> Result<Slot<'_>, WireFault> {
        let slot = Slot(&self.in_flight);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < self.concurrency_max {
            return Ok(slot);
        }
        Err(WireFault { status: Some(429), ..WireFault::new("ThrottlingException", "Rate exceeded") })
    }
}

/// Host and port that a request names, where they are well-formed.
fn authority(parts: &Parts) -> Option<&str> {
    let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let text = parts.uri.authority().map(Authority::as_str).or(named)?;
    text.parse::<Authority>().ok().filter(|found| !found.as_str().contains('@')).map(|_| text)
}

/// One of the requests that may run at a time; given back when dropped.
struct Slot<'a>(&'a AtomicUsize);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The signing name of the service that a request's head names: in its signature, or else by what the gateway knows.
fn named<'a>(
    authorization: Result<&'a Option<Authorization>, &AuthFault>,
    unsigned_for: Option<&'static str>,
) -> Option<&'a str> {
    let claimed = authorization.ok().and_then(Option::as_ref).map(|found| found.service.as_str());
    claimed.or(unsigned_for)
}

/// What a request without a signature says of its body.
fn declared_without_signature(parts: &Parts) -> DeclaredPayload {
    let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    match declared {
        Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => {
            DeclaredPayload::Chunked { signed: false, trailer: true }
        }
        _ => DeclaredPayload::Unsigned,
    }
}

/// What the log says of a request.
#[derive(Default)]
struct Seen {
    operation: Option<&'static str>,
    principal: Option<String>,
}

/// The answer for a fault; one that says to come again says when.
fn refuse(service: &ServiceSchema, fault: &WireFault, request_id: &str) -> Response<Bytes> {
    let mut response = encode_error(service, fault, request_id);
    if matches!(response.status().as_u16(), 429 | 503) {
        response.headers_mut().insert("retry-after", HeaderValue::from_static("1"));
    }
    response
}

/// The fault for an operation's error. What is ours to know is logged here and does not leave.
fn fault_of(error: &Error, request_id: &str) -> WireFault {
    if let Some(cause) = error.cause() {
        let chain = weft_types::error_chain(cause);
        if error.status().is_some_and(|status| status >= 500) {
            tracing::error!(code = error.code(), error = chain, request_id, "operation failed");
        } else {
            tracing::debug!(code = error.code(), error = chain, request_id, "operation refused");
        }
    }
    WireFault {
        code: error.code().into(),
        message: error.message().to_owned(),
        status: error.status(),
        members: error.members().iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
    }
}

/// Adds to the fault for an operation without code where to read what else has none.
fn hint(mut fault: WireFault) -> WireFault {
    if fault.code == "NotImplemented" && !fault.message.contains("unsupported.txt") {
        fault.message.push_str(" See unsupported.txt of the service for all that is not.");
    }
    fault
}
