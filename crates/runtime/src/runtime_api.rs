//! The HTTP Runtime API, for custom runtimes and anyone's own client.
//!
//! One [`RuntimeApi`] per worker: the worker asks for the next event and posts what came of it, Weft [submits](RuntimeApi::submit)
//! an event and waits. The rules are AWS's: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, and what its
//! open-source emulator and the official clients do where the page says nothing.

mod answers;
mod extension_calls;
mod machine;
mod posted;
mod subscriptions;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use answers::{accepted, header};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use machine::{Call, Phase, Verdict, decide};
pub(crate) use posted::Piece;
use posted::{Broken, collect, error_of, pass_on};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use weft_net::{Body, Handler, Limits, Peer, Stream};
use weft_service::BoxFuture;
use weft_service::workload::DoorHandler;

use crate::extensions::Extensions;
use crate::frames::Invoke;
use crate::telemetry::Telemetry;

/// What a runtime made of an event.
#[derive(Debug)]
pub(crate) enum Answered {
    /// The answer, with its content type.
    Response(String, Bytes),
    /// The answer as it comes, with its content type.
    Streamed(String, mpsc::Receiver<Piece>),
    /// The function failed, with this type in the header.
    Error(Bytes, Option<String>),
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
    /// It reported this error, with this type in the header.
    Failed(Bytes, Option<String>),
}

/// What extensions are told of their function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Its name.
    pub(crate) function_name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its handler.
    pub(crate) handler: String,
    /// Its account.
    pub(crate) account: String,
}

/// What is waited for after an event was [submitted](RuntimeApi::submit).
pub(crate) struct Waits {
    /// The runtime has taken it.
    pub(crate) taken: oneshot::Receiver<()>,
    /// What came of it.
    pub(crate) answered: oneshot::Receiver<Answered>,
}

/// See the module.
pub(crate) struct RuntimeApi {
    state: Mutex<State>,
    /// Told when an event is there to take.
    event: Notify,
    init: watch::Sender<Init>,
    facts: Facts,
    /// The extensions of the worker.
    pub(crate) extensions: Arc<Extensions>,
    telemetry: Arc<Telemetry>,
}

struct State {
    phase: Phase,
    pending: Option<Pending>,
    /// The event that the runtime has, until its answer begins.
    running: Option<(Invoke, oneshot::Sender<Answered>)>,
    /// The id of the event that it has or had last.
    id: Option<Arc<str>>,
}

struct Pending {
    invoke: Invoke,
    taken: oneshot::Sender<()>,
    answered: oneshot::Sender<Answered>,
}

/// Pieces of a streamed answer that wait for whoever takes it.
const PIECES_MAX: usize = 2;

impl RuntimeApi {
    /// The API of a worker that has just been started, with these external extensions.
    pub(crate) fn new(facts: Facts, external: &[String], telemetry: Arc<Telemetry>) -> Arc<Self> {
        let state = State { phase: Phase::Started, pending: None, running: None, id: None };
        Arc::new(Self {
            state: Mutex::new(state),
            event: Notify::new(),
            init: watch::Sender::new(Init::Running),
            facts,
            extensions: Arc::new(Extensions::new(external)),
            telemetry,
        })
    }

    /// Waits until the runtime has initialised itself, or has failed to.
    pub(crate) async fn initialised(&self) -> Init {
        let mut init = self.init.subscribe();
        init.wait_for(|init| *init != Init::Running).await.map_or(Init::Running, |init| init.clone())
    }

    /// Offers an event to the runtime. What waits fails where another event takes its place.
    pub(crate) fn submit(&self, invoke: Invoke) -> Waits {
        let (taken, was_taken) = oneshot::channel();
        let (answered, was_answered) = oneshot::channel();
        self.state().pending = Some(Pending { invoke, taken, answered });
        self.event.notify_one();
        Waits { taken: was_taken, answered: was_answered }
    }

    /// Takes back an event that the runtime has not taken.
    pub(crate) fn withdraw(&self) -> Option<Invoke> {
        self.state().pending.take().map(|pending| pending.invoke)
    }

