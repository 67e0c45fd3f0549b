//! Pools and workers: carries out what scaling decides; contracts and language bootstraps.
