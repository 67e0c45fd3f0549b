//! The HTTP Runtime API, for custom runtimes and anyone's own client.
//!
//! One [`RuntimeApi`] per worker: the worker asks for the next event and posts what came of it, Weft [submits](RuntimeApi::submit)
//! an event and waits. The rules are AWS's: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, and what its
//! open-source emulator and the official clients do where the page says nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::sync::{Notify, oneshot, watch};
use weft_net::{Body, Handler, Limits, Peer, Stream, full};
use weft_service::BoxFuture;
use weft_service::workload::{DoorHandler, Invocation};

use crate::frames::{Invoke, RESPONSE_BYTES_MAX};

/// What a runtime made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The answer, with its content type.
    Response(String, Bytes),
    /// The function failed.
    Error(Bytes),
    /// The answer is longer than allowed.
    TooLarge(usize),
}

/// How far a runtime's initialisation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Init {
    /// On its way.
    Running,
    /// It asked for its first event.
    Done,
    /// It reported this error.
    Failed(Bytes),
}

/// See the module.
pub(crate) struct RuntimeApi {
    state: Mutex<State>,
    /// Told when an event is there to take.
    event: Notify,
    init: watch::Sender<Init>,
}

#[derive(Default)]
struct State {
    pending: Option<(Invoke, oneshot::Sender<Answered>)>,
    /// The event that the runtime has, and who waits for what comes of it; the latter is gone once an answer began.
    running: Option<(Arc<str>, Option<oneshot::Sender<Answered>>)>,
    /// The last event that was answered.
    last: Option<Arc<str>>,
}

impl RuntimeApi {
    /// The API of a worker that has just been started.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            event: Notify::new(),
            init: watch::Sender::new(Init::Running),
        })
    }

    /// Waits until the runtime has initialised itself, or has failed to.
    pub(crate) async fn initialised(&self) -> Init {
        let mut init = self.init.subscribe();
        init.wait_for(|init| *init != Init::Running).await.map_or(Init::Running, |init| init.clone())
    }

    /// Offers an event to the runtime. The receiver fails where another event takes its place.
    pub(crate) fn submit(&self, invoke: Invoke) -> oneshot::Receiver<Answered> {
        let (sender, receiver) = oneshot::channel();
        self.state().pending = Some((invoke, sender));
        self.event.notify_one();
        receiver
    }

    /// Serves one connection of the runtime until it ends.
    pub(crate) async fn serve(self: Arc<Self>, stream: impl Stream) {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let peer = Peer::door(nowhere, nowhere);
        weft_net::serve_connection(stream, peer, Arc::new(Api(self)), Arc::new(Limits::runtime_api())).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") else {
            return unknown(&path);
        };
        let (post, get) = (request.method() == Method::POST, request.method() == Method::GET);
        let parts: Vec<&str> = rest.split('/').collect();
        match parts[..] {
            ["invocation", "next"] if get => self.next().await,
            ["invocation", id, "response"] if post => self.response(id, request).await,
            ["invocation", id, "error"] if post => self.error(id, request).await,
            ["init", "error"] if post => self.init_error(request).await,
            _ => unknown(&path),
        }
    }

    async fn next(&self) -> Response<Body> {
        if *self.init.borrow() == Init::Running {
            self.init.send_replace(Init::Done);
        }
        loop {
            let event = self.event.notified();
            {
                let mut state = self.state();
                if state.running.is_some() {
                    return invalid_state("an invocation is under way");
                }
                if let Some((invoke, answered)) = state.pending.take() {
                    state.running = Some((Arc::clone(&invoke.invocation.request_id), Some(answered)));
                    return event_response(invoke);
                }
            }
            event.await;
        }
    }

    async fn response(&self, id: &str, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Some(mode) = head.headers.get("lambda-runtime-function-response-mode")
            && !mode.as_bytes().eq_ignore_ascii_case(b"streaming")
        {
            return problem(
                StatusCode::BAD_REQUEST,
                "InvalidFunctionResponseMode",
                "the response mode is unknown",
            );
        }
        let waits = match self.take_running(id) {
            Ok(waits) => waits,
            Err(response) => return *response,
        };
        let content_type =
            header(&head.headers, "content-type").unwrap_or("application/octet-stream").to_owned();
        let collected = collect(body).await;
        let (answered, response) = match collected {
            Ok((_, trailers)) if trailers.contains_key("lambda-runtime-function-error-type") => {
                (Answered::Error(trailer_error(&trailers)), accepted())
            }
            Ok((bytes, _)) => (Answered::Response(content_type, bytes), accepted()),
            Err(Broken::TooLarge(length)) => (Answered::TooLarge(length), too_large()),
            Err(Broken::Truncated) => {
                // The runtime may try again.
                self.state().running = Some((id.into(), Some(waits)));
                return problem(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the body broke off");
            }
        };
        self.finish(id);
        let _ = waits.send(answered);
        response
    }

    async fn error(&self, id: &str, request: Request<Body>) -> Response<Body> {
        let waits = match self.take_running(id) {
            Ok(waits) => waits,
            Err(response) => return *response,
        };
        let (answered, response) = match collect(request.into_body()).await {
            Ok((bytes, _)) => (Answered::Error(bytes), accepted()),
            Err(Broken::TooLarge(length)) => (Answered::TooLarge(length), too_large()),
            Err(Broken::Truncated) => {
                self.state().running = Some((id.into(), Some(waits)));
                return problem(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the body broke off");
            }
        };
        self.finish(id);
        let _ = waits.send(answered);
        response
    }

    async fn init_error(&self, request: Request<Body>) -> Response<Body> {
        let Ok((bytes, _)) = collect(request.into_body()).await else {
            return problem(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the body broke off");
        };
        let first = self.init.send_if_modified(|init| {
            let running = *init == Init::Running;
            if running {
                *init = Init::Failed(bytes);
            }
            running
        });
        if first { accepted() } else { invalid_state("the initialisation is over") }
    }

    /// The one who waits for the answer to the event that runs.
    fn take_running(&self, id: &str) -> Result<oneshot::Sender<Answered>, Box<Response<Body>>> {
        let mut state = self.state();
        let State { running, last, .. } = &mut *state;
        match running {
            Some((running, waits)) if **running == *id => {
                waits.take().ok_or_else(|| Box::new(invalid_state("an answer is already under way")))
            }
            None if last.as_deref() == Some(id) => {
                Err(Box::new(invalid_state("the invocation has its answer")))
            }
            _ => {
                let message = "there is no invocation of this id";
                Err(Box::new(problem(StatusCode::BAD_REQUEST, "InvalidRequestID", message)))
            }
        }
    }

    fn finish(&self, id: &str) {
        let mut state = self.state();
        state.running = None;
        state.last = Some(id.into());
    }
}

/// Serves connections that come through a worker's door.
pub(crate) struct ApiDoor(pub(crate) Arc<RuntimeApi>);

impl DoorHandler for ApiDoor {
    fn serve(&self, stream: std::net::TcpStream) -> BoxFuture<'static, ()> {
        let api = Arc::clone(&self.0);
        Box::pin(async move {
            match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => {
                    // Small answers must not wait for acknowledgements.
                    let _ = stream.set_nodelay(true);
                    api.serve(stream).await;
                }
                Err(error) => tracing::warn!(%error, "a connection to the Runtime API was lost"),
            }
        })
    }
}

