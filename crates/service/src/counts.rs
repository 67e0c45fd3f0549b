//! What is counted of a function's invocations: Lambda counts, compute shows.

use std::time::Duration;

/// Counts of one function since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FunctionCounts {
    /// Requests that reached the function.
    pub invocations: u64,
    /// Of these, those that failed.
    pub errors: u64,
    /// Requests that were refused for a limit; they are no invocations.
    pub throttles: u64,
    /// Events that could not be handed to the function's dead-letter queue or topic (`DeadLetterErrors`); they are lost.
    pub dead_letter_errors: u64,
    /// Records of events that could not be handed to a destination (`DestinationDeliveryFailures`); they are lost.
    pub destination_delivery_failures: u64,
    /// How long all invocations together took.
    pub duration: Duration,
    /// Invocations that run now.
    pub concurrent: u32,
    /// The most that ran at a time.
    pub concurrent_max: u32,
}
