//! `weft invoke`: sends an event to a function and prints its answer.

mod report;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use weft_model::lambda::{InvocationRequest, InvocationResponse};

use crate::args::InvokeArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::inventory;

use report::Report;

/// Invokes; the answer goes to standard output, the log's tail and what it took to standard error. A failed function is a
/// failure.
pub(crate) async fn run(args: &InvokeArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let event = event(args)?;
    let request = InvocationRequest {
        function_name: function_name(&client, &args.function).await?,
        invocation_type: args.asynchronous.then(|| "Event".to_owned()),
        log_type: (!args.asynchronous).then(|| "Tail".to_owned()),
        qualifier: args.qualifier.clone(),
        payload: Some(Bytes::from(event)),
        ..InvocationRequest::default()
    };
    let (answer, head): (InvocationResponse, _) = client.call_with_head("lambda", "Invoke", request).await?;
    let id = head.headers.get(weft_wire::REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let shown = Shown::of(answer, id, args.asynchronous);
    if args.json {
        println!("{}", shown.json());
    } else {
        eprint!("{}", shown.notes());
        shown.answer.iter().for_each(|answer| println!("{answer}"));
    }
    if shown.error.is_some() { Err(Failure::Silent) } else { Ok(()) }
}

/// What an invocation shows.
struct Shown {
    request_id: String,
    /// `None` of an event that was handed over.
    answer: Option<String>,
    /// `Handled` or `Unhandled` where the function failed.
    error: Option<String>,
    tail: String,
    report: Option<Report>,
    version: Option<String>,
}

impl Shown {
    fn of(answer: InvocationResponse, request_id: &str, asynchronous: bool) -> Self {
        let tail = answer.log_result.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&tail).into_owned();
        let payload = answer.payload.unwrap_or_default();
        Self {
            request_id: request_id.to_owned(),
            answer: (!asynchronous).then(|| String::from_utf8_lossy(&payload).into_owned()),
            error: answer.function_error,
            report: Report::find(&tail),
            tail,
            version: answer.executed_version,
        }
    }

    /// What stands beside the answer, for a person.
    fn notes(&self) -> String {
        let mut text = self.tail.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let version = self.version.as_deref().filter(|version| *version != "$LATEST");
        let version = version.map_or_else(String::new, |version| format!(", version {version}"));
        let _ = match (&self.answer, &self.report) {
            (None, _) => writeln!(text, "weft: the event was taken, as request {}", self.request_id),
            (_, Some(report)) => writeln!(text, "weft: {}{version}", report.text()),
            (_, None) => writeln!(text, "weft: the log has no report of this invocation{version}"),
        };
        text
    }

    fn json(&self) -> Value {
        let answer = self
            .answer
            .as_ref()
            .map(|answer| serde_json::from_str(answer).unwrap_or_else(|_| Value::String(answer.clone())));
        json!({
            "payload": answer, "error": self.error, "log": self.tail, "version": self.version,
            "requestId": self.request_id, "report": self.report.as_ref().map(Report::json),
        })
    }
}

/// The event's text: the argument itself, a file's, or standard input's. It has to be JSON.
fn event(args: &InvokeArgs) -> Result<String, Failure> {
    let argument = args.event.as_deref().unwrap_or("{}");
    let file = args.event_file.as_deref().or_else(|| argument.strip_prefix('@').map(Path::new));
    let (from, text) = match file {
        Some(file) => (file.display().to_string(), std::fs::read_to_string(file)),
        None if argument == "-" => {
            let mut text = String::new();
            ("standard input".to_owned(), std::io::stdin().read_to_string(&mut text).map(|_| text))
        }
        None => (String::new(), Ok(argument.to_owned())),
    };
    let text =
        text.map_err(|error| Failure::Told(format!("failed to read the event from `{from}`: {error}")))?;
    let quoting = if from.is_empty() { "; quote it for the shell: '{\"key\": 1}'" } else { "" };
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::Told(format!("the event is not JSON: {error}{quoting}"))),
    }
}

/// A function's Lambda name: of an app's function by its short name, else the text as it is.
async fn function_name(client: &Client, name: &str) -> Result<String, Failure> {
    if name.starts_with("arn:") {
        return Ok(name.to_owned());
    }
    let apps = inventory::apps(client).await?;
    match inventory::find(&apps, name) {
        Ok(found) => match found.as_slice() {
            [one] if one.function.is_none() => Err(Failure::Told(format!(
                "`{name}` is a service; open one of its URLs, which `weft ps` shows"
            ))),
            [one] => Ok(one.function.clone().unwrap_or_default()),
            _ => Err(Failure::Told(format!(
                "`{name}` is an app; name one of its functions: `{name}/FUNCTION`"
            ))),
        },
        Err(inventory::NameError::Unknown(_)) if !name.contains('/') => Ok(name.to_owned()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: Option<&str>, tail: &str, asynchronous: bool) -> Shown {
        let answer = InvocationResponse {
            function_error: error.map(str::to_owned),
            log_result: Some(STANDARD.encode(tail)),
            payload: Some(Bytes::from_static(b"{\"n\":1}")),
            executed_version: Some(if error.is_some() { "3" } else { "$LATEST" }.to_owned()),
            ..InvocationResponse::default()
        };
        Shown::of(answer, "r-1", asynchronous)
    }

    const REPORT: &str = "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\t";

    #[test]
    fn beside_the_answer_stand_the_logs_tail_and_what_it_took() {
        let check = |shown: Shown, expected: &str| assert_eq!(shown.notes(), expected);
        let took = "weft: 1.23 ms, billed 2 ms, memory 41 of 128 MiB, warm";
        check(shown(None, &format!("hi\n{REPORT}\n"), false), &format!("hi\n{REPORT}\n{took}\n"));
        check(shown(Some("Unhandled"), REPORT, false), &format!("{REPORT}\n{took}, version 3\n"));
        check(shown(None, "", false), "weft: the log has no report of this invocation\n");
        check(shown(None, "", true), "weft: the event was taken, as request r-1\n");
    }

    #[test]
    fn json_has_the_answer_as_what_it_is() {
        let check = |shown: Shown, pointer: &str, expected: Value| {
            assert_eq!(shown.json().pointer(pointer), Some(&expected), "{pointer}");
        };
        check(shown(None, REPORT, false), "/payload", json!({"n": 1}));
        check(shown(None, REPORT, false), "/report/cold", json!(false));
        check(shown(None, "cut off", false), "/report", Value::Null);
        check(shown(Some("Unhandled"), "", false), "/error", json!("Unhandled"));
        check(shown(None, "", true), "/payload", Value::Null);
        check(shown(None, "", true), "/requestId", json!("r-1"));
    }
}