struct Api(Arc<RuntimeApi>);

impl Handler for Api {
    fn handle(&self, request: Request<Body>, _: Peer) -> weft_net::BoxFuture<'_, Response<Body>> {
        Box::pin(self.0.answer(request))
    }
}

enum Broken {
    TooLarge(usize),
    Truncated,
}

/// Reads a body and its trailers. What is too long is read to its end all the same, so that the runtime sees the answer.
async fn collect(mut body: Body) -> Result<(Bytes, HeaderMap), Broken> {
    let (mut bytes, mut trailers, mut length) = (BytesMut::new(), HeaderMap::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Broken::Truncated)?.into_data() {
            Ok(data) => {
                length += data.len();
                if length <= RESPONSE_BYTES_MAX {
                    bytes.extend_from_slice(&data);
                }
            }
            // Some clients announce two trailers, others send two blocks.
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    if length > RESPONSE_BYTES_MAX { Err(Broken::TooLarge(length)) } else { Ok((bytes.freeze(), trailers)) }
}

/// The error that a runtime reported after its answer had begun: base64 of JSON.
fn trailer_error(trailers: &HeaderMap) -> Bytes {
    let body = header(trailers, "lambda-runtime-function-error-body").unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(body);
    match decoded {
        Ok(bytes) if !bytes.is_empty() => bytes.into(),
        _ => {
            let error_type =
                header(trailers, "lambda-runtime-function-error-type").unwrap_or("Runtime.Unknown");
            serde_json::json!({ "errorType": error_type, "errorMessage": "" }).to_string().into()
        }
    }
}

fn event_response(invoke: Invoke) -> Response<Body> {
    let deadline = invoke.deadline_ms.to_string();
    let Invocation { request_id, payload, client_context, invoked_arn, trace_id, .. } = invoke.invocation;
    let mut response = Response::new(full(payload));
    let headers = response.headers_mut();
    // Without a content type the official Python and Node.js clients crash.
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &*request_id),
        ("lambda-runtime-deadline-ms", &*deadline),
        ("lambda-runtime-invoked-function-arn", invoked_arn.as_str()),
        ("lambda-runtime-trace-id", trace_id.as_deref().unwrap_or_default()),
        ("lambda-runtime-client-context", client_context.as_deref().unwrap_or_default()),
    ] {
        // Line breaks between JSON's tokens may come; in its texts they are escaped.
        let value = value.replace(['\r', '\n'], " ");
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    }
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn accepted() -> Response<Body> {
    json(StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n".to_owned())
}

fn too_large() -> Response<Body> {
    let message = format!("the payload is larger than {RESPONSE_BYTES_MAX} bytes");
    problem(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn invalid_state(message: &str) -> Response<Body> {
    problem(StatusCode::FORBIDDEN, "InvalidStateTransition", message)
}

fn unknown(path: &str) -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "NotFound", &format!("the Runtime API has no `{path}`"))
}

fn problem(status: StatusCode, error_type: &str, message: &str) -> Response<Body> {
    json(status, serde_json::json!({ "errorMessage": message, "errorType": error_type }).to_string())
}

fn json(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
