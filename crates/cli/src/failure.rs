//! What a subcommand fails with, as a person reads it.

use crate::client::CallError;
use crate::connect::ConnectError;
use crate::inventory::NameError;

/// A failed subcommand. Its text and those of its causes are printed on one line; help, where there is some, on the next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Name(#[from] NameError),
    /// A message that says it all; lines after the first are printed as they are.
    #[error("{0}")]
    Told(String),
    /// The work was done, its outcome is bad, and all was printed already.
    #[error("")]
    Silent,
}

impl Failure {
    /// The text with all its causes.
    pub(crate) fn chain(&self) -> String {
        weft_types::error_chain(self)
    }
}
