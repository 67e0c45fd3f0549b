//! The front door: classifies a request and hands it to an API or a workload.
