//! Requests that come to function URLs.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};
use weft_net::{Body, full};
use weft_service::workload::{Caller, FunctionUrlCall, WorkError, WorkRequest};
use weft_service::{Access, ApiRequest, Context, Error, Principal};

use crate::Lambda;
use crate::counted::follow;
use crate::hold::Hold;
use crate::invoking::INVOKE;
use crate::loads::Running;
use crate::name::FunctionRef;
use crate::resolve::Target;
use crate::trace::Trace;
use crate::urls::FunctionUrl;

/// URLs that are remembered; of more, none are.
const URLS_MAX: usize = 10_000;

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A request that came to a function URL.
#[derive(Debug)]
pub struct UrlCall {
    /// The URL's id.
    pub id: String,
    /// The region that the host names; none in the path form.
    pub region: Option<String>,
    /// The head as it came: signatures cover it.
    pub original: Parts,
    /// The head for the function.
    pub parts: Parts,
    /// The body, at most 6 MiB.
    pub body: Bytes,
    /// The caller's address.
    pub peer: IpAddr,
    /// Whether the connection cannot be overheard.
    pub secure: bool,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// URLs that were asked for, as of a state of the functions.
#[derive(Default)]
pub(crate) struct KnownUrls(Mutex<(u64, HashMap<String, Known>)>);

type Known = Arc<(FunctionRef, FunctionUrl)>;

/// Why a request is not answered by its function: a status, and `Message`.
struct Refused(StatusCode, Option<String>);

impl Lambda {
    /// Answers a request that came to a function URL.
    pub async fn serve_url(&self, call: UrlCall) -> Response<Body> {
        let request_id = Arc::clone(&call.request_id);
        let mut response = match self.url(&call).await {
            Ok(Some(known)) => self.answer_url(call, &known).await,
            Ok(None) => Refused(StatusCode::FORBIDDEN, None).into_response(),
            Err(error) => of_error(&error).into_response(),
        };
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn answer_url(&self, call: UrlCall, known: &Known) -> Response<Body> {
        let (function, url) = &**known;
        let asked = call.original.headers.clone();
        if let Some(cors) = &url.cors
            && let Some(headers) = cors.preflight(&call.original.method, &asked)
        {
            let mut response = Response::new(weft_net::empty());
            *response.headers_mut() = headers;
            return response;
        }
        let answer = self.invoke_url(call, function, url).await;
        let mut response = answer.unwrap_or_else(Refused::into_response);
        if let Some(cors) = &url.cors {
            cors.apply(&asked, response.headers_mut());
        }
        response
    }

    async fn invoke_url(
        &self,
        mut call: UrlCall,
        function: &FunctionRef,
        url: &FunctionUrl,
    ) -> Result<Response<Body>, Refused> {
        let cx = self.url_caller(&call, function, url).await?;
        let kind = if url.signed { "AWS_IAM" } else { "NONE" };
        let access = Access::to("lambda:InvokeFunctionUrl", function.arn().as_str())
            .with("lambda:FunctionUrlAuthType", kind);
        let policy = self.resource_policy(function).await.map_err(|error| of_error(&error))?;
        let forbidden = |_| Refused(StatusCode::FORBIDDEN, Some("Forbidden".to_owned()));
        cx.authorize_with(&access, policy.as_deref()).await.map_err(forbidden)?;
        // Both are needed since October 2025: <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
        let access = Access::to(INVOKE, function.arn().as_str()).with("lambda:InvokedViaFunctionUrl", "true");
        cx.authorize_with(&access, policy.as_deref()).await.map_err(forbidden)?;
        let target = self.resolve(function).await.map_err(|error| of_error(&error))?;
        let now = self.clock.now();
        let trace = header(&call.original, &TRACE_ID).map(str::to_owned);
        let random = weft_service::random_bytes();
        let trace = Trace::of(trace.as_deref(), function.key.arn().as_str(), now, random);
        if trace.is_loop() && !target.whole.recursion_allowed {
            let message = "Lambda has detected your function being invoked in a recursive loop";
            return Err(Refused(StatusCode::BAD_REQUEST, Some(message.to_owned())));
        }
        if let Ok(value) = HeaderValue::from_str(&trace.header) {
            call.parts.headers.insert(TRACE_ID, value);
        }
        if url.signed {
            call.parts.headers.remove(AUTHORIZATION);
            call.parts.headers.remove(SECURITY_TOKEN);
        }
        let running = self.begin(&function.key, &target, now).await;
        let running = running.map_err(|_| of_work(&WorkError::Overloaded { max: 0 }))?;
        self.forward_url(call, function, url, target, &cx, running).await
    }

    async fn forward_url(
        &self,
        call: UrlCall,
        function: &FunctionRef,
        url: &FunctionUrl,
        target: Target,
        cx: &Context,
        running: Running,
    ) -> Result<Response<Body>, Refused> {
        let region = function.key.region.as_str();
        let mut request = Request::from_parts(call.parts, full(call.body));
        request.extensions_mut().insert(FunctionUrlCall {
            id: url.id.clone(),
            domain: format!("{}.lambda-url.{region}.localhost", url.id),
            authorizer: url.signed.then(|| authorizer(cx)).map(|value| value.to_string()),
            invoked_arn: function.arn(),
            streamed: url.streamed,
        });
        let caller = Caller::Outside { address: call.peer };
        let work = WorkRequest { request, caller, request_id: call.request_id };
        let begun = Instant::now();
        let forwarded = self.workers.forward(target.revision, work);
        let (answer, running) = Hold::new(forwarded, running).await;
        follow(running, begun, answer).map_err(|error| {
            tracing::warn!(function = function.key.name, %error, "a call of a function URL failed");
            of_work(&error)
        })
    }

    /// Who calls a function URL.
    async fn url_caller(
        &self,
        call: &UrlCall,
        function: &FunctionRef,
        url: &FunctionUrl,
    ) -> Result<Context, Refused> {
        let dispatch = self.dispatch.get().and_then(Weak::upgrade);
        let dispatch = dispatch.ok_or(Refused(StatusCode::SERVICE_UNAVAILABLE, None))?;
        if url.signed {
            let UrlCall { original, body, peer, secure, .. } = call;
            let request = ApiRequest::new(original.clone(), body.clone(), Some(*peer), *secure);
            let refused = |message| Refused(StatusCode::FORBIDDEN, Some(message));
            return dispatch.identify(&request).await.map_err(refused);
        }
        let key = &function.key;
        let mut cx = dispatch.context_for_service(crate::access::PRINCIPAL, key.account, key.region.clone());
        cx.principal = Arc::new(Principal::Anonymous);
        cx.source_ip = Some(call.peer);
        cx.secure = call.secure;
        cx.user_agent = header(&call.original, &http::header::USER_AGENT).map(Arc::from);
        cx.referer = header(&call.original, &http::header::REFERER).map(Arc::from);
        Ok(cx)
    }

    /// The function and the settings of a URL. From memory where no function has changed since it was asked for.
    async fn url(&self, call: &UrlCall) -> Result<Option<Known>, Error> {
        let epoch = self.cache.epoch();
        let found = match self.known_urls.get(epoch, &call.id) {
            Some(known) => Some(known),
            None => self.functions.url_by_id(&call.id).await?.map(Arc::new),
        };
        let in_region =
            |known: &Known| call.region.as_ref().is_none_or(|region| region == known.0.key.region.as_str());
        let Some(known) = found.filter(in_region) else { return Ok(None) };
        self.known_urls.keep(epoch, &call.id, &known);
        Ok(Some(known))
    }
}

impl KnownUrls {
    fn get(&self, epoch: u64, id: &str) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (known.0 == epoch).then(|| known.1.get(id).cloned()).flatten()
    }

