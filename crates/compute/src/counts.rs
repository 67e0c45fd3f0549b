//! What is counted of a function, as the API shows it.

use weft_model::weft as model;
use weft_service::FunctionCounts;

/// What `DescribeFunction` shows.
pub(crate) fn describe(counts: FunctionCounts) -> model::FunctionMetrics {
    let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let integer = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    model::FunctionMetrics {
        invocations: long(counts.invocations),
        errors: long(counts.errors),
        throttles: long(counts.throttles),
        dead_letter_errors: long(counts.dead_letter_errors),
        destination_delivery_failures: long(counts.destination_delivery_failures),
        duration_millis: i64::try_from(counts.duration.as_millis()).unwrap_or(i64::MAX),
        concurrent_executions: integer(counts.concurrent),
        concurrent_executions_max: integer(counts.concurrent_max),
    }
}
