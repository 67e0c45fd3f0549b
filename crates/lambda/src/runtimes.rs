//! The runtimes that Lambda knows by name, current and retired.
//!
//! Retired ones are accepted: the nearest interpreter that is installed serves them (the runtime says so in the
//! function's log). Source: the `Runtime` enumeration of the published model.

use serde::{Deserialize, Serialize};
use weft_service::Error;
use weft_store::Digest;

use crate::errors;

/// Names in the order in which AWS added them.
const NAMES: [&str; 46] = [
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "java8",
    "java8.al2",
    "java11",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "nodejs4.3-edge",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "provided",
    "provided.al2",
    "nodejs18.x",
    "python3.10",
    "java17",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "python3.11",
    "nodejs20.x",
    "provided.al2023",
    "python3.12",
    "java21",
    "python3.13",
    "nodejs22.x",
    "nodejs24.x",
    "python3.14",
    "java25",
    "dotnet10",
    "ruby4.0",
];

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
    if NAMES.contains(&name) {
        return Ok(());
    }
    let names = NAMES.join(", ");
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
