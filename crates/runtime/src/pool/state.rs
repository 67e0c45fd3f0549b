//! What a pool knows, and the steps that change it. No step waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use weft_scaling::{
    Action, BackOff, Limits, Load, Moment, Panic, Snapshot, StartTokens, decide, panic_after,
};
use weft_service::workload::WorkError;

use super::lease::Place;
use super::slot::{Gate, Slot, Stage};
use super::{Fleet, Lease, PoolConfig, StartFailure};

/// See the module.
pub(super) struct State<F: Fleet> {
    pub(super) slots: Vec<Slot<F::Worker>>,
    /// Requests that wait, by ticket: the smallest came first.
    pub(super) waiting: BTreeMap<u64, oneshot::Sender<Result<Lease<F>, StartFailure>>>,
    pub(super) retired: bool,
    pub(super) closed: bool,
    pub(super) ticking: bool,
    next_ticket: u64,
    load: Load,
    tokens: StartTokens,
    back_off: BackOff,
    last_failure: Option<StartFailure>,
    panic: Option<Panic>,
    random: u64,
    scratch: Vec<u32>,
}

impl<F: Fleet> State<F> {
    pub(super) fn new(config: &PoolConfig, now: Moment) -> Self {
        Self {
            slots: Vec::new(),
            waiting: BTreeMap::new(),
            retired: false,
            closed: false,
            ticking: false,
            next_ticket: 0,
            load: Load::new(now),
            tokens: StartTokens::new(config.start_burst, config.starts_per_second, now),
            back_off: BackOff::default(),
            last_failure: None,
            panic: None,
            random: u64::from_ne_bytes(weft_service::random_bytes()) | 1,
            scratch: Vec::new(),
        }
    }

    pub(super) fn enqueue(&mut self, sender: oneshot::Sender<Result<Lease<F>, StartFailure>>) -> u64 {
        self.next_ticket += 1;
        self.waiting.insert(self.next_ticket, sender);
        self.next_ticket
    }

