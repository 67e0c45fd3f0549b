//! The HTTP servers that APIs of API Gateway may ask: workloads of their account by the hosts of their routes, and public
//! addresses. Never the machine itself, nor private networks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use tokio::net::{TcpStream, lookup_host};
use weft_compute::Compute;
use weft_gateway::{CALLER, OUTSIDE};
use weft_mesh::Egress;
use weft_net::{Body, BoxStream, Client, ClientOptions};
use weft_routing::{Auth, Path, host_of, is_own_host};
use weft_service::BoxFuture;
use weft_service::execute_api::{UpstreamCall, UpstreamError, Upstreams};
use weft_service::workload::{Caller, Revisions as _, WorkRequest, Workers, WorkloadId};

/// Sends requests of APIs.
pub(crate) struct ServersOfApis {
    compute: Compute,
    workers: Arc<dyn Workers>,
    egress: Egress,
}

impl ServersOfApis {
    pub(crate) fn new(compute: Compute, workers: Arc<dyn Workers>) -> Self {
        Self { compute, workers, egress: Egress::default() }
    }

    async fn answer(&self, call: UpstreamCall) -> Result<Response<Body>, UpstreamError> {
        let refused = |why: &str| UpstreamError::Refused(why.to_owned());
        let authority =
            call.request.uri().authority().cloned().ok_or_else(|| refused("a URI without a host"))?;
        let host = host_of(authority.as_str()).into_owned();
        if is_own_host(&host) || self.compute.routes().load().claims_host(&host) {
            return self.to_workload(&host, call).await;
        }
        if call.request.uri().scheme_str() != Some("http") {
            return Err(refused("TLS to other servers is not built yet; an http address can be asked"));
        }
        let port = authority.port_u16().unwrap_or(80);
        let address = self.public_address(&host, port).await?;
        send(address, authority.as_str(), call.request).await
    }

    /// The first address of a name that may be reached.
    async fn public_address(&self, host: &str, port: u16) -> Result<SocketAddr, UpstreamError> {
        let found = lookup_host((host, port)).await;
        let found = found.map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
        let mut why = UpstreamError::Unreachable(format!("{host} has no address"));
        for address in found {
            match self.egress.check(address.ip()) {
                Ok(()) => return Ok(address),
                Err(refusal) => why = UpstreamError::Refused(refusal.to_string()),
            }
        }
        Err(why)
    }

    async fn to_workload(&self, host: &str, call: UpstreamCall) -> Result<Response<Body>, UpstreamError> {
        let refused = |why: &str| UpstreamError::Refused(why.to_owned());
        let UpstreamCall { mut request, account, local, request_id } = call;
        let (workload, path) = self.find(host, &request, local)?;
        if workload.account != account {
            return Err(refused("the workload is of another account"));
        }
        let revision = self.compute.current(&workload).await;
        let revision = revision.map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
        let revision =
            revision.ok_or_else(|| UpstreamError::Unreachable("the workload is gone".to_owned()))?;
        *request.uri_mut() = path;
        weft_net::headers::remove_forged(request.headers_mut());
        weft_net::headers::set(request.headers_mut(), HOST, host);
        request.headers_mut().insert(CALLER, OUTSIDE);
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let work = WorkRequest { request, caller: Caller::Outside { address }, request_id };
        let answered = self.workers.forward(revision, work).await;
        answered.map_err(|error| UpstreamError::Unreachable(error.to_string()))
    }

    /// The workload that a host and a path mean, and the path that it sees. Who may use its route holds here too: one that
    /// wants a proof of identity, which an API has none of, is not reached.
    fn find(
        &self,
        host: &str,
        request: &Request<Body>,
        local: bool,
    ) -> Result<(WorkloadId, Uri), UpstreamError> {
        let refused = |why: &str| UpstreamError::Refused(why.to_owned());
        let path = Path::parse(request.uri().path()).map_err(|error| refused(&error.to_string()))?;
        let routes = self.compute.routes();
        let routes = routes.load();
        let found = routes.find(host, request.method().as_str(), &path);
        let found = found.map_err(|_| refused("no route leads there"))?;
        match found.route.auth {
            Auth::None => {}
            Auth::Unsaid if local => {}
            _ => return Err(refused("the route asks who calls")),
        }
        let text = match request.uri().query() {
            Some(query) => format!("{}?{query}", found.path),
            None => found.path.to_owned(),
        };
        let uri = text.parse().map_err(|_| refused("the path cannot be read"))?;
        Ok((found.route.target.clone(), uri))
    }
}

impl Upstreams for ServersOfApis {
    fn send(&self, call: UpstreamCall) -> BoxFuture<'_, Result<Response<Body>, UpstreamError>> {
        Box::pin(self.answer(call))
    }
}

/// Sends a request over a connection of its own.
async fn send(
    address: SocketAddr,
    authority: &str,
    mut request: Request<Body>,
) -> Result<Response<Body>, UpstreamError> {
    let connect = move || -> BoxFuture<'static, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
    };
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let path = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    *request.uri_mut() = path;
    if let Ok(host) = HeaderValue::from_str(authority) {
        request.headers_mut().insert(HOST, host);
    }
    let client = Client::new(connect, ClientOptions { idle_max: 0, ..ClientOptions::default() });
    client.send(request).await.map_err(|error| UpstreamError::Unreachable(weft_types::error_chain(&error)))
}
