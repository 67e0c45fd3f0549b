//! The contracts of Lambda's own runtimes, as tables: each row is a handler and its settings, and what its caller and its log
//! see. The answers and log lines are those that the official clients gave to the same handlers (Python 4.2.2; Node.js 3.3.0
//! for contract 22, 4.0.2 for contract 24; clocks, paths of the runtime and texts of one version of the language left out).
//! Where ours differs on purpose, the table says so in its head.
//!
//! `WEFT_TEST_NODE` names another Node.js than the system's; both contracts hold on each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod node;
#[path = "../support/plain.rs"]
mod plain;
mod python;
#[path = "../support/mod.rs"]
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use plain::{Plain, runtime};
use support::{function, invocation};
use weft_runtime::{Runtime, RuntimeConfig};
use weft_service::workload::{Revision, Workers as _};

/// What the caller of one event gets.
type Outcome = Result<&'static str, &'static str>;

/// One row of a table.
#[derive(Clone, Copy)]
struct Row {
    code: &'static str,
    runtime: &'static str,
    file: &'static str,
    files: &'static [(&'static str, &'static str)],
    handler: &'static str,
    env: &'static [(&'static str, &'static str)],
    events: &'static [&'static str],
    client: Option<&'static str>,
    trace: Option<&'static str>,
    identity: Option<&'static str>,
    tenant: Option<&'static str>,
    outcomes: &'static [Outcome],
    /// All events that it logs, or nothing to be checked.
    log: Option<&'static [&'static str]>,
}

