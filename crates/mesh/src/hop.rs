//! A request from one workload to another.

use std::sync::Arc;

use http::header::{EXPECT, HOST, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode, Uri};
use weft_net::headers::{remove_forged, remove_hop_by_hop, set};
use weft_net::{Body, Handler, Peer, text};
use weft_service::BoxFuture;
use weft_service::workload::{Caller, WorkRequest, WorkerIdentity, WorkloadId};

use crate::mesh::Shared;

/// Hands a worker's requests to one other workload, in the worker's name.
pub(crate) struct Hop {
    shared: Arc<Shared>,
    identity: Arc<WorkerIdentity>,
    callee: WorkloadId,
}

/// Says who calls: the app and name of the calling workload. The gateway says `outside` here.
const CALLER: HeaderName = HeaderName::from_static("x-weft-caller");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Hop {
    pub(crate) fn new(shared: Arc<Shared>, identity: Arc<WorkerIdentity>, callee: WorkloadId) -> Self {
        Self { shared, identity, callee }
    }

    async fn forward(&self, mut request: Request<Body>) -> Response<Body> {
        let Some(seams) = self.shared.seams.get() else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the platform is starting\n");
        };
        let revision = match seams.revisions.current(&self.callee).await {
            Ok(Some(revision)) => revision,
            Ok(None) => return text(StatusCode::NOT_FOUND, format!("`{}` is gone\n", self.callee.name)),
            Err(error) => {
                tracing::error!(workload = &*self.callee.name, %error, "cannot find the current revision");
                return text(StatusCode::SERVICE_UNAVAILABLE, "the workload cannot be looked up now\n");
            }
        };
        let request_id = self.rewrite(&mut request);
        let caller = Caller::Workload(self.identity.revision.workload.clone());
        let work = WorkRequest { request, caller, request_id };
        match seams.workers.forward(revision, work).await {
            Ok(mut response) => {
                remove_hop_by_hop(response.headers_mut());
                response
            }
            Err(error) => {
                tracing::debug!(workload = &*self.callee.name, %error, "request between workloads failed");
                let (status, message, again) = error.status(self.callee.kind);
                let mut response = text(status, format!("{message}\n"));
                if again {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                }
                response
            }
        }
    }

    /// Makes the request the callee's; returns its id.
    fn rewrite(&self, request: &mut Request<Body>) -> Arc<str> {
        let authority = request.uri().authority().map(ToString::to_string);
        if authority.is_some() {
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        let headers = request.headers_mut();
        remove_hop_by_hop(headers);
        headers.remove(EXPECT);
        remove_forged(headers);
        if let Some(authority) = authority {
            set(headers, HOST, &authority);
        }
        let caller = &self.identity.revision.workload;
        let app = caller.app.as_ref().map_or("-", |app| app.as_str());
        set(headers, CALLER, &format!("{app}/{}", caller.name));
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| id.len() <= 128);
        let id: Arc<str> = given.map_or_else(|| weft_service::request_id().into(), Arc::from);
        set(headers, REQUEST_ID, &id);
        id
    }
}

impl Handler for Hop {
    fn handle(&self, request: Request<Body>, _: Peer) -> BoxFuture<'_, Response<Body>> {
        Box::pin(self.forward(request))
    }
}
