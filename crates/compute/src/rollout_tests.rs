//! Revisions proposed and settled, as a table.

use std::collections::BTreeMap;

use weft_types::Timestamp;

use super::*;
use crate::records::{ScaleRecord, Settings};

fn revision(build: &str) -> RevisionRecord {
    let scale =
        ScaleRecord { min: 0, max: 1, concurrency: 1, queue_max: 0, queue_seconds: 1, idle_seconds: 1 };
    let settings = Settings {
        command: vec!["x".to_owned()],
        interpreter: None,
        environment: BTreeMap::new(),
        role: None,
        memory_mib: 1,
        cpu_millis: 0,
        tmp_mib: 1,
        processes: 1,
        timeout_seconds: 1,
        start_timeout_seconds: 1,
        grace_seconds: 1,
        health_path: None,
        scale,
    };
    let created = Timestamp::from_millis(0);
    RevisionRecord { number: 1, created, build: build.to_owned(), source: None, settings }
}

/// `+b` proposes the build `b`, `2!` says that revision 2 is ready, `2?` that it is not; the revisions, newest first, with
/// the one that takes traffic in brackets.
#[track_caller]
fn check(steps: &str, expected: &str) {
    let mut service = ServiceRecord::new("u".to_owned(), None, revision("a"));
    for step in steps.split(' ').filter(|step| !step.is_empty()) {
        match step.split_at(1) {
            ("+", build) => service.propose(revision(build), 3),
            (number, outcome) => {
                let outcome = if outcome == "!" { Ok(()) } else { Err("why".to_owned()) };
                service.settle(number.parse().expect("a number"), outcome, 3);
            }
        }
    }
    let current = service.current().expect("a revision").number;
    let shown = service.newest_first().map(|revision| {
        let state = format!("{}{} {:?}", revision.number, revision.build, service.state(revision));
        if revision.number == current { format!("[{state}]") } else { state }
    });
    assert_eq!(shown.collect::<Vec<_>>().join(", "), expected, "{steps}");
}

#[test]
fn a_revision_takes_traffic_when_it_is_ready_or_nothing_that_works_is_there() {
    check("", "[1a Pending]");
    check("1!", "[1a Active]");
    check("1?", "[1a Failed(\"why\")]");
    check("1! +b", "2b Pending, [1a Active]");
    check("1! +b 2!", "[2b Active], 1a Inactive");
    check("1! +b 2?", "2b Failed(\"why\"), [1a Active]");
    check("+b", "[2b Pending], 1a Inactive");
    check("1? +b", "[2b Pending], 1a Inactive");
    check("1? +a", "[2a Pending], 1a Inactive");
}

#[test]
fn what_is_asked_for_last_counts() {
    check("1! +b +c", "3c Pending, [1a Active]");
    check("1! +b +c 2!", "3c Pending, [1a Active]");
    check("1! +b +c 3! 2?", "[3c Active], 1a Inactive");
    check("1! +b +b", "2b Pending, [1a Active]");
    check("1! +b 2? +b", "3b Pending, [1a Active]");
    check("1! +b +a", "[1a Active]");
    check("1! +b 2? +a", "[1a Active]");
    check("1! +b +a +b", "3b Pending, [1a Active]");
    check("1! +a", "[1a Active]");
}

#[test]
fn old_revisions_go_and_the_one_that_serves_stays() {
    check("1! +b 2! +c 3! +d 4!", "[4d Active], 3c Inactive, 2b Inactive");
    check("1! +b 2! +c 3! +d 4?", "4d Failed(\"why\"), [3c Active], 2b Inactive, 1a Inactive");
}

#[test]
fn a_reason_has_an_end() {
    let mut service = ServiceRecord::new("u".to_owned(), None, revision("a"));
    assert!(service.settle(1, Err("ü".repeat(REASON_BYTES_MAX)), 3));
    let RevisionState::Failed(reason) = service.state(&revision("a")) else { panic!("not failed") };
    assert!(reason.len() <= REASON_BYTES_MAX + '…'.len_utf8() && reason.ends_with("ü…"));
}

#[test]
fn a_service_of_an_older_build_is_in_force() {
    #[derive(serde::Serialize)]
    struct Old {
        part: Option<String>,
        created: Timestamp,
        uid: &'static str,
        revisions: Vec<RevisionRecord>,
    }
    let old =
        Old { part: None, created: Timestamp::from_millis(1), uid: "u", revisions: vec![revision("a")] };
    let fields = rmp_serde::to_vec_named(&old).expect("fields");
    let service: ServiceRecord = rmp_serde::from_slice(&fields).expect("a record");
    assert_eq!(service.state(&service.revisions[0]), RevisionState::Active);
    assert_eq!(service.pending(), None);
}
