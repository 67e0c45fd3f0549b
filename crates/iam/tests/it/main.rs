//! IAM and STS through dispatch, with signed requests.

mod access;
mod authentication;
mod bootstrap;
mod details;
mod errors;
mod groups;
mod last_used;
mod linked;
mod permissions;
mod principals;
mod profiles;
mod session_tags;
mod sessions;
mod simulation;
mod steps;
mod world;
