//! A client of one worker: connections are kept and reused.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::attended::{Attendant, Attended};
use crate::{Body, BoxError, BoxFuture, BoxStream, empty, relay};

/// Makes connections to one place.
pub trait Connect: Send + Sync + 'static {
    /// Makes one.
    fn connect(&self) -> BoxFuture<'static, io::Result<BoxStream>>;
}

impl<F> Connect for F
where
    F: Fn() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync + 'static,
{
    fn connect(&self) -> BoxFuture<'static, io::Result<BoxStream>> {
        self()
    }
}

/// A [`Client`]'s bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Idle connections that are kept.
    pub idle_max: usize,
    /// How long an idle connection is trusted.
    pub idle_timeout: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// Bytes of an answer's head, at least 8 KiB.
    pub header_bytes_max: usize,
    /// How long an upgraded connection may stay silent.
    pub upgraded_idle_timeout: Duration,
}

impl Default for ClientOptions {
    /// 64 idle connections for 60 s, 5 s to connect, 256 KiB of headers, an hour for a silent WebSocket.
    fn default() -> Self {
        Self {
            idle_max: 64,
            idle_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(5),
            header_bytes_max: 256 << 10,
            upgraded_idle_timeout: Duration::from_hours(1),
        }
    }
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection could be made; nothing was sent.
    #[error("failed to connect")]
    Connect {
        /// What the connector said.
        source: io::Error,
    },
    /// No connection was made in time; nothing was sent.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// The request's own body failed while it was sent: the client's fault, not the worker's.
    #[error("the request's body failed")]
    RequestBody {
        /// How.
        source: BoxError,
    },
    /// What came back is not HTTP, or its head is too large.
    #[error("the answer is not valid HTTP")]
    Malformed {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The connection ended before the answer began; the request may have been acted upon.
    #[error("the connection ended before the answer began")]
    Ended {
        /// How.
        source: BoxError,
    },
}

/// Sends requests to one place. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Client(Arc<Pool>);

struct Pool {
    connector: Box<dyn Connect>,
    options: ClientOptions,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

impl Client {
    /// A client without connections yet.
    pub fn new(connector: impl Connect, options: ClientOptions) -> Self {
        Self(Arc::new(Pool { connector: Box::new(connector), options, idle: Mutex::default() }))
    }

    /// Sends a request, whose URI has path and query alone, and returns the answer when its head has come. The answer's
    /// body streams; dropping it, or this future, closes the connection.
    ///
    /// A kept connection may turn out to be dead: then the request goes out on a new one where nothing of it was sent,
    /// or where it is idempotent and has no body. Where the request asked for an upgrade and the answer grants it, both
    /// ends are relayed until one ends.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        self.send_holding(request, || ()).await
    }

    /// [Sends](Self::send) a request. Where an upgrade follows, and only then, `hold` is called; what it gives is dropped when
    /// one end has closed, or when nothing moved for [`ClientOptions::upgraded_idle_timeout`].
    pub async fn send_holding<K: Send + 'static>(
        &self,
        mut request: Request<Body>,
        hold: impl FnOnce() -> K,
    ) -> Result<Response<Body>, SendError> {
        let client_side = request.extensions_mut().remove::<OnUpgrade>();
        let answered = loop {
            let Some(sender) = self.0.take_idle() else {
                let sender = self.0.connect().await?;
                break exchange(sender, request).await.map_err(|failed| failed.error)?;
            };
            let again = repeatable(&request);
            match exchange(sender, request).await {
                Ok(answered) => break answered,
                Err(Failed { unsent: Some(unsent), .. }) => request = unsent,
                Err(Failed { error: SendError::Ended { source }, .. }) => match again {
                    Some(again) => request = again,
                    None => return Err(SendError::Ended { source }),
                },
                Err(failed) => return Err(failed.error),
            }
        };
        Ok(self.with_upgrade(answered, client_side, hold))
    }

    /// Closes all idle connections.
    pub fn clear(&self) {
        self.0.idle().clear();
    }

