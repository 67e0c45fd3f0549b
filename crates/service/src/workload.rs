//! The seam between those who own code (Lambda, compute) and the runtime that runs it.
//!
//! A service turns what it stores into an immutable [`Revision`] and hands it to [`Workers`] with each request; the
//! runtime keeps a pool per revision and never reads a service's records.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use weft_net::Body;
use weft_types::{AccountId, AppName, Arn, Region, Timestamp};

use crate::starts::StartStatus;
use crate::{BoxFuture, Error};

/// What runs code and scales by itself, by its place and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadId {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The app; none for a function that was created through the Lambda API alone.
    pub app: Option<AppName>,
    /// The name: a service's within its app, or a Lambda function's (with `:qualifier` where one is pinned).
    pub name: Arc<str>,
    /// Whether it is a function or a service.
    pub kind: WorkloadKind,
}

/// The two kinds of workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// Invoked with events.
    Function,
    /// Listens for HTTP.
    Service,
}

/// One immutable version of a workload: its code, settings and contract.
#[derive(Debug)]
pub struct Revision {
    /// Unique among all revisions, and never given to another: pools are kept by it.
    pub id: Arc<str>,
    /// The workload.
    pub workload: WorkloadId,
    /// How Weft talks to the code.
    pub contract: Contract,
    /// The unpacked code, mounted read-only at `/var/task`.
    pub code: PathBuf,
    /// Further directories, mounted read-only: target → source (`/opt` for layers).
    pub mounts: Vec<(String, PathBuf)>,
    /// The interpreter that the code needs: a Lambda runtime's name (`python3.12`, `nodejs22.x`), or `python`, `node`
    /// for any version; none for native programs.
    pub interpreter: Option<String>,
    /// Variables that the user set.
    pub environment: BTreeMap<String, String>,
    /// The role whose credentials the worker gets.
    pub role: Option<Arn>,
    /// How the pool scales.
    pub scale: Scale,
    /// What one worker may use.
    pub limits: WorkerLimits,
    /// The group that takes what the worker prints.
    pub log_group: String,
}

impl Revision {
    /// Makes it another revision that keeps `count` workers (`provisioned-concurrency` is how they are initialised).
    pub fn keep(&mut self, count: u32) {
        self.scale.min = count;
        self.id = format!("{}:p{count}", self.id).into();
    }
}

/// How Weft talks to the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contract {
    /// The Lambda Runtime API.
    Lambda(LambdaContract),
    /// Listens on `$PORT`, or on the only port that it opens.
    Http(HttpContract),
}

/// The settings of a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaContract {
    /// The function's unqualified ARN.
    pub function_arn: Arn,
    /// The function's name.
    pub function_name: String,
    /// The version: `$LATEST` or a number.
    pub version: String,
    /// The runtime's name as declared: `python3.12`, `nodejs22.x`, `provided.al2023`.
    pub runtime: String,
    /// The handler, as the runtime understands it.
    pub handler: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// How its log is written.
    pub logging: LambdaLogging,
}

/// How a Lambda function's log is written: `LoggingConfig` without the group, which is [`Revision::log_group`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LambdaLogging {
    /// Whether lines are JSON objects instead of text.
    pub json: bool,
    /// The least level of the function's own lines: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`. Only with JSON.
    pub application_level: Option<String>,
    /// The least level of the platform's lines: `DEBUG`, `INFO` or `WARN`. Only with JSON.
    pub system_level: Option<String>,
}

/// The settings of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpContract {
    /// Program and arguments; `$PORT` and `${PORT}` in an argument are replaced.
    pub command: Vec<String>,
    /// A path that must answer 2xx or 3xx before a worker counts as ready; without one, listening is enough.
    pub health_path: Option<String>,
    /// How long a worker may take to listen. Default 60 s.
    pub start_timeout: Duration,
    /// How long one request may take to its answer's first byte. Default 300 s.
    pub request_timeout: Duration,
    /// How long requests in flight may take to end before SIGTERM, and again before SIGKILL. Default 10 s.
    pub grace: Duration,
}

/// How a pool scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Workers that are kept even when idle.
    pub min: u32,
    /// Workers that are never exceeded.
    pub max: u32,
    /// Requests that one worker takes at a time: the hard limit. 1 for functions.
    pub concurrency: u32,
    /// Requests that may wait for a worker; one more is refused at once.
    pub queue_max: u32,
    /// How long a request may wait for a worker.
    pub queue_timeout: Duration,
    /// How long a worker may idle before it is stopped.
    pub idle_timeout: Duration,
}

