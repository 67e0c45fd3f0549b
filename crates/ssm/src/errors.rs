//! The errors that more than one operation gives, in AWS's words.

use weft_service::Error;

/// A parameter of the request that is not acceptable.
pub(crate) fn validation(message: impl Into<String>) -> Error {
    Error::new("ValidationException", message).with_status(400)
}

/// No such parameter.
pub(crate) fn not_found(name: &str) -> Error {
    Error::new("ParameterNotFound", format!("Parameter {name} not found.")).with_status(400)
}

/// No such version.
pub(crate) fn no_version(name: &str, version: i64) -> Error {
    let message = format!(
        "Systems Manager could not find version {version} of {name}. Verify the version and try again."
    );
    Error::new("ParameterVersionNotFound", message).with_status(400)
}

/// No version has this label.
pub(crate) fn no_label(name: &str, label: &str) -> Error {
    let message = format!(
        "Systems Manager could not find label {label} for parameter {name}. Verify the label and try again."
    );
    Error::new("ParameterVersionNotFound", message).with_status(400)
}

/// A token that none of our pages ended with.
pub(crate) fn invalid_token() -> Error {
    Error::new("InvalidNextToken", "The specified token is not valid.").with_status(400)
}

/// Nothing that can be tagged has this id.
pub(crate) fn invalid_resource(id: &str) -> Error {
    let message = format!("The resource ID \"{id}\" is not valid. Verify that you entered the correct ID.");
    Error::new("InvalidResourceId", message).with_status(400)
}
