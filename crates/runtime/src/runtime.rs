//! The runtime: a pool for each revision, behind [`Workers`].

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::FutureExt as _;
use http::{HeaderValue, Response, StatusCode};
use tokio::time::Instant;
use weft_net::{Body, BodyError, collect_limited, full};
use weft_scaling::Limits;
use weft_service::starts::StartStatus;
use weft_service::workload::{
    Caller, Contract, Doors, Ending, FunctionUrlCall, HttpContract, Invocation, Invoked, LambdaContract,
    LogSink, Revision, RoleCredentials, StreamEnd, StreamedInvoked, WorkError, WorkRequest, WorkerStatus,
    Workers, WorkloadId,
};
use weft_service::{BoxFuture, Clock};

use crate::delivery::{Delivery, Taken};
use crate::detached::{Detached, Panicked};
use crate::event::{self, EVENT_BYTES_MAX};
use crate::interpreter::choose_interpreter;
use crate::invoke::{self, Done};
use crate::pool::{Lease, NoLease, Pool, PoolConfig, StartFailure, Stop};
use crate::spawn::Spawner;
use crate::start::{RevisionFleet, Shared};
use crate::starts::Starts;
use crate::worker::Worker;
use crate::{RuntimeConfig, http_worker};

/// What a start may take beside the program's own time: keys, sandbox, a turn among other starts.
const PREPARE_MARGIN: Duration = Duration::from_secs(15);
/// How long a look at all workers may take.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// Runs revisions on this machine.
pub struct Runtime(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    pools: ArcSwap<Pools>,
    /// Held while the map changes.
    changing: Mutex<()>,
    next_worker: Arc<AtomicU64>,
    stopping: AtomicBool,
}

/// Workers that an event is offered to, where one after the other does not ask for it.
const TRIES: usize = 3;

type Pools = imbl::HashMap<Arc<str>, Entry>;

#[derive(Clone)]
struct Entry {
    workload: WorkloadId,
    pool: Arc<Pool<RevisionFleet>>,
}

impl Runtime {
    /// A runtime without workers. To be called, and used, inside a tokio runtime.
    pub fn new(
        config: RuntimeConfig,
        spawner: Arc<dyn Spawner>,
        doors: Arc<dyn Doors>,
        sink: Arc<dyn LogSink>,
        credentials: Arc<dyn RoleCredentials>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let (epoch, starts) = (Instant::now(), Starts::default());
        let shared = Shared { config, spawner, sink, credentials, doors, clock, epoch, starts };
        Arc::new(Self(Arc::new(Inner {
            shared: Arc::new(shared),
            pools: ArcSwap::default(),
            changing: Mutex::new(()),
            next_worker: Arc::new(AtomicU64::new(1)),
            stopping: AtomicBool::new(false),
        })))
    }

    /// Takes no more requests, lets those in flight end and stops all workers; what is left after `limit` is killed.
    pub async fn shutdown(&self, limit: Duration) {
        self.0.stopping.store(true, Ordering::SeqCst);
        let pools: Vec<_> = self.0.pools.load().values().map(|entry| Arc::clone(&entry.pool)).collect();
        for pool in &pools {
            pool.refuse(&WorkError::Stopping);
        }
        let closed = futures::future::join_all(pools.iter().map(|pool| pool.closed()));
        if tokio::time::timeout(limit, closed).await.is_err() {
            for pool in &pools {
                pool.stop_all(Stop::Now);
            }
            let closed = futures::future::join_all(pools.iter().map(|pool| pool.closed()));
            // A kill that takes longer than this has not worked; the launcher's end will.
            let _ = tokio::time::timeout(self.0.shared.config.grace, closed).await;
        }
    }
}

impl Inner {
    fn pool(&self, revision: &Arc<Revision>) -> Arc<Pool<RevisionFleet>> {
        if let Some(entry) = self.pools.load().get(&revision.id) {
            return Arc::clone(&entry.pool);
        }
        let _held = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pools = Pools::clone(&self.pools.load());
        if let Some(entry) = pools.get(&revision.id) {
            return Arc::clone(&entry.pool);
        }
        // Whoever makes room in the house also takes out what nobody needs.
        pools.retain(|_, entry| !entry.pool.close_if_idle());
        let fleet = RevisionFleet { shared: Arc::clone(&self.shared), revision: Arc::clone(revision) };
        let config = pool_config(revision, &self.shared);
        let pool = Pool::new(fleet, config, Arc::clone(&self.next_worker));
        let entry = Entry { workload: revision.workload.clone(), pool: Arc::clone(&pool) };
        pools.insert(Arc::clone(&revision.id), entry);
        self.pools.store(Arc::new(pools));
        pool
    }

