//! The errors of IAM, in AWS's words.

use weft_service::Error;

pub(crate) fn no_such_entity(message: impl Into<String>) -> Error {
    Error::new("NoSuchEntityException", message)
}

pub(crate) fn already_exists(message: impl Into<String>) -> Error {
    Error::new("EntityAlreadyExistsException", message)
}

pub(crate) fn delete_conflict(message: impl Into<String>) -> Error {
    Error::new("DeleteConflictException", message)
}

/// Why a role or an instance profile cannot be deleted.
pub(crate) const ROLES_FIRST: &str = "Cannot delete entity, must remove roles from instance profile first.";

pub(crate) fn limit_exceeded(message: impl Into<String>) -> Error {
    Error::new("LimitExceededException", message)
}

/// A role that only AWS changes.
pub(crate) fn unmodifiable(role: &str) -> Error {
    let message = format!(
        "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
    );
    Error::new("UnmodifiableEntityException", message)
}

/// `Cannot exceed quota for AccessKeysPerUser: 2`.
pub(crate) fn quota(name: &str, limit: usize) -> Error {
    limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
}

pub(crate) fn invalid_input(message: impl Into<String>) -> Error {
    Error::new("InvalidInputException", message)
}

pub(crate) fn validation(message: impl Into<String>) -> Error {
    Error::new("ValidationException", message)
}

/// A member that asks for something that has no code.
pub(crate) fn unsupported(member: &str) -> Error {
    let message = format!("{member} is not supported by this version of Weft.");
    Error::new("NotImplemented", message).with_status(501)
}

/// An ARN that is none of a policy.
pub(crate) fn invalid_arn(arn: &str) -> Error {
    invalid_input(format!("ARN {arn} is not valid."))
}
