//! Weft's own API: apps, services with their revisions, the directory of functions, routes, sources and builds.
//!
//! [`Compute`] holds the state; its operations are in `ops`, one per file, and [`Compute::operations`] hands them to the
//! registry. What is deployed is in memory behind one pointer: [`Compute`] finds revisions
//! ([`Revisions`](weft_service::workload::Revisions)), workloads by name ([`Compute::find`]) and requests' workloads
//! ([`Compute::routes`]) without a lock and without the store. `builds` turns uploaded sources into trees of code, in
//! sandboxes, through a [`BuildRunner`].
//!
//! Invariants: a revision never changes and its id is never given twice; a change is stored before it is seen, and what is
//! in memory is what is stored, whoever goes away in between; a host and path belong to one app; a build's id says all that
//! its result depends on, so that the same input is never built twice; package settings of clients (they hold secrets)
//! are never stored.
//!
//! The crate deliberately does not know how a worker is run or isolated, how a request is answered, what Lambda stores of a
//! function, or how code is packed by a client.

mod builds;
mod compute;
mod counts;
mod decisions;
mod errors;
mod index;
mod ops;
mod platform;
mod records;
mod rollout;
mod settings;
mod tags;

pub use builds::{
    BuildCommand, BuildLimits, BuildMount, BuildRunner, Choose, Chosen, Finished, LineSink, RunError,
    SandboxRunner,
};
pub use compute::{Compute, FunctionPlaces, Options, Seams};
pub use platform::{InstalledInterpreter, Isolation, IsolationFeature, Platform, PlatformFacts};
