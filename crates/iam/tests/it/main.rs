//! IAM and STS through dispatch, with signed requests.

mod access;
mod authentication;
mod bootstrap;
mod errors;
mod permissions;
mod sessions;
mod world;
