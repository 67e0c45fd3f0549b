//! Calls of the server's APIs, as any signed client makes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use weft_model::{OperationSchema, SERVICES, ServiceSchema, Shape};
use weft_types::Timestamp;
use weft_wire::{ServiceFault, sigv4};

use crate::connect::Connection;

/// How long a call may take: an invocation's 15 minutes and a little more.
const CALL_TIMEOUT: Duration = Duration::from_secs(920);

/// A server and the key to talk to it.
#[derive(Clone)]
pub(crate) struct Client {
    connection: Connection,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("`{0}` is not an address; it looks like http://127.0.0.1:4566")]
    Address(String),
    #[error(
        "`{0}` is an https address, which the command line cannot use yet; use http on the server's machine"
    )]
    Tls(String),
    #[error("failed to reach the server at {endpoint}; does it still run? `weft server` starts one")]
    Connect { endpoint: String, source: std::io::Error },
    #[error("the server at {endpoint} went away while it was asked for {operation}")]
    Lost { endpoint: String, operation: &'static str, source: hyper::Error },
    #[error("no answer to {operation} within {CALL_TIMEOUT:?}")]
    TimedOut { operation: &'static str },
    #[error("the request for {operation} cannot be written: {reason}")]
    Encode { operation: &'static str, reason: String },
    #[error("this build knows no operation {0}")]
    Unknown(String),
    #[error("{operation} failed")]
    Refused { operation: &'static str, source: ServiceFault },
}

impl CallError {
    /// The code of a refusal.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { source, .. } => Some(&source.code),
            _ => None,
        }
    }

    /// Whether the refusal says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.status == http::StatusCode::NOT_FOUND)
    }
}

impl Client {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// The server's address.
    pub(crate) fn endpoint(&self) -> &str {
        &self.connection.endpoint
    }

    /// The region of its requests.
    pub(crate) fn region(&self) -> &str {
        &self.connection.region
    }

    /// The same server and key, in another region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let mut connection = self.connection.clone();
        region.clone_into(&mut connection.region);
        Self { connection }
    }

    /// Whose key it is: the account's twelve digits.
    pub(crate) async fn account(&self) -> Result<String, CallError> {
        use weft_model::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
        let caller: GetCallerIdentityResponse =
            self.call("sts", "GetCallerIdentity", GetCallerIdentityRequest {}).await?;
        Ok(caller.account.unwrap_or_default())
    }

    /// The variables with which any AWS tool talks to the same server with the same key.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let Connection { endpoint, key, region } = self.connection.clone();
        let mut variables = vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", key.id),
            ("AWS_SECRET_ACCESS_KEY", key.secret),
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
        ];
        variables.extend(key.token.map(|token| ("AWS_SESSION_TOKEN", token)));
        variables
    }

    /// The machine's time, with which requests are signed.
    #[expect(
        clippy::disallowed_methods,
        clippy::unused_self,
        reason = "the command line is where its clock is read"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Calls an operation.
    pub(crate) async fn call<I: Shape, O: Shape>(
        &self,
        service: &str,
        operation: &str,
        input: I,
    ) -> Result<O, CallError> {
        self.call_with_head(service, operation, input).await.map(|(output, _)| output)
    }

    /// As [`Self::call`], with the answer's head.
    pub(crate) async fn call_with_head<I: Shape, O: Shape>(
        &self,
        service: &str,
        operation: &str,
        input: I,
    ) -> Result<(O, http::response::Parts), CallError> {
        let (service, operation) = schema(service, operation)?;
        let name = operation.name;
        let endpoint: Uri =
            self.endpoint().parse().map_err(|_| CallError::Address(self.endpoint().to_owned()))?;
        let mut request = weft_wire::encode_request(service, operation, &input.into_value(), &endpoint)
            .map_err(|fault| CallError::Encode { operation: name, reason: fault.message })?;
        let key = &self.connection.key;
        let keys = sigv4::Credentials {
            access_key_id: key.id.clone(),
            secret: key.secret.clone(),
            session_token: key.token.clone(),
        };
        sigv4::sign(&mut request, &keys, &self.connection.region, service.signing_name, self.now())
            .map_err(|fault| CallError::Encode { operation: name, reason: fault.to_string() })?;
        let answer = tokio::time::timeout(CALL_TIMEOUT, self.send(request, name)).await;
        let (parts, body) = answer.map_err(|_| CallError::TimedOut { operation: name })??;
        let value = weft_wire::decode_response(service, operation, &parts, &body)
            .map_err(|source| CallError::Refused { operation: name, source })?;
        Ok((O::from_value(value), parts))
    }

    /// Sends one request over a connection of its own: a command makes a handful of them, mostly to this machine.
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
        operation: &'static str,
    ) -> Result<(http::response::Parts, Bytes), CallError> {
        let endpoint = self.endpoint().to_owned();
        let uri = request.uri().clone();
        if uri.scheme_str() == Some("https") {
            return Err(CallError::Tls(endpoint));
        }
        let host = uri.host().ok_or_else(|| CallError::Address(endpoint.clone()))?.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80)))
            .await
            .map_err(|source| CallError::Connect { endpoint: endpoint.clone(), source })?;
        let lost = |source| CallError::Lost { endpoint: endpoint.clone(), operation, source };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let connection = tokio::spawn(connection);
        if let Some(path) = uri.path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        let answer = sender.send_request(request.map(Full::new)).await.map_err(lost)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(lost)?.to_bytes();
        connection.abort();
        Ok((parts, body))
    }
}

fn schema(
    service: &str,
    operation: &str,
) -> Result<(&'static ServiceSchema, &'static OperationSchema), CallError> {
    let unknown = || CallError::Unknown(format!("{service}:{operation}"));
    let schema = SERVICES.iter().find(|schema| schema.id == service).ok_or_else(unknown)?;
    Ok((schema, schema.operation(operation).ok_or_else(unknown)?))
}
