//! What the runtimes' names mean.
//!
//! Retired ones are accepted: the nearest interpreter that is installed serves them (the runtime says so in the
//! function's log).

use serde::{Deserialize, Serialize};
use weft_service::Error;
use weft_store::Digest;
use weft_types::LAMBDA_RUNTIMES;

use crate::errors;

/// The record of how a version gets newer runtimes. Kept and shown; here the machine's interpreters serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RuntimeUpdate {
    /// `Auto`, `Manual` or `FunctionUpdate`.
    pub(crate) mode: String,
    /// The runtime that `Manual` stays with.
    pub(crate) version_arn: Option<String>,
}

/// Checks that Lambda knows the runtime.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    if LAMBDA_RUNTIMES.contains(&name) {
        return Ok(());
    }
    let names = LAMBDA_RUNTIMES.join(", ");
    Err(errors::invalid_parameter(format!(
        "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{names}] or be a \
         valid ARN"
    )))
}

/// Whether the code is machine code, which only runs on its own architecture.
pub(crate) fn is_native(name: &str) -> bool {
    name.starts_with("provided") || name == "go1.x"
}

/// The name of a runtime's version. There is one of each runtime: what is installed.
pub(crate) fn version_arn(name: &str, region: &str) -> String {
    format!("arn:aws:lambda:{region}::runtime:{}", Digest::of(name.as_bytes()))
}

/// The interpreter that the code needs; none for native programs.
pub(crate) fn interpreter(name: &str) -> Option<String> {
    (!is_native(name)).then(|| name.to_owned())
}
