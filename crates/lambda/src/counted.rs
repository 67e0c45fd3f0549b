//! Counts requests that reach functions by other ways than the Lambda API: routes, names in the mesh.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Frame;
use weft_net::{Attendant, Body, BoxError, attended};
use weft_service::BoxFuture;
use weft_service::workload::{
    Contract, Ending, Invocation, Invoked, Revision, StreamedInvoked, WorkError, WorkRequest, WorkerStatus,
    Workers, WorkloadId,
};

use crate::hold::Hold;
use crate::loads::Running;
use crate::name::{FunctionKey, FunctionRef};
use crate::{Lambda, version};

/// [`Workers`] within the limits on functions' concurrency.
struct Counted {
    lambda: Arc<Lambda>,
    workers: Arc<dyn Workers>,
}

impl Lambda {
    /// The workers for those who hand HTTP requests to functions: gateway and mesh.
    pub fn counted(self: &Arc<Self>) -> Arc<dyn Workers> {
        Arc::new(Counted { lambda: Arc::clone(self), workers: Arc::clone(&self.workers) })
    }

    /// Takes a place for a request that somebody hands to a revision of a function.
    async fn begin_revision(&self, revision: &Revision) -> Result<Running, WorkError> {
        let WorkloadId { account, region, name, .. } = &revision.workload;
        let (name, qualifier) = match name.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (&**name, None),
        };
        let key = FunctionKey { account: *account, region: region.clone(), name: name.to_owned() };
        let function = FunctionRef { key, qualifier };
        let version = match function.target() {
            version::Qualifier::Version(version) => version,
            version::Qualifier::Alias(_) => version::VersionId::Latest,
        };
        let overloaded = WorkError::Overloaded { max: revision.scale.max };
        match self.at_version(&function.key, version).await {
            Ok(Some(target)) => {
                let now = self.clock.now();
                self.begin(&function.key, &target, now).await.map_err(|_| overloaded)
            }
            Ok(None) | Err(_) => Err(WorkError::Unavailable { reason: "the function is gone".to_owned() }),
        }
    }
}

impl Workers for Counted {
    fn invoke(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        self.workers.invoke(revision, invocation)
    }

    fn invoke_streaming(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<StreamedInvoked, WorkError>> {
        self.workers.invoke_streaming(revision, invocation)
    }

    fn forward(
        &self,
        revision: Arc<Revision>,
        request: WorkRequest,
    ) -> BoxFuture<'static, Result<Response<Body>, WorkError>> {
        if matches!(revision.contract, Contract::Http(_)) {
            return self.workers.forward(revision, request);
        }
        let (lambda, workers) = (Arc::clone(&self.lambda), Arc::clone(&self.workers));
        Box::pin(async move {
            let running = lambda.begin_revision(&revision).await?;
            let begun = Instant::now();
            let (answer, running) = Hold::new(workers.forward(revision, request), running).await;
            follow(running, begun, answer)
        })
    }

    fn retire(&self, workload: &WorkloadId, keep: Option<&str>) {
        self.workers.retire(workload, keep);
    }

    fn keep_warm(&self, revision: Arc<Revision>) {
        self.workers.keep_warm(revision);
    }

    fn prepare(&self, revision: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        self.workers.prepare(revision)
    }

    fn status(&self) -> Vec<WorkerStatus> {
        self.workers.status()
    }

    fn interpreter_note<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Option<String>> {
        self.workers.interpreter_note(declared)
    }
}

/// Holds an invocation's place until the last byte of its answer has gone, and its function has ended.
pub(crate) fn follow(
    running: Running,
    begun: Instant,
    answer: Result<Response<Body>, WorkError>,
) -> Result<Response<Body>, WorkError> {
    match answer {
        Ok(response) => {
            let failed = response.status() == StatusCode::BAD_GATEWAY;
            let (mut head, body) = response.into_parts();
            let end = head.extensions.remove::<Ending>();
            Ok(Response::from_parts(
                head,
                attended(body, Place { running: Some(running), begun, failed, end }),
            ))
        }
        Err(error) => {
            if matches!(error, WorkError::Overloaded { .. }) {
                running.throttled();
            } else {
                running.ended(true, begun.elapsed());
            }
            Err(error)
        }
    }
}

struct Place {
    running: Option<Running>,
    begun: Instant,
    failed: bool,
    end: Option<Ending>,
}

impl Attendant for Place {
    fn passed(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>, _: bool) {
        self.failed |= matches!(frame, Some(Err(_)));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        let (failed, begun) = (self.failed, self.begun);
        match (self.end.take(), tokio::runtime::Handle::try_current()) {
            // The client has gone; the function goes on, and so does its place.
            (Some(Ending(end)), Ok(runtime)) if end.peek().is_none() => {
                runtime.spawn(async move {
                    end.await;
                    running.ended(failed, begun.elapsed());
                });
            }
            _ => running.ended(failed, begun.elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use weft_service::workload::StreamEnd;
    use weft_types::{AccountId, Region, Timestamp};

    use super::*;
    use crate::loads::{Limits, Loads};
    use crate::name::FunctionKey;

    #[tokio::test]
    async fn a_streamed_answer_s_place_is_held_until_the_function_ends_though_its_client_has_gone() {
        let loads = Loads::default();
        let key =
            FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: "f".to_owned() };
        let limits =
            Limits { account: 1, reserved: None, provisioned: 0, withheld: 0, requests_per_environment: 0 };
        let begin = || loads.begin(&key, "", &limits, Timestamp::from_seconds(0)).ok();
        let (end, ended) = tokio::sync::oneshot::channel::<StreamEnd>();
        let mut answer = Response::new(weft_net::full("begun"));
        answer.extensions_mut().insert(Ending(ended.map(Result::unwrap_or_default).boxed().shared()));
        drop(follow(begin().unwrap(), Instant::now(), Ok(answer)).unwrap());
        assert!(begin().is_none(), "it still runs");
        end.send(StreamEnd::default()).unwrap();
        while begin().is_none() {
            tokio::task::yield_now().await;
        }
    }
}
