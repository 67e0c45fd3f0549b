//! Starting and stopping the workers of a revision.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use weft_sandbox::{Language, StartError};
use weft_service::workload::{
    Contract, Doors, HttpContract, LambdaContract, LambdaLogging, LogPlace, LogSink, Revision,
    RoleCredentials, RoleKeys, WorkError, WorkerIdentity, WorkloadKind,
};
use weft_service::{BoxFuture, Clock, random_bytes};
use weft_types::Timestamp;

use crate::RuntimeConfig;
use crate::beside::Beside;
use crate::errors;
use crate::extensions::{EXTENSIONS_MAX, Failure, Summary};
use crate::framed;
use crate::frames::{Frames, Said};
use crate::http_worker;
use crate::interpreter::{InterpreterChoice, choose_interpreter};
use crate::launch::Launch;
use crate::logs::{LastWords, Output, WorkerLog};
use crate::platform::{self, Happening, Initialization, Instance, Level, Status};
use crate::pool::{Fleet, InitFailure, StartFailure, Started, Stop};
use crate::runtime_api::{ApiDoor, Facts, Init, RuntimeApi};
use crate::spawn::{Process, Spawner};
use crate::starts::Starts;
use crate::telemetry::Telemetry;
use crate::worker::{Link, Parts, Worker};

/// What all pools share.
pub(crate) struct Shared {
    pub(crate) config: RuntimeConfig,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) credentials: Arc<dyn RoleCredentials>,
    pub(crate) doors: Arc<dyn Doors>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What [`weft_scaling::Moment`]s count from.
    pub(crate) epoch: Instant,
    pub(crate) starts: Starts,
}

/// The workers of one revision.
pub(crate) struct RevisionFleet {
    pub(crate) shared: Arc<Shared>,
    pub(crate) revision: Arc<Revision>,
}

/// Keys are replaced, with their worker, this long before they end.
const KEYS_MARGIN: Duration = Duration::from_mins(5);
/// How long the end of a process is waited for after its socket closed.
const ENDING: Duration = Duration::from_secs(1);
/// How long a worker may take that is initialised before there is an event; or as long as an invocation.
const PROVISIONED_INIT: Duration = Duration::from_secs(130);
const SIGTERM: u8 = 15;

impl Fleet for RevisionFleet {
    type Worker = Worker;

    fn start(&self, id: u64) -> BoxFuture<'static, Result<Started<Worker>, StartFailure>> {
        let start = Start { shared: Arc::clone(&self.shared), revision: Arc::clone(&self.revision), id };
        Box::pin(async move {
            let run = start.run().await;
            if run.is_err() {
                start.shared.starts.failed(&start.revision.workload);
            }
            run
        })
    }

    fn first_request(&self, took: Duration) {
        self.shared.starts.first_request(&self.revision.workload, took);
    }

    fn stop(&self, worker: Arc<Worker>, how: Stop) -> BoxFuture<'static, ()> {
        let grace = match &self.revision.contract {
            Contract::Lambda(_) => None,
            Contract::Http(http) => Some(http.grace),
        };
        let clock = Arc::clone(&self.shared.clock);
        Box::pin(async move {
            let reason = worker.reason().or_else(|| (how == Stop::Gently).then_some("spindown"));
            if let (None, Some(reason)) = (grace, reason) {
                worker.end(reason, &*clock).await;
            }
            if let (Some(grace), Stop::Gently) = (grace, how)
                && worker.process.signal(SIGTERM).await.is_ok()
            {
                let _ = tokio::time::timeout(grace, worker.process.wait()).await;
            }
            let exit = worker.process.kill().await;
            worker.log.flush();
            tracing::debug!(worker = worker.id, exit = errors::ending(exit), "worker stopped");
        })
    }

    fn ended(&self, worker: Arc<Worker>) -> BoxFuture<'static, String> {
        let (process, log, id) = (Arc::clone(&worker.process), Arc::clone(&worker.log), worker.id);
        let clock = Arc::clone(&self.shared.clock);
        // Whoever waits must not keep the worker: it is killed when it is dropped.
        let worker = Arc::downgrade(&worker);
        Box::pin(async move {
            let exit = process.wait().await;
            log.flush();
            if let Some(worker) = worker.upgrade().filter(|worker| worker.api.extensions.any()) {
                let reason = worker.reason().unwrap_or("failure");
                tokio::spawn(async move { worker.end(reason, &*clock).await });
            }
            let how = errors::ending(exit);
            tracing::debug!(worker = id, exit = how, "worker ended");
            how
        })
    }

    fn freeze(&self, worker: Arc<Worker>, on: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Err(error) = worker.process.freeze(on).await {
                tracing::debug!(worker = worker.id, on, %error, "worker not frozen or thawed");
            }
        })
    }
}

