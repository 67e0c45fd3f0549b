//! From what a user wrote to what is to be done: `weft.toml` and plain code → [`Manifest`] → [`Resources`] → [`Plan`].
//!
//! [`read_folder`] and [`read_file`] turn a folder or a lone file, seen through a [`Listing`], into a [`Manifest`]; what
//! is wrong comes back as [`Diagnostic`]s that point at line and column and say how to mend it. [`Manifest::resources`]
//! lists what is wanted once the code is packed, [`diff`] compares that with what is there, and the [`Plan`] it returns is
//! immutable, prints one line per step, and is in an order in which it can be carried out: what others need
//! comes first, deletions last.
//!
//! Invariants: the same input gives the same manifest and the same plan, byte for byte; a manifest cannot hold a name
//! or a number that the API would refuse; a plan never deletes what belongs to another part of the app; carrying out
//! a plan makes what is there what is wanted, so that a second one is empty.
//!
//! [`cloudformation`] does the same for `CloudFormation`'s templates, and [`sam`] turns serverless ones into those.
//!
//! The crate is pure: no files, no network, no clock. It deliberately does not know how code is packed, how a step is
//! carried out, or which interpreters a machine has.

pub mod cloudformation;
mod desired;
mod detect;
mod diagnostic;
mod handler;
mod listing;
mod manifest;
mod parse;
mod plan;
mod python;
mod resource;
pub mod sam;
mod section;
mod shell;

pub use desired::{NotPacked, Placement};
pub use detect::{read_file, read_folder};
pub use diagnostic::Diagnostic;
pub use listing::Listing;
pub use manifest::{
    Auth, BuildKind, Code, Function, Manifest, PartName, Permission, Route, Scale, Service, WorkloadCode,
};
pub use parse::parse;
pub use plan::{Conflict, Plan, Step, diff, removal};
pub use resource::{
    AppResource, FunctionResource, Key, Resource, Resources, RoleResource, RouteResource, ServiceResource,
};

/// The name of the file that describes an app.
pub const MANIFEST_FILE: &str = "weft.toml";
