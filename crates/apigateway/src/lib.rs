//! The API Gateway APIs (`apigateway` for REST APIs, `apigatewayv2` for HTTP APIs) and the requests that come to what they
//! describe.
//!
//! [`ApiGateway`] holds both in one store. Operations change what is stored; a deployment is a copy that nothing changes.
//! Requests ([`weft_service::execute_api::ExecuteApis`]) are answered from compiled stages, which are held behind a pointer
//! that is swapped after each change: the way of a request takes no lock for them and writes nothing durable.
//!
//! Functions are called through the Lambda API as `apigateway.amazonaws.com`, so that their policies decide; HTTP servers
//! through [`weft_service::execute_api::Upstreams`], which knows what may be reached; access logs go to the Logs API in
//! batches, from a bounded queue.
//!
//! Invariants: who calls is settled before anything behind a method is asked; a template runs within bounds of steps and
//! bytes; nothing grows without a limit; a method that cannot be carried out as it is described is refused when it is
//! described, by name.
//!
//! The crate deliberately does not know sockets, workers, or what functions do.

mod control;
mod data;
mod http_api;
mod openapi;
mod places;
mod register;
mod rest;
mod stages;
mod tagged;
#[cfg(test)]
mod tests;
mod vtl;

use std::sync::{Arc, OnceLock, Weak};

use weft_service::execute_api::Upstreams;
use weft_service::{Clock, Dispatch, Principal};
use weft_store::Store;

use crate::data::cache::Cache;
use crate::data::log::AccessLog;
use crate::stages::Live;

/// The service's name as a principal.
pub(crate) const SERVICE: &str = "apigateway.amazonaws.com";

/// The service's state.
pub struct ApiGateway {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dispatch: OnceLock<Weak<Dispatch>>,
    pub(crate) upstreams: OnceLock<Arc<dyn Upstreams>>,
    pub(crate) live: Live,
    pub(crate) log: AccessLog,
    /// The port of the one listener, by which APIs say where they are.
    pub(crate) port: OnceLock<u16>,
    /// Sessions of the roles with which functions are called.
    pub(crate) sessions: Cache<Arc<Principal>>,
}

impl ApiGateway {
    /// The service on a store that nothing else uses.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            dispatch: OnceLock::new(),
            upstreams: OnceLock::new(),
            live: Live::default(),
            log: AccessLog::default(),
            port: OnceLock::new(),
            sessions: Cache::default(),
        }
    }

    /// Tells how other services are reached, and HTTP servers. Once, before requests come.
    pub fn connect(&self, dispatch: &Arc<Dispatch>, upstreams: Arc<dyn Upstreams>) {
        let _ = self.dispatch.set(Arc::downgrade(dispatch));
        let _ = self.upstreams.set(upstreams);
    }

    /// Tells the port of the listener that requests come to, once it is known.
    pub fn set_port(&self, port: u16) {
        let _ = self.port.set(port);
    }

    /// The address of an API.
    pub(crate) fn endpoint(&self, api: &str, region: &str) -> String {
        let port = self.port.get().map(|port| format!(":{port}")).unwrap_or_default();
        format!("http://{api}.execute-api.{region}.localhost{port}")
    }

    /// Stores access logs until it is dropped.
    pub async fn run(&self) {
        if let Some(dispatch) = self.dispatch.get() {
            self.log.run(dispatch).await;
        }
    }
}
