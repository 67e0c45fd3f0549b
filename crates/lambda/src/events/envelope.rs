//! What a destination gets: a record of the event and of what came of it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use weft_service::Message;
use weft_types::{Arn, Timestamp};

use crate::events::retry::Condition;

/// What a record tells.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) now: Timestamp,
    pub(crate) request_id: &'a str,
    /// With the qualifier that was asked for, or `$LATEST`.
    pub(crate) function_arn: &'a Arn,
    pub(crate) condition: Condition,
    /// Times that the function ran.
    pub(crate) runs: u32,
    pub(crate) request: &'a [u8],
    pub(crate) answer: Option<Answer<'a>>,
}

/// What the function answered last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) version: &'a str,
    /// `Unhandled` or `Handled`.
    pub(crate) error: Option<&'a str>,
    pub(crate) payload: &'a [u8],
}

/// The record, of at most `bytes_max` bytes: where it would be larger, the function's answer is left out, then the event.
/// None where it is too large even so.
pub(crate) fn record(told: &Told<'_>, bytes_max: usize) -> Option<Bytes> {
    [(true, true), (true, false), (false, false)]
        .into_iter()
        .map(|(request, answer)| write(told, request, answer))
        .find(|text| text.len() <= bytes_max)
        .map(Bytes::from)
}

/// A record as it goes to a queue, a topic, a bus or a bucket.
pub(crate) fn message(record: Bytes, told: &Told<'_>, destination: &str) -> Message {
    let name = told.function_arn.resource().split(':').nth(1).unwrap_or_default();
    let (folder, time) = (told.now.format("%Y/%m/%d"), told.now.format("%Y-%m-%dT%H.%M.%S"));
    Message {
        body: record,
        attributes: Vec::new(),
        source: "lambda",
        detail_type: match told.condition {
            Condition::Success => "Lambda Function Invocation Result - Success",
            _ => "Lambda Function Invocation Result - Failure",
        },
        resources: vec![told.function_arn.to_string(), destination.to_owned()],
        key: format!("aws/lambda/async/{name}/{folder}/{time}-{}", weft_service::request_id()),
    }
}

fn write(told: &Told<'_>, with_request: bool, with_answer: bool) -> String {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("version", "1.0".into());
    set("timestamp", told.now.iso8601().into());
    set(
        "requestContext",
        json!({
            "requestId": told.request_id,
            "functionArn": told.function_arn.as_str(),
            "condition": told.condition.as_str(),
            "approximateInvokeCount": told.runs,
        }),
    );
    if let Some(answer) = told.answer {
        let mut context = json!({ "statusCode": 200, "executedVersion": answer.version });
        if let Some(error) = answer.error {
            context["functionError"] = error.into();
        }
        set("responseContext", context);
    }
    let mut text = Value::Object(fields).to_string();
    // Payloads are JSON already, and stay as they are to the letter.
    let request = with_request.then_some(told.request);
    let answer = told.answer.filter(|_| with_answer).map(|answer| answer.payload);
    for (name, payload) in [("requestPayload", request), ("responsePayload", answer)] {
        if let Some(payload) = payload.and_then(raw) {
            text.truncate(text.len() - 1);
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":");
            text.push_str(payload);
            text.push('}');
        }
    }
    text
}

/// A payload as JSON, where it is some.
fn raw(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok().map(|_| text.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(arn: &'a Arn, request: &'a [u8], answer: Option<Answer<'a>>) -> Told<'a> {
        Told {
            now: Timestamp::from_millis(1_573_755_365_568),
            request_id: "id-1",
            function_arn: arn,
            condition: Condition::RetriesExhausted,
            runs: 3,
            request,
            answer,
        }
    }

    fn arn() -> Arn {
        Arn::of("lambda", "us-east-1", "000000000000", "function:f:$LATEST")
    }

    #[test]
    fn a_record_has_the_form_that_aws_gives_it() {
        let (arn, error) = (arn(), Some("Unhandled"));
        let answer = Answer { version: "$LATEST", error, payload: b"{\"errorMessage\": \"no\"}" };
        let found = record(&told(&arn, b"{\"b\":1, \"a\":2.0}", Some(answer)), 1000).unwrap();
        let expected = json!({
            "version": "1.0",
            "timestamp": "2019-11-14T18:16:05.568Z",
            "requestContext": {
                "requestId": "id-1",
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "requestPayload": { "b": 1, "a": 2.0 },
            "responsePayload": { "errorMessage": "no" },
        });
        assert_eq!(serde_json::from_slice::<Value>(&found).unwrap(), expected);
        assert!(
            String::from_utf8_lossy(&found).contains("{\"b\":1, \"a\":2.0}"),
            "the event is as it was sent"
        );
    }

    #[test]
    fn an_event_that_never_ran_has_no_answer() {
        let arn = arn();
        let found = record(&told(&arn, b"1", None), 1000).unwrap();
        let found: Value = serde_json::from_slice(&found).unwrap();
        assert!(found.get("responseContext").is_none() && found.get("responsePayload").is_none(), "{found}");
    }

    #[test]
    fn what_does_not_fit_is_left_out_answer_first() {
        let arn = arn();
        let long = format!("\"{}\"", "x".repeat(600));
        let answer = Answer { version: "1", error: None, payload: long.as_bytes() };
        let check = |request: &[u8], bytes_max: usize, expected: Option<(bool, bool)>| {
            let found = record(&told(&arn, request, Some(answer)), bytes_max);
            let found = found.map(|text| {
                assert!(text.len() <= bytes_max);
                let value: Value = serde_json::from_slice(&text).unwrap();
                (value.get("requestPayload").is_some(), value.get("responsePayload").is_some())
            });
            assert_eq!(found, expected, "{bytes_max}");
        };
        check(b"1", 2000, Some((true, true)));
        check(b"1", 600, Some((true, false)));
        check(long.as_bytes(), 600, Some((false, false)));
        check(b"1", 100, None);
    }
}
