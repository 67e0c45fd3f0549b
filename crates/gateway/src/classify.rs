//! What a request is: an AWS call, a workload's, or nobody's.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use http::request::Parts;
use http::{Method, Uri};
use weft_routing::{Missing, PATH_FORM, Path, PathError, Route, Routes, host_of};

use weft_wire::bucket_of_host;

use crate::{downloads, execute, responses, urls};

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Class<T> {
    /// To the APIs.
    Api,
    /// To S3 without a signature: the bucket decides.
    Bucket,
    /// To the APIs if its body begins like a query-protocol call, else to what stands here.
    PerhapsQuery(Box<Class<T>>),
    /// To a workload.
    Workload(Target<T>),
    /// To a download of code.
    Download,
    /// To the stack that waits for a custom resource's answer.
    StackResponse,
    /// To a function URL.
    FunctionUrl(urls::Place),
    /// To the registry of container images.
    Registry,
    /// To an API of API Gateway.
    Execute(execute::Place),
    /// Nowhere: nothing is there, or nothing for this method.
    Nowhere(Missing),
    /// It is not a request that anybody could answer.
    Bad(&'static str),
    /// Its path cannot be read in one way only.
    BadPath(PathError),
}

/// A workload's request, rewritten.
#[derive(Debug)]
pub(crate) struct Target<T> {
    pub(crate) route: Arc<Route<T>>,
    pub(crate) prefix: String,
    /// Path and query for the workload, where they are not the request's own.
    pub(crate) uri: Option<Uri>,
}

/// Classifies a request. At the `edge` there are no APIs, and no workload but by its routes. `has_bucket` says whether S3 has a
/// bucket of a name.
pub(crate) fn classify<T>(
    parts: &Parts,
    routes: &Routes<T>,
    edge: bool,
    has_bucket: &dyn Fn(&str) -> bool,
) -> Class<T> {
    let Some(authority) = authority(parts) else { return Class::Bad("one `Host` is needed") };
    let host = host_of(authority);
    if !edge && let Some(place) = urls::place(&host, &parts.uri) {
        return Class::FunctionUrl(place);
    }
    if !edge && !routes.claims_host(&host) && downloads::is_download(&parts.uri) {
        return Class::Download;
    }
    if !edge
        && !routes.claims_host(&host)
        && let Some(place) = execute::place(&host, &parts.uri)
    {
        return Class::Execute(place);
    }
    if !edge && !routes.claims_host(&host) && responses::is_response(parts) {
        return Class::StackResponse;
    }
    if !edge && !routes.claims_host(&host) && !is_path_form(parts.uri.path()) && is_api(parts) {
        return Class::Api;
    }
    let free = !edge && !routes.claims_host(&host);
    if free && is_registry(parts.uri.path()) {
        return Class::Registry;
    }
    if free && (is_s3_host(&host) || bucket_of_host(&host).is_some_and(has_bucket)) {
        return Class::Bucket;
    }
    let in_bucket = || {
        let first = parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or("");
        free && !first.is_empty() && has_bucket(first)
    };
    let path = match Path::parse(parts.uri.path()) {
        Ok(path) => path,
        Err(_) if in_bucket() => return Class::Bucket,
        Err(error) => return Class::BadPath(error),
    };
    if edge && (is_path_form(path.key()) || weft_routing::is_own_host(&host)) {
        return Class::Nowhere(Missing::Route);
    }
    let class = match routes.find(&host, parts.method.as_str(), &path) {
        Ok(found) => Class::Workload(Target {
            route: Arc::clone(found.route),
            prefix: found.prefix.to_owned(),
            uri: rewritten(&parts.uri, found.path),
        }),
        Err(Missing::Route) if in_bucket() => Class::Bucket,
        Err(missing) => Class::Nowhere(missing),
    };
    if !edge && !routes.claims_host(&host) && may_be_query(parts) {
        return Class::PerhapsQuery(Box::new(class));
    }
    class
}

/// Whether a host is one of S3's endpoints, or a bucket's name before one.
fn is_s3_host(host: &str) -> bool {
    let is_endpoint = |name: &str| {
        (name.starts_with("s3.") || name.starts_with("s3-"))
            && (name.ends_with(".localhost") || name.contains(".amazonaws."))
    };
    is_endpoint(host) || host.match_indices('.').any(|(at, _)| is_endpoint(&host[at + 1..]))
}

/// The authority that the client asked for: the URI's where it is absolute, else the only `Host`.
pub(crate) fn authority(parts: &Parts) -> Option<&str> {
    if let Some(authority) = parts.uri.authority() {
        return Some(authority.as_str());
    }
    let mut hosts = parts.headers.get_all(http::header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    match (host, hosts.next()) {
        (Some(host), None) => Some(host),
        // HTTP/1.0 clients need not name a host.
        (None, None) if parts.version == http::Version::HTTP_10 => Some("localhost"),
        _ => None,
    }
}

/// Whether the first bytes of a form are those of a query-protocol call.
pub(crate) fn is_query_call(form: &[u8]) -> bool {
    let fields = || form.split(|byte| *byte == b'&');
    let has =
        |name: &[u8]| fields().any(|field| field.strip_prefix(name).is_some_and(|value| !value.is_empty()));
    has(b"Action=") && has(b"Version=20")
}

/// Whether a request is an AWS call by its head alone.
fn is_api(parts: &Parts) -> bool {
    is_signed(&parts.headers)
        || parts.headers.contains_key("x-amz-target")
        || parts.uri.query().is_some_and(|query| is_presigned(query) || is_query_get(parts, query))
}

fn is_signed(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| {
        let value = value.as_bytes();
        let v4 =
            value.strip_prefix(b"AWS4-").is_some_and(|rest| rest.contains(&b' ') || rest.contains(&b'-'));
        let v2 = value.strip_prefix(b"AWS ").is_some_and(|rest| rest.contains(&b':'));
        v4 || v2
    })
}

fn is_presigned(query: &str) -> bool {
    let names = || query.split('&').map(|field| field.split('=').next().unwrap_or(field));
    let has = |name: &str| names().any(|one| one == name);
    has("X-Amz-Signature") || has("X-Amz-Algorithm") || (has("AWSAccessKeyId") && has("Signature"))
}

fn is_query_get(parts: &Parts, query: &str) -> bool {
    parts.method == Method::GET && parts.uri.path() == "/" && is_query_call(query.as_bytes())
}

fn may_be_query(parts: &Parts) -> bool {
    let is_form = |value: &http::HeaderValue| {
        let value = value.as_bytes();
        let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        value[..end].trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    };
    parts.method == Method::POST
        && parts.uri.path() == "/"
        && parts.headers.get(CONTENT_TYPE).is_some_and(is_form)
}

/// Whether a path is one of the registry protocol: `/v2/` itself, or blobs, manifests or tags of a repository.
fn is_registry(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/v2") else { return false };
    let words: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    matches!(
        words[..],
        [""] | ["", _, .., "blobs" | "manifests", _]
            | ["", _, .., "blobs", "uploads", _]
            | ["", _, .., "tags", "list"]
    )
}

fn is_path_form(path: &str) -> bool {
    path.strip_prefix(PATH_FORM).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The request's URI with another path and without an authority, where that is a change.
fn rewritten(uri: &Uri, path: &str) -> Option<Uri> {
    if uri.path() == path && uri.authority().is_none() {
        return None;
    }
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    // Pieces of a valid URI in the same places; should they not be one, the workload gets its root.
    Some(text.parse().unwrap_or_else(|_| Uri::from_static("/")))
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