    fn forget(&self, revision: &str) {
        let _held = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pools = Pools::clone(&self.pools.load());
        // Somebody else may have put a fresh one in its place already.
        if pools.get(revision).is_some_and(|entry| entry.pool.close_if_idle()) {
            pools.remove(revision);
            self.pools.store(Arc::new(pools));
        }
    }

    async fn lease(&self, revision: &Arc<Revision>) -> Result<Lease<RevisionFleet>, StartFailure> {
        self.lease_within(revision, None).await
    }

    /// Waits as long as the revision says where there is no `limit`.
    async fn lease_within(
        &self,
        revision: &Arc<Revision>,
        limit: Option<Duration>,
    ) -> Result<Lease<RevisionFleet>, StartFailure> {
        loop {
            if self.stopping.load(Ordering::SeqCst) {
                return Err(StartFailure::Work(WorkError::Stopping));
            }
            let pool = self.pool(revision);
            let acquired = match limit {
                None => pool.acquire().await,
                Some(limit) => pool.acquire_within(limit).await,
            };
            match acquired {
                Ok(lease) => return Ok(lease),
                Err(NoLease::Failed(failure)) => return Err(failure),
                Err(NoLease::Closed) => self.forget(&revision.id),
            }
        }
    }

    /// Runs an event in a worker; one that never asks for it makes room for another.
    async fn run(
        &self,
        revision: &Arc<Revision>,
        contract: &LambdaContract,
        invocation: Invocation,
        delivery: Delivery,
    ) -> Result<Done, WorkError> {
        let mut next = (invocation, delivery);
        for _ in 0..TRIES {
            let (invocation, delivery) = next;
            let lease = match self.lease(revision).await {
                Ok(lease) => lease,
                Err(StartFailure::Work(error)) => return Err(error),
                Err(StartFailure::Init(failure, words)) => {
                    let mib = revision.limits.memory_mib;
                    let place = (contract.version.as_str(), mib);
                    let invoked = invoke::init_failed(&self.shared, failure, &words, place, &invocation);
                    return Ok(Done { invoked, content_type: None });
                }
            };
            let start = invoke::start(&invocation.request_id, &contract.version);
            let shared = Arc::clone(&self.shared);
            let run = invoke::run(shared, lease, contract.timeout, start, invocation, delivery);
            // A function goes on when its caller hangs up, as in Lambda.
            let run = Detached::new(run).await;
            match run.map_err(|Panicked| crashed("the exchange with the worker broke off"))? {
                Ok(done) => return Ok(done),
                Err(not_taken) => next = *not_taken,
            }
        }
        Err(crashed("no worker asked for the event"))
    }

