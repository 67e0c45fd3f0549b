//! The contract `lambda`: one event to one worker, its log lines, and what the caller sees.

use std::fmt::{self, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use weft_service::workload::{Invocation, Invoked, StreamEnd};

use crate::delivery::Delivery;
use crate::errors;
use crate::exchange::{Outcome, exchange};
use crate::frames::Invoke;
use crate::pool::{InitFailure, Lease};
use crate::start::{RevisionFleet, Shared};
use crate::worker::Worker;

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
    worker.log.begin(start, tail);
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
    let duration = begun.elapsed();
    worker.log.collect();

    let healthy = !matches!(outcome, Outcome::TimedOut | Outcome::Ended(_));
    let memory = memory(&worker, tail, &outcome).await;
    let Answer { payload, error, content_type, status } = answer(&shared, &worker, timeout, &id, outcome);
    let init = first.then_some(worker.init);
    let mib = worker.identity.revision.limits.memory_mib;
    let report = report(&id, duration, init, mib, memory, &status);
    let log_tail = worker.log.end([format!("END RequestId: {id}"), report]).map(Bytes::from);
    if healthy {
        worker.refresh_memory();
        lease.give_back();
    } else {
        lease.discard();
    }
    Ok(Done { invoked: Invoked { payload, error, log_tail, cold: first, duration }, content_type })
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
    /// What the report says beyond the figures.
    status: String,
}

/// What the caller sees, and the platform's own log lines for what the function did not say itself.
fn answer(shared: &Shared, worker: &Worker, timeout: Duration, id: &str, outcome: Outcome) -> Answer {
    let failed =
        |payload, status: String| Answer { payload, error: Some("Unhandled"), content_type: None, status };
    match outcome {
        Outcome::Response(content_type, payload) => {
            Answer { payload, error: None, content_type, status: String::new() }
        }
        Outcome::Streamed | Outcome::NotTaken(_) => {
            Answer { payload: Bytes::new(), error: None, content_type: None, status: String::new() }
        }
        Outcome::Error(payload) => failed(payload, String::new()),
        Outcome::TooLarge(length) => {
            let status = "\tStatus: error\tError Type: Function.ResponseSizeTooLarge".to_owned();
            failed(errors::too_large_payload(length), status)
        }
        Outcome::TimedOut => {
            let message = errors::timed_out(shared.clock.now(), id, timeout);
            worker.log.note(message.clone());
            failed(errors::timed_out_payload(&message), "\tStatus: timeout".to_owned())
        }
        Outcome::Ended(exit) => {
            let (error_type, text) = errors::ended(exit);
            worker.log.note(format!("RequestId: {id} Error: {text}\n{error_type}"));
            let status = format!("\tStatus: error\tError Type: {error_type}");
            failed(errors::platform_payload(error_type, id, &text), status)
        }
    }
}

fn report(
    id: &str,
    duration: Duration,
    init: Option<Duration>,
    mib: u32,
    memory: u64,
    status: &str,
) -> String {
    // Lambda bills the initialisation as well, since 2025.
    let billed = (duration + init.unwrap_or_default()).as_nanos().div_ceil(1_000_000);
    let used = memory.div_ceil(1 << 20);
    let mut text = String::with_capacity(224);
    let _ = write!(
        text,
        "REPORT RequestId: {id}\tDuration: {} ms\tBilled Duration: {billed} ms\tMemory Size: {mib} MB\tMax Memory \
         Used: {used} MB\t",
        Millis(duration),
    );
    if let Some(init) = init {
        let _ = write!(text, "Init Duration: {} ms\t", Millis(init));
    }
    text.push_str(status.trim_start_matches('\t'));
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

/// What the caller sees of a function that could not initialise itself.
pub(crate) fn init_failed(
    shared: &Shared,
    failure: InitFailure,
    log: &str,
    invocation: &Invocation,
) -> Invoked {
    let id = &*invocation.request_id;
    let payload = match failure {
        InitFailure::Reported(error, _) => error,
        InitFailure::Ended(error_type, text) => errors::platform_payload(error_type, id, &text),
        InitFailure::TimedOut(limit) => {
            errors::timed_out_payload(&errors::timed_out(shared.clock.now(), id, limit))
        }
    };
    let tail = invocation.tail.then(|| {
        let log = format!("{log}\n");
        Bytes::from(log.as_bytes()[log.len().saturating_sub(4096)..].to_vec())
    });
    Invoked { payload, error: Some("Unhandled"), log_tail: tail, cold: true, duration: Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_lambdas_fields() {
        let text = report("r-1", Duration::from_micros(1234), None, 128, 41 << 20, "");
        assert_eq!(
            text,
            "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\t"
        );
        let text = report(
            "r-1",
            Duration::from_secs(3),
            Some(Duration::from_millis(99)),
            128,
            1,
            "\tStatus: timeout",
        );
        assert_eq!(
            text,
            "REPORT RequestId: r-1\tDuration: 3000.00 ms\tBilled Duration: 3099 ms\tMemory Size: 128 MB\tMax Memory \
             Used: 1 MB\tInit Duration: 99.00 ms\tStatus: timeout"
        );
    }
}
