//! The one error that operations return.

use std::fmt;

use weft_model::Value;
use weft_store::StoreError;

/// An error as a caller will see it, and its private cause, which is only logged.
///
/// `code` is the name of an error shape of the service (`ResourceNotFoundException`) or a common code
/// (`AccessDeniedException`); the codec finds the HTTP status and the spelling on the wire in the service's schema.
pub struct Error {
    code: &'static str,
    message: String,
    status: Option<u16>,
    members: Vec<(&'static str, Value)>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a code and a public message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: None, members: Vec::new(), cause: None }
    }

    /// An error of ours: the caller sees `InternalFailure` with status 500 and no detail, the log has the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            status: Some(500),
            cause: Some(cause.into()),
            ..Self::new(
                "InternalFailure",
                "The request processing has failed because of an unknown error, exception or failure.",
            )
        }
    }

    /// Sets the HTTP status where the service's schema does not.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a member of the error's shape beside the message, such as `Reason`.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// Keeps the private cause.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The public message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status, where it was set by hand.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Members of the error's shape beside the message.
    pub fn members(&self) -> &[(&'static str, Value)] {
        &self.members
    }

    /// The private cause.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

/// A transaction's closure returns this error as it is, so that the caller's faults and the store's need no wrapper. A full
/// store is a lack that passes, which a client may try again; every other failure is internal.
impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Full) {
            let message = "The request has failed due to a temporary failure of the server.";
            return Self::new("ServiceUnavailableException", message).with_status(503).with_cause(error);
        }
        Self::internal(error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " (because: {cause:?})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_may_be_tried_again_and_no_failure_of_it_is_told() {
        for (failure, want) in [
            (StoreError::Full, ("ServiceUnavailableException", Some(503))),
            (StoreError::Stopped, ("InternalFailure", Some(500))),
            (StoreError::Panicked, ("InternalFailure", Some(500))),
            (StoreError::InUse("/data".into()), ("InternalFailure", Some(500))),
        ] {
            let secret = failure.to_string();
            let error = Error::from(failure);
            assert_eq!((error.code(), error.status()), want, "{secret}");
            assert!(!error.message().contains(&secret), "{error}");
            assert_eq!(error.cause().map(ToString::to_string), Some(secret));
        }
    }
}
