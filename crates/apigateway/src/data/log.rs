//! Access logs: a line for each request, in the stage's format, to a log group.
//!
//! Lines wait in a bounded queue, so that no request waits for them; what does not fit is dropped and counted.
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>.

use std::collections::HashMap;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::{Mutex, mpsc};
use weft_model::logs::{
    CreateLogStreamRequest, InputLogEvent, PutLogEventsRequest, PutLogEventsResponse,
    PutResourcePolicyRequest, PutResourcePolicyResponse,
};
use weft_service::{Context, Dispatch, Error};

use crate::SERVICE;
use crate::places::Place;

/// Lines that wait at most.
const WAITING_MAX: usize = 10_000;
/// Lines, and bytes of them, that are stored together.
const BATCH_MAX: usize = 1_000;
const BATCH_BYTES_MAX: usize = 512 << 10;
/// How long a line waits for others.
const FLUSH_AFTER: Duration = Duration::from_millis(500);
/// Bytes of a line.
const LINE_BYTES_MAX: usize = 64 << 10;

/// A format, read once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Format(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    /// The path of `$context.…`.
    Variable(Vec<String>),
}

impl Format {
    /// Reads a format.
    pub(crate) fn parse(format: &str) -> Result<Self, String> {
        let format = format.strip_suffix('\n').unwrap_or(format);
        if format.contains(['\n', '\r']) {
            return Err("Access Log format must be single line, new line character is allowed only at end of the format".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find("$context.").or_else(|| rest.find("${context.")) {
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            let braced = rest[at..].starts_with("${");
            let path = &rest[at + if braced { 10 } else { 9 }..];
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            let mut length = path.bytes().take_while(is_part).count();
            // A full stop at the end is the sentence's.
            length = path[..length].trim_end_matches(['.', '-']).len();
            pieces.push(Piece::Variable(path[..length].split('.').map(str::to_owned).collect()));
            rest = &path[length..];
            if braced {
                rest = rest.strip_prefix('}').unwrap_or(rest);
            }
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let is_id = |piece: &Piece| matches!(piece, Piece::Variable(path) if matches!(path.as_slice(), [name] if name == "requestId" || name == "extendedRequestId"));
        if !pieces.iter().any(is_id) {
            return Err(
                "Access Log format must contain at least $context.requestId or $context.extendedRequestId"
                    .to_owned(),
            );
        }
        Ok(Self(pieces))
    }

    /// The line of a request; what is not known is `-`.
    pub(crate) fn line(&self, context: &Json) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Variable(path) => match path.iter().try_fold(context, |at, name| at.get(name)) {
                    None | Some(Json::Null) => line.push('-'),
                    // Whoever sends a header does not write lines, nor ends a text of JSON.
                    Some(Json::String(text)) => push_escaped(&mut line, text),
                    Some(other) => line.push_str(&other.to_string()),
                },
            }
            if line.len() > LINE_BYTES_MAX {
                let end = (0..=LINE_BYTES_MAX).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                line.truncate(end);
                break;
            }
        }
        line
    }
}

fn push_escaped(line: &mut String, text: &str) {
    for sign in text.chars() {
        match sign {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            sign if sign.is_control() => line.push(' '),
            sign => line.push(sign),
        }
    }
}

/// The group that an ARN names: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, with or without `:*`.
pub(crate) fn group_of(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", _, "logs", _, _, "log-group", name] = parts[..] else { return None };
    let name = name.strip_suffix(":*").unwrap_or(name);
    (!name.is_empty() && !name.contains(':')).then_some(name)
}

/// A line on its way.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) group: String,
    pub(crate) stream: String,
    pub(crate) at: i64,
    pub(crate) text: String,
}

/// The queue of lines.
pub(crate) struct AccessLog {
    sender: mpsc::Sender<Line>,
    receiver: Mutex<mpsc::Receiver<Line>>,
    dropped: AtomicU64,
}

impl Default for AccessLog {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self { sender, receiver: Mutex::new(receiver), dropped: AtomicU64::new(0) }
    }
}

impl AccessLog {
    /// Takes a line, or drops it where too many wait.
    pub(crate) fn take(&self, line: Line) {
        if self.sender.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Stores lines as they come, until it is dropped.
    pub(crate) async fn run(&self, dispatch: &Weak<Dispatch>) {
        let mut receiver = self.receiver.lock().await;
        loop {
            let Some(first) = receiver.recv().await else { return };
            tokio::time::sleep(FLUSH_AFTER).await;
            let mut lines = vec![first];
            while lines.len() < BATCH_MAX
                && let Ok(line) = receiver.try_recv()
            {
                lines.push(line);
            }
            let Some(dispatch) = dispatch.upgrade() else { return };
            store(&dispatch, lines).await;
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(dropped, "lines of access logs were dropped: too many waited");
            }
        }
    }
}

