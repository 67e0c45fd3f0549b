//! Errors in CloudFormation's words.

use weft_service::Error;
use weft_template::cloudformation::TemplateError;

/// `ValidationError`.
pub(crate) fn validation(message: impl Into<String>) -> Error {
    Error::new("ValidationError", message).with_status(400)
}

/// There is no such stack.
pub(crate) fn no_stack(name: &str) -> Error {
    validation(format!("Stack with id {name} does not exist"))
}

/// A text cannot be a stack's name.
pub(crate) fn stack_name(text: &str) -> Error {
    validation(format!(
        "1 validation error detected: Value '{text}' at 'stackName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
    ))
}

/// There is no such change set.
pub(crate) fn no_change_set(name: &str) -> Error {
    Error::new("ChangeSetNotFoundException", format!("ChangeSet [{name}] does not exist"))
}

/// The template, or what was given to it, is wrong.
pub(crate) fn template(error: &TemplateError) -> Error {
    validation(error.message())
}
