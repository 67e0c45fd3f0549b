//! Weft's own API, called with signed requests over a store in memory.

mod builds;
mod deploy;
mod harness;
mod rollout;
mod workers;
