//! REST APIs: what describes them, and the requests that come to them.

pub(crate) mod authorize;
pub(crate) mod compile;
pub(crate) mod event;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod integrate;
pub(crate) mod matcher;
pub(crate) mod ops;
#[allow(
    clippy::struct_field_names,
    clippy::struct_excessive_bools,
    reason = "members have the names and types that they have on the wire"
)]
pub(crate) mod records;
pub(crate) mod refuse;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod templates;
pub(crate) mod validate;
