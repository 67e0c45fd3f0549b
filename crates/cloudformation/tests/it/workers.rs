//! Workers and builds that are never asked for anything.

use std::sync::Arc;

use http::Response;
use weft_net::Body;
use weft_service::workload::{
    Artifact, Artifacts, Invocation, Invoked, Revision, WorkError, WorkRequest, WorkerStatus, Workers,
    WorkloadId,
};
use weft_service::{BoxFuture, Error};

pub(crate) struct NoWorkers;

impl Workers for NoWorkers {
    fn invoke(&self, _: Arc<Revision>, _: Invocation) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        Box::pin(std::future::ready(Err(WorkError::Stopping)))
    }

    fn forward(
        &self,
        _: Arc<Revision>,
        _: WorkRequest,
    ) -> BoxFuture<'static, Result<Response<Body>, WorkError>> {
        Box::pin(std::future::ready(Err(WorkError::Stopping)))
    }

    fn retire(&self, _: &WorkloadId, _: Option<&str>) {}

    fn keep_warm(&self, _: Arc<Revision>) {}

    fn prepare(&self, _: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn status(&self) -> Vec<WorkerStatus> {
        Vec::new()
    }
}

impl Artifacts for NoWorkers {
    fn find<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Artifact, Error>> {
        let none = Error::new("NoSuchBucket", "The specified bucket does not exist").with_status(404);
        Box::pin(std::future::ready(Err(none)))
    }
}
