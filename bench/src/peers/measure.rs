//! The requests of one server: invocations, events, log lines in and out.

use std::time::{Duration, Instant};

use serde_json::json;

use super::kinds::{Counter, Target};
use crate::load::{self, Span, Times};
use crate::{signed, warm};

/// How much is asked.
pub(super) struct Plan {
    connections: &'static [usize],
    span: Span,
    /// Events of one asynchronous run.
    events: usize,
    /// How long handing them over may take, and running them after that.
    patience: Duration,
}

impl Plan {
    pub(super) const FULL: Self =
        Self { connections: &[1, 16, 64], span: Span::FULL, events: 2000, patience: Duration::from_secs(20) };
    /// To see whether all of it works.
    pub(super) const QUICK: Self =
        Self { connections: &[1, 16, 64], span: Span::QUICK, events: 100, patience: Duration::from_secs(5) };
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Sync,
    Async,
    Put,
    Filter,
}

/// One row.
pub(super) struct Row {
    pub(super) asked: Asked,
    pub(super) connections: usize,
    pub(super) server: &'static str,
    pub(super) handler: &'static str,
    pub(super) durable: &'static str,
    pub(super) times: Times,
    /// Events run per second until none was left; NaN where nobody can tell.
    pub(super) executed: f64,
}

/// All rows.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) rows: Vec<Row>,
}

impl Measured {
    /// Asks a server for all that it can do.
    pub(super) async fn take(&mut self, target: &Target<'_>, plan: &Plan) -> Result<(), String> {
        if target.logs {
            prepare_logs(target).await?;
        }
        for (_, function) in &target.functions {
            answers(target, function).await?;
        }
        for &connections in plan.connections {
            for &(handler, function) in &target.functions {
                let request = signed::invoke(target.address, &target.access, function, false)?;
                let times = load::run(target.address, &request, connections, plan.span).await;
                self.push(Asked::Sync, connections, target, handler, times, f64::NAN);
            }
            if let Some((function, counter)) = &target.counted {
                let (times, executed) = events(target, function, counter, connections, plan).await?;
                self.push(Asked::Async, connections, target, "py", times, executed);
            }
            if target.logs {
                for (asked, request) in
                    [(Asked::Put, put(target, "in", 0)?), (Asked::Filter, filter(target)?)]
                {
                    let times = load::run(target.address, &request, connections, plan.span).await;
                    self.push(asked, connections, target, "", times, f64::NAN);
                }
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        asked: Asked,
        connections: usize,
        target: &Target<'_>,
        handler: &'static str,
        times: Times,
        executed: f64,
    ) {
        let (server, durable) = (target.name, target.durable);
        self.rows.push(Row { asked, connections, server, handler, durable, times, executed });
    }
}

/// Waits until a function answers for the first time; what it answers must be its own, not the error of one that failed.
async fn answers(target: &Target<'_>, function: &str) -> Result<(), String> {
    let request = signed::invoke(target.address, &target.access, function, false)?;
    let answer = load::ask(target.address, &request).await.map_err(|error| format!("{function}: {error}"))?;
    if answer.contains("\"hello\"") { Ok(()) } else { Err(format!("{function} answered: {answer}")) }
}

/// Hands events over, then waits until all that were acknowledged have been run. The second figure is their number by the
/// time from the first to the last.
async fn events(
    target: &Target<'_>,
    function: &str,
    counter: &Counter<'_>,
    connections: usize,
    plan: &Plan,
) -> Result<(Times, f64), String> {
    // The first event meets a worker.
    answers(target, function).await?;
    let request = signed::invoke(target.address, &target.access, function, true)?;
    let before = counter.read().await;
    let began = Instant::now();
    let times = load::run_count(target.address, &request, connections, plan.events, plan.patience).await;
    let (Some(before), acknowledged) = (before, times.answered()) else { return Ok((times, f64::NAN)) };
    let deadline = Instant::now() + plan.patience;
    let mut run = 0;
    let mut last = began.elapsed();
    while run < acknowledged && Instant::now() < deadline {
        let now = counter.read().await.unwrap_or(before).saturating_sub(before);
        if now > run {
            (run, last) = (now, began.elapsed());
        }
        tokio::time::sleep(counter.pause()).await;
    }
    Ok((times, rate(run, last)))
}

#[expect(clippy::cast_precision_loss, reason = "a count of events")]
fn rate(run: u64, time: Duration) -> f64 {
    if run == 0 { f64::NAN } else { run as f64 / time.as_secs_f64() }
}

/// Lines in the group that is searched, ten to a call.
const LINES: i64 = 1000;

/// Makes two groups: one that is written to, and one with lines to be found, of which one in fifty is.
async fn prepare_logs(target: &Target<'_>) -> Result<(), String> {
    for group in ["bench-in", "bench-out"] {
        let group_body = json!({"logGroupName": group});
        let stream_body = json!({"logGroupName": group, "logStreamName": "s"});
        for (operation, body) in [("CreateLogGroup", &group_body), ("CreateLogStream", &stream_body)] {
            let request = signed::logs(target.address, &target.access, operation, body)?;
            let made = load::ask(target.address, &request).await;
            made.map_err(|error| format!("{operation} failed: {error}"))?;
        }
    }
    for call in 0..LINES / 10 {
        let request = put(target, "out", call)?;
        let done = load::ask(target.address, &request).await;
        done.map_err(|error| format!("PutLogEvents failed: {error}"))?;
    }
    if !target.emulates {
        return Ok(());
    }
    let found = load::ask(target.address, &filter(target)?).await;
    let found = found.map_err(|error| format!("FilterLogEvents failed: {error}"))?;
    let count = found.matches("ERROR request").count();
    if count == 10 { Ok(()) } else { Err(format!("FilterLogEvents found {count} lines instead of 10")) }
}

/// Ten lines of a hundred bytes; the first of every fifth call has the word that is looked for.
fn put(target: &Target<'_>, group: &str, call: i64) -> Result<Vec<u8>, String> {
    let now = warm::now().as_millis();
    let line = |number: i64| {
        let word = if number == 0 && call % 5 == 0 { "ERROR" } else { "INFO" };
        format!("{word} request {call}-{number} at {now} took 12 ms {}", "x".repeat(50))
    };
    let lines = (0..10).map(|number| json!({"timestamp": now, "message": line(number)}));
    let body = json!({
        "logGroupName": format!("bench-{group}"), "logStreamName": "s", "logEvents": lines.collect::<Vec<_>>(),
    });
    signed::logs(target.address, &target.access, "PutLogEvents", &body)
}

/// The first ten lines with a word.
fn filter(target: &Target<'_>) -> Result<Vec<u8>, String> {
    let body = json!({"logGroupName": "bench-out", "filterPattern": "ERROR", "limit": 10});
    signed::logs(target.address, &target.access, "FilterLogEvents", &body)
}
