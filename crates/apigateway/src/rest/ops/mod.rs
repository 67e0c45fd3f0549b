//! The operations on REST APIs, one file per kind of resource.

pub(crate) mod account;
pub(crate) mod apis;
pub(crate) mod authorizers;
pub(crate) mod deployments;
pub(crate) mod gateway_responses;
pub(crate) mod integration_responses;
pub(crate) mod integrations;
pub(crate) mod method_responses;
pub(crate) mod methods;
pub(crate) mod models;
pub(crate) mod resources;
pub(crate) mod stages;
pub(crate) mod tags;
pub(crate) mod transfers;
pub(crate) mod validators;
