//! The seam between the gateway, to which requests for APIs of API Gateway come, and the service that knows these APIs; and
//! from there to what the platform does not run itself.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use weft_net::Body;
use weft_types::AccountId;

use crate::BoxFuture;

/// A request that came to an API (`<id>.execute-api.<region>.…`), whole.
#[derive(Debug)]
pub struct ExecuteCall {
    /// The API's id.
    pub api: String,
    /// The region that the host names; none in the path form.
    pub region: Option<String>,
    /// The stage that the path form names; none where the host names the API.
    pub stage: Option<String>,
    /// The head as it came: signatures cover it.
    pub original: Parts,
    /// Path and query after what names API and stage in the path form; else those of the request.
    pub path_and_query: String,
    /// The body, at most 10 MiB and a byte.
    pub body: Bytes,
    /// The caller's address.
    pub peer: IpAddr,
    /// Whether the connection cannot be overheard: TLS, loopback, or from inside a sandbox.
    pub secure: bool,
    /// Whether both ends are on this machine, and nobody says that the request came from elsewhere.
    pub local: bool,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// Answers requests to APIs. `weft-apigateway` implements it.
pub trait ExecuteApis: Send + Sync + 'static {
    /// Answers one request. Never fails: every error is an answer.
    fn execute(&self, call: ExecuteCall) -> BoxFuture<'_, Response<Body>>;
}

/// A request that goes on to an HTTP server for an API.
pub struct UpstreamCall {
    /// The request; its URI is absolute.
    pub request: Request<Body>,
    /// Whose API sends it.
    pub account: AccountId,
    /// See [`ExecuteCall::local`].
    pub local: bool,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// Why a request did not get an answer from an HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// It must not go there: not a public address, and no workload of this account.
    #[error("the address must not be reached: {0}")]
    Refused(String),
    /// No answer came.
    #[error("no answer: {0}")]
    Unreachable(String),
}

/// Sends requests to workloads by their hosts, and to public addresses. The node implements it.
pub trait Upstreams: Send + Sync + 'static {
    /// Sends one request.
    fn send(&self, call: UpstreamCall) -> BoxFuture<'_, Result<Response<Body>, UpstreamError>>;
}
