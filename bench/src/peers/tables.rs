//! The rows as tables with ratios.

use super::measure::{Asked, Measured, Row};
use crate::app::WORKERS_MAX;
use crate::report::{Cell, Table};

/// A table for each thing that was asked; the last has the notes.
pub(super) fn all(measured: &Measured, unmeasured: Vec<String>) -> Vec<Table> {
    let mut tables = vec![
        plain(measured, Asked::Sync, "Invoke, RequestResponse"),
        queued(measured),
        plain(measured, Asked::Put, "PutLogEvents, ten lines of a hundred bytes"),
        plain(measured, Asked::Filter, "FilterLogEvents, ten of a thousand lines by a word"),
    ];
    let notes = NOTES.iter().map(|note| note.replace("WORKERS", &WORKERS_MAX.to_string()));
    if let Some(last) = tables.last_mut() {
        notes.chain(unmeasured).for_each(|note| last.note(note));
    }
    tables
}

/// What cannot be seen in the figures, and what is missing in them.
const NOTES: &[&str] = &[
    "One server at a time on the same machine as the client; every request is signed. Weft checks signatures and permissions, \
     peers take any key.",
    "\"durable\": whether what was acknowledged outlives the process. An invocation that is answered leaves nothing to keep.",
    "Handlers: `py` returns a constant, in the asynchronous table also counts its events; `native` does the same as a program \
     without dependencies. Weft starts WORKERS workers of each at most, peers as many as they do by themselves. What was run is \
     counted from outside, on Weft every 50 ms by `weft ps`.",
    "moto: its functions run in Docker's containers only (its simple mode runs none), so it is asked for logs alone. It closes \
     the connection after each answer; the next belongs to the time.",
    "serverless-offline in osls, the fork of `serverless` 3 that needs no account: it has no logs API.",
    "cargo-lambda runs programs only, and answers an event when it has run it, so there is no asynchronous row; WORKERS copies of \
     the native function are started by hand beside `cargo lambda watch --only-lambda-apis`. It has no logs API.",
];

fn plain(measured: &Measured, asked: Asked, title: &str) -> Table {
    let mut table = Table::new(
        title,
        &[
            "connections",
            "server",
            "handler",
            "durable",
            "p50 µs",
            "p99 µs",
            "requests/s",
            "p50 / floor's",
            "Weft's rate / its",
            "failed",
        ],
    );
    for row in rows(measured, asked) {
        let p50 = |row: &Row| row.times.percentile_us(50);
        let floor = reference(measured, row, |other| other.server == FLOOR);
        let weft = reference(measured, row, |other| other.server == WEFT && fits(other, row));
        table.push(vec![
            Cell::count(row.connections),
            Cell::Text(row.server.to_owned()),
            Cell::Text(row.handler.to_owned()),
            Cell::Text(if asked == Asked::Sync { "nothing kept" } else { row.durable }.to_owned()),
            Cell::Number(p50(row), 0),
            Cell::Number(row.times.percentile_us(99), 0),
            Cell::Number(row.times.per_second(), 0),
            Cell::Number(floor.map_or(f64::NAN, |floor| p50(row) / p50(floor)), 2),
            Cell::Number(weft.map_or(f64::NAN, |weft| weft.times.per_second() / row.times.per_second()), 2),
            Cell::count(row.times.failures),
        ]);
    }
    note_failures(measured, asked, &mut table);
    table
}

