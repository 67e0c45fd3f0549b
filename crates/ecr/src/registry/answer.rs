//! Answers and refusals in the protocol's own shape.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::response::Builder;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use weft_net::{Body, empty, full};
use weft_service::Error;

/// An answer, or why there is none.
pub(super) type Result<T = Response<Body>> = std::result::Result<T, Refusal>;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            401,
            "UNAUTHORIZED",
            "Your authorization token has expired or is not valid. Reauthenticate and try again.",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self::new(503, "UNAVAILABLE", "The server is starting.")
    }

    pub(super) fn into_response(self, host: &str) -> Response<Body> {
        let body = json!({ "errors": [{ "code": self.code, "message": self.message }] });
        let mut response = Response::new(full(body.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let challenge =
            HeaderValue::from_str(&format!("Basic realm=\"http://{host}/\",service=\"ecr.amazonaws.com\""));
        if let (401, Ok(challenge)) = (self.status, challenge) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, code) = match error.code() {
            "RepositoryNotFoundException" => (404, "NAME_UNKNOWN"),
            "UploadNotFoundException" => (404, "BLOB_UPLOAD_UNKNOWN"),
            "LayersNotFoundException" => (404, "BLOB_UNKNOWN"),
            "ReferencedImagesNotFoundException" => (404, "MANIFEST_BLOB_UNKNOWN"),
            "InvalidLayerException" => (400, "DIGEST_INVALID"),
            "InvalidLayerPartException" => (416, "BLOB_UPLOAD_INVALID"),
            "ImageTagAlreadyExistsException" => (400, "TAG_INVALID"),
            "InvalidParameterException" => (400, "MANIFEST_INVALID"),
            "LimitExceededException" => (413, "SIZE_INVALID"),
            code if code.starts_with("AccessDenied") => (403, "DENIED"),
            _ => {
                tracing::error!(?error, "a request for the registry failed");
                (500, "UNKNOWN")
            }
        };
        Self::new(status, code, error.message())
    }
}

/// A finished answer; headers that cannot be written are a fault of ours.
pub(super) fn finish(builder: Builder, body: Body) -> Result {
    builder.body(body).map_err(|error| Error::internal(error).into())
}

pub(super) fn nothing(builder: Builder) -> Result {
    finish(builder.header("content-length", "0"), empty())
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Result {
    finish(
        Response::builder().status(status).header(CONTENT_TYPE, "application/json"),
        full(body.to_string()),
    )
}
