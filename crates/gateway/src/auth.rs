//! Who may use a route: asked of the node, which knows keys and policies.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use weft_net::Peer;
use weft_routing::Auth;
use weft_service::BoxFuture;
use weft_service::workload::WorkloadId;

/// What is asked of an [`Authorizer`].
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The route's rule; never [`Auth::None`] or [`Auth::Unsaid`], which the gateway decides by itself.
    pub auth: Auth,
    /// The route's workload.
    pub workload: &'a WorkloadId,
    /// The request as it came, before any header was changed: signatures cover them.
    pub parts: &'a Parts,
    /// The whole body for [`Auth::Iam`], whose signature covers it; nothing otherwise.
    pub body: Option<&'a Bytes>,
    /// The value of `X-Api-Key`, for [`Auth::Key`].
    pub key: Option<&'a str>,
    /// Who sends it.
    pub peer: Peer,
}

/// What an [`Authorizer`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Who it is, as an ARN; the workload reads it in `X-Weft-Principal`.
    pub principal: Option<String>,
}

/// Why a request may not use a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It does not say who it is, or not convincingly: 401.
    #[error("{0}")]
    Unauthenticated(String),
    /// It may not: 403.
    #[error("{0}")]
    Forbidden(String),
    /// Nobody here can check the rule: 501.
    #[error("routes with `auth = \"{0}\"` cannot be checked yet")]
    Unsupported(&'static str),
    /// What it is checked against cannot be read now: 503.
    #[error("the request cannot be authorized now")]
    Unavailable,
}

/// What somebody is told who may not use a route of which nobody said who may.
pub(crate) const UNSAID: &str = "nobody said who may use this route, so only this machine's loopback may; write `auth = \"none\"` \
     beside the route in weft.toml to make it public on purpose, or `auth = \"iam\"` to ask for signatures";

/// Whether a connection stays on this machine: both of its ends are loopback addresses, and the client is no proxy that
/// is known to speak for others. On a listener of all addresses it is the connection's own address that counts.
pub(crate) fn is_on_loopback(peer: Peer, trusted_proxies: &[IpAddr]) -> bool {
    let [from, to] = [peer.addr, peer.local_addr].map(|address| address.ip().to_canonical());
    from.is_loopback() && to.is_loopback() && !trusted_proxies.contains(&from)
}

/// Decides who may use a route.
pub trait Authorizer: Send + Sync + 'static {
    /// Decides on one request.
    fn authorize<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Allowed, Denied>>;
}

/// Refuses every rule but `none`, by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuthorizer;

impl Authorizer for NoAuthorizer {
    fn authorize<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Allowed, Denied>> {
        let rule = match asked.auth {
            Auth::None => "none",
            Auth::Unsaid => "unsaid",
            Auth::Key => "key",
            Auth::Jwt => "jwt",
            Auth::Iam => "iam",
        };
        Box::pin(std::future::ready(Err(Denied::Unsupported(rule))))
    }
}
