//! The hop between workloads: names, identity, and what leaves a sandbox.