/// What one worker may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Memory in MiB, 128 to 10,240 for functions.
    pub memory_mib: u32,
    /// Processes and threads.
    pub processes: u32,
    /// CPU in thousandths of a core; 0 for no limit.
    pub cpu_millis: u32,
    /// `/tmp` in MiB.
    pub tmp_mib: u32,
}

/// One event for a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The request's id, also in the function's log.
    pub request_id: Arc<str>,
    /// The event, as JSON text.
    pub payload: Bytes,
    /// `ClientContext`, decoded JSON text.
    pub client_context: Option<String>,
    /// Who signed in with Cognito, as JSON text with `cognitoIdentityId` and `cognitoIdentityPoolId`.
    pub cognito_identity: Option<String>,
    /// `TenantId`, for functions that keep their tenants apart.
    pub tenant_id: Option<String>,
    /// The ARN as invoked, with its qualifier.
    pub invoked_arn: Arn,
    /// Whether the caller wants the end of the log.
    pub tail: bool,
    /// `X-Amzn-Trace-Id` of the caller.
    pub trace_id: Option<String>,
}

/// What a function answered.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// The answer, or the error's JSON.
    pub payload: Bytes,
    /// `Unhandled` or `Handled` where the function failed.
    pub error: Option<&'static str>,
    /// The last 4 KiB of the log, where the caller wanted it.
    pub log_tail: Option<Bytes>,
    /// Whether a worker was started for it.
    pub cold: bool,
    /// How long the function ran.
    pub duration: Duration,
}

/// What a function answers while it may still run.
pub struct StreamedInvoked {
    /// The content type that the runtime named.
    pub content_type: Option<String>,
    /// Whether a worker was started for it.
    pub cold: bool,
    /// The answer as it comes. Who drops it does not stop the function.
    pub body: Body,
    /// How it ended: known once the body has, and to be asked for after it.
    pub end: BoxFuture<'static, StreamEnd>,
}

/// How a streamed answer ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamEnd {
    /// What went wrong, as `InvokeComplete` names it: `Unhandled`.
    pub error_code: Option<String>,
    /// The error's JSON.
    pub error_details: Option<String>,
    /// The last 4 KiB of the log, where the caller wanted it.
    pub log_tail: Option<Bytes>,
    /// How long the function ran.
    pub duration: Duration,
}

/// When a streamed answer's function has ended: among the extensions of the response that a request was forwarded for. It goes on
/// when its client hangs up.
#[derive(Clone)]
pub struct Ending(pub futures::future::Shared<BoxFuture<'static, StreamEnd>>);

/// A whole answer is a stream of one piece; a failure has its JSON in the end, and nothing before it.
impl From<Invoked> for StreamedInvoked {
    fn from(invoked: Invoked) -> Self {
        let Invoked { payload, error, log_tail, cold, duration } = invoked;
        let details = error.map(|_| String::from_utf8_lossy(&payload).into_owned());
        let body = if error.is_some() { Bytes::new() } else { payload };
        let error_code = error.map(str::to_owned);
        let end = StreamEnd { error_code, error_details: details, log_tail, duration };
        Self { content_type: None, cold, body: weft_net::full(body), end: Box::pin(std::future::ready(end)) }
    }
}

/// Why a request did not reach a worker, or got no answer from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// All workers are busy and the queue is full, or the wait was too long.
    #[error("all {max} workers are busy and the queue is full")]
    Overloaded {
        /// The most workers that the workload may have.
        max: u32,
    },
    /// No worker became ready.
    #[error("no worker became ready: {reason}")]
    StartFailed {
        /// What went wrong, with the next step.
        reason: String,
    },
    /// The worker went away before its answer began.
    #[error("the worker ended before it answered: {reason}")]
    Crashed {
        /// How it ended.
        reason: String,
    },
    /// The answer did not begin in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The platform cannot run code in the mode it is in.
    #[error("this machine cannot run code: {reason}")]
    Unavailable {
        /// What is missing and how to get it.
        reason: String,
    },
    /// The platform is stopping.
    #[error("the platform is stopping")]
    Stopping,
}