const HANDLER: &str = "app.handler";
const EVENTS: &[&str] = &[r#"{"n": 1}"#];
const CLIENT: Option<&str> = Some(r#"{"custom":{"k":"v"},"client":{"app_title":"t"}}"#);
const IDENTITY: &str = r#"{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}"#;
/// Whoever takes the log's descriptor away gets its records on the standard output, one line each.
const WRAPPED: &[(&str, &str)] = &[("AWS_LAMBDA_EXEC_WRAPPER", "/var/task/wrapper")];
const WRAPPER: &[(&str, &str)] = &[("wrapper", "#!/bin/sh\nunset _LAMBDA_TELEMETRY_LOG_FD\nexec \"$@\"\n")];
/// Its log's frames go to a file beside it.
const FRAMES: &[(&str, &str)] =
    &[("wrapper", "#!/bin/sh\nexport _LAMBDA_TELEMETRY_LOG_FD=9\nexec 9>frames\nexec \"$@\"\n")];
const TRACE: Option<&str> = Some("Root=1-2-3");

/// A row for this code, with nothing special about it.
const fn row(code: &'static str) -> Row {
    Row {
        code,
        runtime: "",
        file: "",
        files: &[],
        handler: HANDLER,
        env: &[],
        events: EVENTS,
        client: CLIENT,
        trace: TRACE,
        identity: None,
        tenant: None,
        outcomes: &[],
        log: Some(&[]),
    }
}

impl Row {
    const fn answers(self, outcomes: &'static [Outcome]) -> Self {
        Self { outcomes, ..self }
    }

    const fn runtime(self, runtime: &'static str) -> Self {
        Self { runtime, ..self }
    }

    const fn file(self, file: &'static str) -> Self {
        Self { file, ..self }
    }

    const fn files(self, files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files, ..self }
    }

    const fn handler(self, handler: &'static str) -> Self {
        Self { handler, ..self }
    }

    const fn env(self, env: &'static [(&'static str, &'static str)]) -> Self {
        Self { env, ..self }
    }

    const fn events(self, events: &'static [&'static str]) -> Self {
        Self { events, ..self }
    }

    const fn client(self, client: Option<&'static str>) -> Self {
        Self { client, ..self }
    }

    const fn trace(self, trace: Option<&'static str>) -> Self {
        Self { trace, ..self }
    }

    const fn identity(self, identity: &'static str) -> Self {
        Self { identity: Some(identity), ..self }
    }

    const fn tenant(self, tenant: &'static str) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    const fn logs(self, log: &'static [&'static str]) -> Self {
        Self { log: Some(log), ..self }
    }

    const fn whatever_is_logged(self) -> Self {
        Self { log: None, ..self }
    }

    /// Whether it may share a process with others: it answers, and nothing about it is special.
    fn shares(&self) -> bool {
        let plain =
            self.files.is_empty() && self.env.is_empty() && self.file.is_empty() && self.handler == HANDLER;
        let usual = self.client == CLIENT
            && self.trace == TRACE
            && self.identity.is_none()
            && self.tenant.is_none()
            && self.runtime.is_empty()
            && self.code.contains("handler");
        plain
            && usual
            && matches!(self.outcomes, [Ok(_)])
            && self.log.is_some_and(<[_]>::is_empty)
            && !self.code.contains("alone")
    }
}

/// What the rows of a table have in common.
#[derive(Clone, Copy)]
struct Table {
    runtime: &'static str,
    extension: &'static str,
    /// Hands an event to the module that it names; without one, no rows share a process.
    dispatcher: &'static str,
    rows: &'static [Row],
}

impl Table {
    /// Checks every row, and tells of all that do not hold.
    async fn check(self) {
        let (shared, alone): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| !self.dispatcher.is_empty() && row.shares());
        let mut wrong = self.check_shared(&shared).await;
        // More at a time would only wait for each other.
        for rows in alone.chunks(4) {
            wrong.extend(futures::future::join_all(rows.iter().map(|row| self.check_alone(row))).await);
        }
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{} of {} rows:\n\n{}", wrong.len(), self.rows.len(), wrong.join("\n\n"));
    }

    async fn check_alone(&self, row: &Row) -> Option<String> {
        let code = tempfile::tempdir().unwrap();
        let default = format!("app.{}", self.extension);
        let own = (if row.file.is_empty() { default.as_str() } else { row.file }, row.code);
        for (name, text) in row.files.iter().copied().chain((!row.code.is_empty()).then_some(own)) {
            let path = code.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            if text.starts_with("#!") {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        let runtime = if row.runtime.is_empty() { self.runtime } else { row.runtime };
        let function = Function::new(code.path(), runtime, row.handler, row.env);
        assert_eq!(row.events.len(), row.outcomes.len(), "{}", row.code);
        for (event, outcome) in row.events.iter().zip(row.outcomes) {
            let wrong = function.check(row, event, *outcome).await;
            if wrong.is_some() {
                return wrong;
            }
        }
        let (found, wanted) = (function.log(), row.log?);
        // Event by event: none is torn, none are joined.
        let same = found.len() == wanted.len() && found.iter().zip(wanted).all(|(one, want)| fits(one, want));
        (!same).then(|| format!("{}\nlogged: {found:#?}\nwanted: {wanted:#?}", row.code))
    }

    async fn check_shared(&self, rows: &[&Row]) -> Vec<Option<String>> {
        let code = tempfile::tempdir().unwrap();
        std::fs::write(code.path().join(format!("app.{}", self.extension)), self.dispatcher).unwrap();
        for (index, row) in rows.iter().enumerate() {
            std::fs::write(code.path().join(format!("row{index}.{}", self.extension)), row.code).unwrap();
        }
        let function = Function::new(code.path(), self.runtime, HANDLER, &[]);
        let mut wrong = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let event = format!(r#"{{"row": "row{index}", "event": {}}}"#, row.events[0]);
            wrong.push(function.check(row, &event, row.outcomes[0]).await);
        }
        wrong
    }
}

/// A function in a worker of its own.
struct Function {
    runtime: Arc<Runtime>,
    revision: Arc<Revision>,
    lines: Arc<support::Lines>,
    code: String,
}

impl Function {
    fn new(code: &Path, declared: &str, handler: &str, env: &[(&str, &str)]) -> Self {
        let (runtime, lines) = runtime(Plain::new(), RuntimeConfig::default());
        let revision = Arc::new(function(code, declared, handler, env));
        Self { runtime, revision, lines, code: code.display().to_string() }
    }

    /// What is wrong with the answer to an event.
    async fn check(&self, row: &Row, event: &str, outcome: Outcome) -> Option<String> {
        let mut invocation = invocation(event);
        invocation.client_context = row.client.map(Into::into);
        invocation.trace_id = row.trace.map(Into::into);
        invocation.cognito_identity = row.identity.map(Into::into);
        invocation.tenant_id = row.tenant.map(Into::into);
        let answer = self.runtime.invoke(Arc::clone(&self.revision), invocation).await.unwrap();
        let found = self.shown(&String::from_utf8_lossy(&answer.payload));
        let wanted = outcome.unwrap_or_else(|error| error);
        if answer.error.is_none() == outcome.is_ok() && fits(&found, wanted) {
            return None;
        }
        let log = self.lines.0.lock().unwrap().join("\n");
        Some(format!("{}\nfound: {:?} {found}\nwanted: {outcome:?}\nlog:\n{log}", row.code, answer.error))
    }

    /// What the function itself logged.
    fn log(&self) -> Vec<String> {
        let platform = [
            "INIT_START ",
            "INIT_REPORT ",
            "START RequestId: ",
            "END RequestId: ",
            "REPORT RequestId: ",
            "RequestId: ",
        ];
        let lines = self.lines.0.lock().unwrap();
        let own = lines.iter().filter(|line| !platform.iter().any(|start| line.starts_with(start)));
        own.map(|line| self.shown(line)).collect()
    }

    /// A text with the task's folder where Lambda has it.
    fn shown(&self, text: &str) -> String {
        text.replace(&self.code, "/var/task").replace("file:///var/task", "/var/task")
    }
}

/// Whether `found` is `want`, in which `…` stands for any text.
fn fits(found: &str, want: &str) -> bool {
    let mut parts = want.split('…');
    let Some(mut rest) = parts.next().and_then(|first| found.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
