//! HTTP APIs: what describes them, and the requests that come to them.

pub(crate) mod compile;
