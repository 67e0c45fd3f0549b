//! What is wrong with a template, in the words of `CloudFormation`.

/// Why a template, its parameters or its resources cannot be used. Printed, it is the message of a `ValidationError`
/// (status 400).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// An error with this message, as it is sent.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The text is not well-formed, or not of a template's form.
    pub(crate) fn format(message: impl AsRef<str>) -> Self {
        Self(format!("Template format error: {}", message.as_ref()))
    }

    /// A function of the template is used in a way that it cannot be.
    pub(crate) fn function(message: impl AsRef<str>) -> Self {
        Self(format!("Template error: {}", message.as_ref()))
    }

    /// The message, as it is sent.
    pub fn message(&self) -> &str {
        &self.0
    }
}

/// Why a resource's properties or an output cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The template is wrong, or becomes so with the values at hand.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Something else must be made first, or does not have the attribute.
    #[error("{}", match attribute { Some(name) => format!("Attribute '{name}' does not exist for resource '{logical_id}'"), None => format!("Resource '{logical_id}' does not exist yet") })]
    Unknown {
        /// The resource that is referred to.
        logical_id: String,
        /// The attribute that is asked for; none for `Ref`.
        attribute: Option<String>,
    },
    /// No stack exports that name.
    #[error("No export named {export} found.")]
    Import {
        /// The export's name.
        export: String,
    },
}
