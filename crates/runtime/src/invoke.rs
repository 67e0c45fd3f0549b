//! The contract `lambda`: one event to one worker, its log lines, and what the caller sees.

use std::fmt::{self, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use weft_service::workload::{Contract, Invocation, Invoked, StreamEnd};

use crate::delivery::Delivery;
use crate::errors;
use crate::exchange::{Outcome, exchange};
use crate::extensions::Failure;
use crate::frames::Invoke;
use crate::logs::LastWords;
use crate::platform::{self, Figures, Status};
use crate::pool::{InitFailure, Lease};
use crate::start::{RevisionFleet, Shared};
use crate::worker::{Link, Worker};

/// What came of an invocation, with the content type where the runtime named one.
pub(crate) struct Done {
    pub(crate) invoked: Invoked,
    pub(crate) content_type: Option<String>,
}

/// A function that has said nothing for this long has its begin shown all the same. Not shorter than a pool's tick, so
/// that the timer wakes no thread that would not wake anyway.
const SILENT: Duration = Duration::from_secs(1);

/// An event that its worker never asked for, with where its answer goes.
pub(crate) type NotTaken = Box<(Invocation, Delivery)>;

/// Runs one event in a leased worker to its end.
pub(crate) async fn run(
    shared: Arc<Shared>,
    lease: Lease<RevisionFleet>,
    timeout: Duration,
    start: String,
    invocation: Invocation,
    mut delivery: Delivery,
) -> Result<Done, NotTaken> {
    let worker = Arc::clone(lease.worker());
    let (first, tail, id) = (lease.first(), invocation.tail, Arc::clone(&invocation.request_id));
    delivery.set_cold(first);
    let trace = invocation.trace_id.clone();
    worker.log.begin(start, || platform::start(&id, version(&worker), trace.as_deref()), tail);
    let begun = Instant::now();
    let deadline_ms = shared.clock.now().plus(timeout).as_millis();
    let outcome = within(&worker, timeout, Invoke { deadline_ms, invocation }, &mut delivery).await;
    let outcome = match outcome {
        Outcome::NotTaken(invoke) => {
            worker.log.unbegin(&id);
            lease.discard();
            return Err(Box::new((invoke.invocation, delivery)));
        }
        outcome => outcome,
    };
    // Whoever takes the answer as it comes sees its end now.
    drop(delivery);
    worker.set_busy_until(begun + timeout);
    let ending = Ending { shared, worker, lease, id, trace, tail, begun, timeout };
    Ok(ending.answer(outcome).await)
}

/// An invocation whose runtime has done with it.
struct Ending {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    lease: Lease<RevisionFleet>,
    id: Arc<str>,
    trace: Option<String>,
    tail: bool,
    begun: Instant,
    timeout: Duration,
}

impl Ending {
    /// Gives the answer; extensions may go on beyond it.
    async fn answer(self, outcome: Outcome) -> Done {
        let (first, duration) = (self.lease.first(), self.begun.elapsed());
        if matches!(self.worker.link, Link::Api(_)) {
            // Whoever reads its framed log goes first.
            tokio::task::yield_now().await;
        }
        self.worker.log.collect();
        let healthy = !matches!(outcome, Outcome::TimedOut | Outcome::Ended(_) | Outcome::Extension(_));
        if !healthy {
            self.worker.spoil(if matches!(outcome, Outcome::TimedOut) { "timeout" } else { "failure" });
        }
        let memory = memory(&self.worker, self.tail, &outcome).await;
        let Answer { payload, error, content_type, status } = answer(&self, outcome);
        let bytes = payload.len();
        self.worker
            .log
            .notes(|| platform::runtime_done(&self.id, &status, duration, bytes, self.trace.as_deref()));
        let done = |log_tail: Option<Vec<u8>>| {
            let log_tail = log_tail.map(Bytes::from);
            Done { invoked: Invoked { payload, error, log_tail, cold: first, duration }, content_type }
        };
        if healthy && self.worker.is_busy() {
            if !self.tail {
                tokio::spawn(self.settle(memory, status));
                return done(None);
            }
            return done(self.settle(memory, status).await);
        }
        done(self.end(healthy, memory, &status))
    }

    /// Waits until the extensions have done, for as long as the invocation may take.
    async fn settle(self, memory: u64, status: Status) -> Option<Vec<u8>> {
        let deadline = self.begun + self.timeout;
        let (healthy, status) = match timeout_at(deadline, self.worker.settled()).await {
            Ok(Ok(())) => (true, status),
            Ok(Err(failure)) => {
                let Failure { error_type, text } = failure;
                self.worker.log.note(format!("RequestId: {} Error: {text}\n{error_type}", self.id));
                self.worker.spoil("failure");
                (false, Status::error(error_type))
            }
            Err(_) => {
                self.worker.log.note(errors::timed_out(self.shared.clock.now(), &self.id, self.timeout));
                self.worker.spoil("timeout");
                (false, Status::TIMEOUT)
            }
        };
        self.worker.log.collect();
        self.end(healthy, memory, &status)
    }

    /// Ends the invocation's log and gives the worker back.
    fn end(self, healthy: bool, memory: u64, status: &Status) -> Option<Vec<u8>> {
        let Self { worker, lease, id, trace, begun, .. } = self;
        let figures = Figures {
            duration: begun.elapsed(),
            init: lease.first().then_some(worker.init),
            memory_mib: worker.identity.revision.limits.memory_mib,
            used_bytes: memory,
        };
        let log_tail =
            worker.log.end(format!("END RequestId: {id}"), report(&id, &figures, &status.text()), || {
                platform::report(&id, status, &figures, trace.as_deref())
            });
        if healthy {
            worker.refresh_memory();
            lease.give_back();
        } else {
            lease.discard();
        }
        log_tail
    }
}

impl Done {
    /// How an answer ended that its caller took as it came.
    pub(crate) fn stream_end(self) -> StreamEnd {
        let Invoked { payload, error, log_tail, duration, .. } = self.invoked;
        let error_details = error.map(|_| String::from_utf8_lossy(&payload).into_owned());
        StreamEnd { error_code: error.map(str::to_owned), error_details, log_tail, duration }
    }
}

/// What the log says when an event goes to its function.
pub(crate) fn start(id: &str, version: &str) -> String {
    format!("START RequestId: {id} Version: {version}")
}

async fn within(worker: &Worker, timeout: Duration, invoke: Invoke, delivery: &mut Delivery) -> Outcome {
    let begun = Instant::now();
    let mut exchange = pin!(exchange(worker, invoke, delivery));
    if let Ok(outcome) = timeout_at(begun + timeout.min(SILENT), exchange.as_mut()).await {
        return outcome;
    }
    worker.log.release();
    timeout_at(begun + timeout, exchange).await.unwrap_or(Outcome::TimedOut)
}

/// The most memory that the worker used, for the report.
async fn memory(worker: &Worker, tail: bool, outcome: &Outcome) -> u64 {
    if matches!(outcome, Outcome::Ended(exit) if exit.oom_killed) {
        // It had all that there was; its own count went with it.
        return u64::from(worker.identity.revision.limits.memory_mib) << 20;
    }
    match worker.memory_known() {
        // The first time nobody knows yet; whoever wants the log's end wants it right.
        None => worker.memory_peak(true).await,
        Some(_) if tail => worker.memory_peak(true).await,
        Some(known) => known,
    }
}

struct Answer {
    payload: Bytes,
    error: Option<&'static str>,
    content_type: Option<String>,
    status: Status,
}

/// What the caller sees, and the platform's own log lines for what the function did not say itself.
fn answer(ending: &Ending, outcome: Outcome) -> Answer {
    let Ending { shared, worker, id, timeout, .. } = ending;
    let failed = |payload, status| Answer { payload, error: Some("Unhandled"), content_type: None, status };
    match outcome {
        Outcome::Response(content_type, payload) => {
            Answer { payload, error: None, content_type, status: Status::SUCCESS }
        }
        Outcome::Streamed | Outcome::NotTaken(_) => {
            Answer { payload: Bytes::new(), error: None, content_type: None, status: Status::SUCCESS }
        }
        Outcome::Error(payload, error_type) => {
            let known = match error_type {
                Some(error_type) => errors::known_type(Some(&error_type)),
                None => errors::type_within(&payload),
            };
            failed(payload, Status::reported(known))
        }
        Outcome::TooLarge(length) => {
            let status = Status::error("Function.ResponseSizeTooLarge");
            failed(errors::too_large_payload(length), status)
        }
        Outcome::TimedOut => {
            let message = errors::timed_out(shared.clock.now(), id, *timeout);
            worker.log.note(message.clone());
            failed(errors::timed_out_payload(&message), Status::TIMEOUT)
        }
        Outcome::Ended(exit) => {
            let (error_type, text) = errors::ended(exit);
            failed_by_itself(ending, error_type, &text)
        }
        Outcome::Extension(Failure { error_type, text }) => failed_by_itself(ending, error_type, &text),
    }
}

/// A runtime or an extension that ended.
fn failed_by_itself(ending: &Ending, error_type: &str, text: &str) -> Answer {
    let id = &ending.id;
    ending.worker.log.note(format!("RequestId: {id} Error: {text}\n{error_type}"));
    Answer {
        payload: errors::platform_payload(error_type, id, text),
        error: Some("Unhandled"),
        content_type: None,
        status: Status::error(error_type),
    }
}

/// The version that the worker runs.
fn version(worker: &Worker) -> &str {
    match &worker.identity.revision.contract {
        Contract::Lambda(lambda) => &lambda.version,
        Contract::Http(_) => "",
    }
}

fn report(id: &str, figures: &Figures, status: &str) -> String {
    let mut text = String::with_capacity(224);
    let _ = write!(
        text,
        "REPORT RequestId: {id}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
        Millis(figures.duration),
        figures.billed_ms(),
        figures.memory_mib,
        figures.used_mib(),
    );
    if let Some(init) = figures.init {
        let _ = write!(text, "Init Duration: {} ms\t", Millis(init));
    }
    text.push_str(status);
    text
}

/// Milliseconds with two places, without the detour through floating point.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0.as_nanos() + 5_000) / 10_000;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// What the caller sees of a function that could not initialise itself; the log tells of the invocation as of any other.
pub(crate) fn init_failed(
    shared: &Shared,
    failure: InitFailure,
    words: &LastWords,
    (version, memory_mib): (&str, u32),
    invocation: &Invocation,
) -> Invoked {
    let (id, trace) = (&*invocation.request_id, invocation.trace_id.as_deref());
    let status = failure.status();
    let (payload, message) = match failure {
        InitFailure::Reported(error, _) => (error, None),
        InitFailure::Ended(error_type, text) => (
            errors::platform_payload(error_type, id, &text),
            Some(format!("RequestId: {id} Error: {text}\n{error_type}")),
        ),
        InitFailure::TimedOut(limit) => {
            let message = errors::timed_out(shared.clock.now(), id, limit);
            (errors::timed_out_payload(&message), Some(message))
        }
    };
    let figures = Figures { duration: words.took, init: None, memory_mib, used_bytes: words.used_bytes };
    let tail = words.log.as_ref().and_then(|log| {
        let before = format!("{}\n", log.recent());
        log.begin(start(id, version), || platform::start(id, version, trace), true);
        if let Some(message) = message {
            log.note(message);
        }
        log.notes(|| platform::runtime_done(id, &status, words.took, payload.len(), trace));
        let after = log.end(format!("END RequestId: {id}"), report(id, &figures, &status.text()), || {
            platform::report(id, &status, &figures, trace)
        });
        let tail = [before.into_bytes(), after?].concat();
        invocation.tail.then(|| Bytes::copy_from_slice(&tail[tail.len().saturating_sub(4096)..]))
    });
    Invoked { payload, error: Some("Unhandled"), log_tail: tail, cold: true, duration: words.took }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_lambdas_fields() {
        let mut figures = Figures {
            duration: Duration::from_micros(1234),
            init: None,
            memory_mib: 128,
            used_bytes: 41 << 20,
        };
        assert_eq!(
            report("r-1", &figures, ""),
            "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\t"
        );
        figures.duration = Duration::from_secs(3);
        (figures.init, figures.used_bytes) = (Some(Duration::from_millis(99)), 1);
        assert_eq!(
            report("r-1", &figures, "Status: timeout"),
            "REPORT RequestId: r-1\tDuration: 3000.00 ms\tBilled Duration: 3099 ms\tMemory Size: 128 MB\tMax Memory \
             Used: 1 MB\tInit Duration: 99.00 ms\tStatus: timeout"
        );
    }
}
