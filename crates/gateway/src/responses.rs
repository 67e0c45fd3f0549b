//! Answers of custom resources, whose addresses carry their own signature and look like S3's.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use weft_net::{Body, BodyError, empty, full};
use weft_routing::host_of;
use weft_service::{ResponseRefused, STACK_RESPONSE_HOST, StackResponses};

use crate::classify::authority;
use crate::headers::REQUEST_ID;
use crate::whole::{NotWhole, Whole, read_whole};

/// Bytes of an answer that are read. The stack that waits takes fewer, and says so.
const BYTES_MAX: u64 = 256 << 10;

/// Whether a request is a custom resource's answer.
pub(crate) fn is_response(parts: &Parts) -> bool {
    parts.method == Method::PUT
        && authority(parts).is_some_and(|authority| host_of(authority).starts_with(STACK_RESPONSE_HOST))
}

/// Hands an answer to who waits for it, and tells the function as S3 would.
pub(crate) async fn take(
    taker: &dyn StackResponses,
    parts: Parts,
    body: Body,
    request_id: Arc<str>,
) -> Response<Body> {
    let body = match read_whole(body, BYTES_MAX).await {
        Ok(Whole { bytes, .. }) => bytes,
        Err(NotWhole::Busy) => {
            return refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "SlowDown",
                "Please reduce your request rate.",
                &request_id,
            );
        }
        Err(NotWhole::Broken(BodyError::TooLarge(_))) => {
            let message = "Your proposed upload exceeds the maximum allowed size";
            return refusal(StatusCode::BAD_REQUEST, "EntityTooLarge", message, &request_id);
        }
        Err(NotWhole::Broken(_)) => {
            let message =
                "You did not provide the number of bytes specified by the Content-Length HTTP header";
            return refusal(StatusCode::BAD_REQUEST, "IncompleteBody", message, &request_id);
        }
    };
    match taker.take(&parts.uri, body).await {
        Ok(()) => {
            let mut response = Response::new(empty());
            name(&mut response, &request_id);
            response
        }
        Err(refused) => {
            let (status, code, message) = told(refused);
            refusal(status, code, message, &request_id)
        }
    }
}

/// A refusal as S3 words it.
fn told(refused: ResponseRefused) -> (StatusCode, &'static str, &'static str) {
    match refused {
        ResponseRefused::Forged => (
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method.",
        ),
        ResponseRefused::Expired => (StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
        ResponseRefused::Unknown => (StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
        ResponseRefused::Failed => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
    }
}

fn refusal(status: StatusCode, code: &str, message: &str, request_id: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>{request_id}</RequestId></Error>"
    );
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    name(&mut response, request_id);
    response
}

fn name(response: &mut Response<Body>, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}
