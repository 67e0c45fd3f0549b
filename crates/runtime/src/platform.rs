//! What the platform tells of a worker: the same events in JSON logs and in the Telemetry API.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>; levels:
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>.

use std::time::Duration;

use serde_json::{Value, json};
use weft_types::Timestamp;

/// How much somebody wants to know of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Everything.
    Debug,
    /// What is of use.
    Info,
    /// What went wrong.
    Warn,
}

impl Level {
    /// By its name in `SystemLogLevel`; Lambda's default is `INFO`.
    pub(crate) fn named(name: Option<&str>) -> Self {
        match name {
            Some("DEBUG") => Self::Debug,
            Some("WARN") => Self::Warn,
            _ => Self::Info,
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Happening {
    /// `platform.start`.
    pub(crate) kind: &'static str,
    /// What belongs to it.
    pub(crate) record: Value,
    /// How much one must want to know.
    pub(crate) level: Level,
}

/// How an initialisation or an invocation ended: the status, and the error's type where it is not `success`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status {
    name: &'static str,
    error_type: Option<String>,
    /// Whether the function said so itself: a report of text does not repeat it.
    said: bool,
}

impl Status {
    pub(crate) const SUCCESS: Self = Self { name: "success", error_type: None, said: false };
    pub(crate) const TIMEOUT: Self = Self { name: "timeout", error_type: None, said: false };

    /// The platform found an error of this type.
    pub(crate) fn error(error_type: impl Into<String>) -> Self {
        Self { name: "error", error_type: Some(error_type.into()), said: false }
    }

    /// The function reported one.
    pub(crate) fn reported(error_type: impl Into<String>) -> Self {
        Self { said: true, ..Self::error(error_type) }
    }

    /// As a report's line of text has it.
    pub(crate) fn text(&self) -> String {
        match (self.name, &self.error_type) {
            _ if self.said || self.name == "success" => String::new(),
            (name, None) => format!("Status: {name}"),
            (name, Some(error_type)) => format!("Status: {name}\tError Type: {error_type}"),
        }
    }

    fn put(&self, record: &mut Value) -> Level {
        record["status"] = self.name.into();
        if let Some(error_type) = &self.error_type {
            record["errorType"] = error_type.as_str().into();
        }
        if self.name == "success" { Level::Debug } else { Level::Warn }
    }
}

/// How a function's workers are initialised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initialization {
    /// When there is an event.
    OnDemand,
    /// Before there is one.
    Provisioned,
}

impl Initialization {
    /// As variables and events name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Provisioned => "provisioned-concurrency",
        }
    }
}

/// A function's worker, as the event of its start tells of it.
pub(crate) struct Instance<'a> {
    pub(crate) initialization: Initialization,
    pub(crate) runtime_version: &'a str,
    pub(crate) function_name: &'a str,
    pub(crate) function_version: &'a str,
    /// The log stream's name.
    pub(crate) id: &'a str,
    pub(crate) memory_bytes: u64,
}

/// An initialisation begins.
pub(crate) fn init_start(instance: &Instance<'_>) -> Happening {
    let record = json!({
        "initializationType": instance.initialization.name(),
        "phase": "init",
        "runtimeVersion": instance.runtime_version,
        "functionName": instance.function_name,
        "functionVersion": instance.function_version,
        "instanceId": instance.id,
        "instanceMaxMemory": instance.memory_bytes,
    });
    Happening { kind: "platform.initStart", record, level: Level::Info }
}

/// The runtime has initialised itself, or has not.
pub(crate) fn init_runtime_done(initialization: Initialization, status: &Status) -> Happening {
    let mut record = json!({ "initializationType": initialization.name(), "phase": "init" });
    let level = status.put(&mut record);
    Happening { kind: "platform.initRuntimeDone", record, level }
}

/// How long it took.
pub(crate) fn init_report(initialization: Initialization, status: &Status, took: Duration) -> Happening {
    let mut record = json!({
        "initializationType": initialization.name(),
        "phase": "init",
        "metrics": { "durationMs": millis(took) },
    });
    let level = match status.put(&mut record) {
        Level::Debug if initialization != Initialization::OnDemand => Level::Info,
        level => level,
    };
    Happening { kind: "platform.initReport", record, level }
}

