//! Pools and workers: carries out what scaling decides, and speaks the contracts.
//!
//! - [`Runtime`] implements [`Workers`](weft_service::workload::Workers): it keeps a pool per revision and gives each
//!   request a place in a worker;
//! - a [`Spawner`] starts the workers' processes: [`Sandboxes`] through the launcher, tests as they like;
//! - contract `lambda`: our own bootstraps for Python and Node.js speak frames on an inherited socket; custom runtimes
//!   speak the HTTP Runtime API through the worker's door, and extensions theirs; answers may come in pieces;
//! - contract `http`: a worker is ready when it listens in its own network; requests stream both ways.
//!
//! Invariants: a pool never has more workers than its revision's `max`, those on their way up and down included; every
//! place in a worker and in a queue comes back, whatever happens to the request; no lock is held while waiting but the
//! gate that freezes a worker; an invocation that runs past its deadline, and whatever it started, is killed.
//!
//! The crate deliberately does not know what a Lambda function's record or a service's definition looks like, which
//! host or path a request came by, what a door leads to, or how a process is isolated.

mod beside;
mod bootstraps;
mod config;
mod delivery;
mod detached;
mod errors;
mod event;
mod exchange;
mod extensions;
mod framed;
mod frames;
mod http_worker;
mod interpreter;
mod invoke;
mod launch;
mod logs;
mod platform;
mod pool;
mod printed;
mod runtime;
mod runtime_api;
mod sandboxed;
mod spawn;
mod start;
mod starts;
mod telemetry;
mod worker;

pub use config::RuntimeConfig;
pub use interpreter::{InterpreterChoice, choose_interpreter};
pub use runtime::Runtime;
pub use sandboxed::Sandboxes;
pub use spawn::{Process, Spawned, Spawner};
