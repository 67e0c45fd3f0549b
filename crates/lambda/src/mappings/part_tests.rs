//! What is read, handed on and done with, as a table.

use std::time::Duration;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1000);

pub(super) fn rules(size: usize, lanes: usize) -> Rules {
    Rules {
        size,
        lanes,
        tumbling: None,
        window: Duration::ZERO,
        ordered: true,
        reports_failures: false,
        bisects: false,
        retries: None,
        age_max: None,
    }
}

fn record(id: char) -> SourceRecord {
    let event = serde_json::json!({ "id": id.to_string() });
    SourceRecord { id: id.to_string(), arrived: NOW, key: None, filtered: event.clone(), event }
}

/// `+ab` reads a and b, `-a` reads a that no filter takes, `>` hands a batch on, `!` says it is done, `?` that it is to be
/// tried again; what was passed after each step.
#[track_caller]
fn check(steps: &str, expected: &str) {
    let rules = rules(2, 1);
    let (mut part, mut out, mut shown) = (Part::new(Position::TrimHorizon, &rules), Vec::new(), Vec::new());
    for step in steps.split(' ') {
        let (kind, ids) = step.split_at(1);
        match kind {
            "+" | "-" => {
                let polled = Polled { records: ids.chars().map(record).collect(), next: None };
                part.take(&rules, polled, |_| kind == "+", (NOW, NOW));
            }
            ">" => out.extend(part.next_work(0, &rules, NOW).map(|handed| handed.work)),
            _ => {
                let work = out.remove(0);
                let ids = work.records.iter().map(|record| record.id.clone()).collect();
                let mut step = match kind {
                    "!" => Step { done: ids, ..Step::default() },
                    _ => Step { next: vec![work], ..Step::default() },
                };
                part.ended(0, &mut step, None, NOW);
            }
        }
        shown.push(format!("{}{}", part.passed().unwrap_or_default(), part.room(&rules)));
    }
    assert_eq!(shown.join(" "), expected, "{steps}");
}

#[test]
fn a_part_is_passed_as_far_as_everything_before_is_done_with() {
    check("+ab > !", "0 0 b2");
    check("+ab > ? > !", "0 0 0 0 b2");
    check("-ab", "b2");
    check("-a +b -c > !", "a2 1 1 0 c2");
}

#[test]
fn what_has_the_same_key_keeps_its_order_while_other_keys_go_on() {
    let rules = rules(1, 10);
    let mut part = Part::new(Position::TrimHorizon, &rules);
    let keyed = |id: char| SourceRecord { key: Some((id.to_ascii_lowercase()).to_string()), ..record(id) };
    let polled = Polled { records: "aAbBcCdD".chars().map(keyed).collect(), next: None };
    part.take(&rules, polled, |_| true, (NOW, NOW));
    let mut out = Vec::new();
    for lane in 0..10 {
        out.extend(part.next_work(lane, &rules, NOW).map(|handed| (lane, handed.work)));
        assert_eq!(part.next_work(lane, &rules, NOW), None, "one batch of a lane at a time");
    }
    assert!(out.len() > 1, "more than one at a time");
    assert!(out.iter().all(|(_, work)| work.records[0].id.starts_with(|c: char| c.is_lowercase())));
    // The first lane's batch hangs; the others go on to their ends.
    let (stuck, rest) = out.split_first().unwrap();
    let mut passed = None;
    for (lane, work) in rest {
        let mut next = Some(work.clone());
        while let Some(work) = next {
            let mut step = Step { done: vec![work.records[0].id.clone()], ..Step::default() };
            part.ended(*lane, &mut step, None, NOW);
            passed = part.passed().or(passed);
            next = part.next_work(*lane, &rules, NOW).map(|handed| handed.work);
        }
    }
    assert!(passed.is_none_or(|id| id < stuck.1.records[0].id), "what hangs is not passed");
    assert!(part.held().iter().all(|id| id.to_ascii_lowercase() >= stuck.1.records[0].id));
}