    /// Whether the runtime waits for an event, or has one.
    pub(crate) fn asks(&self) -> bool {
        matches!(self.state().phase, Phase::Ready | Phase::Running)
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
        if let Some(rest) = path.strip_prefix("/2020-01-01/extension/") {
            return self.extension(rest, request).await;
        }
        if let "/2022-07-01/telemetry" | "/2020-08-15/logs" = path.trim_end_matches('/') {
            return self.subscribe(path.contains("logs"), request).await;
        }
        let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") else {
            return answers::unknown(&path);
        };
        let (post, get) = (request.method() == Method::POST, request.method() == Method::GET);
        let parts: Vec<&str> = rest.split('/').collect();
        match parts[..] {
            ["invocation", "next"] if get => self.next().await,
            ["invocation", id, "response"] if post => self.response(id, request).await,
            ["invocation", id, "error"] if post => self.error(id, request).await,
            ["init", "error"] if post => self.init_error(request).await,
            ["restore", "next"] if get => answers::no_snapshots(),
            ["restore", "error"] if post => answers::no_snapshots(),
            _ => answers::unknown(&path),
        }
    }

    async fn next(&self) -> Response<Body> {
        {
            let mut state = self.state();
            match decide(state.phase, Call::Next) {
                Verdict::Go => state.phase = Phase::Ready,
                Verdict::Again => {
                    if let Some((invoke, _)) = &state.running {
                        return answers::event(invoke);
                    }
                }
                _ => return answers::invalid_state(state.phase, Call::Next),
            }
        }
        self.init.send_if_modified(|init| {
            let first = *init == Init::Running;
            if first {
                *init = Init::Done;
            }
            first
        });
        self.wait_for_event().await
    }

    async fn wait_for_event(&self) -> Response<Body> {
        loop {
            let event = self.event.notified();
            {
                let mut state = self.state();
                // Another of the runtime's connections may have it: then this one waits for the next.
                if state.phase == Phase::Ready
                    && let Some(Pending { invoke, taken, answered }) = state.pending.take()
                {
                    let response = answers::event(&invoke);
                    state.phase = Phase::Running;
                    state.id = Some(Arc::clone(&invoke.invocation.request_id));
                    state.running = Some((invoke, answered));
                    let _ = taken.send(());
                    return response;
                }
            }
            event.await;
        }
    }

    async fn response(&self, id: &str, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let mode = head.headers.get("lambda-runtime-function-response-mode");
        if mode.is_some_and(|mode| !mode.as_bytes().eq_ignore_ascii_case(b"streaming")) {
            return answers::invalid_mode();
        }
        let running = match self.begin_answer(id, |known| Call::Response { known }) {
            Ok(running) => running,
            Err(response) => return *response,
        };
        let content_type =
            header(&head.headers, "content-type").unwrap_or("application/octet-stream").to_owned();
        if mode.is_some() {
            return self.streamed(content_type, running.1, body).await;
        }
        let answered = |bytes, trailers: &HeaderMap| match error_of(trailers) {
            Some(error) => Answered::Error(error, None),
            None => Answered::Response(content_type, bytes),
        };
        self.whole(running, body, answered).await
    }

    async fn error(&self, id: &str, request: Request<Body>) -> Response<Body> {
        match self.begin_answer(id, |known| Call::Error { known }) {
            Ok(running) => {
                let error_type = error_type(request.headers());
                let answered = |bytes, _: &HeaderMap| Answered::Error(bytes, error_type);
                self.whole(running, request.into_body(), answered).await
            }
            Err(response) => *response,
        }
    }

    /// An answer that goes on to the caller as it comes.
    async fn streamed(
        &self,
        content_type: String,
        answered: oneshot::Sender<Answered>,
        body: Body,
    ) -> Response<Body> {
        let (pieces, taken) = mpsc::channel(PIECES_MAX);
        let _ = answered.send(Answered::Streamed(content_type, taken));
        let passed = pass_on(body, pieces).await;
        self.state().phase = Phase::ResponseSent;
        if passed.is_ok() { accepted() } else { answers::truncated() }
    }

    /// An answer that is read to its end first.
    async fn whole(
        &self,
        (invoke, answered): (Invoke, oneshot::Sender<Answered>),
        body: Body,
        made: impl FnOnce(Bytes, &HeaderMap) -> Answered,
    ) -> Response<Body> {
        let (what, response) = match collect(body).await {
            Ok((bytes, trailers)) => (made(bytes, &trailers), accepted()),
            Err(Broken::TooLarge(length)) => (Answered::TooLarge(length), answers::too_large()),
            Err(Broken::Truncated) => {
                // The runtime may try again.
                let mut state = self.state();
                state.phase = Phase::Running;
                state.running = Some((invoke, answered));
                return answers::truncated();
            }
        };
        self.state().phase = Phase::ResponseSent;
        let _ = answered.send(what);
        response
    }

    async fn init_error(&self, request: Request<Body>) -> Response<Body> {
        {
            let mut state = self.state();
            if decide(state.phase, Call::InitError) != Verdict::Go {
                return answers::invalid_state(state.phase, Call::InitError);
            }
            state.phase = Phase::InitError;
        }
        let error_type = error_type(request.headers());
        let Ok((bytes, _)) = collect(request.into_body()).await else {
            self.state().phase = Phase::Started;
            return answers::truncated();
        };
        self.init.send_replace(Init::Failed(bytes, error_type));
        accepted()
    }

    /// The event whose answer begins, and who waits for it.
    fn begin_answer(
        &self,
        id: &str,
        call: impl FnOnce(bool) -> Call,
    ) -> Result<(Invoke, oneshot::Sender<Answered>), Box<Response<Body>>> {
        let mut state = self.state();
        let call = call(state.id.as_deref() == Some(id));
        match (decide(state.phase, call), state.running.take()) {
            (Verdict::Go, Some(running)) => {
                state.phase = call.target();
                Ok(running)
            }
            (verdict, running) => {
                state.running = running;
                Err(Box::new(match verdict {
                    Verdict::UnknownId => answers::invalid_id(),
                    _ => answers::invalid_state(state.phase, call),
                }))
            }
        }
    }
}

fn error_type(headers: &HeaderMap) -> Option<String> {
    header(headers, "lambda-runtime-function-error-type").map(str::to_owned)
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

#[cfg(test)]
mod extension_tests;
#[cfg(test)]
mod tests;
