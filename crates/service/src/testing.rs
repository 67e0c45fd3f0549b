//! For tests of services: a client that signs, and the proof that no operation runs without a permission.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use weft_model::{OperationSchema, ServiceSchema, Shape, Value};
use weft_net::collect_limited;
use weft_wire::sigv4::{Credentials, sign};
use weft_wire::{ServiceFault, decode_response, encode_request};

use crate::{ApiRequest, Context, Dispatch, Error, ServiceBuilder};

mod rights;
mod sample;
mod setup;
mod steps;

pub use rights::not_refused;
pub use sample::sample;
pub use setup::{DELETED, START, clients, clock, refusal, user_id};
pub use steps::{deployer, made_once};

/// The longest answer that a test takes.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Answers any operation: its schema, the input, the caller's context.
pub type AnswerAll = dyn Fn(&'static OperationSchema, &Value, &Context) -> Result<Value, Error> + Send + Sync;

/// A service whose operations one function answers, for tests of those who call it. Inputs are checked as everybody's.
pub fn stand_in(schema: &'static ServiceSchema, answer: &Arc<AnswerAll>) -> ServiceBuilder {
    ServiceBuilder::new(schema).all_by(answer)
}

/// Calls operations through a [`Dispatch`] with signed requests, as a client over the network would.
#[derive(Clone)]
pub struct Client {
    /// What answers.
    pub dispatch: Arc<Dispatch>,
    /// Who signs.
    pub credentials: Credentials,
    /// The region of the signatures.
    pub region: String,
}

impl Client {
    /// A client in `us-east-1`.
    pub fn new(dispatch: &Arc<Dispatch>, access_key_id: &str, secret: &str) -> Self {
        let (access_key_id, secret) = (access_key_id.to_owned(), secret.to_owned());
        let credentials = Credentials { access_key_id, secret, session_token: None };
        Self { dispatch: Arc::clone(dispatch), credentials, region: "us-east-1".to_owned() }
    }

    /// The same client as another user of [`clients`]: `red` may do everything with what has the tag `team=red`, `not_red`
    /// with all else.
    #[must_use]
    pub fn as_user(&self, name: &str) -> Self {
        let mut other = self.clone();
        name.clone_into(&mut other.credentials.access_key_id);
        other
    }

    /// The same client with temporary keys.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.credentials.session_token = Some(token.to_owned());
        self
    }

    /// A signed request for an operation.
    pub fn request(&self, service: &'static ServiceSchema, operation: &str, input: &Value) -> Request<Bytes> {
        let operation = operation_of(service, operation);
        let endpoint = Uri::from_static("http://127.0.0.1:4566");
        let mut request =
            encode_request(service, operation, input, &endpoint).expect("the input can be encoded");
        let now = self.dispatch.clock().now();
        sign(&mut request, &self.credentials, &self.region, service.signing_name, now)
            .expect("the request has a host");
        request
    }

    /// Sends a request as it is, and waits for the whole answer.
    pub async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let peer = Some(std::net::Ipv4Addr::LOCALHOST.into());
        let (head, body) = self.dispatch.handle(ApiRequest::new(parts, body, peer, true)).await.into_parts();
        let body = collect_limited(body, ANSWER_BYTES_MAX).await.expect("the answer ends");
        Response::from_parts(head, body)
    }

    /// Calls an operation with a value.
    pub async fn call_value(
        &self,
        service: &'static ServiceSchema,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ServiceFault> {
        let (parts, body) = self.send(self.request(service, operation, input)).await.into_parts();
        decode_response(service, operation_of(service, operation), &parts, &body)
    }

    /// Calls an operation.
    pub async fn call<I: Shape, O: Shape>(
        &self,
        service: &'static ServiceSchema,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.call_value(service, operation, &input.into_value()).await.map(O::from_value)
    }
}

fn operation_of(service: &'static ServiceSchema, name: &str) -> &'static OperationSchema {
    service.operation(name).unwrap_or_else(|| panic!("{} has no operation {name}", service.signing_name))
}
