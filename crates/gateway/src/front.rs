//! The gateway itself.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, FORWARDED, HeaderName, HeaderValue, VIA, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use weft_net::{Attendant, Body, BodyError, BoxError, Handler, Peer, attended, full};
use weft_routing::{Auth, Missing, Routes};
use weft_service::execute_api::{ExecuteApis, ExecuteCall};
use weft_service::workload::{Caller, Revisions, WorkRequest, Workers, WorkloadId};
use weft_service::{BoxFuture, ImageRegistry, RegistryRequest, StackResponses};

use crate::access::Record;
use crate::answer::{self, Answer};
use crate::auth::{self, Asked, Authorizer, Denied};
use crate::classify::{self, Class, Target};
use crate::downloads::{self, Downloads};
use crate::execute;
use crate::headers::{self, Hop};
use crate::ids::Ids;
use crate::responses;
use crate::urls::{self, FunctionUrls, UrlRequest};
use crate::whole::{NotWhole, Whole, read_whole};

/// The routes that a gateway follows.
pub type RouteTable = Routes<WorkloadId>;

/// Answers AWS calls. The node adapts dispatch to it.
pub trait Apis: Send + Sync + 'static {
    /// Answers one call; the answer may go on as a stream.
    fn handle(&self, request: ApiRequest) -> BoxFuture<'_, Response<Body>>;

    /// Whether a call's body should be handed on as it comes, and not whole.
    fn takes_stream(&self, _parts: &Parts, _unsigned_for: Option<&'static str>) -> bool {
        false
    }

    /// Whether a bucket of this name is there: requests without a signature are for it where nothing else claims them.
    fn has_bucket(&self, _name: &str) -> bool {
        false
    }
}

/// An AWS call.
#[derive(Debug)]
pub struct ApiRequest {
    /// The head as it came: signatures cover it.
    pub parts: Parts,
    /// The body, whole.
    pub body: Bytes,
    /// The body as it comes, where [`Apis::takes_stream`] wants it so; `body` is empty then.
    pub stream: Option<Body>,
    /// The service that a call without a signature is for, where that is known by its host or path.
    pub unsigned_for: Option<&'static str>,
    /// Who sends it, and whether the connection cannot be overheard.
    pub peer: Peer,
    /// An id for the request, in the shape of a UUID.
    pub request_id: Arc<str>,
}

/// A [`Gateway`]'s settings.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Bytes of an AWS call's body, and of a body whose signature a route checks; more answer 413.
    pub api_body_bytes_max: u64,
    /// Whether this is a public listener: workloads by their routes only, no APIs, no names of Weft's own.
    pub edge: bool,
    /// Proxies in front whose `X-Forwarded-Proto`, `-Host` and `-Prefix` are believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for GatewayOptions {
    /// 70 MiB (a function's archive, with the third that base64 adds to its 50 MiB), not at the edge, no proxies.
    fn default() -> Self {
        Self { api_body_bytes_max: 70 << 20, edge: false, trusted_proxies: Vec::new() }
    }
}

/// Classifies requests and hands them on; see the crate's documentation for the order.
pub struct Gateway {
    apis: Arc<dyn Apis>,
    workers: Arc<dyn Workers>,
    revisions: Arc<dyn Revisions>,
    authorizer: Arc<dyn Authorizer>,
    function_urls: Option<Arc<dyn FunctionUrls>>,
    downloads: Option<Arc<dyn Downloads>>,
    execute_apis: Option<Arc<dyn ExecuteApis>>,
    stack_responses: Option<Arc<dyn StackResponses>>,
    images: Option<Arc<dyn ImageRegistry>>,
    routes: Arc<ArcSwap<RouteTable>>,
    options: GatewayOptions,
    ids: Ids,
}