    /// Runs an event whose answer goes on as it comes.
    async fn run_streaming(
        self: &Arc<Self>,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> Result<StreamedInvoked, WorkError> {
        let (delivery, Taken { begun, mut pieces }) = Delivery::piped();
        let inner = Arc::clone(self);
        let run = tokio::spawn(async move {
            let contract = lambda(&revision)?;
            inner.run(&revision, contract, invocation, delivery).await
        });
        let broken = || crashed("the exchange with the worker broke off");
        let Ok(begun) = begun.await else {
            let done = run.await.map_err(|_| broken())??;
            let content_type = done.content_type;
            return Ok(StreamedInvoked { content_type, ..StreamedInvoked::from(done.invoked) });
        };
        let end = async move {
            match run.await {
                Ok(Ok(done)) => done.stream_end(),
                _ => StreamEnd { error_code: Some("Unhandled".to_owned()), ..StreamEnd::default() },
            }
        };
        let pieces = futures::stream::poll_fn(move |cx| pieces.poll_recv(cx).map(|piece| piece.map(Ok)));
        Ok(StreamedInvoked {
            content_type: Some(begun.content_type),
            cold: begun.cold,
            body: weft_net::streamed(pieces),
            end: Box::pin(end),
        })
    }

    async fn serve(
        &self,
        revision: &Arc<Revision>,
        contract: &HttpContract,
        request: WorkRequest,
    ) -> Result<Response<Body>, WorkError> {
        match self.lease(revision).await {
            Ok(lease) => http_worker::forward(lease, request.request, contract).await,
            Err(StartFailure::Work(error)) => Err(error),
            Err(StartFailure::Init(..)) => {
                Err(WorkError::StartFailed { reason: "the worker did not initialise itself".to_owned() })
            }
        }
    }

    /// A request to a function as an event of payload format 2.0, or why there is none.
    async fn event_of(
        &self,
        revision: &Arc<Revision>,
        contract: &LambdaContract,
        request: WorkRequest,
    ) -> Result<Invocation, Box<Response<Body>>> {
        let WorkRequest { request, caller, request_id } = request;
        let (head, body) = request.into_parts();
        let body = match collect_limited(body, EVENT_BYTES_MAX as u64).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(_)) => {
                return Err(Box::new(problem(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long")));
            }
            Err(_) => return Err(Box::new(problem(StatusCode::BAD_REQUEST, "Bad Request"))),
        };
        let source_ip = match &caller {
            Caller::Outside { address } => *address,
            Caller::Workload(_) => Ipv4Addr::LOCALHOST.into(),
        };
        let url = head.extensions.get::<FunctionUrlCall>();
        let place = event::Place {
            account: revision.workload.account,
            api_id: url.map_or(&contract.function_name, |url| &url.id),
            url,
            source_ip,
            request_id: &request_id,
            now: self.shared.clock.now(),
        };
        let payload = event::from_request(&head, &body, &place);
        if payload.len() > EVENT_BYTES_MAX {
            return Err(Box::new(problem(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long")));
        }
        let trace_id =
            head.headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Invocation {
            request_id,
            payload,
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: url.map_or(&contract.function_arn, |url| &url.invoked_arn).clone(),
            tail: false,
            trace_id,
        })
    }

    /// A request to a function: the response out of its answer to the event.
    async fn serve_as_event(
        &self,
        revision: &Arc<Revision>,
        contract: &LambdaContract,
        invocation: Invocation,
    ) -> Result<Response<Body>, WorkError> {
        let done = self.run(revision, contract, invocation, Delivery::whole()).await?;
        if done.invoked.error.is_some() {
            return Ok(failed());
        }
        let response = event::to_response(done.content_type.as_deref(), &done.invoked.payload);
        Ok(response.unwrap_or_else(|_| failed()))
    }
}

/// What takes events.
fn lambda(revision: &Revision) -> Result<&LambdaContract, WorkError> {
    match &revision.contract {
        Contract::Lambda(contract) => Ok(contract),
        Contract::Http(_) => {
            Err(WorkError::Unavailable { reason: "a service takes HTTP requests, not events".to_owned() })
        }
    }
}

fn crashed(reason: &str) -> WorkError {
    WorkError::Crashed { reason: reason.to_owned() }
}

/// What a client sees of a function that failed or gave no response.
fn failed() -> Response<Body> {
    problem(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

fn pool_config(revision: &Revision, shared: &Shared) -> PoolConfig {
    let (scale, config) = (&revision.scale, &shared.config);
    let (is_function, grace) = match &revision.contract {
        Contract::Lambda(lambda) => (true, lambda.timeout + config.grace),
        Contract::Http(http) => (false, http.grace),
    };
    let limits = Limits {
        min: scale.min,
        max: scale.max,
        // Lambda's contract has one event at a time.
        concurrency: if is_function { 1 } else { scale.concurrency.max(1) },
        utilisation: 0.7,
        idle_timeout: scale.idle_timeout,
        freeze_after: config.freeze_after.filter(|_| is_function),
        requests_back_off: !is_function,
    };
    PoolConfig {
        limits,
        queue_max: scale.queue_max as usize,
        queue_timeout: scale.queue_timeout,
        grace,
        start_burst: config.start_burst,
        starts_per_second: config.starts_per_second,
        epoch: shared.epoch,
    }
}

fn problem(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(serde_json::json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

impl Workers for Runtime {
    fn invoke(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        let runtime = Arc::clone(&self.0);
        Box::pin(async move {
            let contract = lambda(&revision)?;
            runtime.run(&revision, contract, invocation, Delivery::whole()).await.map(|done| done.invoked)
        })
    }

    fn invoke_streaming(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<StreamedInvoked, WorkError>> {
        let runtime = Arc::clone(&self.0);
        Box::pin(async move { runtime.run_streaming(revision, invocation).await })
    }

    fn forward(
        &self,
        revision: Arc<Revision>,
        request: WorkRequest,
    ) -> BoxFuture<'static, Result<Response<Body>, WorkError>> {
        let runtime = Self(Arc::clone(&self.0));
        Box::pin(async move {
            let contract = match &revision.contract {
                Contract::Http(contract) => return runtime.0.serve(&revision, contract, request).await,
                Contract::Lambda(contract) => contract,
            };
            let url = request.request.extensions().get::<FunctionUrlCall>();
            let streamed = url.is_some_and(|url| url.streamed);
            let invocation = match runtime.0.event_of(&revision, contract, request).await {
                Ok(invocation) => invocation,
                Err(refused) => return Ok(*refused),
            };
            if !streamed {
                return runtime.0.serve_as_event(&revision, contract, invocation).await;
            }
            let begun = runtime.invoke_streaming(Arc::clone(&revision), invocation).await?;
            let end = begun.end.shared();
            let begun = StreamedInvoked { end: end.clone().boxed(), ..begun };
            let mut response = event::from_stream(begun).await.unwrap_or_else(|_| failed());
            response.extensions_mut().insert(Ending(end));
            Ok(response)
        })
    }

    fn interpreter_note<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let installed = self.0.shared.spawner.interpreters().await;
            choose_interpreter(declared, &installed).map_or_else(Some, |choice| choice.note)
        })
    }

    fn retire(&self, workload: &WorkloadId, keep: Option<&str>) {
        for (id, entry) in self.0.pools.load().iter().filter(|(_, entry)| entry.workload == *workload) {
            if keep == Some(&**id) {
                entry.pool.revive();
            } else {
                entry.pool.retire();
            }
        }
    }

    fn keep_warm(&self, revision: Arc<Revision>) {
        if revision.scale.min > 0 && !self.0.stopping.load(Ordering::SeqCst) {
            self.0.pool(&revision).warm();
        }
    }

    fn prepare(&self, revision: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        let runtime = Arc::clone(&self.0);
        Box::pin(async move {
            let start = match &revision.contract {
                Contract::Http(http) => http.start_timeout,
                Contract::Lambda(lambda) => runtime.shared.config.init_timeout + lambda.timeout,
            };
            match runtime.lease_within(&revision, Some(start + PREPARE_MARGIN)).await {
                Ok(lease) => {
                    lease.unused();
                    Ok(())
                }
                Err(StartFailure::Work(error)) => Err(error),
                Err(StartFailure::Init(_, log)) => {
                    Err(WorkError::StartFailed { reason: format!("it did not initialise itself:\n{log}") })
                }
            }
        })
    }

    fn status(&self) -> Vec<WorkerStatus> {
        let mut all = Vec::new();
        for (revision, entry) in self.0.pools.load().iter() {
            entry.pool.each(|id, worker, state, in_flight, served| {
                all.push(WorkerStatus {
                    id,
                    workload: entry.workload.clone(),
                    revision: Arc::clone(revision),
                    state,
                    in_flight,
                    served,
                    memory_bytes: worker.and_then(|worker| worker.memory_in_use()),
                    started: worker.map_or_else(|| self.0.shared.clock.now(), |worker| worker.started),
                    pid: worker.and_then(|worker| worker.process.pid()),
                });
            });
        }
        all.sort_by_key(|status| status.id);
        all
    }

    fn look(&self) -> BoxFuture<'static, Vec<WorkerStatus>> {
        let runtime = Self(Arc::clone(&self.0));
        Box::pin(async move {
            let mut workers: Vec<Arc<Worker>> = Vec::new();
            for entry in runtime.0.pools.load().values() {
                entry.pool.each(|_, worker, _, _, _| workers.extend(worker.cloned()));
            }
            let looks = workers.iter().map(|worker| worker.memory_peak(true));
            // Who does not answer in time is shown as last seen.
            let _ = tokio::time::timeout(LOOK_MAX, futures::future::join_all(looks)).await;
            runtime.status()
        })
    }

    fn starts(&self) -> Vec<StartStatus> {
        self.0.shared.starts.status()
    }
}
