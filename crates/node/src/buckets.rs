//! What browsers ask of buckets beside the API: leave to call it from pages of elsewhere, and websites.

mod cors;
mod site;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Response, StatusCode};
use weft_gateway::ApiRequest;
use weft_net::{Body, full};
use weft_s3::S3;
use weft_service::Dispatch;
use weft_wire::bucket_of_host;

use crate::adapters::request_of;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// Answers a call of an API, or what a browser asks of a bucket.
pub(crate) async fn handle(s3: &S3, dispatch: &Arc<Dispatch>, request: ApiRequest) -> Response<Body> {
    if !is_for_s3(&request) {
        return call(dispatch, request).await;
    }
    if let Some(bucket) = site::bucket(&request.parts) {
        let ApiRequest { parts, peer, request_id, .. } = request;
        return site::answer(s3, dispatch, &bucket, (parts, peer, request_id)).await;
    }
    let Some(bucket) = bucket_of(s3, &request.parts) else { return call(dispatch, request).await };
    if request.parts.method == Method::OPTIONS {
        return cors::preflight(s3, &bucket, &request.parts, &request.request_id).await;
    }
    if request.unsigned_for.is_some() && is_form(&request.parts) {
        let message = "A form of a browser (POST Object) is not implemented by this version of Weft.";
        return fault(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message, &request.request_id);
    }
    let headers = cors::headers(s3, &bucket, &request.parts).await;
    let mut response = call(dispatch, request).await;
    response.headers_mut().extend(headers);
    response
}

async fn call(dispatch: &Dispatch, request: ApiRequest) -> Response<Body> {
    let (request, stream) = request_of(request);
    dispatch.handle_stream(request, stream).await
}

/// Whether a request is for S3, as its signature or the gateway says.
fn is_for_s3(request: &ApiRequest) -> bool {
    let (parts, scope) = (&request.parts, "/s3/aws4_request");
    let authorization = parts.headers.get(http::header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let signed = authorization
        .and_then(|text| std::str::from_utf8(text).ok())
        .is_some_and(|text| text.contains(scope) || text.starts_with("AWS "));
    let presigned = parts.uri.query().is_some_and(|query| {
        query.contains("%2Fs3%2Faws4_request") || query.contains(scope) || query.contains("AWSAccessKeyId=")
    });
    request.unsigned_for == Some("s3") || signed || presigned
}

/// Whether a browser sends a form.
fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    parts.method == Method::POST && kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

fn authority(parts: &Parts) -> &str {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    parts.uri.authority().map(http::uri::Authority::as_str).or_else(host).unwrap_or_default()
}

/// The bucket that a request is for, where there is one.
fn bucket_of(s3: &S3, parts: &Parts) -> Option<String> {
    let of_host = bucket_of_host(authority(parts));
    let first = || parts.uri.path().trim_start_matches('/').split('/').next();
    let known = |name: &&str| s3.has_bucket(name);
    of_host.filter(known).or_else(|| first().filter(known)).map(str::to_owned)
}

/// An error as S3 writes it.
fn fault(status: StatusCode, code: &str, message: &str, request_id: &str) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>",
        escaped(message)
    );
    answer(status, "application/xml", text, request_id)
}

fn answer(
    status: StatusCode,
    kind: &'static str,
    text: impl Into<Bytes>,
    request_id: &str,
) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !kind.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    set(headers, REQUEST_ID, request_id);
    set(headers, HOST_ID, request_id);
    response
}

/// Sets a header, unless it cannot be one.
fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
