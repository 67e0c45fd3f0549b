//! The errors that more than one operation gives, in AWS's words.

use weft_service::Error;

/// A request that cannot be carried out as it is.
pub(crate) fn bad_request(message: impl Into<String>) -> Error {
    Error::new("BadRequestException", message).with_status(400)
}

/// Something that is not there.
pub(crate) fn not_found(message: impl Into<String>) -> Error {
    Error::new("NotFoundException", message).with_status(404)
}

/// Something that is there already, or in use.
pub(crate) fn conflict(message: impl Into<String>) -> Error {
    Error::new("ConflictException", message).with_status(409)
}

/// There are as many as there may be.
pub(crate) fn too_many(message: impl Into<String>) -> Error {
    Error::new("LimitExceededException", message).with_status(429)
}

/// What the model has and Weft has not.
pub(crate) fn unsupported(what: &str) -> Error {
    Error::new("NotImplemented", format!("{what} is not implemented by this version of Weft."))
        .with_status(501)
}

/// No such REST API.
pub(crate) fn no_api() -> Error {
    not_found("Invalid API identifier specified")
}

/// No such API, as the API for HTTP APIs says it.
pub(crate) fn no_http_api(id: &str) -> Error {
    not_found(format!("Invalid API identifier specified {id}"))
}

/// No such resource of an API.
pub(crate) fn no_resource() -> Error {
    not_found("Invalid Resource identifier specified")
}

/// No such method of a resource.
pub(crate) fn no_method() -> Error {
    not_found("Invalid Method identifier specified")
}

/// No such stage.
pub(crate) fn no_stage() -> Error {
    not_found("Invalid stage identifier specified")
}

/// No such deployment.
pub(crate) fn no_deployment() -> Error {
    not_found("Invalid Deployment identifier specified")
}
