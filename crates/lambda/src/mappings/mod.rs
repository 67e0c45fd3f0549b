//! Event source mappings: what reads queues and streams and hands batches to functions.
//!
//! - [`source`] is the seam to what records come from;
//! - [`batch`] says what goes into a batch and what becomes of it;
//! - [`settings`] checks what requests ask for, by the kind of the source;
//! - [`records`] is what the store holds;
//! - [`part`] is how far one part of a source is: read, handed on, done with;
//! - [`window`] is what a function sums up in a tumbling window;
//! - [`poller`] reads one mapping's source and hands on its batches, by [`handing`] and [`landing`];
//! - [`crew`] has one poller for each mapping that is on.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>.

pub(crate) mod batch;
pub(crate) mod crew;
mod handing;
mod landing;
mod part;
mod poller;
pub(crate) mod records;
pub(crate) mod settings;
pub(crate) mod source;
mod window;
