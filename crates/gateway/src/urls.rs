//! Function URLs: `<id>.lambda-url.<region>.localhost`, and the path form `/_weft/lambda-url/<id>/…`.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode, Uri};
use weft_net::{Body, Peer};
use weft_routing::PATH_FORM;
use weft_service::BoxFuture;

/// What stands between a URL's id and its region in a host.
const LABEL: &str = ".lambda-url.";
/// The top of all names of this machine.
const TOP: &str = ".localhost";
/// What follows [`PATH_FORM`] in the path form; no app can have this name.
const PATH_LABEL: &str = "/lambda-url/";

/// Bytes of a request's body.
pub(crate) const BODY_BYTES_MAX: u64 = 6 << 20;

/// Answers requests that came to function URLs. The node adapts Lambda to it.
pub trait FunctionUrls: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: UrlRequest) -> BoxFuture<'_, Response<Body>>;
}

/// A request that came to a function URL, whole.
#[derive(Debug)]
pub struct UrlRequest {
    /// The URL's id.
    pub id: String,
    /// The region that the host names; none in the path form.
    pub region: Option<String>,
    /// The head as it came: signatures cover it.
    pub original: Parts,
    /// The head for the function: its own path, and `Forwarded` headers.
    pub parts: Parts,
    /// The body.
    pub body: Bytes,
    /// Who sends it.
    pub peer: Peer,
    /// The request's id.
    pub request_id: Arc<str>,
}

/// Which function URL a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) region: Option<String>,
    /// What is taken off the path.
    pub(crate) prefix: String,
    /// Path and query for the function, where they are not the request's own.
    pub(crate) uri: Option<Uri>,
}

/// Finds the function URL that a request means by its host (in lower case, without a port) or its path.
pub(crate) fn place(host: &str, uri: &Uri) -> Option<Place> {
    if let Some((id, region)) = host.strip_suffix(TOP).and_then(|name| name.split_once(LABEL))
        && is_id(id)
        && !region.contains('.')
    {
        let (id, region) = (id.to_owned(), Some(region.to_owned()));
        return Some(Place { id, region, prefix: String::new(), uri: None });
    }
    let rest = uri.path().strip_prefix(PATH_FORM)?.strip_prefix(PATH_LABEL)?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (id, path) = rest.split_at(end);
    if !is_id(id) {
        return None;
    }
    let path = if path.is_empty() { "/" } else { path };
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let prefix = format!("{PATH_FORM}{PATH_LABEL}{id}");
    Some(Place { id: id.to_owned(), region: None, prefix, uri: Some(text.parse().ok()?) })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// A refusal in the form in which AWS's function URLs refuse.
pub(crate) fn refusal(status: StatusCode, message: Option<&'static str>) -> Response<Body> {
    let message = message.map_or_else(|| "null".to_owned(), |message| format!("\"{message}\""));
    let body = format!("{{\"Message\":{message}}}");
    let mut response = Response::new(weft_net::full(body));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, uri: &str, expected: Option<(&str, Option<&str>, &str)>) {
        let found = place(host, &uri.parse().unwrap());
        let found = found.map(|place| {
            let path = place.uri.map_or_else(|| uri.to_owned(), |uri| uri.to_string());
            (place.id, place.region, path)
        });
        let expected =
            expected.map(|(id, region, path)| (id.to_owned(), region.map(str::to_owned), path.to_owned()));
        assert_eq!(found, expected, "{host} {uri}");
    }

    #[test]
    fn a_function_url_is_a_host_or_a_path() {
        let host = "abc123.lambda-url.us-east-1.localhost";
        check(host, "/a?b=c", Some(("abc123", Some("us-east-1"), "/a?b=c")));
        check(host, "/_weft/shop/api", Some(("abc123", Some("us-east-1"), "/_weft/shop/api")));
        check("127.0.0.1", "/_weft/lambda-url/abc123/a%2Fb?c", Some(("abc123", None, "/a%2Fb?c")));
        check("127.0.0.1", "/_weft/lambda-url/abc123", Some(("abc123", None, "/")));
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        check("abc.lambda-url.localhost", "/", None);
        check("a.b.lambda-url.us-east-1.localhost", "/", None);
        check("abc.lambda-url.us-east-1.example.com", "/", None);
        check("127.0.0.1", "/_weft/lambda-url/", None);
        check("127.0.0.1", "/_weft/lambda-url/A_b/", None);
        check("127.0.0.1", "/lambda-url/abc/", None);
    }
}
