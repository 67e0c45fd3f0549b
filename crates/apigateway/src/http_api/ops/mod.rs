//! The operations on HTTP APIs, one file per kind of resource.

pub(crate) mod apis;
pub(crate) mod authorizers;
pub(crate) mod deployments;
pub(crate) mod integrations;
pub(crate) mod routes;
pub(crate) mod stages;
pub(crate) mod tags;
pub(crate) mod transfers;
