//! What the operations of both kinds of APIs share.

pub(crate) mod access;
pub(crate) mod bridge;
pub(crate) mod errors;
pub(crate) mod ids;
pub(crate) mod operation;
pub(crate) mod page;
pub(crate) mod patch;
pub(crate) mod tags;
