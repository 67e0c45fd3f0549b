//! What the starts of workers took, as `weft ps` shows it.

use std::time::Duration;

use crate::workload::WorkloadId;

/// The starts of a workload's workers since the platform's own start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartStatus {
    /// The workload.
    pub workload: WorkloadId,
    /// Workers that came up.
    pub started: u64,
    /// Workers that did not.
    pub failed: u64,
    /// From the decision to start a worker until its program ran: role's keys, sandbox, log.
    pub sandbox: PhaseStatus,
    /// From then until it took requests: the interpreter and the code's own initialisation, or a service's way to its port.
    pub init: PhaseStatus,
    /// The first request that a worker had: a function's whole answer, the head of a service's.
    pub first_request: PhaseStatus,
}

/// The times of one phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhaseStatus {
    /// How often it was measured.
    pub count: u64,
    /// The time that half of them did not exceed, to a tenth. Zero where there is none.
    pub p50: Duration,
    /// The longest.
    pub max: Duration,
}
