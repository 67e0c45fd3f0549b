//! Weft's own API: apps, services, routes, builds.