impl Gateway {
    /// A gateway that follows what `routes` holds at the time of each request.
    pub fn new(
        apis: Arc<dyn Apis>,
        workers: Arc<dyn Workers>,
        revisions: Arc<dyn Revisions>,
        authorizer: Arc<dyn Authorizer>,
        routes: Arc<ArcSwap<RouteTable>>,
        options: GatewayOptions,
    ) -> Self {
        let ids = Ids::new();
        Self {
            apis,
            workers,
            revisions,
            authorizer,
            function_urls: None,
            downloads: None,
            execute_apis: None,
            stack_responses: None,
            images: None,
            routes,
            options,
            ids,
        }
    }

    /// The same gateway with what answers requests for downloads of code; without it nobody does.
    #[must_use]
    pub fn with_downloads(mut self, downloads: Arc<dyn Downloads>) -> Self {
        self.downloads = Some(downloads);
        self
    }

    /// The same gateway with what takes answers of custom resources; without it nobody does.
    #[must_use]
    pub fn with_stack_responses(mut self, responses: Arc<dyn StackResponses>) -> Self {
        self.stack_responses = Some(responses);
        self
    }

    /// The same gateway with what answers requests for function URLs; without it nobody does.
    #[must_use]
    pub fn with_function_urls(mut self, urls: Arc<dyn FunctionUrls>) -> Self {
        self.function_urls = Some(urls);
        self
    }

    /// The same gateway with what answers requests for APIs of API Gateway; without it nobody does.
    #[must_use]
    pub fn with_execute_apis(mut self, apis: Arc<dyn ExecuteApis>) -> Self {
        self.execute_apis = Some(apis);
        self
    }

    /// The same gateway with what answers requests for container images; without it nobody does.
    #[must_use]
    pub fn with_images(mut self, images: Arc<dyn ImageRegistry>) -> Self {
        self.images = Some(images);
        self
    }

    /// Whether the client itself is on this machine: no proxy in front that speaks for others.
    fn is_local(&self, parts: &Parts, peer: Peer) -> bool {
        let proxied = [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for")];
        let address = peer.addr.ip().to_canonical();
        address.is_loopback()
            && !self.options.edge
            && !self.options.trusted_proxies.contains(&address)
            && !proxied.iter().any(|name| parts.headers.contains_key(name))
    }

    async fn answer(&self, request: Request<Body>, peer: Peer) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let has_bucket = |name: &str| self.apis.has_bucket(name);
        let class = classify::classify(&parts, &self.routes.load(), self.options.edge, &has_bucket);
        // An event's id is unique, as handlers count on it; only what a route leads to may be called by its client's id.
        let is_routed = match &class {
            Class::PerhapsQuery(otherwise) => matches!(**otherwise, Class::Workload(_)),
            class => matches!(class, Class::Workload(_)),
        };
        let own = is_routed.then(|| headers::sane_request_id(&parts.headers)).flatten();
        let request_id: Arc<str> = own.map_or_else(|| self.ids.next(), Into::into);
        let record = Record::begin(&parts, peer, &request_id);
        let is_local = self.is_local(&parts, peer);
        let mut exchange = Exchange { gateway: self, peer, record, request_id, is_local };
        let response = exchange.follow(class, parts, body).await;
        match exchange.record.take() {
            Some(record) => record.follow(response),
            None => response,
        }
    }
}

impl Handler for Gateway {
    fn handle(&self, request: Request<Body>, peer: Peer) -> BoxFuture<'_, Response<Body>> {
        Box::pin(self.answer(request, peer))
    }
}

/// Answers every request as an AWS call, as one for a download, or as a custom resource's answer: what listens on the AWS endpoint
/// inside sandboxes.
pub struct ApiHandler {
    apis: Arc<dyn Apis>,
    downloads: Option<Arc<dyn Downloads>>,
    stack_responses: Option<Arc<dyn StackResponses>>,
    body_bytes_max: u64,
    ids: Ids,
}

impl ApiHandler {
    /// Answers calls with bodies of up to `body_bytes_max` bytes.
    pub fn new(apis: Arc<dyn Apis>, body_bytes_max: u64) -> Self {
        Self { apis, downloads: None, stack_responses: None, body_bytes_max, ids: Ids::new() }
    }

