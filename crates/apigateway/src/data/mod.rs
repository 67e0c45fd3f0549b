//! What requests to both kinds of APIs share.

pub(crate) mod cache;
pub(crate) mod jsonpath;
pub(crate) mod lambda;
pub(crate) mod log;
pub(crate) mod request;
pub(crate) mod schema;
pub(crate) mod target;
pub(crate) mod throttle;
pub(crate) mod upstream;
pub(crate) mod verdict;
