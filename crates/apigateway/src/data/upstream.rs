//! Requests to HTTP servers, and their answers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::time::timeout;
use weft_net::{collect_limited, full};
use weft_service::execute_api::{UpstreamCall, UpstreamError};
use weft_types::AccountId;

use crate::ApiGateway;
use crate::data::request::Incoming;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 10 << 20;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum Failure {
    TimedOut,
    /// Not a URI that can be asked.
    Wrong(String),
    Server(UpstreamError),
    /// It broke off, or is too long.
    Broken(String),
}

/// What is sent.
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ApiGateway {
    /// Sends a request and takes its answer whole.
    pub(crate) async fn ask(
        &self,
        account: AccountId,
        incoming: &Incoming,
        sent: Sent,
        within: Duration,
    ) -> Result<Answer, Failure> {
        let Sent { method, uri, headers, body } = sent;
        let wrong = |error: http::Error| Failure::Wrong(error.to_string());
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| wrong(error.into()))?;
        let mut request = Request::builder().method(method).uri(&uri).body(full(body)).map_err(wrong)?;
        *request.headers_mut() = headers;
        let Some(upstreams) = self.upstreams.get() else {
            return Err(Failure::Wrong("no HTTP server can be reached".to_owned()));
        };
        let request_id = std::sync::Arc::clone(&incoming.request_id);
        let call = UpstreamCall { request, account, local: incoming.local, request_id };
        let asked = async {
            let response = upstreams.send(call).await.map_err(Failure::Server)?;
            let (head, body) = response.into_parts();
            let body = collect_limited(body, ANSWER_BYTES_MAX).await;
            let body = body.map_err(|error| Failure::Broken(error.to_string()))?;
            let mut headers = head.headers;
            weft_net::headers::remove_hop_by_hop(&mut headers);
            headers.remove(http::header::CONTENT_LENGTH);
            Ok(Answer { status: head.status, headers, body })
        };
        timeout(within, asked).await.unwrap_or(Err(Failure::TimedOut))
    }
}
