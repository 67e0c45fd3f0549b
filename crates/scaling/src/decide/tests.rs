use super::*;

/// A pool in words: `key=value` pairs. `ready=2`, `idle=2x30` (two that have idled for 30 s), `busy=2x1` (two with one
/// request), `starting=1`, `stopping=1`, `frozen=1x90`, `worn=1` (keys ended), `queued`, `stable`, `panic6`,
/// `panicking=N`, `backoff`, `tokens`; limits: `min`, `max`, `cc`, `idle_timeout`, `freeze`, `service`.
fn check(words: &str, expected: &[Action]) {
    let (pool, limits) = parse(words);
    assert_eq!(decide(&pool, &limits), expected, "{words}");
}

fn parse(words: &str) -> (Snapshot, Limits) {
    let now = Duration::from_secs(1_000);
    let mut pool = Snapshot { now, starts_allowed: 1_000, ..Snapshot::default() };
    let mut limits = Limits {
        min: 0,
        max: 10,
        concurrency: 1,
        utilisation: 0.7,
        idle_timeout: Duration::from_mins(1),
        freeze_after: None,
        requests_back_off: false,
    };
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, "1"));
        let (n, each) = value.split_once('x').unwrap_or((value, "0"));
        let number: u32 = n.parse().unwrap();
        let each: u32 = each.parse().unwrap();
        let mut add = |state, in_flight: u32, idle: u64, expires| {
            for _ in 0..number {
                let id = pool.workers.len() as u64 + 1;
                let idle_since = now.checked_sub(Duration::from_secs(idle)).unwrap();
                pool.workers.push(WorkerView { id, state, in_flight, idle_since, expires });
                pool.in_flight += in_flight;
            }
        };
        match key {
            "idle" => add(WorkerState::Ready, 0, each.into(), None),
            "busy" => add(WorkerState::Ready, each, 0, None),
            "frozen" => add(WorkerState::Frozen, 0, each.into(), None),
            "starting" => add(WorkerState::Starting, 0, 0, None),
            "stopping" => add(WorkerState::Stopping, each, 0, None),
            "worn" => add(WorkerState::Ready, each, 0, Some(now)),
            "queued" => pool.queued = number,
            "stable" => pool.load_stable = f64::from(number),
            "panic6" => pool.load_panic = f64::from(number),
            "panicking" => pool.panic = Some(Panic { over_at: now, most: number }),
            "backoff" => pool.back_off_until = Some(now + Duration::from_secs(1)),
            "tokens" => pool.starts_allowed = number,
            "min" => limits.min = number,
            "max" => limits.max = number,
            "cc" => limits.concurrency = number,
            "idle_timeout" => limits.idle_timeout = Duration::from_secs(number.into()),
            "freeze" => limits.freeze_after = Some(Duration::from_secs(number.into())),
            "service" => limits.requests_back_off = true,
            other => panic!("unknown word {other}"),
        }
    }
    (pool, limits)
}

use Action::{FailWaiting, Freeze, Start, Stop};

#[test]
fn a_function_gets_a_worker_for_each_request_up_to_max() {
    check("", &[]);
    check("queued=1", &[Start(1)]);
    check("queued=5", &[Start(5)]);
    check("queued=200 max=20", &[Start(20)]);
    check("queued=3 starting=1", &[Start(2)]);
    check("queued=3 starting=3", &[]);
    check("queued=2 busy=3x1", &[Start(2)]);
    check("queued=9 busy=3x1 starting=2 max=6", &[Start(1)]);
    check("queued=9 busy=3x1 starting=3 max=6", &[]);
    check("queued=1 max=0", &[]);
}

#[test]
fn what_is_being_stopped_counts_against_max() {
    check("queued=3 stopping=2 max=3", &[Start(1)]);
    check("queued=3 stopping=3 max=3", &[]);
    check("queued=1 stopping=1", &[Start(1)]);
}

#[test]
fn the_start_rate_is_kept() {
    check("queued=50 max=100 tokens=7", &[Start(7)]);
    check("queued=50 max=100 tokens=0", &[]);
}

#[test]
fn min_is_kept_and_never_passes_max() {
    check("min=2", &[Start(2)]);
    check("min=2 idle=1x500", &[Start(1)]);
    check("min=2 idle=3x500", &[Stop(1)]);
    check("min=5 max=3", &[Start(3)]);
}