/// One start.
struct Start {
    shared: Arc<Shared>,
    revision: Arc<Revision>,
    id: u64,
}

impl Start {
    async fn run(&self) -> Result<Started<Worker>, StartFailure> {
        let begun = Instant::now();
        let choice = self.interpreter().await.map_err(start_failed)?;
        let keys = self.keys().await.map_err(start_failed)?;
        let expires = keys.as_ref().map(|keys| self.expiry(keys));
        let worker = match &self.revision.contract {
            Contract::Lambda(lambda) => self.lambda(lambda, choice.as_ref(), keys.as_ref()).await?,
            Contract::Http(http) => self.http(http, choice.as_ref(), keys.as_ref()).await?,
        };
        // A function that is started a second time has the time of the first in the sandbox's phase, where the program's is.
        let init = worker.running.elapsed();
        self.shared.starts.started(&self.revision.workload, begun.elapsed().saturating_sub(init), init);
        tracing::info!(
            worker = self.id,
            workload = &*self.revision.workload.name,
            revision = &*self.revision.id,
            init_ms = u64::try_from(worker.init.as_millis()).unwrap_or(u64::MAX),
            "worker started"
        );
        Ok(Started { worker, expires })
    }

    async fn interpreter(&self) -> Result<Option<InterpreterChoice>, String> {
        let Some(declared) = &self.revision.interpreter else { return Ok(None) };
        if declared.starts_with("provided") {
            return Ok(None);
        }
        choose_interpreter(declared, &self.shared.spawner.interpreters().await).map(Some)
    }

    async fn keys(&self) -> Result<Option<RoleKeys>, String> {
        let Some(role) = &self.revision.role else { return Ok(None) };
        let service = match self.revision.workload.kind {
            WorkloadKind::Function => "lambda.amazonaws.com",
            WorkloadKind::Service => "compute.weft.localhost",
        };
        // A session's name takes 2 to 64 letters, digits and `+=,.@-`.
        let name = self
            .revision
            .workload
            .name
            .replace(|c: char| !(c.is_ascii_alphanumeric() || "+=,.@-_".contains(c)), "-");
        let session: String = format!("{name:_<2}").chars().take(64).collect();
        let keys = self.shared.credentials.assume(role, service, &session).await;
        keys.map(Some).map_err(|error| format!("the role {role} could not be assumed: {}", error.message()))
    }

    /// When the worker must make room for one with fresh keys.
    fn expiry(&self, keys: &RoleKeys) -> weft_scaling::Moment {
        let life = keys.expires.since(self.shared.clock.now());
        let request = match &self.revision.contract {
            Contract::Lambda(lambda) => lambda.timeout,
            Contract::Http(http) => http.request_timeout,
        };
        let margin = (KEYS_MARGIN + request).min(life / 2);
        self.shared.epoch.elapsed() + life.saturating_sub(margin)
    }

