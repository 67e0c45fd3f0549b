//! Buckets as websites, at `<bucket>.s3-website-<region>.<suffix>`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html>.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use weft_net::{Body, Peer};
use weft_s3::{Redirect, S3, Website, key_of_path, path_of_key};
use weft_service::Dispatch;
use weft_wire::bucket_of_host;

use super::{answer as plain, authority, escaped, set};

/// Headers of a browser's request that matter for an object.
const PASSED: [&str; 5] = ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
const REDIRECT: HeaderName = HeaderName::from_static("x-amz-website-redirect-location");
/// Bytes of an error that is looked at.
const FAULT_BYTES_MAX: u64 = 8 << 10;

/// The bucket whose website a host is.
pub(super) fn bucket(parts: &Parts) -> Option<String> {
    let host = authority(parts);
    let bucket = bucket_of_host(host)?;
    let rest = host.get(bucket.len()..)?;
    rest.starts_with(".s3-website").then(|| bucket.to_owned())
}

/// One request of a browser.
struct Visit<'a> {
    dispatch: &'a Dispatch,
    bucket: &'a str,
    parts: Parts,
    peer: Peer,
    request_id: Arc<str>,
}

/// Answers a browser.
pub(super) async fn answer(
    s3: &S3,
    dispatch: &Dispatch,
    bucket: &str,
    (parts, peer, request_id): (Parts, Peer, Arc<str>),
) -> Response<Body> {
    let visit = Visit { dispatch, bucket, parts, peer, request_id };
    if !matches!(visit.parts.method, Method::GET | Method::HEAD) {
        let message = "The specified method is not allowed against this resource.";
        return visit.page(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    }
    if !s3.has_bucket(bucket) {
        return visit.page(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist");
    }
    let site = match s3.website(bucket).await {
        Ok(site) => site,
        Err(error) => {
            let status = StatusCode::from_u16(error.status().unwrap_or(500));
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return visit.page(status, error.code(), error.message());
        }
    };
    match key_of_path(visit.parts.uri.path()) {
        Some(key) => visit.show(&site, &key).await,
        None => visit.page(StatusCode::BAD_REQUEST, "InvalidURI", "Couldn't parse the specified URI."),
    }
}

impl Visit<'_> {
    async fn show(&self, site: &Website, key: &str) -> Response<Body> {
        if let Some(redirect) = site.before(key) {
            return self.redirect(&redirect);
        }
        let response = self.read(&self.parts.method, &site.document(key), true).await;
        let status = response.status();
        if let Some(to) = response.headers().get(REDIRECT).filter(|_| status.is_success()) {
            return self.send(StatusCode::MOVED_PERMANENTLY, to.clone());
        }
        if !status.is_client_error() && !status.is_server_error() {
            return response;
        }
        if let Some(folder) = site.folder_document(key)
            && matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN)
            && self.read(&Method::HEAD, &folder, false).await.status().is_success()
        {
            let to = HeaderValue::from_str(&format!("/{}/", path_of_key(key)));
            return self.send(StatusCode::FOUND, to.unwrap_or(HeaderValue::from_static("/")));
        }
        if let Some(redirect) = site.after(key, status.as_u16()) {
            return self.redirect(&redirect);
        }
        self.failed(site, response).await
    }

    /// Shows the website's own page for a failure, or ours.
    async fn failed(&self, site: &Website, response: Response<Body>) -> Response<Body> {
        let status = response.status();
        if let Some(key) = site.error_document().filter(|_| status.is_client_error()) {
            let mut shown = self.read(&self.parts.method, key, false).await;
            if shown.status().is_success() {
                *shown.status_mut() = status;
                return shown;
            }
        }
        let (code, message) = told(response).await;
        let unsaid = || status.canonical_reason().unwrap_or_default().to_owned();
        self.page(status, &code.unwrap_or_else(unsaid), &message.unwrap_or_else(unsaid))
    }

    /// Reads an object as nobody in particular.
    async fn read(&self, method: &Method, key: &str, with_conditions: bool) -> Response<Body> {
        let request = Request::builder().method(method).uri(format!("/{}/{}", self.bucket, path_of_key(key)));
        let Ok(request) = request.body(()) else {
            return self.page(StatusCode::BAD_REQUEST, "InvalidURI", "Couldn't parse the specified URI.");
        };
        let (mut parts, ()) = request.into_parts();
        parts.headers.insert(HOST, HeaderValue::from_static("localhost"));
        let given = &self.parts.headers;
        for name in PASSED.iter().filter(|_| with_conditions) {
            if let Some(value) = given.get(*name) {
                parts.headers.insert(*name, value.clone());
            }
        }
        for name in [http::header::USER_AGENT, http::header::REFERER] {
            if let Some(value) = given.get(&name) {
                parts.headers.insert(name, value.clone());
            }
        }
        let peer = self.peer;
        let mut api = weft_service::ApiRequest::new(parts, Bytes::new(), Some(peer.addr.ip()), peer.secure);
        api.unsigned_for = Some("s3");
        api.request_id = self.request_id.clone();
        self.dispatch.handle(api).await
    }

    fn redirect(&self, redirect: &Redirect) -> Response<Body> {
        let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::MOVED_PERMANENTLY);
        let location = redirect.location("http", authority(&self.parts));
        self.send(status, HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/")))
    }

    fn send(&self, status: StatusCode, to: HeaderValue) -> Response<Body> {
        let mut response = plain(status, "", "", &self.request_id);
        response.headers_mut().insert(LOCATION, to);
        response
    }

    fn page(&self, status: StatusCode, code: &str, message: &str) -> Response<Body> {
        let id = &*self.request_id;
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let text = format!(
            "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n<li>Code: {code}</li>\n\
             <li>Message: {}</li>\n<li>RequestId: {id}</li>\n<li>HostId: {id}</li>\n</ul>\n<hr/>\n</body>\n</html>\n",
            escaped(message)
        );
        let length = text.len().to_string();
        let is_head = self.parts.method == Method::HEAD;
        let mut response =
            plain(status, "text/html; charset=utf-8", if is_head { String::new() } else { text }, id);
        if is_head {
            set(response.headers_mut(), CONTENT_LENGTH, &length);
        }
        set(response.headers_mut(), HeaderName::from_static("x-amz-error-code"), code);
        set(response.headers_mut(), HeaderName::from_static("x-amz-error-message"), message);
        response
    }
}

/// The code and the message of an error in XML.
async fn told(response: Response<Body>) -> (Option<String>, Option<String>) {
    let text = weft_net::collect_limited(response.into_body(), FAULT_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let between = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    (between("Code"), between("Message"))
}
