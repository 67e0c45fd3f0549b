//! How many workers a pool should have: one pure function, [`decide()`], over a [`Snapshot`] and [`Limits`].
//!
//! Concurrency is the signal, for functions and services alike. A function's worker takes one request at a time: what
//! waits gets a worker at once, and workers that idle too long are stopped. A service's worker takes several: there the
//! averages of [`Load`] over a stable and a panic window also count, as Knative's autoscaler defines them, so that a
//! pool grows before its workers are full and shrinks without swinging.
//!
//! Invariants: starting workers and those that are being stopped count against `max`, so `max` is never passed; at
//! least `min` are kept; a pool whose workers end again and again waits ever longer before the next start, and says so
//! to the requests that wait ([`Action::FailWaiting`]) instead of letting them hang.
//! The crate deliberately does not know processes, requests or clocks: `now` is an argument.

mod decide;
mod load;
mod restraint;

pub use decide::{Action, Limits, Panic, Snapshot, WorkerState, WorkerView, decide, panic_after};
pub use load::Load;
pub use restraint::{BackOff, StartTokens};

/// A point in time, as what went by since the pool's owner started.
pub type Moment = std::time::Duration;