impl WorkError {
    /// What an HTTP client is told: the status, a message without the platform's insides, and whether to come again.
    pub fn status(&self, kind: WorkloadKind) -> (StatusCode, &'static str, bool) {
        match self {
            Self::Overloaded { .. } if kind == WorkloadKind::Function => {
                (StatusCode::TOO_MANY_REQUESTS, "the function is at its limit", true)
            }
            Self::Overloaded { .. } => (StatusCode::SERVICE_UNAVAILABLE, "the service is at its limit", true),
            Self::StartFailed { .. } => (StatusCode::BAD_GATEWAY, "the workload did not start", false),
            Self::Crashed { .. } => (StatusCode::BAD_GATEWAY, "the workload ended before it answered", false),
            Self::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "the workload did not answer in time", false),
            Self::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "this machine cannot run code; see `weft status`", false)
            }
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "the platform is stopping", true),
        }
    }
}

/// Who calls a workload over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody outside, through the gateway.
    Outside {
        /// The client's address.
        address: IpAddr,
    },
    /// Another workload of the same app, by the namespace that its connection came from.
    Workload(WorkloadId),
}

/// A request for a workload that speaks HTTP. Hop-by-hop headers are gone and `Forwarded` headers are set.
pub struct WorkRequest {
    /// The request; its URI has the path and query alone.
    pub request: http::Request<Body>,
    /// Who calls.
    pub caller: Caller,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// Marks a request for a function (among its extensions) as one that came to a function URL, and says what the event tells
/// of that.
#[derive(Debug, Clone)]
pub struct FunctionUrlCall {
    /// The URL's id: `apiId`.
    pub id: String,
    /// The host of the URL, without a port: `domainName`.
    pub domain: String,
    /// `requestContext.authorizer`, as JSON text, where the caller signed.
    pub authorizer: Option<String>,
    /// The ARN as invoked, with its qualifier.
    pub invoked_arn: Arn,
    /// Whether the answer is handed on as it comes (`RESPONSE_STREAM`).
    pub streamed: bool,
}

/// One worker, as `weft ps` shows it.
#[derive(Debug, Clone)]
pub struct WorkerStatus {
    /// A number unique on this machine since the start.
    pub id: u64,
    /// The workload.
    pub workload: WorkloadId,
    /// The revision's id.
    pub revision: Arc<str>,
    /// `starting`, `ready`, `busy`, `frozen`, `draining`.
    pub state: &'static str,
    /// Requests in flight.
    pub in_flight: u32,
    /// Requests served.
    pub served: u64,
    /// Memory in use, in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// When it was started.
    pub started: Timestamp,
    /// The process on the machine, where it is known.
    pub pid: Option<u32>,
}

/// Runs revisions. The runtime implements it.
pub trait Workers: Send + Sync + 'static {
    /// Sends an event to a function and waits for its answer.
    fn invoke(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<Invoked, WorkError>>;

    /// As [`Self::invoke`], for a caller that takes the answer as it comes. Who cannot stream gives it in one piece.
    fn invoke_streaming(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<StreamedInvoked, WorkError>> {
        let whole = self.invoke(revision, invocation);
        Box::pin(async move { whole.await.map(StreamedInvoked::from) })
    }

    /// Sends an HTTP request to a workload: to a service as it is, to a function as an event of payload format 2.0.
    fn forward(
        &self,
        revision: Arc<Revision>,
        request: WorkRequest,
    ) -> BoxFuture<'static, Result<http::Response<Body>, WorkError>>;

    /// Drains and stops all pools of a workload but the one of `keep`.
    fn retire(&self, workload: &WorkloadId, keep: Option<&str>);

    /// Keeps `scale.min` workers of a revision from now on, without waiting for a request.
    fn keep_warm(&self, revision: Arc<Revision>);

    /// Returns when a worker of a revision is ready, starting one where there is none; why none became ready otherwise. The
    /// worker then idles as any other does. A dropped future gives up waiting.
    fn prepare(&self, revision: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>>;

    /// All workers of this machine.
    fn status(&self) -> Vec<WorkerStatus>;

    /// What is to be said of an interpreter that code asks for (as [`Revision::interpreter`] does): that another version
    /// runs it, or that nothing here can. None where it is there as it was named.
    fn interpreter_note<'a>(&'a self, _declared: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(std::future::ready(None))
    }

    /// As [`Self::status`], with the memory that is in use looked up now rather than after the last request.
    fn look(&self) -> BoxFuture<'static, Vec<WorkerStatus>> {
        Box::pin(std::future::ready(self.status()))
    }

    /// What workers' starts took, by workload.
    fn starts(&self) -> Vec<StartStatus> {
        Vec::new()
    }
}

/// Finds the current revision of a workload. Lambda and compute implement it, each for its own.
pub trait Revisions: Send + Sync + 'static {
    /// The revision that takes traffic now, from memory where possible; `None` where there is no such workload.
    fn current<'a>(&'a self, workload: &'a WorkloadId)
    -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>>;
}

