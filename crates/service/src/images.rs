//! The seam to what speaks the registry protocol of container images.

use std::net::IpAddr;
use std::sync::Arc;

use http::Response;
use http::request::Parts;
use weft_net::Body;

use crate::BoxFuture;

/// A request under `/v2/`, whose body streams.
#[derive(Debug)]
pub struct RegistryRequest {
    /// The head as it came.
    pub parts: Parts,
    /// The body.
    pub body: Body,
    /// The caller's address.
    pub peer: IpAddr,
    /// Whether the connection cannot be overheard.
    pub secure: bool,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// Answers requests of the registry protocol (OCI distribution, Docker's v2). `weft-ecr` implements it.
pub trait ImageRegistry: Send + Sync + 'static {
    /// Answers one request.
    fn serve(&self, request: RegistryRequest) -> BoxFuture<'_, Response<Body>>;
}
