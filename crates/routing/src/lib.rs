//! Hosts, paths, weights and balancing, as decisions.
//!
//! - [`Routes`] says which [`Route`] a request takes, by host, path prefix and method. It is built once per change and
//!   read without locks behind one pointer;
//! - [`Path`] reads a path so that all its spellings match alike and none escapes its prefix; [`host_of`] and
//!   [`HostPattern`] do the same for hosts;
//! - [`pick_of_two`] balances.
//!
//! Rules: every workload is reachable as `<workload>.<app>.weft.localhost` and as `/_weft/<app>/<workload>/…`; an app's
//! routes as `<app>.weft.localhost`. An exact host beats `*.suffix`, a longer suffix a shorter one, and a route without
//! a host answers where no host matches. The longest prefix that takes the method wins; of equal claims the oldest one,
//! and the later is reported as [`Problem::Shadowed`].
//!
//! The crate is pure: no sockets, clocks or randomness. It deliberately does not know what a target is.

mod balance;
mod host;
mod path;
mod table;

pub use balance::pick_of_two;
pub use host::{HostError, HostPattern, OWN_SUFFIX, host_of, is_own_host};
pub use path::{Path, PathError};
pub use table::{Auth, Exposed, Found, Missing, PATH_FORM, Problem, Route, Routes};