    fn keep(&self, epoch: u64, id: &str, url: &Known) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 > epoch {
            return;
        }
        if known.0 < epoch || known.1.len() >= URLS_MAX {
            *known = (epoch, HashMap::new());
        }
        known.1.insert(id.to_owned(), Arc::clone(url));
    }
}

impl Refused {
    fn into_response(self) -> Response<Body> {
        let Self(status, message) = self;
        let mut response = Response::new(full(json!({ "Message": message }).to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(status.as_u16(), 429 | 503) {
            response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn of_error(error: &Error) -> Refused {
    match error.status() {
        Some(404) => Refused(StatusCode::FORBIDDEN, None),
        _ => {
            tracing::error!(?error, "a call of a function URL failed");
            Refused(StatusCode::INTERNAL_SERVER_ERROR, Some("Internal Server Error".to_owned()))
        }
    }
}

fn of_work(error: &WorkError) -> Refused {
    let (status, message) = match error {
        WorkError::Overloaded { .. } => (StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
        WorkError::StartFailed { .. } | WorkError::Crashed { .. } => {
            (StatusCode::BAD_GATEWAY, "Internal Server Error")
        }
        WorkError::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout"),
        WorkError::Unavailable { .. } | WorkError::Stopping => {
            (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
    };
    Refused(status, Some(message.to_owned()))
}

/// What an event tells of who signed.
fn authorizer(cx: &Context) -> Value {
    let id = cx.principal.user_id();
    json!({ "iam": {
        "accessKey": cx.access_key_id.as_deref(),
        "accountId": cx.principal.account().map(|account| account.to_string()),
        "callerId": id,
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": cx.principal.arn().map(|arn| arn.to_string()),
        "userId": id,
    } })
}

fn header<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}