    /// Starts the program; a process that is dropped is killed.
    async fn spawn(
        &self,
        choice: Option<&InterpreterChoice>,
        keys: Option<&RoleKeys>,
    ) -> Result<(Parts, Channel), StartFailure> {
        let shared = &self.shared;
        let started = shared.clock.now();
        let stream = self.log_stream(started);
        let launch = Launch {
            revision: &self.revision,
            choice,
            keys,
            log_stream: &stream,
            config: &shared.config,
            worker: self.id,
        };
        let external = launch.extensions();
        if external.len() > EXTENSIONS_MAX {
            let text = format!("Extension limit ({EXTENSIONS_MAX}) reached");
            return Err(StartFailure::Init(
                InitFailure::Ended("Extension.TooManyExtensions", text),
                LastWords::default(),
            ));
        }
        let mut spawned = shared.spawner.spawn(launch.spec()).await.map_err(refused)?;
        let running = Instant::now();
        let logging = self.logging();
        let telemetry = Telemetry::new(Arc::clone(&shared.clock), logging.json, !external.is_empty());
        let api = RuntimeApi::new(self.facts(), &external, Arc::clone(&telemetry));
        let beside = spawned.companions.take().map(|companions| {
            let process = Arc::clone(&spawned.process);
            let (beside, output) = Beside::new(process, companions, Arc::clone(&api.extensions));
            spawned.process = Arc::clone(&beside) as Arc<dyn Process>;
            (beside, output)
        });
        let (beside, extensions) = beside.unzip();
        telemetry.inside(&spawned.process);
        let workload = &self.revision.workload;
        let place = LogPlace {
            account: workload.account,
            region: workload.region.clone(),
            group: self.revision.log_group.as_str().into(),
            stream: stream.as_str().into(),
        };
        let output = Output { program: spawned.output, framed: launch.speaks_frames(), extensions };
        let to = (Arc::clone(&shared.sink), Arc::clone(&shared.clock));
        let json = logging.json.then(|| Level::named(logging.system_level.as_deref()));
        let log = WorkerLog::start(to, place, output, telemetry, json)
            .map_err(|error| start_failed(format!("its output could not be read: {error}")))?;
        let identity = Arc::new(WorkerIdentity {
            worker: self.id,
            revision: Arc::clone(&self.revision),
            keys: keys.cloned(),
        });
        let door = match spawned.door {
            None => None,
            Some(sockets) => {
                let handler = Arc::new(ApiDoor(Arc::clone(&api)));
                let guard = shared.doors.opened(Arc::clone(&identity), sockets, handler);
                Some(guard.map_err(|error| start_failed(format!("its door could not be served: {error}")))?)
            }
        };
        let channel = match spawned.frames {
            Some(stream) if launch.speaks_frames() => Channel::Frames(Frames::new(stream)),
            logs => {
                if let Some(logs) = logs {
                    tokio::spawn(framed::read(logs, Arc::clone(&log)));
                }
                Channel::Api(Arc::clone(&api))
            }
        };
        let process = spawned.process;
        Ok((
            Parts { identity, process, log, log_stream: stream, started, running, door, api, beside },
            channel,
        ))
    }

    /// How the log is written.
    fn logging(&self) -> LambdaLogging {
        match &self.revision.contract {
            Contract::Lambda(lambda) => lambda.logging.clone(),
            Contract::Http(_) => LambdaLogging::default(),
        }
    }

    /// What extensions are told.
    fn facts(&self) -> Facts {
        match &self.revision.contract {
            Contract::Lambda(lambda) => Facts {
                function_name: lambda.function_name.clone(),
                version: lambda.version.clone(),
                handler: lambda.handler.clone(),
                account: self.revision.workload.account.to_string(),
            },
            Contract::Http(_) => Facts::default(),
        }
    }

    fn log_stream(&self, now: Timestamp) -> String {
        let random = u128::from_be_bytes(random_bytes());
        match &self.revision.contract {
            Contract::Lambda(lambda) => {
                format!("{}[{}]{random:032x}", now.format("%Y/%m/%d/"), lambda.version)
            }
            Contract::Http(_) => format!("{}{:016x}", now.format("%Y/%m/%d/"), random >> 64),
        }
    }

    async fn http(
        &self,
        contract: &HttpContract,
        choice: Option<&InterpreterChoice>,
        keys: Option<&RoleKeys>,
    ) -> Result<Worker, StartFailure> {
        let begun = Instant::now();
        let (parts, _) = self.spawn(choice, keys).await?;
        if let Some(note) = choice.and_then(|choice| choice.note.as_ref()) {
            parts.log.platform(format!("weft: {note}"));
        }
        let ready = http_worker::ready(&parts.process, &parts.log, contract).await;
        match ready {
            Ok(link) => Ok(Worker::new(parts, Link::Http(link), begun.elapsed())),
            Err(error) => {
                parts.process.kill().await;
                Err(StartFailure::Work(error))
            }
        }
    }