    /// As [`Gateway::with_downloads`].
    #[must_use]
    pub fn with_downloads(mut self, downloads: Arc<dyn Downloads>) -> Self {
        self.downloads = Some(downloads);
        self
    }

    /// As [`Gateway::with_stack_responses`].
    #[must_use]
    pub fn with_stack_responses(mut self, responses: Arc<dyn StackResponses>) -> Self {
        self.stack_responses = Some(responses);
        self
    }
}

impl Handler for ApiHandler {
    fn handle(&self, request: Request<Body>, peer: Peer) -> BoxFuture<'_, Response<Body>> {
        let request_id = self.ids.next();
        let (parts, body) = request.into_parts();
        if let Some(downloads) = self.downloads.as_ref().filter(|_| downloads::is_download(&parts.uri)) {
            return downloads.handle(parts, request_id);
        }
        if let Some(taker) = self.stack_responses.as_ref().filter(|_| responses::is_response(&parts)) {
            return Box::pin(responses::take(&**taker, parts, body, request_id));
        }
        let call = Call { parts, body, peer, request_id, unsigned_for: None };
        Box::pin(call_api(&*self.apis, self.body_bytes_max, call))
    }
}

/// A call that came in.
struct Call {
    parts: Parts,
    body: Body,
    peer: Peer,
    request_id: Arc<str>,
    unsigned_for: Option<&'static str>,
}

/// Calls an API. A client that waits for `100 Continue` and gets its answer first does not send the body, and some go wrong when
/// they use such a connection again: it ends, as S3 ends it.
async fn call_api(apis: &dyn Apis, body_bytes_max: u64, call: Call) -> Response<Body> {
    let waits = call
        .parts
        .headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let is_empty = call.body.is_end_stream();
    let mut response = answer_call(apis, body_bytes_max, call).await;
    let status = response.status();
    if waits && (is_empty || status.is_client_error() || status.is_server_error()) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn answer_call(apis: &dyn Apis, body_bytes_max: u64, call: Call) -> Response<Body> {
    let Call { parts, body, peer, request_id, unsigned_for } = call;
    if apis.takes_stream(&parts, unsigned_for) {
        let (stream, body) = (Some(body), Bytes::new());
        return apis.handle(ApiRequest { parts, body, stream, unsigned_for, peer, request_id }).await;
    }
    match read_whole(body, body_bytes_max).await {
        Ok(Whole { bytes: body, share: _share }) => {
            apis.handle(ApiRequest { parts, body, stream: None, unsigned_for, peer, request_id }).await
        }
        Err(NotWhole::Busy) => {
            let busy = Answer::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, &request_id);
            Answer { retry_after: true, ..busy }.into_response()
        }
        Err(NotWhole::Broken(error)) => {
            let (status, message) = answer::of_body_error(&error);
            Answer::new(status, message, &request_id).into_response()
        }
    }
}

/// What is said where there is no room for another large body.
const BUSY: &str = "too many large requests are being read; come again";

/// One request under way.
struct Exchange<'a> {
    gateway: &'a Gateway,
    peer: Peer,
    request_id: Arc<str>,
    record: Option<Record>,
    /// Whether somebody on this machine asks, and no proxy for others.
    is_local: bool,
}

