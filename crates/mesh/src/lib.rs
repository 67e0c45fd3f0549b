//! The hop between workloads: names, identity, and what leaves a sandbox.
//!
//! [`Mesh`] serves the doors of all workers of a machine. Of each it knows, from the runtime and not from the worker,
//! whose it is. Behind a door:
//!
//! - a resolver answers the names of the worker's own app with an address per name in 100.64.0.0/10, AWS's names with
//!   the AWS endpoint's, and public names with public addresses only;
//! - a connection to an app name's address is served as HTTP/1.1 on any port and goes to that workload, which is
//!   started when needed, with `X-Weft-Caller: <app>/<name>` of the caller;
//! - port 443 of these addresses is TLS, for names under `localhost`, `weft.internal` and AWS's own;
//! - connections to the AWS endpoint and to the Runtime API go to the handlers of these;
//! - every other connection is made on the worker's behalf, where [`Egress`] allows its address, and is counted.
//!
//! Invariants: the caller's identity is the door that a connection came through; a workload of another app or account
//! is not reachable; connections and lookups are bounded per worker and per machine, and shared so that a worker that
//! takes all it can leaves room for the others; idle time and the table of names are bounded; closing a door ends all
//! that came through it; handshakes are bounded per worker, per machine and in time.
//!
//! The crate deliberately does not know how
//! workers run or what an AWS call means.

mod dns;
mod door;
mod egress;
mod hop;
mod machine;
mod mesh;
mod names;
mod places;
mod resolver;

pub use egress::{Egress, Refusal};
pub use mesh::{Directory, Lookup, Mesh, MeshOptions, Original, Seams};
