//! The decision.

use std::time::Duration;

use crate::Moment;

/// All that a scaling decision may depend on.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The time.
    pub now: Moment,
    /// Requests that workers have.
    pub in_flight: u32,
    /// Requests that wait for a worker.
    pub queued: u32,
    /// All workers, those that are being stopped too.
    pub workers: Vec<WorkerView>,
    /// Average load of the stable window, 60 s.
    pub load_stable: f64,
    /// Average load of the panic window, 6 s.
    pub load_panic: f64,
    /// The panic that is on, from the last call of [`panic_after`].
    pub panic: Option<Panic>,
    /// Starts that the rate allows.
    pub starts_allowed: u32,
    /// Until when nothing is started because workers failed.
    pub back_off_until: Option<Moment>,
}

/// One worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerView {
    /// Its number.
    pub id: u64,
    /// What it does.
    pub state: WorkerState,
    /// Requests that it has.
    pub in_flight: u32,
    /// Since when it has had none.
    pub idle_since: Moment,
    /// When it must make room for a fresh one, because its keys end.
    pub expires: Option<Moment>,
}

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// On its way up.
    Starting,
    /// Takes requests.
    Ready,
    /// Takes requests after being thawed.
    Frozen,
    /// On its way down; takes no more requests.
    Stopping,
}

/// The bounds of a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Workers that are kept.
    pub min: u32,
    /// Workers that are never exceeded. 0 runs nothing.
    pub max: u32,
    /// Requests that one worker takes at a time. At least 1.
    pub concurrency: u32,
    /// The share of `concurrency` at which a worker counts as full for the averages: 0.7 as Knative's.
    pub utilisation: f64,
    /// How long a worker may idle.
    pub idle_timeout: Duration,
    /// After how much idling a worker is frozen, where it may be.
    pub freeze_after: Option<Duration>,
    /// Whether requests that wait also respect the back-off. Functions start a fresh worker for each request, as AWS does,
    /// and answer with its error; services do not.
    pub requests_back_off: bool,
}

/// A phase in which a service only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panic {
    /// When the load was last seen to be over the threshold.
    pub over_at: Moment,
    /// The most workers wanted since it began.
    pub most: u32,
}

/// One step towards the wanted size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start this many workers.
    Start(u32),
    /// Stop this worker as soon as it has no request; give it no more.
    Stop(u64),
    /// Freeze this idle worker.
    Freeze(u64),
    /// Tell the requests that wait why no worker comes: there is none, and the next start is held back.
    FailWaiting,
}

/// The time after which a panic ends without a new reason, and the length of the stable window.
const STABLE: Duration = Duration::from_mins(1);

/// Returns the actions that move a pool towards its wanted size.
pub fn decide(pool: &Snapshot, limits: &Limits) -> Vec<Action> {
    let alive = count(pool.workers.len());
    let leaving = pool.workers.iter().filter(|w| w.state == WorkerState::Stopping || worn_out(pool, w));
    let staying = alive - count(leaving.count());
    let mut actions: Vec<Action> = pool
        .workers
        .iter()
        .filter(|w| w.state != WorkerState::Stopping && worn_out(pool, w))
        .map(|w| Action::Stop(w.id))
        .collect();

    let (by_load, by_requests) = wanted(pool, limits);
    let wanted = by_load.max(by_requests).clamp(limits.min.min(limits.max), limits.max);
    if staying < wanted {
        actions.extend(start(pool, limits, staying, by_requests, wanted - staying, alive));
    } else {
        actions.extend(stop(pool, limits, staying, wanted, by_load));
    }
    actions
}

