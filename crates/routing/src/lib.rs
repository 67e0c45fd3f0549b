//! Hosts, paths, weights and balancing, as decisions.