    /// Starts a function's worker. What does not initialise in time is started once more, with the time that the function
    /// itself may take, as Lambda does within the first invocation.
    async fn lambda(
        &self,
        contract: &LambdaContract,
        choice: Option<&InterpreterChoice>,
        keys: Option<&RoleKeys>,
    ) -> Result<Worker, StartFailure> {
        let first = match self.initialization() {
            Initialization::OnDemand => self.shared.config.init_timeout,
            Initialization::Provisioned => PROVISIONED_INIT.max(contract.timeout),
        };
        match self.lambda_within(first, choice, keys).await {
            Err(StartFailure::Init(InitFailure::TimedOut(_), _)) => {
                self.lambda_within(contract.timeout, choice, keys).await
            }
            other => other,
        }
    }

    async fn lambda_within(
        &self,
        limit: Duration,
        choice: Option<&InterpreterChoice>,
        keys: Option<&RoleKeys>,
    ) -> Result<Worker, StartFailure> {
        let begun = Instant::now();
        let (parts, mut channel) = self.spawn(choice, keys).await?;
        let version = runtime_version(choice);
        let note = choice
            .and_then(|choice| choice.note.as_ref())
            .map_or(String::new(), |note| format!("\tNote: {note}"));
        let text = format!("INIT_START Runtime Version: {version}{note}");
        parts.log.happens(Some(text), || self.init_start(&version, &parts));
        let outcome = tokio::time::timeout(limit, channel.with_extensions(&parts)).await;
        let failure = match outcome {
            Ok(None) => None,
            Ok(failure) => failure,
            Err(_) => Some(InitFailure::TimedOut(limit)),
        };
        let status = failure.as_ref().map_or(Status::SUCCESS, InitFailure::status);
        let kind = self.initialization();
        parts.log.happens(None, || platform::init_runtime_done(kind, &status));
        tell_of_extensions(&parts);
        let took = begun.elapsed();
        let Some(failure) = failure else {
            parts.log.happens(None, || platform::init_report(kind, &status, took));
            parts.log.telemetry.close();
            return Ok(Worker::new(parts, channel.into_link(), took));
        };
        // Extensions have some time yet.
        let ended = if parts.api.extensions.any() { None } else { Some(parts.process.kill().await) };
        let used_bytes = ended.map_or(0, |exit| exit.memory_peak_bytes);
        parts.log.flush();
        let millis = took.as_secs_f64() * 1000.0;
        let text = format!("INIT_REPORT Init Duration: {millis:.2} ms\tPhase: init\t{}", status.text());
        parts.log.happens(Some(text), || platform::init_report(kind, &status, took));
        let words = LastWords { log: Some(Arc::clone(&parts.log)), took, used_bytes };
        self.let_extensions_end(Worker::new(parts, channel.into_link(), took), &failure);
        Err(StartFailure::Init(failure, words))
    }

    /// Extensions are told of a worker that did not come up; nobody waits for that.
    fn let_extensions_end(&self, worker: Worker, failure: &InitFailure) {
        if worker.api.extensions.any() {
            let reason = if matches!(failure, InitFailure::TimedOut(_)) { "timeout" } else { "failure" };
            let clock = Arc::clone(&self.shared.clock);
            tokio::spawn(async move { worker.end(reason, &*clock).await });
        }
    }

    fn init_start(&self, version: &str, parts: &Parts) -> Happening {
        let facts = self.facts();
        platform::init_start(&Instance {
            initialization: self.initialization(),
            runtime_version: version,
            function_name: &facts.function_name,
            function_version: &facts.version,
            id: &parts.log_stream,
            memory_bytes: u64::from(self.revision.limits.memory_mib) << 20,
        })
    }

    fn initialization(&self) -> Initialization {
        initialization(&self.revision)
    }
}

/// A revision that keeps workers initialises them before there is an event.
pub(crate) fn initialization(revision: &Revision) -> Initialization {
    if revision.scale.min > 0 { Initialization::Provisioned } else { Initialization::OnDemand }
}

fn runtime_version(choice: Option<&InterpreterChoice>) -> String {
    let Some(choice) = choice else { return "provided".to_owned() };
    let language = match choice.interpreter.language {
        Language::Python => "python",
        Language::Node => "nodejs",
    };
    format!("{language}:{}", choice.interpreter.version)
}

/// How a function's worker is talked to, before it is ready.
enum Channel {
    Frames(Frames),
    Api(Arc<RuntimeApi>),
}

