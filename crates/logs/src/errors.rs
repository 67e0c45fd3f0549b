//! The errors that more than one operation gives, in AWS's words.

use weft_service::Error;

/// A parameter that is not acceptable.
pub(crate) fn invalid_parameter(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterException", message).with_status(400)
}

/// A parameter that breaks the model's constraint on it.
pub(crate) fn constraint(value: &str, member: &str, rule: &str) -> Error {
    invalid_parameter(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// A token that none of our pages ended with.
pub(crate) fn invalid_token() -> Error {
    invalid_parameter("The specified nextToken is invalid.")
}

/// No such group.
pub(crate) fn no_group() -> Error {
    Error::new("ResourceNotFoundException", "The specified log group does not exist.").with_status(400)
}

/// No such stream.
pub(crate) fn no_stream() -> Error {
    Error::new("ResourceNotFoundException", "The specified log stream does not exist.").with_status(400)
}

/// The group is there.
pub(crate) fn group_exists() -> Error {
    Error::new("ResourceAlreadyExistsException", "The specified log group already exists").with_status(400)
}

/// The stream is there.
pub(crate) fn stream_exists() -> Error {
    Error::new("ResourceAlreadyExistsException", "The specified log stream already exists").with_status(400)
}

/// The group is protected from being deleted.
pub(crate) fn protected() -> Error {
    let message =
        "Cannot delete log group with deletion protection enabled. Disable deletion protection first.";
    Error::new("ValidationException", message).with_status(400)
}

/// There are as many as there may be.
pub(crate) fn limit_exceeded() -> Error {
    Error::new("LimitExceededException", "Resource limit exceeded.").with_status(400)
}

/// No such resource policy.
pub(crate) fn no_policy(name: &str) -> Error {
    let message = format!("Policy with name [{name}] does not exist.");
    Error::new("ResourceNotFoundException", message).with_status(400)
}

/// No such destination of a subscription.
pub(crate) fn no_destination() -> Error {
    Error::new("ResourceNotFoundException", "The specified destination does not exist.").with_status(400)
}

/// No such subscription filter.
pub(crate) fn no_filter() -> Error {
    Error::new("ResourceNotFoundException", "The specified subscription filter does not exist.")
        .with_status(400)
}

/// A function that a subscription filter cannot call.
pub(crate) fn not_executable() -> Error {
    invalid_parameter(
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
    )
}
