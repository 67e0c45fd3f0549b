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
