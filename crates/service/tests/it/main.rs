//! Dispatch with services made for the test, one per protocol.

mod answers;
mod calls;
mod events;
mod world;
