//! What `weft ps` shows of workers and of their starts.

use serde_json::{Value, json};
use weft_model::weft::{StartDescription, StartPhase, WorkerDescription};
use weft_types::Timestamp;

use crate::inventory::Named;
use crate::status::mebibytes;
use crate::table::table;

/// `shop/web` of an app's workload, by its short name where the app still has it; a function outside of apps has its own
/// name alone.
fn of(named: &[Named], app: Option<&String>, name: &str) -> String {
    app.map_or_else(|| name.to_owned(), |app| format!("{app}/{}", short(named, app, name)))
}

/// A workload's name within its app; of a function the name is known that the Lambda API has.
pub(super) fn short<'a>(named: &'a [Named], app: &str, name: &'a str) -> &'a str {
    let is = |n: &&Named| n.app == app && n.function.as_deref().unwrap_or(&n.name) == name;
    named.iter().find(is).map_or(name, |n| &n.name)
}

/// The table of workers.
pub(super) fn workers_text(workers: &[WorkerDescription], named: &[Named], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = workers
        .iter()
        .map(|w| {
            vec![
                w.id.to_string(),
                of(named, w.app.as_ref(), &w.name),
                w.state.clone(),
                w.in_flight.to_string(),
                w.served.to_string(),
                w.memory_bytes.map_or_else(String::new, mebibytes),
                age(now, w.started),
            ]
        })
        .collect();
    table(&["worker", "of", "state", "in flight", "served", "memory", "age"], &rows)
}

/// The table of starts; nothing where none was.
pub(super) fn starts_text(starts: &[StartDescription], named: &[Named]) -> String {
    if starts.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = starts
        .iter()
        .map(|s| {
            vec![
                of(named, s.app.as_ref(), &s.name),
                s.started.to_string(),
                s.failed.to_string(),
                phase(s.sandbox.as_ref()),
                phase(s.init.as_ref()),
                phase(s.first_request.as_ref()),
            ]
        })
        .collect();
    let head = ["cold starts of", "done", "failed", "sandbox ms", "init ms", "first request ms"];
    format!("\n{}Milliseconds are p50 / max since the server's start.\n", table(&head, &rows))
}

/// p50 and longest.
fn phase(phase: Option<&StartPhase>) -> String {
    phase.map_or_else(String::new, |phase| format!("{:.1} / {:.1}", phase.p50_millis, phase.max_millis))
}

/// How long ago, in the largest unit that has a whole one and the next: `4s`, `12m 3s`, `2h 5m`, `3d 4h`.
fn age(now: Timestamp, started: Timestamp) -> String {
    let seconds = now.since(started).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Starts as JSON; a phase that was never measured is null.
pub(super) fn starts_json(starts: &[StartDescription], named: &[Named]) -> Vec<Value> {
    let phase = |phase: Option<&StartPhase>| {
        phase.map(|p| json!({"count": p.count, "p50Millis": p.p50_millis, "maxMillis": p.max_millis}))
    };
    let all = starts.iter().map(|s| {
        json!({
            "app": s.app, "workload": s.app.as_deref().map_or(&*s.name, |app| short(named, app, &s.name)),
            "name": s.name, "kind": s.kind, "started": s.started, "failed": s.failed,
            "sandbox": phase(s.sandbox.as_ref()), "init": phase(s.init.as_ref()),
            "firstRequest": phase(s.first_request.as_ref()),
        })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_764_000_000_000);

    fn starts(app: Option<&str>, first_request: Option<StartPhase>) -> StartDescription {
        let took = |p50_millis, max_millis| Some(StartPhase { count: 2, p50_millis, max_millis });
        StartDescription {
            app: app.map(str::to_owned),
            name: "shop-hello".to_owned(),
            kind: "function".to_owned(),
            started: 2,
            failed: 1,
            sandbox: took(2.04, 9.0),
            init: took(20.0, 31.26),
            first_request,
        }
    }

    #[test]
    fn workers_are_told_with_memory_load_and_age() {
        let worker = WorkerDescription {
            id: 7,
            app: Some("shop".to_owned()),
            name: "web".to_owned(),
            kind: "service".to_owned(),
            revision: "r".to_owned(),
            state: "busy".to_owned(),
            in_flight: 2,
            served: 40,
            memory_bytes: Some(12 << 20),
            started: START,
            pid: None,
        };
        let expected = "WORKER  OF        STATE  IN FLIGHT  SERVED  MEMORY  AGE\n\
                        7       shop/web  busy   2          40      12 MiB  1m 1s\n";
        assert_eq!(workers_text(&[worker], &[], START.plus(Duration::from_secs(61))), expected);
    }

    #[test]
    fn starts_are_told_by_phase() {
        let first = StartPhase { count: 1, p50_millis: 1.0, max_millis: 1.0 };
        let named = Named {
            app: "shop".to_owned(),
            name: "hello".to_owned(),
            log_group: String::new(),
            function: Some("shop-hello".to_owned()),
        };
        let all = [starts(Some("shop"), None), starts(Some("gone"), None), starts(None, Some(first))];
        let found = starts_text(&all, &[named]);
        let expected = "\nCOLD STARTS OF   DONE  FAILED  SANDBOX MS  INIT MS      FIRST REQUEST MS\n\
                        shop/hello       2     1       2.0 / 9.0   20.0 / 31.3\n\
                        gone/shop-hello  2     1       2.0 / 9.0   20.0 / 31.3\n\
                        shop-hello       2     1       2.0 / 9.0   20.0 / 31.3  1.0 / 1.0\n\
                        Milliseconds are p50 / max since the server's start.\n";
        assert_eq!(found, expected);
        assert_eq!(starts_text(&[], &[]), "");
        let shown = Value::from(starts_json(&[starts(None, None)], &[]));
        assert_eq!(shown.pointer("/0/init/maxMillis"), Some(&json!(31.26)));
        assert_eq!(shown.pointer("/0/firstRequest"), Some(&Value::Null));
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        let check = |seconds, expected: &str| {
            assert_eq!(age(START.plus(Duration::from_secs(seconds)), START), expected, "{seconds}");
        };
        check(0, "0s");
        check(59, "59s");
        check(60, "1m 0s");
        check(7500, "2h 5m");
        check(86_400 * 3 + 4 * 3600 + 59, "3d 4h");
        assert_eq!(age(START, START.plus(Duration::from_secs(5))), "0s", "a clock that was set back");
    }
}
