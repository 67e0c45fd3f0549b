//! What the runtimes' names mean.
//!
//! Retired ones are accepted: the nearest interpreter that is installed serves them (the runtime says so in the
//! function's log).

use weft_service::Error;
use weft_types::LAMBDA_RUNTIMES;

use crate::errors;

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

/// The interpreter that the code needs; none for native programs.
pub(crate) fn interpreter(name: &str) -> Option<String> {
    (!is_native(name)).then(|| name.to_owned())
}