fn queued(measured: &Measured) -> Table {
    let mut table = Table::new(
        "Invoke, Event: acknowledged, and run until none was left",
        &[
            "connections",
            "server",
            "durable",
            "p50 µs",
            "p99 µs",
            "acknowledged/s",
            "run/s",
            "p50 / floor's",
            "Weft's acknowledged / its",
            "Weft's run / its",
            "failed",
        ],
    );
    for row in rows(measured, Asked::Async) {
        let p50 = |row: &Row| row.times.percentile_us(50);
        let floor = reference(measured, row, |other| other.server == FLOOR);
        let weft = reference(measured, row, |other| other.server == WEFT);
        let ratio = |of: fn(&Row) -> f64| weft.map_or(f64::NAN, |weft| of(weft) / of(row));
        table.push(vec![
            Cell::count(row.connections),
            Cell::Text(row.server.to_owned()),
            Cell::Text(row.durable.to_owned()),
            Cell::Number(p50(row), 0),
            Cell::Number(row.times.percentile_us(99), 0),
            Cell::Number(row.times.per_second(), 0),
            Cell::Number(row.executed, 0),
            Cell::Number(floor.map_or(f64::NAN, |floor| p50(row) / p50(floor)), 2),
            Cell::Number(ratio(|row| row.times.per_second()), 2),
            Cell::Number(ratio(|row| row.executed), 2),
            Cell::count(row.times.failures),
        ]);
    }
    note_failures(measured, Asked::Async, &mut table);
    table
}

const FLOOR: &str = "bare hyper";
const WEFT: &str = "weft";

/// By connections, in the order in which servers were asked.
fn rows(measured: &Measured, asked: Asked) -> Vec<&Row> {
    let mut rows: Vec<&Row> = measured.rows.iter().filter(|row| row.asked == asked).collect();
    rows.sort_by_key(|row| row.connections);
    rows
}

fn reference<'a>(measured: &'a Measured, row: &Row, is: impl Fn(&Row) -> bool) -> Option<&'a Row> {
    let mut same =
        measured.rows.iter().filter(|other| other.asked == row.asked && other.connections == row.connections);
    same.find(|other| is(other))
}

/// Whether two rows ran the same kind of handler; the floor runs none.
fn fits(weft: &Row, row: &Row) -> bool {
    weft.handler == row.handler || (row.server == FLOOR && weft.handler == "py")
}

/// What the first failed request of each server got.
fn note_failures(measured: &Measured, asked: Asked, table: &mut Table) {
    let mut told: Vec<&str> = Vec::new();
    for row in rows(measured, asked) {
        if let Some(failure) = row.times.first_failure.as_deref().filter(|_| !told.contains(&row.server)) {
            told.push(row.server);
            table.note(format!("{}: what failed first got: {failure}", row.server));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Times;
    use crate::report::{Format, print};

    fn row(asked: Asked, server: &'static str, micros: u64, count: usize, executed: f64) -> Row {
        let times = vec![Duration::from_micros(micros); count];
        let times = Times::of(times, Duration::from_secs(1));
        let handler = if asked == Asked::Sync { "py" } else { "" };
        Row { asked, connections: 1, server, handler, durable: "yes", times, executed }
    }

    /// Whether a table's text has a line, however it is padded.
    fn check(tables: &[Table], line: &str) {
        let text = print("m", tables, Format::Text);
        let found: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(found.iter().any(|found| found == line), "{line}\n{text}");
    }

    #[test]
    fn ratios_are_against_the_floor_and_against_weft() {
        let mut measured = Measured::default();
        for asked in [Asked::Sync, Asked::Async] {
            measured.rows.push(row(asked, FLOOR, 100, 5000, f64::NAN));
            measured.rows.push(row(asked, WEFT, 200, 4000, 3000.0));
            measured.rows.push(row(asked, "other", 1000, 500, 300.0));
        }
        let mut failing = row(Asked::Put, "other", 1, 0, f64::NAN);
        failing.times.failures = 3;
        failing.times.first_failure = Some("HTTP/1.1 501".to_owned());
        measured.rows.push(failing);
        let tables = all(&measured, vec!["moto was not measured: no network".to_owned()]);
        check(&tables, "1 bare hyper py nothing kept 100 100 5000 1.00 0.80 0");
        check(&tables, "1 other py nothing kept 1000 1000 500 10.00 8.00 0");
        check(&tables, "1 other yes 1000 1000 500 300 10.00 8.00 10.00 0");
        check(&tables, "1 bare hyper yes 100 100 5000 – 1.00 0.80 – 0");
        check(&tables, "1 other yes – – – – – 3");
        check(&tables, "- other: what failed first got: HTTP/1.1 501");
        check(&tables, "- moto was not measured: no network");
    }
}
