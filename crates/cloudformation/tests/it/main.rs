//! Stacks of IAM's, Lambda's and Logs' resources on the services themselves.

mod stacks;
mod workers;
mod world;