    fn with_upgrade<K: Send + 'static>(
        &self,
        (mut response, sender): (Response<Incoming>, SendRequest<Body>),
        client_side: Option<OnUpgrade>,
        hold: impl FnOnce() -> K,
    ) -> Response<Body> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(client_side) = client_side {
                let worker_side = hyper::upgrade::on(&mut response);
                let (kept, idle_timeout) = (hold(), self.0.options.upgraded_idle_timeout);
                tokio::spawn(async move {
                    splice(client_side, worker_side, idle_timeout).await;
                    drop(kept);
                });
            }
            return response.map(|_| empty());
        }
        let pool = Arc::clone(&self.0);
        response.map(|incoming| {
            if incoming.is_end_stream() {
                pool.give_back(sender);
                return empty();
            }
            let attendant = Borrowed { sender: Some(sender), pool, ended: false };
            Body::new(Attended { inner: incoming, attendant }.map_err(BoxError::from))
        })
    }
}

type Exchanged = Result<(Response<Incoming>, SendRequest<Body>), Failed>;

struct Failed {
    error: SendError,
    /// The request, where nothing of it was sent.
    unsent: Option<Request<Body>>,
}

async fn exchange(mut sender: SendRequest<Body>, request: Request<Body>) -> Exchanged {
    match sender.try_send_request(request).await {
        Ok(response) => Ok((response, sender)),
        Err(mut failed) => {
            let unsent = failed.take_message();
            Err(Failed { unsent, error: classify(failed.into_error()) })
        }
    }
}

fn classify(error: hyper::Error) -> SendError {
    if error.is_user() {
        return SendError::RequestBody { source: error.into() };
    }
    if error.is_parse() {
        return SendError::Malformed { source: error.into() };
    }
    SendError::Ended { source: error.into() }
}

/// A copy of a request that may be sent twice.
fn repeatable(request: &Request<Body>) -> Option<Request<Body>> {
    let idempotent = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    );
    if !idempotent || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

async fn splice(client_side: OnUpgrade, worker_side: OnUpgrade, idle_timeout: Duration) {
    match tokio::try_join!(client_side, worker_side) {
        Ok((client, worker)) => {
            let end = relay(TokioIo::new(client), TokioIo::new(worker), idle_timeout).await;
            tracing::debug!(
                sent = end.sent,
                received = end.received,
                idle = end.idle,
                "upgraded connection ended"
            );
        }
        Err(error) => tracing::debug!(%error, "an upgrade was granted but did not happen"),
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last: it is the likeliest to be alive, and the others may time out.
    fn take_idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle();
        while let Some(last) = idle.pop() {
            if last.since.elapsed() > self.options.idle_timeout {
                // All others are older still.
                idle.clear();
                return None;
            }
            if last.sender.is_ready() {
                return Some(last.sender);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Body>, SendError> {
        let limit = self.options.connect_timeout;
        let connecting = tokio::time::timeout(limit, self.connector.connect());
        let Ok(stream) = connecting.await else { return Err(SendError::ConnectTimeout(limit)) };
        let stream = stream.map_err(|source| SendError::Connect { source })?;
        let header_bytes_max = self.options.header_bytes_max.max(8192);
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(header_bytes_max)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(classify)?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told as well.
            if let Err(error) = connection.with_upgrades().await {
                tracing::trace!(%error, "connection to a worker ended early");
            }
        });
        Ok(sender)
    }

    fn give_back(self: &Arc<Self>, mut sender: SendRequest<Body>) {
        if sender.is_closed() {
            return;
        }
        if sender.is_ready() {
            return self.keep(sender);
        }
        // The connection's task has yet to notice that the answer is over, or is still sending the request.
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(1), sender.ready()).await {
                pool.keep(sender);
            }
        });
    }

    fn keep(&self, sender: SendRequest<Body>) {
        let mut idle = self.idle();
        if idle.len() < self.options.idle_max {
            idle.push(Idle { sender, since: Instant::now() });
        }
    }
}

/// A connection that an answer is read from; given back with the answer's body, where that was read to its end.
struct Borrowed {
    sender: Option<SendRequest<Body>>,
    pool: Arc<Pool>,
    ended: bool,
}

impl<E> Attendant<E> for Borrowed {
    fn passed(&mut self, _: Option<&Result<Frame<Bytes>, E>>, ended: bool) {
        self.ended = ended;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take().filter(|_| self.ended) {
            self.pool.give_back(sender);
        }
    }
}
