//! Who may run, under many callers too.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn key(name: &str) -> FunctionKey {
    FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: name.to_owned() }
}

fn limits() -> Limits {
    Limits { account: 10, reserved: None, provisioned: 0, withheld: 0, requests_per_environment: 0 }
}

/// Begins as many invocations as it can.
fn fill(loads: &Loads, name: &str, limits: &Limits) -> (Vec<Running>, Throttle) {
    let mut all = Vec::new();
    loop {
        match loads.begin(&key(name), "1", limits, NOW) {
            Ok(running) => all.push(running),
            Err(throttle) => return (all, throttle),
        }
    }
}

#[test]
fn an_account_s_functions_share_its_concurrency() {
    let loads = Loads::default();
    let (first, why) = fill(&loads, "a", &limits());
    assert_eq!((first.len(), why), (10, Throttle::Account));
    assert_eq!(fill(&loads, "b", &limits()).0.len(), 0);
    drop(first);
    assert_eq!(fill(&loads, "b", &limits()).0.len(), 10);
}

#[test]
fn a_reserve_is_a_limit_and_a_right() {
    let loads = Loads::default();
    let open = Limits { withheld: 3, ..limits() };
    let reserved = Limits { reserved: Some(3), withheld: 3, ..limits() };
    let (others, _) = fill(&loads, "other", &open);
    assert_eq!(others.len(), 7);
    let (own, why) = fill(&loads, "f", &reserved);
    assert_eq!((own.len(), why), (3, Throttle::Reserved));
}

#[test]
fn a_reserve_of_nothing_stops_a_function() {
    let loads = Loads::default();
    let (none, why) = fill(&loads, "f", &Limits { reserved: Some(0), ..limits() });
    assert_eq!((none.len(), why), (0, Throttle::Reserved));
    let FunctionCounts { throttles, invocations, concurrent, .. } = loads.metrics(&key("f"));
    assert_eq!((throttles, invocations, concurrent), (1, 0, 0));
}

#[test]
fn provisioned_environments_are_outside_of_what_is_shared() {
    let loads = Loads::default();
    let provisioned = Limits { provisioned: 3, withheld: 3, ..limits() };
    let (all, why) = fill(&loads, "f", &provisioned);
    assert_eq!((all.len(), why), (10, Throttle::Account), "three of its own and seven that are shared");
}

#[test]
fn a_function_takes_ten_requests_a_second_for_each_environment() {
    let loads = Loads::default();
    let limits = Limits { reserved: Some(2), requests_per_environment: 10, ..limits() };
    let begun = (0..100).take_while(|_| loads.begin(&key("f"), "1", &limits, NOW).is_ok()).count();
    assert_eq!(begun, 20);
    assert_eq!(loads.begin(&key("f"), "1", &limits, NOW).err(), Some(Throttle::Rate));
}

#[test]
fn a_function_that_grows_too_fast_is_slowed_down() {
    let loads = Loads::default();
    let wide = Limits { account: 5000, ..limits() };
    let (all, why) = fill(&loads, "f", &wide);
    assert_eq!((all.len(), why), (1000, Throttle::Burst));
    drop(all);
    assert_eq!(fill(&loads, "f", &wide).0.len(), 1000, "the environments are there");
}

#[test]
fn five_are_reserved_and_a_hundred_callers_never_run_six() {
    let loads = Arc::new(Loads::default());
    let limits = Limits { reserved: Some(5), ..limits() };
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    std::thread::scope(|scope| {
        for _ in 0..100 {
            let (loads, now, most) = (Arc::clone(&loads), Arc::clone(&now), Arc::clone(&most));
            scope.spawn(move || {
                for _ in 0..500 {
                    if let Ok(running) = loads.begin(&key("f"), "1", &limits, NOW) {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        running.ended(false, Duration::from_millis(1));
                    }
                }
            });
        }
    });
    assert!((1..=5).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    let metrics = loads.metrics(&key("f"));
    assert_eq!(metrics.invocations + metrics.throttles, 50_000);
    assert_eq!((metrics.concurrent, metrics.errors), (0, 0));
    assert_eq!(metrics.duration, Duration::from_millis(metrics.invocations));
}