/// Stores lines, those of one stream together.
async fn store(dispatch: &Dispatch, lines: Vec<Line>) {
    let mut streams: HashMap<(String, String), (Place, Vec<InputLogEvent>, usize)> = HashMap::new();
    for Line { place, group, stream, at, text } in lines {
        let entry = streams.entry((group, stream)).or_insert_with(|| (place, Vec::new(), 0));
        entry.2 += text.len() + 26;
        if entry.2 < BATCH_BYTES_MAX && !text.is_empty() {
            entry.1.push(InputLogEvent { timestamp: at, message: text });
        }
    }
    for ((group, stream), (place, mut events, _)) in streams {
        events.sort_by_key(|event| event.timestamp);
        let cx = dispatch.context_for_service(SERVICE, place.account, place.region);
        if let Err(error) = put(&cx, &group, &stream, events).await {
            tracing::warn!(group, %error, "lines of an access log could not be stored");
        }
    }
}

/// The policy of Logs that lets services deliver, by the name that AWS gives the one that it makes when delivery is switched on.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html>.
const DELIVERY: &str = "AWSLogDeliveryWrite20150319";

/// Stores lines; where nothing lets us yet, the policy of deliveries is made first, as AWS does.
async fn put(cx: &Context, group: &str, stream: &str, events: Vec<InputLogEvent>) -> Result<(), Error> {
    match deliver(cx, group, stream, events.clone()).await {
        Err(error) if error.code().starts_with("AccessDenied") => {}
        other => return other,
    }
    let (account, region) = (cx.scope.account, cx.scope.region.as_str());
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Sid": DELIVERY, "Effect": "Allow", "Principal": {"Service": [SERVICE, "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("arn:aws:logs:{region}:{account}:log-group:*"),
    }]});
    let input = PutResourcePolicyRequest {
        policy_name: Some(DELIVERY.to_owned()),
        policy_document: Some(policy.to_string()),
        ..Default::default()
    };
    cx.call::<_, PutResourcePolicyResponse>("logs", "PutResourcePolicy", input).await?;
    deliver(cx, group, stream, events).await
}

async fn deliver(cx: &Context, group: &str, stream: &str, events: Vec<InputLogEvent>) -> Result<(), Error> {
    let input = PutLogEventsRequest {
        log_group_name: group.to_owned(),
        log_stream_name: stream.to_owned(),
        log_events: events,
        ..Default::default()
    };
    let put = cx.call::<_, PutLogEventsResponse>("logs", "PutLogEvents", input.clone()).await;
    match put {
        Err(error) if error.code() == "ResourceNotFoundException" => {}
        other => return other.map(drop),
    }
    let new = CreateLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: stream.to_owned() };
    cx.call::<_, ()>("logs", "CreateLogStream", new).await?;
    cx.call::<_, PutLogEventsResponse>("logs", "PutLogEvents", input).await.map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(format: &str, expected: Result<&str, &str>) {
        let context = json!({ "requestId": "r", "status": 200, "identity": { "userAgent": "a\"b\nc" } });
        let found = Format::parse(format).map(|format| format.line(&context));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_format_becomes_a_line_that_nobody_can_break() {
        check("$context.requestId $context.status. $context.none", Ok("r 200. -"));
        check(
            "{\"id\":\"$context.requestId\",\"ua\":\"$context.identity.userAgent\"}\n",
            Ok("{\"id\":\"r\",\"ua\":\"a\\\"b\\nc\"}"),
        );
        check("$context.status", Err("at least $context.requestId"));
        check("$context.requestId\n$context.status", Err("single line"));
    }

    #[test]
    fn a_group_is_named_by_its_arn() {
        let check = |arn: &str, expected: Option<&str>| assert_eq!(group_of(arn), expected, "{arn}");
        check("arn:aws:logs:us-east-1:000000000000:log-group:/api/x", Some("/api/x"));
        check("arn:aws:logs:us-east-1:000000000000:log-group:x:*", Some("x"));
        check("arn:aws:firehose:us-east-1:000000000000:deliverystream/x", None);
        check("x", None);
    }
}
