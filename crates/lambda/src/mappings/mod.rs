//! Event source mappings: what reads queues and streams and hands batches to functions.
//!
//! - [`source`] is the seam to what records come from;
//! - [`batch`] says what goes into a batch and what becomes of it;
//! - [`settings`] checks what requests ask for, by the kind of the source;
//! - [`records`] is what the store holds;
//! - [`poller`] carries it out.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>.

pub(crate) mod batch;
pub(crate) mod poller;
pub(crate) mod records;
pub(crate) mod settings;
pub(crate) mod source;
