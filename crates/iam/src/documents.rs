//! Policy documents: checked before they are stored, escaped when they are shown.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weft_policy::{Policy, PolicyKind};
use weft_service::Error;

/// What a document is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An inline policy, or one that narrows a session.
    Inline,
    /// A version of a managed policy.
    Managed,
    /// A role's trust policy.
    Trust,
}

/// Checks a document, or fails with `MalformedPolicyDocument` in AWS's words.
pub(crate) fn check(purpose: Purpose, text: &str) -> Result<Policy, Error> {
    let kind = match purpose {
        Purpose::Inline => PolicyKind::Identity,
        Purpose::Managed => PolicyKind::Managed,
        Purpose::Trust => PolicyKind::Trust,
    };
    Policy::parse_as(kind, text)
        .map_err(|error| Error::new("MalformedPolicyDocumentException", error.to_string()))
}

/// Reads a stored document. One that this build cannot read counts against its owner: it denies everything.
pub(crate) fn stored(text: &str) -> Arc<Policy> {
    const DENY: &str = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let parsed = Policy::parse(text).or_else(|error| {
        tracing::error!(%error, "a stored policy cannot be read; it denies everything");
        Policy::parse(DENY)
    });
    Arc::new(parsed.unwrap_or_else(|_| Policy::empty()))
}

/// The size that quotas count: characters without white space.
pub(crate) fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Escapes a document as answers carry it (RFC 3986).
pub(crate) fn escape(text: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, ESCAPED).to_string()
}
