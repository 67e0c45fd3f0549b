//! APIs of API Gateway: `<id>.execute-api.<region>.<suffix>`, and the path forms
//! `/restapis/<id>/<stage>/_user_request_/…` and `/_aws/execute-api/<id>/<stage>/…`.

use http::{HeaderValue, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use weft_net::Body;

/// Bytes of a request's body.
pub(crate) const BODY_BYTES_MAX: u64 = 10 << 20;

/// Which API a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) api: String,
    /// None in the path forms.
    pub(crate) region: Option<String>,
    /// None where the host names the API.
    pub(crate) stage: Option<String>,
    /// Path and query after what names API and stage in the path forms.
    pub(crate) path_and_query: String,
}

/// Finds the API that a request means by its host (in lower case, without a port) or its path.
pub(crate) fn place(host: &str, uri: &Uri) -> Option<Place> {
    by_host(host, uri).or_else(|| by_path(uri))
}

fn by_host(host: &str, uri: &Uri) -> Option<Place> {
    let (api, rest) = host.split_once(".execute-api.")?;
    let (region, suffix) = rest.split_once('.')?;
    if !is_id(api) || region.is_empty() || suffix.is_empty() {
        return None;
    }
    let path_and_query = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    Some(Place { api: api.to_owned(), region: Some(region.to_owned()), stage: None, path_and_query })
}

fn by_path(uri: &Uri) -> Option<Place> {
    let path = uri.path();
    let (api, stage, rest) = if let Some(rest) = path.strip_prefix("/restapis/") {
        let mut parts = rest.splitn(3, '/');
        let (api, stage, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let rest = rest.strip_prefix("_user_request_")?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        (api, stage, rest)
    } else {
        let rest = path.strip_prefix("/_aws/execute-api/")?;
        let (api, rest) = rest.split_once('/')?;
        let end = rest.find('/').unwrap_or(rest.len());
        (api, &rest[..end], &rest[end..])
    };
    if !is_id(api) || stage.is_empty() {
        return None;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let stage = percent_decode_str(stage).decode_utf8().ok()?.into_owned();
    Some(Place { api: api.to_owned(), region: None, stage: Some(stage), path_and_query })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// A refusal in the form in which API Gateway refuses.
pub(crate) fn refusal(status: StatusCode, message: &'static str) -> Response<Body> {
    let mut response = Response::new(weft_net::full(format!("{{\"message\":\"{message}\"}}")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, uri: &str, expected: Option<(&str, Option<&str>, Option<&str>, &str)>) {
        let found = place(host, &uri.parse().unwrap());
        let found = found.as_ref().map(|place| {
            (
                place.api.as_str(),
                place.region.as_deref(),
                place.stage.as_deref(),
                place.path_and_query.as_str(),
            )
        });
        assert_eq!(found, expected, "{host} {uri}");
    }

    #[test]
    fn an_api_is_a_host_or_a_path() {
        let region = Some("us-east-1");
        check(
            "abc.execute-api.us-east-1.localhost",
            "/prod/a?b=c",
            Some(("abc", region, None, "/prod/a?b=c")),
        );
        check("abc.execute-api.us-east-1.amazonaws.com", "/", Some(("abc", region, None, "/")));
        let path = "/restapis/abc/prod/_user_request_";
        check("127.0.0.1", &format!("{path}/a/b?c"), Some(("abc", None, Some("prod"), "/a/b?c")));
        check("127.0.0.1", path, Some(("abc", None, Some("prod"), "/")));
        check("127.0.0.1", "/_aws/execute-api/abc/prod/a", Some(("abc", None, Some("prod"), "/a")));
        check("127.0.0.1", "/_aws/execute-api/abc/%24default", Some(("abc", None, Some("$default"), "/")));
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        check("abc.execute-api.us-east-1", "/", None);
        check("a.b.execute-api.us-east-1.localhost", "/", None);
        check("127.0.0.1", "/restapis/abc/stages/prod", None);
        check("127.0.0.1", "/restapis/abc/prod/_user_request_x", None);
        check("127.0.0.1", "/restapis/abc", None);
        check("127.0.0.1", "/_aws/execute-api/abc", None);
    }
}
