//! What starts took, by workload: counts that take the same room however many starts there were.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weft_service::starts::{PhaseStatus, StartStatus};
use weft_service::workload::WorkloadId;

/// Workloads that are remembered; beyond them, whoever has not started a worker for longest is forgotten.
const WORKLOADS_MAX: usize = 1024;

/// The starts of all workloads of a machine.
#[derive(Debug, Default)]
pub(crate) struct Starts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Counts what happens, for the age of each record.
    now: u64,
    records: HashMap<WorkloadId, Record>,
}

#[derive(Debug, Default)]
struct Record {
    touched: u64,
    failed: u64,
    sandbox: Phase,
    init: Phase,
    first_request: Phase,
}

impl Starts {
    /// Notes a worker that came up: how long until its program ran, and from then until it took requests.
    pub(crate) fn started(&self, workload: &WorkloadId, sandbox: Duration, init: Duration) {
        self.known().of(workload, |record| {
            record.sandbox.add(sandbox);
            record.init.add(init);
        });
    }

    /// Notes a worker that did not come up.
    pub(crate) fn failed(&self, workload: &WorkloadId) {
        self.known().of(workload, |record| record.failed += 1);
    }

    /// Notes the first request of a worker.
    pub(crate) fn first_request(&self, workload: &WorkloadId, took: Duration) {
        self.known().of(workload, |record| record.first_request.add(took));
    }

    /// What is known, in the order of the workloads.
    pub(crate) fn status(&self) -> Vec<StartStatus> {
        let known = self.known();
        let mut all: Vec<StartStatus> = known.records.iter().map(|(id, record)| record.status(id)).collect();
        all.sort_by(|a, b| a.workload.cmp(&b.workload));
        all
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of(&mut self, workload: &WorkloadId, note: impl FnOnce(&mut Record)) {
        self.now += 1;
        if self.records.len() >= WORKLOADS_MAX && !self.records.contains_key(workload) {
            let oldest = self.records.iter().min_by_key(|(_, record)| record.touched);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.records.remove(&oldest);
            }
        }
        let record = self.records.entry(workload.clone()).or_default();
        record.touched = self.now;
        note(record);
    }
}

impl Record {
    fn status(&self, workload: &WorkloadId) -> StartStatus {
        StartStatus {
            workload: workload.clone(),
            started: self.init.count,
            failed: self.failed,
            sandbox: self.sandbox.status(),
            init: self.init.status(),
            first_request: self.first_request.status(),
        }
    }
}

/// Classes of a [`Phase`], four to each doubling from 128 µs on: the last begins at about 100 minutes.
const CLASSES: usize = 104;
const FIRST_MICROS: f64 = 128.0;
const PER_DOUBLING: f64 = 4.0;

/// Times, counted by size.
#[derive(Debug)]
struct Phase {
    count: u64,
    least: Duration,
    most: Duration,
    classes: Box<[u32; CLASSES]>,
}

impl Default for Phase {
    fn default() -> Self {
        let classes = Box::new([0; CLASSES]);
        Self { count: 0, least: Duration::MAX, most: Duration::ZERO, classes }
    }
}

impl Phase {
    fn add(&mut self, time: Duration) {
        self.count += 1;
        self.least = self.least.min(time);
        self.most = self.most.max(time);
        let class = &mut self.classes[class_of(time)];
        *class = class.saturating_add(1);
    }

    fn status(&self) -> PhaseStatus {
        if self.count == 0 {
            return PhaseStatus::default();
        }
        let half = self.count.div_ceil(2);
        let mut seen = 0;
        let class = self.classes.iter().position(|count| {
            seen += u64::from(*count);
            seen >= half
        });
        let p50 = middle_of(class.unwrap_or(CLASSES - 1)).clamp(self.least, self.most);
        PhaseStatus { count: self.count, p50, max: self.most }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what there is before the cast"
)]
fn class_of(time: Duration) -> usize {
    let doublings = (time.as_secs_f64() * 1e6 / FIRST_MICROS).max(1.0).log2();
    ((doublings * PER_DOUBLING) as usize).min(CLASSES - 1)
}

/// The time that is as far from a class's begin as from its end, by ratio.
#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn middle_of(class: usize) -> Duration {
    Duration::from_secs_f64(FIRST_MICROS / 1e6 * ((class as f64 + 0.5) / PER_DOUBLING).exp2())
}

#[cfg(test)]
mod tests;
