//! The answers that the platform gives where a function gave none.

use std::time::Duration;

use bytes::Bytes;
use weft_sandbox::{Exit, ExitStatus};
use weft_types::Timestamp;

use crate::delivery::STREAM_BYTES_MAX;
use crate::frames::RESPONSE_BYTES_MAX;

/// The message of an invocation that ran out of time, as it stands in the log and in the answer.
pub(crate) fn timed_out(now: Timestamp, request_id: &str, limit: Duration) -> String {
    format!("{} {request_id} Task timed out after {:.2} seconds", now.iso8601(), limit.as_secs_f64())
}

/// The answer of an invocation that ran out of time.
pub(crate) fn timed_out_payload(message: &str) -> Bytes {
    serde_json::json!({ "errorMessage": message }).to_string().into()
}

/// An error's type as logs and measurements name it: what a function calls its own errors stays out of them.
pub(crate) fn known_type(error_type: Option<&str>) -> String {
    let known = error_type.filter(|text| {
        let name =
            text.strip_prefix("Runtime.").or_else(|| text.strip_prefix("Function.")).unwrap_or_default();
        let letters = name.bytes().all(|byte| byte.is_ascii_alphabetic());
        letters && name.len() > 1 && name.starts_with(|first: char| first.is_ascii_uppercase())
    });
    known.unwrap_or("Runtime.Unknown").to_owned()
}

/// The type in an error's JSON, as logs and measurements name it.
pub(crate) fn type_within(error: &[u8]) -> String {
    let error: Option<serde_json::Value> = serde_json::from_slice(error).ok();
    known_type(error.as_ref().and_then(|error| error.get("errorType")?.as_str()))
}

/// `errorType` and the text behind `Error: ` for a runtime that ended.
pub(crate) fn ended(exit: Exit) -> (&'static str, String) {
    if exit.oom_killed {
        return ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed".to_owned());
    }
    let text = match exit.status {
        ExitStatus::Code(0) => "Runtime exited without providing a reason".to_owned(),
        ExitStatus::Code(code) => format!("Runtime exited with error: exit status {code}"),
        ExitStatus::Signal(number) => format!("Runtime exited with error: signal: {}", signal_name(number)),
    };
    ("Runtime.ExitError", text)
}

/// The answer for a runtime that ended or broke a rule.
pub(crate) fn platform_payload(error_type: &str, request_id: &str, text: &str) -> Bytes {
    let message = format!("RequestId: {request_id} Error: {text}");
    serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
}

/// The answer for a response that broke off while it came.
pub(crate) fn truncated_payload() -> Bytes {
    let message = "the response broke off before its end";
    serde_json::json!({ "errorType": "Runtime.TruncatedResponse", "errorMessage": message })
        .to_string()
        .into()
}

/// The answer for a response that is too long: of one that is whole, or of one that came as a stream.
pub(crate) fn too_large_payload(length: u64) -> Bytes {
    let limit = if length > STREAM_BYTES_MAX { STREAM_BYTES_MAX } else { RESPONSE_BYTES_MAX as u64 };
    let message = format!(
        "Response payload size ({length} bytes) exceeded maximum allowed payload size ({limit} bytes)."
    );
    serde_json::json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": message })
        .to_string()
        .into()
}

/// How a program ended, for people: `exit status 1`, `signal: killed`, `out of memory`.
pub(crate) fn ending(exit: Exit) -> String {
    match exit.status {
        _ if exit.oom_killed => "out of memory".to_owned(),
        ExitStatus::Code(code) => format!("exit status {code}"),
        ExitStatus::Signal(number) => format!("signal: {}", signal_name(number)),
    }
}

/// A signal as Go names it, whose runtime Lambda's own texts come from.
pub(crate) fn signal_name(number: u8) -> String {
    let name = match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        31 => "bad system call",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: ExitStatus, oom_killed: bool, expected: (&str, &str)) {
        let (error_type, text) = ended(Exit { status, oom_killed, memory_peak_bytes: 0 });
        assert_eq!((error_type, text.as_str()), expected);
    }

    #[test]
    fn endings_are_told_as_lambda_tells_them() {
        let exit_error = "Runtime.ExitError";
        check(ExitStatus::Code(0), false, (exit_error, "Runtime exited without providing a reason"));
        check(ExitStatus::Code(3), false, (exit_error, "Runtime exited with error: exit status 3"));
        check(
            ExitStatus::Signal(11),
            false,
            (exit_error, "Runtime exited with error: signal: segmentation fault"),
        );
        check(ExitStatus::Signal(9), false, (exit_error, "Runtime exited with error: signal: killed"));
        check(
            ExitStatus::Signal(9),
            true,
            ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
        );
    }

    #[test]
    fn an_error_type_of_the_platforms_own_is_kept() {
        let check = |found: &str, expected: &str| assert_eq!(known_type(Some(found)), expected, "{found}");
        for kept in ["Runtime.ImportModuleError", "Function.Broken"] {
            check(kept, kept);
        }
        for other in
            ["", "ValueError", "Runtime.", "Runtime.X", "Runtime.lower", "Runtime.No1", "Other.Thing"]
        {
            check(other, "Runtime.Unknown");
        }
        assert_eq!(known_type(None), "Runtime.Unknown");
    }

    #[test]
    fn a_timeout_names_time_request_and_limit() {
        let text = timed_out(Timestamp::from_millis(1_795_485_723_004), "r-1", Duration::from_secs(3));
        assert_eq!(text, "2026-11-24T02:02:03.004Z r-1 Task timed out after 3.00 seconds");
        assert_eq!(timed_out_payload("x"), r#"{"errorMessage":"x"}"#);
        assert_eq!(
            platform_payload("Runtime.ExitError", "r-1", "gone"),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: gone"}"#
        );
    }
}