impl Channel {
    /// Waits until external extensions have registered, the runtime takes events and all extensions do; `Some` says why not.
    async fn with_extensions(&mut self, parts: &Parts) -> Option<InitFailure> {
        let extensions = &parts.api.extensions;
        if let Some(beside) = &parts.beside {
            if let Err(failure) = extensions.registered().await {
                return Some(failure.into());
            }
            beside.start_runtime().await;
        }
        tokio::select! {
            biased;
            failure = self.initialised(parts) => if failure.is_some() {
                return parts.beside.as_ref().and_then(not_started).or(failure);
            },
            failure = extensions.failed() => return Some(failure.into()),
        }
        extensions.ready().await.err().map(InitFailure::from)
    }

    /// Waits until the runtime takes events; `Some` says why it never will.
    async fn initialised(&mut self, parts: &Parts) -> Option<InitFailure> {
        match self {
            Self::Frames(frames) => match frames.receive().await {
                Ok(Said::Ready) => None,
                Ok(Said::InitError(error)) => Some(InitFailure::reported(error, None)),
                Ok(_) => Some(InitFailure::reported(broken_rule(), None)),
                Err(_) => Some(ended(parts).await),
            },
            Self::Api(api) => {
                tokio::select! {
                    biased;
                    init = api.initialised() => match init {
                        Init::Failed(error, kind) => Some(InitFailure::reported(error, kind)),
                        Init::Done | Init::Running => None,
                    },
                    exit = parts.process.wait() => {
                        let (error_type, text) = errors::ended(exit);
                        Some(InitFailure::Ended(error_type, text))
                    }
                }
            }
        }
    }

    fn into_link(self) -> Link {
        match self {
            Self::Frames(frames) => Link::Frames(tokio::sync::Mutex::new(frames)),
            Self::Api(api) => Link::Api(api),
        }
    }
}

impl From<Failure> for InitFailure {
    fn from(Failure { error_type, text }: Failure) -> Self {
        Self::Ended(error_type, text)
    }
}

fn not_started(beside: &Arc<Beside>) -> Option<InitFailure> {
    let text = format!("fork/exec the runtime: {}", beside.not_started()?);
    Some(InitFailure::Ended("Runtime.InvalidEntrypoint", text))
}

/// The log's lines about extensions, at the end of the initialisation.
fn tell_of_extensions(parts: &Parts) {
    for (is_logs, name, types) in parts.log.telemetry.subscriptions() {
        let api = if is_logs { "LOGS" } else { "TELEMETRY" };
        let text = format!("{api}\tName: {name}\tState: Subscribed\tTypes: [{}]", types.join(", "));
        parts.log.happened(text, &platform::subscription(is_logs, &name, &types));
    }
    for Summary { name, state, events } in parts.api.extensions.summaries() {
        let text = format!("EXTENSION\tName: {name}\tState: {state}\tEvents: [{}]", events.join(", "));
        parts.log.happens(Some(text), || platform::extension(&name, state, &events));
    }
}

fn broken_rule() -> Bytes {
    let error = serde_json::json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": "the runtime sent an answer before it had an event",
    });
    error.to_string().into()
}

/// How a process ended whose socket closed; one that goes on all the same is killed.
async fn ended(parts: &Parts) -> InitFailure {
    let exit = match tokio::time::timeout(ENDING, parts.process.wait()).await {
        Ok(exit) => exit,
        Err(_) => parts.process.kill().await,
    };
    let (error_type, text) = errors::ended(exit);
    InitFailure::Ended(error_type, text)
}

fn refused(error: StartError) -> StartFailure {
    match error {
        StartError::NoIsolation(_) => {
            StartFailure::Work(WorkError::Unavailable { reason: error.to_string() })
        }
        StartError::Execute { program, reason } if program.ends_with("/bootstrap") => {
            let text = format!("fork/exec {program}: {reason}");
            StartFailure::Init(InitFailure::Ended("Runtime.InvalidEntrypoint", text), LastWords::default())
        }
        StartError::Execute { program, reason } => start_failed(format!(
            "`{program}` could not be executed: {reason}; check the command, and that what it names is in the code or installed"
        )),
        other => start_failed(other.to_string()),
    }
}

fn start_failed(reason: impl Into<String>) -> StartFailure {
    StartFailure::Work(WorkError::StartFailed { reason: reason.into() })
}