impl Exchange<'_> {
    async fn follow(&mut self, class: Class<WorkloadId>, parts: Parts, body: Body) -> Response<Body> {
        let (class, body) = match class {
            Class::PerhapsQuery(otherwise) => match Peeked::read(body).await {
                Ok(peeked) if classify::is_query_call(&peeked.first) => (Class::Api, Body::new(peeked)),
                Ok(peeked) => (*otherwise, Body::new(peeked)),
                Err(error) => return self.refuse_body(&error),
            },
            class => (class, body),
        };
        match class {
            Class::Api | Class::PerhapsQuery(_) => self.call(parts, body, None).await,
            Class::Bucket => self.call(parts, body, Some("s3")).await,
            Class::Workload(target) => {
                self.log_route(|| format!("{}/{}", target.route.app, target.route.workload));
                self.forward(target, parts, body).await
            }
            Class::Download => {
                self.log_route(|| "download".to_owned());
                match &self.gateway.downloads {
                    Some(downloads) => downloads.handle(parts, Arc::clone(&self.request_id)).await,
                    None => self.refuse(StatusCode::NOT_FOUND, "nothing can be downloaded here"),
                }
            }
            Class::StackResponse => {
                self.log_route(|| "stack-response".to_owned());
                match &self.gateway.stack_responses {
                    Some(taker) => responses::take(&**taker, parts, body, Arc::clone(&self.request_id)).await,
                    None => self.refuse(StatusCode::NOT_FOUND, "no stack waits for answers here"),
                }
            }
            Class::FunctionUrl(place) => {
                self.log_route(|| format!("lambda-url/{}", place.id));
                self.function_url(place, parts, body).await
            }
            Class::Registry => {
                self.log_route(|| "images".to_owned());
                let (peer, secure) = (self.peer.addr.ip(), self.peer.secure);
                let request_id = Arc::clone(&self.request_id);
                match &self.gateway.images {
                    Some(images) => {
                        images.serve(RegistryRequest { parts, body, peer, secure, request_id }).await
                    }
                    None => self.refuse(StatusCode::NOT_FOUND, "there is no registry of images here"),
                }
            }
            Class::Execute(place) => {
                self.log_route(|| format!("execute-api/{}", place.api));
                self.execute(place, parts, body).await
            }
            Class::Nowhere(Missing::Route) => {
                let host = classify::authority(&parts).unwrap_or("-");
                let message =
                    format!("no route for {host}{}: `weft ps` shows what is served where", parts.uri.path());
                self.refuse(StatusCode::NOT_FOUND, &message)
            }
            Class::Nowhere(Missing::Method) => {
                let message = format!("no route takes {} here", parts.method);
                self.refuse(StatusCode::METHOD_NOT_ALLOWED, &message)
            }
            Class::Bad(message) => self.refuse(StatusCode::BAD_REQUEST, message),
            Class::BadPath(error) => self.refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }

    async fn call(&mut self, parts: Parts, body: Body, unsigned_for: Option<&'static str>) -> Response<Body> {
        self.log_route(|| "api".to_owned());
        let request_id = Arc::clone(&self.request_id);
        let call = Call { parts, body, peer: self.peer, request_id, unsigned_for };
        call_api(&*self.gateway.apis, self.gateway.options.api_body_bytes_max, call).await
    }

    async fn forward(&self, target: Target<WorkloadId>, mut parts: Parts, mut body: Body) -> Response<Body> {
        let workload = &target.route.target;
        let mut principal = None;
        if target.route.auth == Auth::Unsaid && !self.is_on_loopback() {
            return self.refuse(StatusCode::FORBIDDEN, auth::UNSAID);
        }
        if target.route.auth > Auth::Unsaid {
            match self.authorize(&target, &parts, body).await {
                Ok((passed, who)) => (body, principal) = (passed, who),
                Err(response) => return *response,
            }
            headers::remove_credentials(&mut parts.headers);
        }
        let revision = match self.gateway.revisions.current(workload).await {
            Ok(Some(revision)) => revision,
            Ok(None) => {
                return self
                    .refuse(StatusCode::NOT_FOUND, "the workload is gone: `weft ps` shows what is there");
            }
            Err(error) => {
                tracing::error!(workload = &*workload.name, %error, "cannot find the current revision");
                return self.refuse(StatusCode::SERVICE_UNAVAILABLE, "the workload cannot be looked up now");
            }
        };
        self.rewrite(&mut parts, &target, principal.as_deref());
        let (body, broken) = Guard::guard(body);
        let work = WorkRequest {
            request: Request::from_parts(parts, body),
            caller: Caller::Outside { address: self.peer.addr.ip() },
            request_id: Arc::clone(&self.request_id),
        };
        match self.gateway.workers.forward(revision, work).await {
            Ok(mut response) => {
                weft_net::headers::remove_hop_by_hop(response.headers_mut());
                if let Ok(id) = HeaderValue::from_str(&self.request_id) {
                    response.headers_mut().entry(headers::REQUEST_ID).or_insert(id);
                }
                response
            }
            Err(error) => {
                if let Some(error) = broken.and_then(|broken| broken.get().cloned()) {
                    return self.refuse_body(&error);
                }
                let (status, message, retry_after) = error.status(workload.kind);
                let id = &*self.request_id;
                tracing::warn!(workload = &*workload.name, request_id = id, %error, "request failed");
                let reason = error.to_string();
                let told = self.is_local.then_some(&*reason);
                let answer = Answer { reason: told, retry_after, ..Answer::new(status, message, id) };
                answer.into_response()
            }
        }
    }

    /// Whether both ends are on this machine, and nobody says that the request came from elsewhere.
    fn is_on_loopback(&self) -> bool {
        let options = &self.gateway.options;
        self.is_local && auth::is_on_loopback(self.peer, &options.trusted_proxies)
    }

    async fn function_url(&self, place: urls::Place, original: Parts, body: Body) -> Response<Body> {
        let Some(function_urls) = &self.gateway.function_urls else {
            return urls::refusal(StatusCode::FORBIDDEN, None);
        };
        let Whole { bytes: body, share: _share } = match read_whole(body, urls::BODY_BYTES_MAX).await {
            Ok(whole) => whole,
            Err(NotWhole::Busy) => {
                return urls::refusal(StatusCode::SERVICE_UNAVAILABLE, Some("Service Unavailable"));
            }
            Err(NotWhole::Broken(BodyError::TooLarge(_))) => {
                return urls::refusal(StatusCode::PAYLOAD_TOO_LARGE, Some("Request Entity Too Large"));
            }
            Err(NotWhole::Broken(error)) => return self.refuse_body(&error),
        };
        let mut parts = original.clone();
        let urls::Place { id, region, prefix, uri } = place;
        parts.uri = uri.unwrap_or_else(|| original.uri.clone());
        let host = classify::authority(&original).unwrap_or_default();
        let hop = Hop {
            peer: self.peer,
            trusted: self.gateway.options.trusted_proxies.contains(&self.peer.addr.ip().to_canonical()),
            host,
            prefix: &prefix,
            request_id: &self.request_id,
            principal: None,
        };
        headers::forward(&mut parts.headers, &hop);
        let (peer, request_id) = (self.peer, Arc::clone(&self.request_id));
        let request = UrlRequest { id, region, original, parts, body, peer, request_id };
        let mut response = function_urls.handle(request).await;
        weft_net::headers::remove_hop_by_hop(response.headers_mut());
        response
    }

    async fn execute(&self, place: execute::Place, original: Parts, body: Body) -> Response<Body> {
        let Some(apis) = &self.gateway.execute_apis else {
            return execute::refusal(StatusCode::FORBIDDEN, "Forbidden");
        };
        let Whole { bytes: body, share: _share } = match read_whole(body, execute::BODY_BYTES_MAX).await {
            Ok(whole) => whole,
            Err(NotWhole::Busy) => {
                return execute::refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
            }
            Err(NotWhole::Broken(BodyError::TooLarge(_))) => {
                return execute::refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
            }
            Err(NotWhole::Broken(error)) => return self.refuse_body(&error),
        };
        let execute::Place { api, region, stage, path_and_query } = place;
        let call = ExecuteCall {
            api,
            region,
            stage,
            path_and_query,
            body,
            peer: self.peer.addr.ip(),
            secure: self.peer.secure,
            local: self.is_on_loopback(),
            original,
            request_id: Arc::clone(&self.request_id),
        };
        let mut response = apis.execute(call).await;
        weft_net::headers::remove_hop_by_hop(response.headers_mut());
        response
    }

    /// Makes the request the workload's.
    fn rewrite(&self, parts: &mut Parts, target: &Target<WorkloadId>, principal: Option<&str>) {
        let host = classify::authority(parts).unwrap_or_default().to_owned();
        if let Some(uri) = &target.uri {
            parts.uri = uri.clone();
        }
        let hop = Hop {
            peer: self.peer,
            trusted: self.gateway.options.trusted_proxies.contains(&self.peer.addr.ip().to_canonical()),
            host: &host,
            prefix: &target.prefix,
            request_id: &self.request_id,
            principal,
        };
        headers::forward(&mut parts.headers, &hop);
    }

    /// Asks whether the request may use its route; gives the body back, and who asks.
    async fn authorize(
        &self,
        target: &Target<WorkloadId>,
        parts: &Parts,
        body: Body,
    ) -> Result<(Body, Option<String>), Box<Response<Body>>> {
        let auth = target.route.auth;
        let (whole, body) = if auth == Auth::Iam {
            let max = self.gateway.options.api_body_bytes_max;
            let whole = read_whole(body, max).await.map_err(|error| {
                Box::new(match error {
                    NotWhole::Busy => self.refuse(StatusCode::SERVICE_UNAVAILABLE, BUSY),
                    NotWhole::Broken(error) => self.refuse_body(&error),
                })
            })?;
            let whole = whole.bytes;
            (Some(whole.clone()), full(whole))
        } else {
            (None, body)
        };
        let asked = Asked {
            auth,
            workload: &target.route.target,
            parts,
            body: whole.as_ref(),
            key: parts.headers.get(headers::API_KEY).and_then(|key| key.to_str().ok()),
            peer: self.peer,
        };
        match self.gateway.authorizer.authorize(asked).await {
            Ok(allowed) => Ok((body, allowed.principal)),
            Err(denied) => {
                let mut response = self.refuse(answer::of_denied(&denied), &denied.to_string());
                if matches!(denied, Denied::Unauthenticated(_)) {
                    let scheme = if auth == Auth::Iam { "AWS4-HMAC-SHA256" } else { "ApiKey" };
                    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
                }
                Err(Box::new(response))
            }
        }
    }

    fn refuse(&self, status: StatusCode, message: &str) -> Response<Body> {
        Answer::new(status, message, &self.request_id).into_response()
    }

    fn refuse_body(&self, error: &BodyError) -> Response<Body> {
        let (status, message) = answer::of_body_error(error);
        self.refuse(status, message)
    }

    fn log_route(&mut self, route: impl FnOnce() -> String) {
        if let Some(record) = &mut self.record {
            record.route = route();
        }
    }
}

