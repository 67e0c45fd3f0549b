//! The `REPORT` line at the end of an invocation's log: what it took, as Lambda writes it.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The figures of a `REPORT` line. Times are milliseconds, memory is MiB (which the line calls MB).
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Report {
    request_id: String,
    duration: f64,
    billed: f64,
    memory_size: u64,
    memory_used: u64,
    /// The initialisation; none where the worker was there.
    init: Option<f64>,
    /// Why the platform ended it: `timeout`, `error`.
    status: Option<String>,
}

impl Report {
    /// The last report in a log's tail, which may begin within a line; none where a function printed over it.
    pub(super) fn find(tail: &str) -> Option<Self> {
        tail.lines().rev().find_map(Self::parse)
    }

    fn parse(line: &str) -> Option<Self> {
        let (id, fields) = line.strip_prefix("REPORT RequestId: ")?.split_once('\t')?;
        let field = |name: &str| {
            let mut pairs = fields.split('\t').filter_map(|field| field.split_once(": "));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
        };
        let number = |name| field(name)?.split(' ').next();
        Some(Self {
            request_id: id.to_owned(),
            duration: number("Duration")?.parse().ok()?,
            billed: number("Billed Duration")?.parse().ok()?,
            memory_size: number("Memory Size")?.parse().ok()?,
            memory_used: number("Max Memory Used")?.parse().ok()?,
            init: number("Init Duration").and_then(|text| text.parse().ok()),
            status: field("Status").map(str::to_owned),
        })
    }

    /// One line for a person.
    pub(super) fn text(&self) -> String {
        let Self { duration, billed, memory_used, memory_size, .. } = self;
        let mut text =
            format!("{duration:.2} ms, billed {billed:.0} ms, memory {memory_used} of {memory_size} MiB, ");
        let _ = match self.init {
            Some(init) => write!(text, "cold (init {init:.2} ms)"),
            None => write!(text, "warm"),
        };
        if let Some(status) = &self.status {
            let _ = write!(text, ", {status}");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "requestId": self.request_id, "durationMillis": self.duration, "billedMillis": self.billed,
            "memorySizeMiB": self.memory_size, "memoryUsedMiB": self.memory_used, "cold": self.init.is_some(),
            "initMillis": self.init, "status": self.status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARM: &str = "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\t";

    #[test]
    fn a_report_is_told_in_one_line() {
        let check = |tail: &str, expected: Option<&str>| {
            assert_eq!(Report::find(tail).map(|report| report.text()).as_deref(), expected, "{tail}");
        };
        let warm = "1.23 ms, billed 2 ms, memory 41 of 128 MiB, warm";
        check(&format!("START RequestId: r-1\nhello\nEND RequestId: r-1\n{WARM}\n"), Some(warm));
        check(
            &format!("{WARM}Init Duration: 20.10 ms\t"),
            Some("1.23 ms, billed 2 ms, memory 41 of 128 MiB, cold (init 20.10 ms)"),
        );
        check(&format!("{WARM}Status: timeout"), Some(&format!("{warm}, timeout")));
        check(
            &format!("{WARM}Status: error\tError Type: Runtime.ExitError"),
            Some(&format!("{warm}, error")),
        );
        check(&format!("REPORT RequestId: of the function's own\tDuration: long\n{WARM}"), Some(warm));
        check("START RequestId: r-1\nREPORT RequestId: r-1\tDuration: 1.23 ms\n", None);
        check("", None);
    }

    #[test]
    fn a_report_has_its_figures_in_json() {
        let found = Report::find(&format!("{WARM}Init Duration: 20.10 ms\t")).map(|report| report.json());
        let expected = json!({
            "requestId": "r-1", "durationMillis": 1.23, "billedMillis": 2.0, "memorySizeMiB": 128,
            "memoryUsedMiB": 41, "cold": true, "initMillis": 20.1, "status": null,
        });
        assert_eq!(found, Some(expected));
    }
}
