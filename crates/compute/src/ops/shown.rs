//! Workers and starts as the API shows them.

use std::time::Duration;

use weft_model::weft as model;
use weft_service::starts::{PhaseStatus, StartStatus};
use weft_service::workload::{WorkerStatus, WorkloadKind};

/// A worker.
pub(super) fn worker(worker: WorkerStatus) -> model::WorkerDescription {
    model::WorkerDescription {
        id: long(worker.id),
        app: worker.workload.app.map(|app| app.to_string()),
        name: worker.workload.name.to_string(),
        kind: kind(worker.workload.kind),
        revision: worker.revision.to_string(),
        state: worker.state.to_owned(),
        in_flight: i32::try_from(worker.in_flight).unwrap_or(i32::MAX),
        served: long(worker.served),
        memory_bytes: worker.memory_bytes.map(long),
        started: worker.started,
        pid: worker.pid.map(i64::from),
    }
}

/// A workload's starts. A phase that was never measured is left out.
pub(super) fn starts(starts: StartStatus) -> model::StartDescription {
    model::StartDescription {
        app: starts.workload.app.map(|app| app.to_string()),
        name: starts.workload.name.to_string(),
        kind: kind(starts.workload.kind),
        started: long(starts.started),
        failed: long(starts.failed),
        sandbox: phase(starts.sandbox),
        init: phase(starts.init),
        first_request: phase(starts.first_request),
    }
}

fn phase(phase: PhaseStatus) -> Option<model::StartPhase> {
    let millis = |time: Duration| (time.as_secs_f64() * 1e5).round() / 1e2;
    let (p50_millis, max_millis) = (millis(phase.p50), millis(phase.max));
    (phase.count > 0).then(|| model::StartPhase { count: long(phase.count), p50_millis, max_millis })
}

fn kind(kind: WorkloadKind) -> String {
    match kind {
        WorkloadKind::Function => "function".to_owned(),
        WorkloadKind::Service => "service".to_owned(),
    }
}

fn long(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
