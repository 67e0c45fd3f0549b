//! The access log: one event per request, when its answer's last byte has gone or its client has.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response};
use http_body::{Body as _, Frame};
use weft_net::{Attendant, Body, BoxError, Peer, attended};

/// One request, as the access log shows it: an `INFO` event of the target `access`.
pub(crate) struct Record {
    pub(crate) started: Instant,
    pub(crate) peer: Peer,
    pub(crate) method: Method,
    pub(crate) host: String,
    pub(crate) path: String,
    /// `api`, `<app>/<workload>` or `-`.
    pub(crate) route: String,
    pub(crate) request_id: Arc<str>,
    status: u16,
    bytes: u64,
    complete: bool,
}

impl Record {
    /// Begins a record, where anybody listens to the access log.
    pub(crate) fn begin(parts: &http::request::Parts, peer: Peer, request_id: &Arc<str>) -> Option<Self> {
        if !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return None;
        }
        Some(Self {
            started: Instant::now(),
            peer,
            method: parts.method.clone(),
            host: crate::classify::authority(parts).unwrap_or("-").to_owned(),
            path: parts.uri.path().to_owned(),
            route: "-".to_owned(),
            request_id: Arc::clone(request_id),
            status: 499,
            bytes: 0,
            complete: false,
        })
    }

    /// Lets the record end with the answer's body.
    pub(crate) fn follow(mut self, response: Response<Body>) -> Response<Body> {
        self.status = response.status().as_u16();
        self.complete = response.body().is_end_stream();
        response.map(|inner| attended(inner, self))
    }
}

/// Also where no answer began: the client went away, which status 499 stands for.
impl Drop for Record {
    fn drop(&mut self) {
        tracing::info!(
            target: "access",
            peer = %self.peer.addr.ip(),
            method = %self.method,
            host = self.host,
            path = self.path,
            status = self.status,
            bytes = self.bytes,
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            route = self.route,
            request_id = &*self.request_id,
            complete = self.complete,
            "request"
        );
    }
}

impl Attendant for Record {
    fn passed(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>, ended: bool) {
        match frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.complete = ended;
            }
            Some(Err(_)) => {}
            None => self.complete = true,
        }
    }
}