/// An invocation begins.
pub(crate) fn start(request_id: &str, version: &str, trace: Option<&str>) -> Happening {
    let mut record = json!({ "requestId": request_id, "version": version });
    trace_into(&mut record, trace);
    Happening { kind: "platform.start", record, level: Level::Info }
}

/// The runtime has done with an invocation.
pub(crate) fn runtime_done(
    request_id: &str,
    status: &Status,
    took: Duration,
    produced_bytes: usize,
    trace: Option<&str>,
) -> Happening {
    let mut record = json!({
        "requestId": request_id,
        "metrics": { "durationMs": millis(took), "producedBytes": produced_bytes },
    });
    trace_into(&mut record, trace);
    let level = status.put(&mut record);
    Happening { kind: "platform.runtimeDone", record, level }
}

/// What a report counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) duration: Duration,
    pub(crate) init: Option<Duration>,
    pub(crate) memory_mib: u32,
    pub(crate) used_bytes: u64,
}

impl Figures {
    /// What is billed, in whole milliseconds: the initialisation as well, since 2025.
    pub(crate) fn billed_ms(&self) -> u128 {
        (self.duration + self.init.unwrap_or_default()).as_nanos().div_ceil(1_000_000)
    }

    /// The most memory used, in whole MiB.
    pub(crate) const fn used_mib(&self) -> u64 {
        self.used_bytes.div_ceil(1 << 20)
    }
}

/// An invocation is over, for the extensions as well.
pub(crate) fn report(request_id: &str, status: &Status, figures: &Figures, trace: Option<&str>) -> Happening {
    let mut metrics = json!({
        "durationMs": millis(figures.duration),
        "billedDurationMs": u64::try_from(figures.billed_ms()).unwrap_or(u64::MAX),
        "memorySizeMB": figures.memory_mib,
        "maxMemoryUsedMB": figures.used_mib(),
    });
    if let Some(init) = figures.init {
        metrics["initDurationMs"] = millis(init).into();
    }
    let mut record = json!({ "requestId": request_id, "metrics": metrics });
    trace_into(&mut record, trace);
    let level = status.put(&mut record).max(Level::Info);
    Happening { kind: "platform.report", record, level }
}

/// An extension at the end of the initialisation.
pub(crate) fn extension(name: &str, state: &str, events: &[&str]) -> Happening {
    let record = json!({ "name": name, "state": state, "events": events });
    let level = if state == "Ready" { Level::Info } else { Level::Warn };
    Happening { kind: "platform.extension", record, level }
}

/// An extension wants to know, by the Logs API or the Telemetry API.
pub(crate) fn subscription(is_logs: bool, name: &str, types: &[&str]) -> Happening {
    let kind = if is_logs { "platform.logsSubscription" } else { "platform.telemetrySubscription" };
    let record = json!({ "name": name, "state": "Subscribed", "types": types });
    Happening { kind, record, level: Level::Info }
}

/// What did not reach a subscriber.
pub(crate) fn logs_dropped(reason: &str, records: u64, bytes: u64) -> Happening {
    let record = json!({ "reason": reason, "droppedRecords": records, "droppedBytes": bytes });
    Happening { kind: "platform.logsDropped", record, level: Level::Warn }
}

impl Happening {
    /// The event as one line of JSON.
    pub(crate) fn line(&self, now: Timestamp) -> String {
        json!({ "time": now.iso8601(), "type": self.kind, "record": self.record }).to_string()
    }
}

fn trace_into(record: &mut Value, trace: Option<&str>) {
    if let Some(trace) = trace.filter(|trace| !trace.is_empty()) {
        record["tracing"] = json!({ "type": "X-Amzn-Trace-Id", "value": trace });
    }
}

