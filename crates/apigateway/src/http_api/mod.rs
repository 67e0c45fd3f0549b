//! HTTP APIs: what describes them, and the requests that come to them.

pub(crate) mod authorize;
pub(crate) mod compile;
pub(crate) mod cors;
pub(crate) mod event;
pub(crate) mod import;
pub(crate) mod integrate;
pub(crate) mod jwt;
pub(crate) mod ops;
pub(crate) mod parameters;
pub(crate) mod records;
pub(crate) mod rsa;
pub(crate) mod serve;
pub(crate) mod state;