/// A body whose first piece was looked at.
struct Peeked {
    first: Bytes,
    taken: bool,
    rest: Body,
}

impl Peeked {
    async fn read(mut body: Body) -> Result<Self, BodyError> {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let first = match frame {
            None => Bytes::new(),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => return Err(body_error(&error)),
        };
        Ok(Self { taken: first.is_empty(), first, rest: body })
    }
}

impl http_body::Body for Peeked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.taken {
            return Pin::new(&mut self.rest).poll_frame(cx);
        }
        self.taken = true;
        Poll::Ready(Some(Ok(Frame::data(self.first.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.taken && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = if self.taken { 0 } else { self.first.len() as u64 };
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + first);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + first);
        }
        hint
    }
}

/// Remembers how a body failed, so that the client's fault is not taken for the worker's.
struct Guard(Arc<OnceLock<BodyError>>);

impl Guard {
    fn guard(body: Body) -> (Body, Option<Arc<OnceLock<BodyError>>>) {
        if body.is_end_stream() {
            return (body, None);
        }
        let broken = Arc::new(OnceLock::new());
        (attended(body, Self(Arc::clone(&broken))), Some(broken))
    }
}

impl Attendant for Guard {
    fn passed(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>, _: bool) {
        if let Some(Err(error)) = frame {
            let _ = self.0.set(body_error(error));
        }
    }
}

fn body_error(error: &BoxError) -> BodyError {
    match error.downcast_ref::<BodyError>() {
        Some(error) => error.clone(),
        None => BodyError::Broken(error.to_string()),
    }
}
