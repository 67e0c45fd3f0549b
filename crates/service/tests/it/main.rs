//! Dispatch with services made for the test, one per protocol.

mod answers;
mod authorize;
mod calls;
mod events;
mod world;
