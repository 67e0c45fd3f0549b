//! Names, ARNs, regions, accounts and times: parsed once, valid ever after.
//!
//! Every type here has one constructor that checks; whoever holds a value never looks again. The crate is pure:
//! no clock, no files. It does not know what a service does with a name.

mod arn;
mod chain;
mod data_folder;
mod name;
mod runtimes;
mod time;

pub use arn::{AccountId, Arn, Region};
pub use chain::error_chain;
pub use data_folder::default_data_folder;
pub use name::{AppName, RuntimeName, WorkloadName};
pub use runtimes::{LAMBDA_RESERVED_VARIABLES, LAMBDA_RUNTIMES};
pub use time::Timestamp;

/// Why a text is not the value it should be. The message names the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a valid {what}: {rule}")]
pub struct ParseError {
    /// What the text should have been, as one noun.
    pub what: &'static str,
    /// The text as given, cut after 200 characters.
    pub value: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, value: &str, rule: &'static str) -> Self {
        Self { what, value: value.chars().take(200).collect(), rule }
    }
}
