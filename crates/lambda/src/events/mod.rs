//! Asynchronous invocations: events that are durable before they are acknowledged, and delivered at least once.
//!
//! - [`queue`] says whose turn it is, in memory, fair among functions;
//! - [`retry`] says what becomes of an event after each attempt;
//! - [`records`] is what the store holds: an event is there until it is over, so that a new process finds exactly what the
//!   old one had not finished;
//! - [`envelope`] is what destinations get;
//! - [`delivery`] carries all of it out.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>.

pub(crate) mod queue;
pub(crate) mod retry;
