//! Fakes of everything that a gateway talks to, shared by its tests and its benchmark.
#![allow(dead_code, clippy::unwrap_used, reason = "each includer uses a part")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Response;
use weft_gateway::{ApiHandler, ApiRequest, Apis, Authorizer, Gateway, GatewayOptions, NoAuthorizer};
use weft_net::{Body, collect_limited, full};
use weft_routing::{Auth, Exposed, HostPattern, Route, Routes};
use weft_service::workload::{
    Contract, HttpContract, Invocation, Invoked, Revision, Revisions, Scale, WorkError, WorkRequest,
    WorkerLimits, WorkerStatus, Workers, WorkloadId, WorkloadKind,
};
use weft_service::{BoxFuture, Error};
use weft_types::{AccountId, AppName, Region, WorkloadName};

pub(crate) fn workload(name: &str, kind: WorkloadKind) -> WorkloadId {
    WorkloadId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        app: Some(AppName::parse("shop").unwrap()),
        name: name.into(),
        kind,
    }
}

fn revision(workload: WorkloadId) -> Arc<Revision> {
    let second = Duration::from_secs(1);
    let contract = HttpContract {
        command: Vec::new(),
        health_path: None,
        start_timeout: second,
        request_timeout: second,
        grace: second,
    };
    let scale =
        Scale { min: 0, max: 1, concurrency: 1, queue_max: 1, queue_timeout: second, idle_timeout: second };
    Arc::new(Revision {
        id: "r1".into(),
        workload,
        contract: Contract::Http(contract),
        code: "/".into(),
        mounts: Vec::new(),
        interpreter: None,
        environment: BTreeMap::new(),
        role: None,
        scale,
        limits: WorkerLimits { memory_mib: 128, processes: 1, cpu_millis: 0, tmp_mib: 1 },
        log_group: String::new(),
    })
}

/// Runs nothing: the path of a request says how it goes.
pub(crate) struct World {
    pub(crate) revision: Arc<Revision>,
}

impl Revisions for World {
    fn current<'a>(
        &'a self,
        workload: &'a WorkloadId,
    ) -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>> {
        let found = (&*workload.name != "gone").then(|| Arc::clone(&self.revision));
        Box::pin(std::future::ready(Ok(found)))
    }
}

impl Workers for World {
    fn invoke(&self, _: Arc<Revision>, _: Invocation) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        Box::pin(std::future::ready(Err(WorkError::Stopping)))
    }

    fn forward(
        &self,
        _: Arc<Revision>,
        work: WorkRequest,
    ) -> BoxFuture<'static, Result<Response<Body>, WorkError>> {
        Box::pin(async move {
            let reason = || "secret reason".to_owned();
            match work.request.uri().path() {
                "/" => Ok(Response::new(full(Bytes::from_static(b"hello")))),
                "/overloaded" => Err(WorkError::Overloaded { max: 1 }),
                "/start" => Err(WorkError::StartFailed { reason: reason() }),
                "/crash" => Err(WorkError::Crashed { reason: reason() }),
                "/late" => Err(WorkError::TimedOut(Duration::from_secs(1))),
                "/stopping" => Err(WorkError::Stopping),
                "/stream" => Ok(Response::new(work.request.into_body())),
                _ => match collect_limited(work.request.into_body(), 1 << 20).await {
                    Ok(body) => Ok(Response::new(full(body))),
                    Err(_) => Err(WorkError::Crashed { reason: reason() }),
                },
            }
        })
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

impl Apis for World {
    fn handle(&self, request: ApiRequest) -> BoxFuture<'_, Response<Body>> {
        let answer = format!("api {}", String::from_utf8_lossy(&request.body));
        Box::pin(std::future::ready(Response::new(full(answer))))
    }
}

/// A gateway before a service `web` on `/`, a function `fn` and a service `gone`, and `admin` with `auth = "iam"`.
pub(crate) fn gateway(authorizer: Option<Arc<dyn Authorizer>>) -> Gateway {
    gateway_with(authorizer, GatewayOptions::default())
}

/// The same with other options, but for the largest body; and `draft`, of which nobody said who may use it, on `/draft`.
pub(crate) fn gateway_with(authorizer: Option<Arc<dyn Authorizer>>, options: GatewayOptions) -> Gateway {
    let app = AppName::parse("shop").unwrap();
    let name = |name: &str| WorkloadName::parse(name).unwrap();
    let exposed = |text: &str, kind, auth| Exposed {
        app: app.clone(),
        workload: name(text),
        auth,
        target: workload(text, kind),
    };
    let service = WorkloadKind::Service;
    let root = Route {
        app: app.clone(),
        workload: name("web"),
        host: HostPattern::Any,
        path: "/".into(),
        methods: Vec::new(),
        auth: Auth::None,
        strip_prefix: false,
        claimed: 0,
        target: workload("web", service),
    };
    let draft = Route {
        workload: name("draft"),
        path: "/draft".into(),
        auth: Auth::Unsaid,
        strip_prefix: true,
        target: workload("draft", service),
        ..root.clone()
    };
    let (routes, _) = Routes::build(
        vec![
            exposed("web", service, Auth::None),
            exposed("fn", WorkloadKind::Function, Auth::None),
            exposed("gone", service, Auth::None),
            exposed("admin", service, Auth::Iam),
            exposed("draft", service, Auth::Unsaid),
        ],
        vec![draft, root],
    );
    let world = Arc::new(World { revision: revision(workload("web", service)) });
    let options = GatewayOptions { api_body_bytes_max: 64, ..options };
    Gateway::new(
        Arc::clone(&world) as _,
        Arc::clone(&world) as _,
        world,
        authorizer.unwrap_or_else(|| Arc::new(NoAuthorizer)),
        Arc::new(ArcSwap::from_pointee(routes)),
        options,
    )
}

/// What sandboxes reach as the AWS endpoint.
pub(crate) fn sandboxes_endpoint() -> ApiHandler {
    ApiHandler::new(Arc::new(World { revision: revision(workload("web", WorkloadKind::Service)) }), 64)
}
