//! The contract `lambda`: one event to one worker, its log lines, and what the caller sees.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use weft_sandbox::Exit;
use weft_service::workload::{Invocation, Invoked, LambdaContract};

use crate::errors;
use crate::frames::{Invoke, Said};
use crate::pool::{InitFailure, Lease};
use crate::runtime_api::Answered;
use crate::start::{RevisionFleet, Shared};
use crate::worker::{Link, Worker};

/// What came of an invocation, with the content type where the runtime named one.
pub(crate) struct Done {
    pub(crate) invoked: Invoked,
    pub(crate) content_type: Option<String>,
}

/// How an invocation ended.
enum Outcome {
    Response(Option<String>, Bytes),
    Error(Bytes),
    TooLarge(usize),
    TimedOut,
    Ended(Exit),
}

const ENDING: Duration = Duration::from_secs(1);

/// Runs one event in a leased worker to its end. Once it runs it is not given up: a function goes on when its caller
/// hangs up, as in Lambda.
pub(crate) async fn run(
    shared: Arc<Shared>,
    lease: Lease<RevisionFleet>,
    contract: LambdaContract,
    invocation: Invocation,
) -> Done {
    let worker = Arc::clone(lease.worker());
    let (first, id) = (lease.first(), Arc::clone(&invocation.request_id));
    if invocation.tail {
        worker.log.begin_tail();
    }
    worker.log.platform(format!("START RequestId: {id} Version: {}", contract.version));
    let begun = Instant::now();
    let invoke = as_frame(&invocation, shared.clock.now().plus(contract.timeout).as_millis());
    let exchange = exchange(&worker, invoke);
    let outcome = tokio::time::timeout(contract.timeout, exchange).await.unwrap_or(Outcome::TimedOut);
    let duration = begun.elapsed();
    worker.log.flush();

    let healthy = matches!(outcome, Outcome::Response(..) | Outcome::Error(_) | Outcome::TooLarge(_));
    let Answer { payload, error, content_type, status } = answer(&shared, &worker, &contract, &id, outcome);
    worker.log.platform(format!("END RequestId: {id}"));
    let memory = match worker.memory_known() {
        // The first time nobody knows yet; whoever wants the log's end wants it right.
        None => worker.memory_peak(true).await,
        Some(_) if invocation.tail => worker.memory_peak(true).await,
        Some(known) => known,
    };
    let init = first.then_some(worker.init);
    let mib = worker.identity.revision.limits.memory_mib;
    worker.log.platform(report(&id, duration, init, mib, memory, &status));
    let log_tail = worker.log.end_tail().map(Bytes::from);
    if healthy {
        worker.refresh_memory();
        lease.give_back();
    } else {
        lease.discard();
    }
    Done { invoked: Invoked { payload, error, log_tail, cold: first, duration }, content_type }
}

fn as_frame(invocation: &Invocation, deadline_ms: i64) -> Invoke {
    Invoke {
        deadline_ms,
        request_id: invocation.request_id.to_string(),
        arn: invocation.invoked_arn.to_string(),
        trace_id: invocation.trace_id.clone().unwrap_or_default(),
        client_context: invocation.client_context.clone().unwrap_or_default(),
        payload: invocation.payload.clone(),
    }
}

async fn exchange(worker: &Worker, invoke: Invoke) -> Outcome {
    match &worker.link {
        Link::Frames(frames) => {
            let mut frames = frames.lock().await;
            let said = match frames.send(&invoke).await {
                Ok(()) => frames.receive().await,
                Err(error) => Err(error),
            };
            match said {
                Ok(Said::Response(bytes)) => Outcome::Response(None, bytes),
                Ok(Said::Typed(content_type, bytes)) => Outcome::Response(Some(content_type), bytes),
                Ok(Said::Error(bytes)) => Outcome::Error(bytes),
                Ok(Said::TooLarge(length)) => Outcome::TooLarge(length),
                // Whose answer it was nobody knows, nor what the worker does now.
                Ok(Said::Ready | Said::InitError(_)) => Outcome::Ended(worker.process.kill().await),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let log = format!("RequestId: {} Error: the runtime sent {error}", invoke.request_id);
                    worker.log.platform(log);
                    Outcome::Ended(worker.process.kill().await)
                }
                Err(_) => ended(worker).await,
            }
        }
        Link::Api(api) => {
            let answered = api.submit(invoke);
            tokio::select! {
                biased;
                answered = answered => match answered {
                    Ok(Answered::Response(content_type, bytes)) => Outcome::Response(Some(content_type), bytes),
                    Ok(Answered::Error(bytes)) => Outcome::Error(bytes),
                    Ok(Answered::TooLarge(length)) => Outcome::TooLarge(length),
                    Err(_) => ended(worker).await,
                },
                exit = worker.process.wait() => Outcome::Ended(exit),
            }
        }
        Link::Http(_) => ended(worker).await,
    }
}

/// How a runtime ended that closed its socket; one that goes on all the same is killed.
async fn ended(worker: &Worker) -> Outcome {
    match tokio::time::timeout(ENDING, worker.process.wait()).await {
        Ok(exit) => Outcome::Ended(exit),
        Err(_) => Outcome::Ended(worker.process.kill().await),
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
fn answer(shared: &Shared, worker: &Worker, contract: &LambdaContract, id: &str, outcome: Outcome) -> Answer {
    let failed =
        |payload, status: String| Answer { payload, error: Some("Unhandled"), content_type: None, status };
    match outcome {
        Outcome::Response(content_type, payload) => {
            Answer { payload, error: None, content_type, status: String::new() }
        }
        Outcome::Error(payload) => failed(payload, String::new()),
        Outcome::TooLarge(length) => {
            let status = "\tStatus: error\tError Type: Function.ResponseSizeTooLarge".to_owned();
            failed(errors::too_large_payload(length), status)
        }
        Outcome::TimedOut => {
            let message = errors::timed_out(shared.clock.now(), id, contract.timeout);
            worker.log.platform(message.clone());
            failed(errors::timed_out_payload(&message), "\tStatus: timeout".to_owned())
        }
        Outcome::Ended(exit) => {
            let (error_type, text) = errors::ended(exit);
            worker.log.platform(format!("RequestId: {id} Error: {text}\n{error_type}"));
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
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    // Lambda bills the initialisation as well, since 2025.
    let billed = millis(duration + init.unwrap_or_default()).ceil();
    let init = init.map_or(String::new(), |init| format!("Init Duration: {:.2} ms\t", millis(init)));
    let used = memory.div_ceil(1 << 20);
    format!(
        "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {mib} MB\tMax Memory \
         Used: {used} MB\t{init}{}",
        millis(duration),
        status.trim_start_matches('\t'),
    )
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
        InitFailure::Reported(error) => error,
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
