//! What is counted of a function, as the API shows it.

use std::time::Duration;

use weft_model::weft as model;

/// Counts of one function since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FunctionCounts {
    /// Requests that reached the function.
    pub invocations: u64,
    /// Of these, those that failed.
    pub errors: u64,
    /// Requests that were refused for a limit.
    pub throttles: u64,
    /// How long all invocations together took.
    pub duration: Duration,
    /// Invocations that run now.
    pub concurrent: u32,
    /// The most that ran at a time.
    pub concurrent_max: u32,
}

impl FunctionCounts {
    /// What `DescribeFunction` shows.
    pub(crate) fn describe(self) -> model::FunctionMetrics {
        let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let integer = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        model::FunctionMetrics {
            invocations: long(self.invocations),
            errors: long(self.errors),
            throttles: long(self.throttles),
            duration_millis: i64::try_from(self.duration.as_millis()).unwrap_or(i64::MAX),
            concurrent_executions: integer(self.concurrent),
            concurrent_executions_max: integer(self.concurrent_max),
        }
    }
}
