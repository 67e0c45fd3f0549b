//! What a caller of `Invoke` sees of requests that no worker answered.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use weft_model::Value;
use weft_service::Error;
use weft_service::workload::{Invoked, WorkError};

use crate::loads::Throttle;

/// The function's failure where it failed, else AWS's error. `of_account` says whether the function may have as many
/// workers as the account.
pub(crate) fn answer(error: WorkError, request_id: &str, of_account: bool) -> Result<Invoked, Error> {
    let text = |value: &str| Value::Text(value.to_owned());
    match error {
        WorkError::Overloaded { .. } if of_account => Err(throttled(Throttle::Account)),
        WorkError::Overloaded { .. } => Err(throttled(Throttle::Reserved)),
        WorkError::StartFailed { reason } => Err(Error::new("InvalidRuntimeException", reason)
            .with_status(502)
            .with_member("Type", text("User"))),
        WorkError::Crashed { reason } => Ok(failed("Runtime.ExitError", request_id, &reason)),
        WorkError::TimedOut(after) => {
            let reason = format!("Task timed out after {:.2} seconds", after.as_secs_f64());
            Ok(failed("Sandbox.Timedout", request_id, &reason))
        }
        WorkError::Unavailable { .. } | WorkError::Stopping => {
            Err(Error::new("ServiceException", error.to_string())
                .with_status(500)
                .with_member("Type", text("Service")))
        }
    }
}

/// A request that may not run now.
pub(crate) fn throttled(throttle: Throttle) -> Error {
    too_many(throttle.reason())
}

/// A `TooManyRequestsException`.
pub(crate) fn too_many(reason: &str) -> Error {
    let text = |value: &str| Value::Text(value.to_owned());
    Error::new("TooManyRequestsException", "Rate Exceeded.")
        .with_status(429)
        .with_member("Reason", text(reason))
        .with_member("Type", text("User"))
        .with_member("retryAfterSeconds", text("1"))
}

/// The form in which Lambda tells of a function that came to its end without an answer.
fn failed(kind: &str, request_id: &str, reason: &str) -> Invoked {
    let payload =
        json!({ "errorType": kind, "errorMessage": format!("RequestId: {request_id} Error: {reason}") });
    Invoked {
        payload: Bytes::from(payload.to_string()),
        error: Some("Unhandled"),
        log_tail: None,
        cold: false,
        duration: Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: WorkError, expected: Result<&str, (&str, u16)>) {
        let found = answer(error, "id-1", true);
        match (found, expected) {
            (Ok(invoked), Ok(payload)) => {
                assert_eq!(std::str::from_utf8(&invoked.payload).unwrap(), payload);
                assert_eq!(invoked.error, Some("Unhandled"));
            }
            (Err(error), Err((code, status))) => {
                assert_eq!((error.code(), error.status()), (code, Some(status)));
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn each_failure_has_the_face_that_aws_gives_it() {
        check(WorkError::Overloaded { max: 1 }, Err(("TooManyRequestsException", 429)));
        check(WorkError::StartFailed { reason: String::new() }, Err(("InvalidRuntimeException", 502)));
        check(WorkError::Unavailable { reason: String::new() }, Err(("ServiceException", 500)));
        check(WorkError::Stopping, Err(("ServiceException", 500)));
        check(
            WorkError::TimedOut(Duration::from_secs(3)),
            Ok(
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id-1 Error: Task timed out after 3.00 seconds"}"#,
            ),
        );
        check(
            WorkError::Crashed { reason: "Runtime exited with error: exit status 3".to_owned() },
            Ok(
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: id-1 Error: Runtime exited with error: exit status 3"}"#,
            ),
        );
    }
}