/// Takes what workers print. `weft-logs` implements it.
pub trait LogSink: Send + Sync + 'static {
    /// Appends lines to a stream, which comes to be with its group when needed. Never blocks: what cannot be taken is counted
    /// and reported in the stream.
    fn append(&self, place: &LogPlace, lines: Vec<(Timestamp, String)>);
}

/// A log stream's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogPlace {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The group: `/aws/lambda/hello`.
    pub group: Arc<str>,
    /// The stream.
    pub stream: Arc<str>,
}

/// Temporary keys of a role.
#[derive(Debug, Clone)]
pub struct RoleKeys {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret: String,
    /// The session token.
    pub token: String,
    /// When they stop to work.
    pub expires: Timestamp,
}

/// Gives workers the keys of their roles. `weft-iam` implements it by assuming the role as a service of the platform.
pub trait RoleCredentials: Send + Sync + 'static {
    /// Keys for a session of `role`, assumed by `service` (`lambda.amazonaws.com`, `compute.weft.localhost`).
    fn assume<'a>(
        &'a self,
        role: &'a Arn,
        service: &'static str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<RoleKeys, Error>>;
}

/// Finds code that is named by bucket and key. Compute implements it for its builds (bucket [`BUILDS_BUCKET`]); S3 will for the rest.
pub trait Artifacts: Send + Sync + 'static {
    /// The directory that holds the unpacked code, with its digest and packed size.
    fn find<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Artifact, Error>>;
}

/// What the paths of downloads of code begin with. No app can have this name, and so no workload's path form begins like it.
pub const CODE_PATH: &str = "/_weft/_code/";

/// The name under which builds are given to `CreateFunction`'s `Code.S3Bucket`; the key is the build's id.
pub const BUILDS_BUCKET: &str = "weft-builds";

/// Unpacked code.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The directory.
    pub tree: PathBuf,
    /// The SHA-256 of the packed code, base64.
    pub sha256_base64: String,
    /// The packed size in bytes.
    pub size_bytes: u64,
}

/// The address, inside every worker's network, on which the Lambda Runtime API answers: `AWS_LAMBDA_RUNTIME_API`.
pub const RUNTIME_API_ADDRESS: &str = "100.64.0.2:9001";

/// The address, inside every worker's network, on which the AWS endpoint answers: `AWS_ENDPOINT_URL`.
pub const AWS_ENDPOINT_ADDRESS: &str = "100.64.0.1:80";

/// Who is behind a door. Made by the runtime when the worker starts; nothing that the worker says can change it.
#[derive(Debug, Clone)]
pub struct WorkerIdentity {
    /// [`WorkerStatus::id`].
    pub worker: u64,
    /// The revision that runs there, with its workload, role and limits.
    pub revision: Arc<Revision>,
    /// The keys that the worker got, where its revision has a role.
    pub keys: Option<RoleKeys>,
}

/// What comes out of a worker's network, as the sandbox hands it over. All are non-blocking.
#[derive(Debug)]
pub struct DoorSockets {
    /// The listener that every TCP connection to an address outside 127.0.0.0/8 and `::1` is redirected to;
    /// `SO_ORIGINAL_DST` says what was wanted.
    pub tcp: OwnedFd,
    /// The UDP socket to which the worker's resolver sends its questions.
    pub dns_udp: OwnedFd,
    /// The same for TCP, listening.
    pub dns_tcp: OwnedFd,
}

/// Serves what comes out of workers' networks. The mesh implements it.
pub trait Doors: Send + Sync + 'static {
    /// Serves a worker's door from now on until the guard is dropped. Connections to [`RUNTIME_API_ADDRESS`] go to
    /// `runtime_api`.
    fn opened(
        &self,
        identity: Arc<WorkerIdentity>,
        sockets: DoorSockets,
        runtime_api: Arc<dyn DoorHandler>,
    ) -> io::Result<DoorGuard>;
}

/// Serves one connection that came through a door.
pub trait DoorHandler: Send + Sync + 'static {
    /// Serves the (non-blocking) connection until it ends. The future is dropped when the door closes.
    fn serve(&self, stream: TcpStream) -> BoxFuture<'static, ()>;
}

/// Closes a door when it is dropped, together with the connections that came through it.
pub type DoorGuard = Box<dyn Send + Sync>;
