//! The errors that more than one operation gives, in AWS's words.

use weft_service::Error;
use weft_types::Arn;

/// A parameter that is well-formed but not acceptable.
pub(crate) fn invalid_parameter(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterValueException", message).with_status(400)
}

/// A parameter that breaks the model's constraint on it.
pub(crate) fn validation(value: &str, member: &str, rule: &str) -> Error {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    );
    Error::new("ValidationException", message).with_status(400)
}

/// No such function, version or alias.
pub(crate) fn function_not_found(arn: &Arn) -> Error {
    Error::new("ResourceNotFoundException", format!("Function not found: {arn}")).with_status(404)
}

/// No such thing, in words of its own.
pub(crate) fn not_found(message: impl Into<String>) -> Error {
    Error::new("ResourceNotFoundException", message).with_status(404)
}

/// The caller's `RevisionId` is not the policy's.
pub(crate) fn policy_revision_mismatch() -> Error {
    Error::new(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest \
         Revision Id",
    )
    .with_status(412)
}

/// The caller's `RevisionId` is not the function's.
pub(crate) fn revision_mismatch() -> Error {
    Error::new(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve \
         the latest Revision Id",
    )
    .with_status(412)
}

/// A feature of Lambda's that has no code here; `feature` begins the sentence.
pub(crate) fn not_implemented(feature: &str) -> Error {
    Error::new("NotImplemented", format!("{feature} not implemented by Weft yet.")).with_status(501)
}

/// Refuses the first of these features that a request asks for.
pub(crate) fn refuse_asked<const N: usize>(features: [(bool, &str); N]) -> Result<(), Error> {
    match features.iter().find(|(is_asked, _)| *is_asked) {
        Some((_, feature)) => Err(not_implemented(feature)),
        None => Ok(()),
    }
}
