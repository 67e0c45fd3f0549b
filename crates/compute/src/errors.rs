//! The errors that more than one operation gives.

use weft_service::Error;
use weft_store::{BlobError, TreeError};
use weft_types::{AppName, WorkloadName};

/// Blobs that failed.
pub(crate) fn blobs(error: BlobError) -> Error {
    Error::internal(error)
}

/// Trees that failed.
pub(crate) fn trees(error: TreeError) -> Error {
    Error::internal(error)
}

/// A member that breaks a rule.
pub(crate) fn validation(message: impl Into<String>) -> Error {
    Error::new("ValidationException", message)
}

/// Something of that name is there already, or something else stands in the way.
pub(crate) fn conflict(message: impl Into<String>) -> Error {
    Error::new("ConflictException", message)
}

/// One more is not allowed.
pub(crate) fn limit(message: impl Into<String>) -> Error {
    Error::new("LimitExceededException", message)
}

pub(crate) fn app_not_found(app: &AppName) -> Error {
    Error::new("AppNotFoundException", format!("There is no app `{app}`."))
}

pub(crate) fn service_not_found(app: &AppName, name: &WorkloadName) -> Error {
    Error::new("ServiceNotFoundException", format!("There is no service `{name}` in the app `{app}`."))
}

pub(crate) fn function_not_found(app: &AppName, name: &WorkloadName) -> Error {
    Error::new("FunctionNotFoundException", format!("There is no function `{name}` in the app `{app}`."))
}

pub(crate) fn route_not_found(app: &AppName, id: &str) -> Error {
    Error::new("RouteNotFoundException", format!("There is no route `{id}` in the app `{app}`."))
}

pub(crate) fn build_not_found(id: &str) -> Error {
    Error::new("BuildNotFoundException", format!("There is no build `{id}`."))
}