/// The panic that is on after this snapshot; keep it for the next.
pub fn panic_after(pool: &Snapshot, limits: &Limits) -> Option<Panic> {
    if limits.concurrency == 1 {
        return None;
    }
    let ready = count(pool.workers.iter().filter(|w| takes_requests(w)).count()).max(1);
    let wanted = workers_for(pool.load_panic, limits);
    if wanted >= ready.saturating_mul(2) {
        let most = pool.panic.map_or(0, |panic| panic.most).max(wanted).min(limits.max);
        return Some(Panic { over_at: pool.now, most });
    }
    pool.panic.filter(|panic| pool.now < panic.over_at + STABLE)
}

/// The workers that the averages ask for, and those that the requests of this moment need.
fn wanted(pool: &Snapshot, limits: &Limits) -> (u32, u32) {
    let by_requests = (pool.in_flight + pool.queued).div_ceil(limits.concurrency.max(1));
    let queued_need = if pool.queued == 0 { 0 } else { by_requests };
    if limits.concurrency == 1 {
        return (by_requests, queued_need);
    }
    let ready = count(pool.workers.iter().filter(|w| takes_requests(w)).count());
    // A single step never removes more than half, as Knative's default does; the last workers leave by idling.
    let floor = if workers_for(pool.load_stable, limits) > 0 { (ready / 2).max(1) } else { ready.min(1) };
    let stable = workers_for(pool.load_stable, limits).max(floor);
    let by_load = match pool.panic {
        Some(panic) => stable.max(workers_for(pool.load_panic, limits)).max(panic.most).max(ready),
        None => stable,
    };
    // Averages never start the first worker: a request does.
    let by_load = if ready == 0 { 0 } else { by_load };
    (by_load, queued_need)
}

fn start(
    pool: &Snapshot,
    limits: &Limits,
    staying: u32,
    by_requests: u32,
    missing: u32,
    alive: u32,
) -> Option<Action> {
    let held_back = pool.back_off_until.is_some();
    if held_back && limits.requests_back_off {
        let hopeless = pool.queued > 0 && staying == 0;
        return hopeless.then_some(Action::FailWaiting);
    }
    let missing = if held_back { by_requests.saturating_sub(staying) } else { missing };
    let room = limits.max.saturating_sub(alive);
    let count = missing.min(room).min(pool.starts_allowed);
    (count > 0).then_some(Action::Start(count))
}

/// Stops what idles too long or is not wanted, the longest idle first; freezes what idles for less.
fn stop(pool: &Snapshot, limits: &Limits, staying: u32, wanted: u32, by_load: u32) -> Vec<Action> {
    let mut candidates: Vec<&WorkerView> =
        pool.workers.iter().filter(|w| takes_requests(w) && !worn_out(pool, w)).collect();
    candidates.sort_by_key(|w| (w.in_flight, w.idle_since, w.id));
    let mut left = staying;
    let floor = limits.min.min(limits.max);
    let mut actions = Vec::new();
    for worker in candidates {
        let idle = (worker.in_flight == 0).then(|| pool.now.saturating_sub(worker.idle_since));
        let tired = idle.is_some_and(|idle| idle >= limits.idle_timeout);
        let surplus = limits.concurrency > 1 && by_load > 0 && left > wanted && pool.panic.is_none();
        let too_many = left > limits.max;
        if (tired && left > floor) || surplus || too_many {
            actions.push(Action::Stop(worker.id));
            left -= 1;
        } else if let (Some(idle), Some(after), WorkerState::Ready) =
            (idle, limits.freeze_after, worker.state)
            && idle >= after
        {
            actions.push(Action::Freeze(worker.id));
        }
    }
    actions
}

fn worn_out(pool: &Snapshot, worker: &WorkerView) -> bool {
    worker.expires.is_some_and(|expires| expires <= pool.now) && takes_requests(worker)
}

fn takes_requests(worker: &WorkerView) -> bool {
    matches!(worker.state, WorkerState::Ready | WorkerState::Frozen)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of a u32")]
fn workers_for(load: f64, limits: &Limits) -> u32 {
    let target = (f64::from(limits.concurrency) * limits.utilisation).max(0.01);
    (load / target).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