    pub(super) fn starting(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.stage, Stage::Starting)).count()
    }

    pub(super) fn record_load(&mut self, now: Moment) {
        self.load.record(now, count(self.waiting.len()) + self.in_flight());
    }

    pub(super) fn decide(&mut self, limits: &Limits, now: Moment) -> Vec<Action> {
        let mut snapshot = Snapshot {
            now,
            in_flight: self.in_flight(),
            queued: count(self.waiting.len()),
            workers: self.slots.iter().map(Slot::view).collect(),
            load_stable: self.load.average(now, Duration::from_mins(1)),
            load_panic: self.load.average(now, Duration::from_secs(6)),
            panic: self.panic,
            starts_allowed: self.tokens.available(now),
            back_off_until: self.back_off.until(now),
        };
        self.panic = panic_after(&snapshot, limits);
        snapshot.panic = self.panic;
        decide(&snapshot, limits)
    }

    /// Notes that a worker is being started.
    pub(super) fn begin(&mut self, id: u64, now: Moment) {
        self.tokens.take(1);
        self.slots.push(Slot::new(id, Stage::Starting, now));
    }

    /// Notes that a worker is up; `false` where nobody wants it any more.
    pub(super) fn up(
        &mut self,
        id: u64,
        worker: &Arc<F::Worker>,
        expires: Option<Moment>,
        now: Moment,
    ) -> bool {
        let Some(slot) = self.slot(id).filter(|slot| matches!(slot.stage, Stage::Starting)) else {
            return false;
        };
        slot.stage = Stage::Up(Arc::clone(worker));
        slot.idle_since = now;
        slot.expires = expires;
        true
    }

    /// Keeps the place of a worker that came up after it had been given up.
    pub(super) fn adopt_stopping(&mut self, id: u64, now: Moment) {
        self.slots.retain(|slot| slot.id != id);
        self.slots.push(Slot::new(id, Stage::Stopping, now));
    }

    /// Notes that a start failed, and tells those whom it concerns: for a function the request that waited longest, for
    /// a service all, unless another worker is there or on its way.
    pub(super) fn start_failed(&mut self, id: u64, failure: &StartFailure, now: Moment, is_service: bool) {
        self.slots.retain(|slot| slot.id != id);
        self.back_off.failed(now);
        self.last_failure = Some(failure.clone());
        if !is_service {
            if let Some((_, waiter)) = self.waiting.pop_first() {
                let _ = waiter.send(Err(failure.clone()));
            }
        } else if self.slots.iter().all(|slot| matches!(slot.stage, Stage::Stopping)) {
            self.fail_waiting(failure);
        }
        self.record_load(now);
    }

    pub(super) fn fail_waiting(&mut self, failure: &StartFailure) {
        for (_, waiter) in std::mem::take(&mut self.waiting) {
            let _ = waiter.send(Err(failure.clone()));
        }
    }

    pub(super) fn fail_waiting_for_back_off(&mut self, now: Moment) {
        let seconds = self.back_off.until(now).map_or(0.0, |until| until.saturating_sub(now).as_secs_f64());
        let failure = match &self.last_failure {
            Some(StartFailure::Work(WorkError::StartFailed { reason } | WorkError::Crashed { reason })) => {
                let times = self.back_off.failures();
                let reason = format!("{reason} (failed {times} times; next try in {seconds:.1} s)");
                StartFailure::Work(WorkError::StartFailed { reason })
            }
            Some(other) => other.clone(),
            None => StartFailure::Work(WorkError::StartFailed { reason: "starts are held back".to_owned() }),
        };
        self.fail_waiting(&failure);
    }

    /// Takes a place in a worker: for functions in the one used last, so that others can rest; for services in the less
    /// loaded of two.
    pub(super) fn take_place(&mut self, limits: &Limits, now: Moment) -> Option<Place<F::Worker>> {
        let index =
            if limits.concurrency == 1 { self.idle_last() } else { self.less_loaded(limits.concurrency) };
        let slot = &mut self.slots[index?];
        let worker = slot.worker().map(Arc::clone)?;
        let fresh = (slot.served == 0 && slot.in_flight == 0).then_some(now);
        slot.in_flight += 1;
        slot.idle_since = now;
        let first = !std::mem::replace(&mut slot.leased, true);
        let frozen = std::mem::take(&mut slot.frozen).then(|| Arc::clone(&slot.gate));
        Some(Place { id: slot.id, worker, frozen, first, fresh })
    }

    fn idle_last(&self) -> Option<usize> {
        let free = self.slots.iter().enumerate().filter(|(_, slot)| slot.open() && slot.in_flight == 0);
        free.max_by_key(|(_, slot)| (!slot.frozen, slot.idle_since)).map(|(index, _)| index)
    }

    fn less_loaded(&mut self, limit: u32) -> Option<usize> {
        self.scratch.clear();
        self.scratch
            .extend(self.slots.iter().map(|slot| if slot.open() { slot.in_flight } else { u32::MAX }));
        let random = [self.draw(), self.draw()];
        weft_routing::pick_of_two(&self.scratch, limit, random)
    }

    /// Xorshift: quick, and good enough to spread load.
    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 32) as u32
    }

    /// Takes back a place that was never used.
    pub(super) fn return_place(&mut self, id: u64) {
        if let Some(slot) = self.slot(id) {
            slot.in_flight = slot.in_flight.saturating_sub(1);
        }
    }

    /// Takes back a place that was used. `Some(true)` where the worker must be stopped now, `None` where it is gone.
    pub(super) fn give_back(&mut self, id: u64, broken: bool, now: Moment) -> Option<bool> {
        if !broken && self.slot(id).is_some() {
            self.back_off.succeeded();
        }
        let slot = self.slot(id)?;
        slot.in_flight = slot.in_flight.saturating_sub(1);
        slot.served += 1;
        slot.idle_since = now;
        if broken {
            slot.stop_asked.get_or_insert(now);
        }
        Some(slot.stop_asked.is_some() && slot.in_flight == 0 && matches!(slot.stage, Stage::Up(_)))
    }

    /// Gives a worker no more requests; whether it has none and can be stopped now.
    pub(super) fn ask_to_stop(&mut self, id: u64, now: Moment) -> bool {
        self.slot(id).is_some_and(|slot| {
            slot.stop_asked.get_or_insert(now);
            slot.in_flight == 0
        })
    }

    /// The worker that drains for longest, and for longer than `grace`, where its place is wanted: requests wait, and there
    /// is no place for another worker. A connection that never ends (a WebSocket) may not keep others out for ever.
    pub(super) fn must_give_way(&self, limits: &Limits, grace: Duration, now: Moment) -> Option<u64> {
        if self.waiting.is_empty() || count(self.slots.len()) < limits.max {
            return None;
        }
        let draining = self.slots.iter().filter(|slot| matches!(slot.stage, Stage::Up(_)));
        let (since, id) = draining.filter_map(|slot| Some((slot.stop_asked?, slot.id))).min()?;
        (now.saturating_sub(since) >= grace).then_some(id)
    }

    /// Notes that a worker is being stopped, and returns what it was.
    pub(super) fn begin_stopping(&mut self, id: u64) -> Option<Stage<F::Worker>> {
        self.slot(id).map(|slot| std::mem::replace(&mut slot.stage, Stage::Stopping))
    }

    /// Notes that nothing is left of a worker; `crash` says how it ended by itself.
    pub(super) fn gone(&mut self, id: u64, crash: Option<String>, now: Moment) -> bool {
        let Some(index) = self.slots.iter().position(|slot| slot.id == id) else { return false };
        let slot = self.slots.swap_remove(index);
        if let (Stage::Up(_), Some(reason)) = (&slot.stage, crash) {
            self.back_off.failed(now);
            self.last_failure = Some(StartFailure::Work(WorkError::Crashed { reason }));
        }
        self.record_load(now);
        true
    }

    /// Marks an idle worker as frozen and returns it with the gate behind which it is frozen and thawed.
    pub(super) fn freeze(&mut self, id: u64) -> Option<(Arc<F::Worker>, Gate)> {
        let slot = self.slot(id).filter(|slot| slot.open() && slot.in_flight == 0)?;
        slot.frozen = true;
        let worker = slot.worker().map(Arc::clone)?;
        Some((worker, Arc::clone(&slot.gate)))
    }

    /// The workers that nobody waits for.
    pub(super) fn stoppable(&self) -> Vec<u64> {
        let wanted = !self.waiting.is_empty();
        let slots = self.slots.iter().filter(|slot| !(wanted && matches!(slot.stage, Stage::Starting)));
        slots.map(|slot| slot.id).collect()
    }

    pub(super) fn is_frozen(&self, id: u64) -> bool {
        self.slots.iter().any(|slot| slot.id == id && slot.frozen)
    }

    fn in_flight(&self) -> u32 {
        self.slots.iter().map(|slot| slot.in_flight).sum()
    }

    fn slot(&mut self, id: u64) -> Option<&mut Slot<F::Worker>> {
        self.slots.iter_mut().find(|slot| slot.id == id)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
