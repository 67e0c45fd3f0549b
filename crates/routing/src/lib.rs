//! Hosts, paths, weights and balancing, as decisions.

mod balance;

pub use balance::pick_of_two;