#[test]
fn idle_workers_are_stopped_the_longest_idle_first() {
    check("idle=1x59", &[]);
    check("idle=1x60", &[Stop(1)]);
    check("idle=1x10 idle=2x90 busy=1x1", &[Stop(2), Stop(3)]);
    check("frozen=1x90", &[Stop(1)]);
    check("idle=2x90 idle=1x95 min=1", &[Stop(3), Stop(1)]);
    check("idle=3x0 max=2", &[Stop(1)]);
}

#[test]
fn idle_workers_are_frozen_before() {
    check("idle=1x5 freeze=5", &[Freeze(1)]);
    check("idle=1x4 freeze=5", &[]);
    check("frozen=1x9 freeze=5", &[]);
    check("busy=1x1 freeze=0", &[]);
    check("idle=1x61 freeze=5", &[Stop(1)]);
    check("idle=1x61 freeze=5 min=1", &[Freeze(1)]);
}

#[test]
fn workers_whose_keys_end_make_room_for_fresh_ones() {
    check("worn=1", &[Stop(1)]);
    check("worn=1x1", &[Stop(1), Start(1)]);
    check("worn=1 min=1", &[Stop(1), Start(1)]);
    check("worn=1 min=1 max=1", &[Stop(1)]);
    check("worn=1x1 cc=10 stable=1 min=1", &[Stop(1), Start(1)]);
}

#[test]
fn after_failures_a_function_answers_requests_and_warms_nothing() {
    check("backoff min=1", &[]);
    check("backoff min=3 queued=1", &[Start(1)]);
    check("backoff busy=1x1 queued=1 min=4", &[Start(1)]);
}

#[test]
fn after_failures_a_service_tells_those_who_wait() {
    check("service cc=10 backoff queued=1", &[FailWaiting]);
    check("service cc=10 backoff queued=3 stopping=1", &[FailWaiting]);
    check("service cc=10 backoff queued=1 starting=1", &[]);
    check("service cc=10 backoff queued=30 busy=1x10", &[]);
    check("service cc=10 backoff min=1", &[]);
}

#[test]
fn a_service_fills_its_workers_before_it_queues() {
    check("cc=10 queued=1", &[Start(1)]);
    check("cc=10 queued=10", &[Start(1)]);
    check("cc=10 queued=11", &[Start(2)]);
    check("cc=10 busy=1x10 queued=1 stable=5", &[Start(1)]);
    check("cc=10 busy=2x10 queued=25 stable=5", &[Start(3)]);
}

#[test]
fn a_service_grows_by_the_stable_average() {
    check("cc=10 busy=1x7 stable=7", &[]);
    check("cc=10 busy=1x8 stable=8", &[Start(1)]);
    check("cc=10 busy=2x8 stable=35", &[Start(3)]);
    check("cc=10 busy=2x8 stable=3500 max=6", &[Start(4)]);
}

#[test]
fn a_service_shrinks_by_half_at_most_and_to_zero_only_by_idling() {
    check("cc=10 busy=4x1 stable=4", &[Stop(1), Stop(2)]);
    check("cc=10 busy=2x1 stable=2", &[Stop(1)]);
    check("cc=10 busy=1x1 stable=1", &[]);
    check("cc=10 idle=1x30", &[]);
    check("cc=10 idle=1x60", &[Stop(1)]);
    check("cc=10 idle=1x60 min=1", &[]);
    check("cc=10 busy=4x1 stable=4 min=3", &[Stop(1)]);
}

#[test]
fn in_a_panic_a_service_only_grows() {
    check("cc=10 busy=4x1 stable=4 panicking=4", &[]);
    check("cc=10 busy=2x9 stable=4 panic6=28 panicking=4", &[Start(2)]);
    check("cc=10 busy=2x1 stable=2 panic6=2 panicking=6", &[Start(4)]);
}

#[test]
fn a_panic_begins_at_twice_the_load_and_ends_after_a_minute() {
    let panics = |words: &str, later: u64| {
        let (mut pool, limits) = parse(words);
        pool.now += Duration::from_secs(later);
        panic_after(&pool, &limits).map(|panic| panic.most)
    };
    assert_eq!(panics("cc=10 busy=2x9 panic6=21", 0), None);
    assert_eq!(panics("cc=10 busy=2x9 panic6=28", 0), Some(4));
    assert_eq!(panics("cc=10 busy=2x9 panic6=280", 0), Some(10));
    assert_eq!(panics("cc=10 busy=2x9 panic6=28 panicking=7", 0), Some(7));
    assert_eq!(panics("cc=10 busy=2x1 panic6=2 panicking=4", 59), Some(4));
    assert_eq!(panics("cc=10 busy=2x1 panic6=2 panicking=4", 60), None);
    assert_eq!(panics("cc=1 busy=2x1 panic6=50", 0), None);
}
