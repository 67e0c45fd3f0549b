use std::sync::Arc;

use weft_service::workload::WorkloadKind;
use weft_types::{AccountId, Region};

use super::*;

fn workload(name: &str) -> WorkloadId {
    WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::default(),
        app: None,
        name: Arc::from(name),
        kind: WorkloadKind::Function,
    }
}

/// Adds times in milliseconds and compares count, p50 (to a tenth) and the longest.
fn check(times: &[f64], (count, p50, max): (u64, f64, f64)) {
    let mut phase = Phase::default();
    for time in times {
        phase.add(Duration::from_secs_f64(time / 1e3));
    }
    let found = phase.status();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let near = (millis(found.p50) - p50).abs() <= p50 / 10.0;
    assert!(near, "{times:?}: p50 {:?}", found.p50);
    assert_eq!(found.count, count, "{times:?}");
    assert!((millis(found.max) - max).abs() < 1e-3, "{times:?}: {:?}", found.max);
}

#[test]
fn a_phase_tells_its_middle_to_a_tenth_and_its_longest() {
    check(&[], (0, 0.0, 0.0));
    check(&[20.0], (1, 20.0, 20.0));
    check(&[20.0, 20.0, 900.0], (3, 20.0, 900.0));
    check(&[5.0, 900.0, 1000.0], (3, 900.0, 1000.0));
    check(&[0.001, 0.002, 0.003], (3, 0.003, 0.003));
    check(&[1e9], (1, 1e9, 1e9));
    let even: Vec<f64> = (1..=999).map(f64::from).collect();
    check(&even, (999, 500.0, 999.0));
}

#[test]
fn starts_are_counted_by_workload_and_phase() {
    let starts = Starts::default();
    let ms = Duration::from_millis;
    starts.started(&workload("b"), ms(2), ms(30));
    starts.first_request(&workload("b"), ms(4));
    starts.failed(&workload("a"));
    let once = |time| PhaseStatus { count: 1, p50: time, max: time };
    let none = PhaseStatus::default();
    let expected = [
        StartStatus {
            workload: workload("a"),
            started: 0,
            failed: 1,
            sandbox: none,
            init: none,
            first_request: none,
        },
        StartStatus {
            workload: workload("b"),
            started: 1,
            failed: 0,
            sandbox: once(ms(2)),
            init: once(ms(30)),
            first_request: once(ms(4)),
        },
    ];
    assert_eq!(starts.status(), expected);
}

#[test]
fn whoever_started_nothing_for_longest_is_forgotten_first() {
    let starts = Starts::default();
    for number in 0..WORKLOADS_MAX {
        starts.failed(&workload(&number.to_string()));
    }
    starts.failed(&workload("0"));
    starts.failed(&workload("one more"));
    let names: Vec<String> = starts.status().iter().map(|status| status.workload.name.to_string()).collect();
    assert_eq!(names.len(), WORKLOADS_MAX);
    for (name, known) in [("0", true), ("1", false), ("2", true), ("one more", true)] {
        assert_eq!(names.iter().any(|found| found == name), known, "{name}");
    }
}