/// Milliseconds with three places.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(happening: &Happening, level: Level, expected: &str) {
        let line = happening.line(Timestamp::from_millis(1_795_485_723_004));
        let found: Value = serde_json::from_str(&line).unwrap();
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!((&found["record"], happening.level), (&expected, level), "{}", happening.kind);
        assert_eq!(
            (found["time"].as_str(), &found["type"]),
            (Some("2026-11-24T02:02:03.004Z"), &happening.kind.into())
        );
    }

    #[test]
    fn events_have_their_fields_and_levels() {
        let (took, trace) = (Duration::from_micros(1234), Some("Root=1"));
        let (demand, provisioned) = (Initialization::OnDemand, Initialization::Provisioned);
        let failed = Status::error("Runtime.ExitError");
        check(
            &start("r", "1", trace),
            Level::Info,
            r#"{"requestId":"r","version":"1","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}"#,
        );
        check(&start("r", "1", None), Level::Info, r#"{"requestId":"r","version":"1"}"#);
        let done = |status: &Status| runtime_done("r", status, took, 7, None);
        check(
            &done(&Status::SUCCESS),
            Level::Debug,
            r#"{"requestId":"r","status":"success","metrics":{"durationMs":1.234,"producedBytes":7}}"#,
        );
        check(
            &done(&failed),
            Level::Warn,
            r#"{"requestId":"r","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":1.234,"producedBytes":7}}"#,
        );
        let figures =
            Figures { duration: took, init: Some(took), memory_mib: 128, used_bytes: (40 << 20) + 1 };
        check(
            &report("r", &Status::SUCCESS, &figures, None),
            Level::Info,
            r#"{"requestId":"r","status":"success","metrics":{"durationMs":1.234,"billedDurationMs":3,"memorySizeMB":128,"maxMemoryUsedMB":41,"initDurationMs":1.234}}"#,
        );
        let figures = Figures { init: None, ..figures };
        check(
            &report("r", &Status::TIMEOUT, &figures, None),
            Level::Warn,
            r#"{"requestId":"r","status":"timeout","metrics":{"durationMs":1.234,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":41}}"#,
        );
        check(
            &init_runtime_done(demand, &Status::SUCCESS),
            Level::Debug,
            r#"{"initializationType":"on-demand","phase":"init","status":"success"}"#,
        );
        check(
            &init_report(demand, &Status::SUCCESS, took),
            Level::Debug,
            r#"{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":1.234}}"#,
        );
        check(
            &init_report(provisioned, &Status::SUCCESS, took),
            Level::Info,
            r#"{"initializationType":"provisioned-concurrency","phase":"init","status":"success","metrics":{"durationMs":1.234}}"#,
        );
        check(
            &init_report(demand, &failed, took),
            Level::Warn,
            r#"{"initializationType":"on-demand","phase":"init","status":"error","errorType":"Runtime.ExitError","metrics":{"durationMs":1.234}}"#,
        );
        check(
            &extension("e", "Ready", &["INVOKE"]),
            Level::Info,
            r#"{"name":"e","state":"Ready","events":["INVOKE"]}"#,
        );
        check(
            &subscription(false, "e", &["platform"]),
            Level::Info,
            r#"{"name":"e","state":"Subscribed","types":["platform"]}"#,
        );
        check(
            &logs_dropped("slow", 2, 9),
            Level::Warn,
            r#"{"reason":"slow","droppedRecords":2,"droppedBytes":9}"#,
        );
    }

    #[test]
    fn a_report_of_text_has_a_status_where_something_went_wrong() {
        let check = |status: &Status, expected: &str| assert_eq!(status.text(), expected);
        check(&Status::SUCCESS, "");
        check(&Status::TIMEOUT, "Status: timeout");
        check(&Status::reported("Runtime.Unknown"), "");
        check(&Status::error("Runtime.ExitError"), "Status: error\tError Type: Runtime.ExitError");
    }

    #[test]
    fn levels_have_an_order() {
        assert!(
            Level::named(Some("DEBUG")) < Level::named(None)
                && Level::named(None) < Level::named(Some("WARN"))
        );
    }
}
